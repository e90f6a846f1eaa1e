/**
 * y = max(x, 0), exact.
 *
 * By lookups: lookup-builder.ts. By bits: constrained: y. Assumed: x's bounds only. Nothing lies outside the assumption: x + 2^k is split, which proves −2^k ≤ x < 2^k too.
 * With x + 2^k = low + 2^k·sign, low ∈ [0, 2^k): sign = 1 exactly for x ≥ 0, and then low = x; y = sign·low.
 * No wrap: |x| + 2^k < 2^(k+1) ≤ 2^52, asserted by `split`.
 * Cost: k + 2, one more for the recomposition of a long x; none where the bounds decide. k least with −2^k ≤ x < 2^k.
 */
import { constant, type Builder, type Lc } from '../builder.js';
import { addConstant } from '../lc.js';
import { differenceBits } from './max.js';

export function positive(b: Builder, x: Lc): Lc {
  if (x.lo >= 0) return x;
  if (x.hi <= 0) return constant(0);
  return b.gadget('positive', () => b.positive(x));
}

/** By bits, for x of either sign. */
export function positiveBits(b: Builder, x: Lc): Lc {
  const k = differenceBits(x);
  const [low, sign] = b.split(addConstant(x, 2 ** k), [k, 1]) as [Lc, Lc];
  return b.product(sign, low, { lo: 0, hi: x.hi });
}
