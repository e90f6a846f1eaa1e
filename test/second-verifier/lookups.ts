import { constant, minus, plus, times, type Expression } from './expression.js';
import { add, base, eqTable, log2Ceil, mul, ONE, sizeOf, sub, sum, ZERO, type Element } from './field.js';
import { axisPieces, flatIndices } from './layout.js';
import { rowsOf, type Argument, type Lookup } from './statement.js';

/** The leaf of every element, flat, of every box. */
export function leavesOf(boxes: readonly (readonly number[])[]): number[][] {
  const blocks = boxes.flatMap((dims, box) => {
    let parts: { start: number[]; size: number[] }[] = [{ start: [], size: [] }];
    for (const dim of dims) {
      const most = 2 ** log2Ceil(dim);
      parts = parts.flatMap(({ start, size }) =>
        axisPieces(dim, most).map(([s, n]) => ({ start: [...start, s], size: [...size, n] })),
      );
    }
    return parts.map((part) => ({ box, flat: flatIndices(dims, part.start, part.size) }));
  });
  const leaves = boxes.map((): number[] => []);
  let next = 0;
  for (const { box, flat } of blocks.sort((a, b) => b.flat.length - a.flat.length)) {
    for (const index of flat) (leaves[box] ?? [])[index] = next++;
  }
  return leaves;
}

/** Section 4. */
export function lookupsPart(argument: Argument): void {
  const { constraints, tables } = argument.relation;
  const lookups = constraints.filter((constraint): constraint is Lookup => constraint.kind === 'lookup');
  if (lookups.length === 0 && tables.length === 0) return;
  const rows = tables.map(rowsOf);
  const boxes = [...lookups.map(({ dims }) => dims), ...rows.map((list) => [list.length])];
  const depth = Math.max(1, log2Ceil(boxes.reduce((total, dims) => total + sizeOf(dims), 0)));
  const [chi = ZERO, theta = ZERO] = argument.transcript.draw('lookups fold', 2);
  const { z, p, q } = tree(argument, depth);

  const eq = eqTable(z);
  const weights = leavesOf(boxes).map((leaves) => leaves.map((leaf) => eq[leaf] ?? ZERO));
  const all = sum(weights.flat());
  const numerators: Expression[] = [];
  const denominators: Expression[] = [];
  lookups.forEach((lookup, l) => {
    const own = weights[l] ?? [];
    numerators.push(constant(sum(own)));
    denominators.push(
      argument.form(lookup.input, own),
      times(theta, argument.form(lookup.output, own)),
      constant(mul(sum(own), mul(mul(theta, theta), base(lookup.table + 1)))),
    );
  });
  rows.forEach((list, t) => {
    const own = weights[lookups.length + t] ?? [];
    numerators.push(times(base(-1), argument.tensor({ side: 'multiplicity', index: t }, own)));
    const tag = mul(mul(theta, theta), base(t + 1));
    list.forEach(([input, output], i) => {
      const row = add(add(base(input), mul(theta, base(output))), tag);
      denominators.push(constant(mul(own[i] ?? ZERO, row)));
    });
  });
  argument.claims.push(minus(plus(...numerators), p));
  const free = constant(add(mul(chi, all), sub(ONE, all)));
  argument.claims.push(minus(minus(free, plus(...denominators)), q));
}

/** From the root to the leaves: the point there and the claims on numerators and denominators. */
function tree(argument: Argument, depth: number): { z: Element[]; p: Expression; q: Expression } {
  const { sent: top, drawn } = argument.sendPadded('lookups root', 2, 1);
  const [rootQ, rootInverse] = top;
  if (rootQ === undefined || rootInverse === undefined) throw new Error('a root');
  argument.claims.push(minus(argument.product(rootQ, rootInverse), constant(ONE)));
  let lambda = drawn[0] ?? ZERO;
  let z: Element[] = [];
  let p: Expression = constant(ZERO);
  let q: Expression = rootQ;
  for (let d = 0; d < depth; d++) {
    let claim = plus(p, times(lambda, q));
    const rho: Element[] = [];
    for (let k = 0; k < d; k++) {
      const { sent, drawn: point } = argument.sendPadded(`lookups layer ${d} round ${k}`, 2, 1);
      const [step = constant(ZERO), c2 = constant(ZERO)] = sent;
      const [x = ZERO] = point;
      const zk = z[k] ?? ZERO;
      claim = plus(claim, times(sub(x, zk), step), times(sub(mul(x, x), x), c2));
      rho.push(x);
    }
    const end = argument.sendPadded(`lookups layer ${d} end`, 4, d + 1 < depth ? 2 : 1);
    const [p0, p1, q0, q1] = end.sent;
    if (p0 === undefined || p1 === undefined || q0 === undefined || q1 === undefined) throw new Error('an end');
    const sums = plus(argument.product(p0, q1), argument.product(p1, q0), times(lambda, argument.product(q0, q1)));
    argument.claims.push(minus(sums, claim));
    const [mu = ZERO, next = ZERO] = end.drawn;
    p = plus(times(sub(ONE, mu), p0), times(mu, p1));
    q = plus(times(sub(ONE, mu), q0), times(mu, q1));
    z = [...rho, mu];
    lambda = next;
  }
  return { z, p, q };
}
