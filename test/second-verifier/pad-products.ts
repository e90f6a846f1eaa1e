import { afterRound, constant, minus, type Expression, type Term } from './expression.js';
import { add, base, eqTable, equal, log2Ceil, mul, ONE, powers, sub, sum, ZERO, type Element } from './field.js';
import type { Argument } from './statement.js';
import { Refusal } from './transcript.js';

/** How many free triples follow those of the products. */
export const FREE = 3;

export function maskVariables(products: number): number {
  return log2Ceil(products + FREE);
}

/** Section 5. */
export function padProductsPart(argument: Argument): void {
  const count = argument.pairs.length;
  if (count === 0) return;
  const m = maskVariables(count);
  const { sent: sums, drawn } = argument.send('pads sum', 1, m + 1);
  const [total = ZERO] = sums;
  const tau = drawn.slice(0, m);
  const beta = drawn[m] ?? ZERO;
  let claim = constant(mul(beta, total));
  const rho: Element[] = [];
  for (let k = 0; k < m; k++) {
    const { sent, drawn: point } = argument.send(`pads round ${k}`, 3, 1);
    const [s0 = ZERO, c2 = ZERO, c3 = ZERO] = sent;
    const [x = ZERO] = point;
    claim = afterRound(claim, x, constant(s0), constant(c2), constant(c3));
    rho.push(x);
  }
  const [a = ZERO, b = ZERO, c = ZERO, g = ZERO] = argument.send('pads end', 4).sent;
  const eqRho = eqTable(rho);
  const eqTau = eqTable(tau);
  const both = sum(Array.from({ length: count }, (_, i) => mul(eqRho[i] ?? ZERO, eqTau[i] ?? ZERO)));
  if (!equal(claim.known, add(mul(both, sub(mul(a, b), c)), mul(beta, g)))) throw new Refusal('ARGUMENT_FAILED');

  const claims: [Expression, Element][] = [
    [maskSum(m), total],
    ...[a, b, c].map((value, side): [Expression, Element] => [triples(argument, eqRho, side), value]),
    [maskAt(rho), g],
  ];
  argument.claims.push(...claims.map(([functional, value]) => minus(functional, constant(value))));
}

function mask(weights: readonly Element[]): Expression {
  return { known: ZERO, terms: weights.map((weight, index) => ({ of: 'mask', index, weight })) };
}

/** Σ g over the cube. */
function maskSum(m: number): Expression {
  return mask([base(2 ** m), ...Array.from({ length: 3 * m }, () => base(2 ** (m - 1)))]);
}

function maskAt(rho: readonly Element[]): Expression {
  return mask([ONE, ...rho.flatMap((x) => powers(x, 4).slice(1))]);
}

/** Σ eq(ρ, i) · (a, b or c)_i over products and free triples. */
function triples(argument: Argument, eq: readonly Element[], side: number): Expression {
  const terms = argument.pairs.map((pair, i): Term => {
    const weight = eq[i] ?? ZERO;
    const pad = pair[side];
    return pad === undefined ? { of: 'pad product', index: i, weight } : { of: 'pad', index: pad, weight };
  });
  const free = Array.from({ length: FREE }, (_, i): Term => ({
    of: 'free',
    index: 3 * i + side,
    weight: eq[argument.pairs.length + i] ?? ZERO,
  }));
  return { known: ZERO, terms: [...terms, ...free] };
}
