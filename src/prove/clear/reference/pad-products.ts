/** Step 3 of the argument (verify/clear/pad-products.ts): committed products of pads, by a sumcheck under a mask. */
import { EXT_ONE, EXT_ZERO, GL, extAdd, extScale, type Ext } from '../../../field/goldilocks.js';
import { bindLowest, eqTable } from '../../../verify/clear/multilinear.js';
import { tripleElement } from '../../../verify/clear/pad-products.js';
import { FREE_TRIPLES, type BlindingPlan } from '../../../verify/clear/plan.js';
import {
  addPolynomials,
  evaluatePolynomial,
  roundPolynomial,
  scalePolynomial,
  timesPowerOfTwo,
  type Polynomial,
} from './polynomial.js';
import type { ProverTranscript } from './sender.js';
import { maskPart } from './values.js';

export function provePadProducts(transcript: ProverTranscript, plan: BlindingPlan, blinding: readonly Ext[]): void {
  const { variables } = plan;
  const parts = Array.from({ length: variables }, (_, k) => maskPart(blinding, plan, k));
  const ones = parts.map((part) => evaluatePolynomial(part, EXT_ONE));
  /** Σ over the cube of `rest` variables of the mask, when the others contribute `bound`. */
  const sumOver = (bound: Polynomial, rest: number): Polynomial => {
    const free = ones.slice(variables - rest).reduce(extAdd, EXT_ZERO);
    return addPolynomials(scalePolynomial(bound, timesPowerOfTwo(EXT_ONE, rest)), [timesPowerOfTwo(free, rest - 1)]);
  };
  let bound = blinding[plan.firstMask]!;
  const { challenges } = transcript.exchange('pads sum', [sumOver([bound], variables)[0]!], variables + 1);
  const beta = challenges[variables]!;
  const weights = eqTable(challenges.slice(0, variables)).map((w, i) => (i < plan.products.length ? w : EXT_ZERO));
  let tables = [weights, ...([0, 1, 2] as const).map((column) => columnOf(plan, blinding, column))];
  for (let round = 0; round < variables; round++) {
    const [w, a, b, c] = tables as [Ext[], Ext[], Ext[], Ext[]];
    const difference = addPolynomials(
      roundPolynomial([w, a, b]),
      roundPolynomial([w, c]).map((value) => extScale(value, GL.neg(1n))),
    );
    const mask = sumOver(addPolynomials(parts[round]!, [bound]), variables - round - 1);
    const [atZero, , ...higher] = addPolynomials(difference, scalePolynomial(mask, beta));
    const challenge = transcript.exchange(`pads round ${round}`, [atZero!, ...higher], 1).challenges[0]!;
    tables = tables.map((table) => bindLowest(table, challenge));
    bound = extAdd(bound, evaluatePolynomial(parts[round]!, challenge));
  }
  const [, a, b, c] = tables.map((table) => table[0]!);
  transcript.exchange('pads end', [a!, b!, c!, bound], 0);
}

/** a, b or c of products and free triples, 0 in the rest of the cube. */
function columnOf(plan: BlindingPlan, blinding: readonly Ext[], column: 0 | 1 | 2): Ext[] {
  const column0 = new Array<Ext>(2 ** plan.variables).fill(EXT_ZERO);
  for (let i = 0; i < plan.products.length + FREE_TRIPLES; i++) column0[i] = blinding[tripleElement(plan, i, column)]!;
  return column0;
}
