/**
 * Position of the largest of n values; ties go to the first, or to the last.
 *
 * Constrained: the position. Assumed: bounds only; the splits prove that differences fit.
 * A chain of exact comparisons: candidate j replaces the best so far when x_j > best (ties first: d = x_j − best − 1 ≥ 0) or x_j ≥ best
 * (ties last: d = x_j − best ≥ 0). d + 2^k = low + 2^k·sign, and sign selects: best += sign·(x_j − best), index += sign·(j − index).
 * Every wire is determined by the inputs: no hint is free, unlike in a tournament over keys that ends with one range check.
 * No wrap: |d| + 2^k < 2^(k+1) ≤ 2^52, asserted by `split`; all products are of integers below 2^53.
 * Cost: (n − 1)(k + 3) − 2, k least with −2^k ≤ d < 2^k, one more a comparison of long combinations. (One-hot with n range checks of k
 * bits: n(k + 2), cheaper only from n > k + 4 on and then by less than a (k + 3)rd, and with n + 1 free hints.)
 */
import { invariant } from '../../src/base/errors.js';
import { constant, type Builder, type Lc } from '../builder.js';
import { addConstant, narrow, sub } from '../lc.js';
import { differenceBits } from './max.js';

export function argmax(b: Builder, values: readonly Lc[], { last }: { readonly last: boolean }): Lc {
  invariant(values.length > 0, 'the argmax of nothing');
  return b.gadget('argmax', () => positionOfLargest(b, values, last));
}

function positionOfLargest(b: Builder, values: readonly Lc[], last: boolean): Lc {
  // Each value is read three times, on A and B too: a wire of its own keeps weights out of those.
  const own = values.map((value) => b.materialise(value));
  let best = own[0]!;
  let index = constant(0);
  for (let j = 1; j < own.length; j++) {
    const x = own[j]!;
    const wins = greaterOrEqual(b, last ? sub(x, best) : addConstant(sub(x, best), -1));
    index = b.productPlus(wins, sub(constant(j), index), index, { lo: index.lo, hi: j });
    if (j + 1 < own.length) {
      const bounds = { lo: Math.max(x.lo, best.lo), hi: Math.max(x.hi, best.hi) };
      best = wins.hi === 0 ? best : b.productPlus(wins, sub(x, best), best, bounds);
    }
  }
  return narrow(index, { lo: 0, hi: values.length - 1 });
}

/** 1 where d ≥ 0, else 0. */
function greaterOrEqual(b: Builder, d: Lc): Lc {
  if (d.lo >= 0) return constant(1);
  if (d.hi < 0) return constant(0);
  return b.isNonNegative(d);
}

/** By bits, for d of either sign. */
export function isNonNegativeBits(b: Builder, d: Lc): Lc {
  const k = differenceBits(d);
  return b.split(addConstant(d, 2 ** k), [k, 1])[1]!;
}
