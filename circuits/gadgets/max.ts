/**
 * The larger of two values, and of many.
 *
 * By lookups: lookup-builder.ts. By bits: constrained: the maximum, exact. Assumed: bounds only; the split proves |a − b| fits, so nothing lies outside the assumption.
 * With d = a − b and d + 2^k = low + 2^k·sign: sign = 1 exactly for a ≥ b, and then low = d; max = b + sign·low, one row with b on C.
 * No wrap: |d| + 2^k < 2^(k+1) ≤ 2^52, asserted by `split`.
 * Cost of a pair: k + 2 (k + 1 bits, the product), one more where d is long; none where the bounds decide. Weights stay on C.
 */
import { invariant } from '../../src/base/errors.js';
import type { Bounds, Builder, Lc } from '../builder.js';
import { addConstant, bitLength, narrow, sub } from '../lc.js';

/** max(a, b). `b` is the one copied: give the shorter combination there. */
export function max(b: Builder, left: Lc, right: Lc): Lc {
  const bounds = maxBounds(left, right);
  if (left.lo >= right.hi) return left;
  if (left.hi <= right.lo) return right;
  return narrow(
    b.gadget('max', () => b.max(left, right)),
    bounds,
  );
}

/** By bits, for values of which either may be larger. */
export function maxBits(b: Builder, left: Lc, right: Lc): Lc {
  const d = sub(left, right);
  const k = differenceBits(d);
  const [low, sign] = b.split(addConstant(d, 2 ** k), [k, 1]) as [Lc, Lc];
  return b.productPlus(sign, low, right, maxBounds(left, right));
}

/** Maximum of a non-empty window, as a chain or as a tree, whichever the bounds make cheaper. */
export function maxOfMany(b: Builder, window: readonly Lc[]): Lc {
  invariant(window.length > 0, 'the maximum of an empty window');
  // No element below the largest lower bound can be the maximum; the one that holds this bound stays.
  const floor = window.reduce((lo, x) => Math.max(lo, x.lo), -Infinity);
  const keeper = window.findIndex((x) => x.lo === floor);
  const candidates = window.filter((x, i) => i === keeper || x.hi > floor);
  const chain = chainCost(candidates) <= treeCost(candidates);
  const result = chain
    ? candidates.reduce((best, x) => max(b, x, best))
    : foldTree(candidates, (left, right) => max(b, left, right));
  return narrow(result, { lo: floor, hi: result.hi });
}

function maxBounds(a: Bounds, b: Bounds): Bounds {
  return { lo: Math.max(a.lo, b.lo), hi: Math.max(a.hi, b.hi) };
}

/** Least k with −2^k ≤ d < 2^k. */
export function differenceBits(d: Bounds): number {
  return Math.max(bitLength(Math.max(d.hi, 0)), bitLength(Math.max(-d.lo - 1, 0)));
}

function pairCost(a: Bounds, b: Bounds): number {
  if (a.lo >= b.hi || a.hi <= b.lo) return 0;
  return differenceBits({ lo: a.lo - b.hi, hi: a.hi - b.lo }) + 2;
}

function chainCost(window: readonly Bounds[]): number {
  let cost = 0;
  window.reduce((best, x) => {
    cost += pairCost(x, best);
    return maxBounds(x, best);
  });
  return cost;
}

function treeCost(window: readonly Bounds[]): number {
  let cost = 0;
  foldTree(window, (a, b) => {
    cost += pairCost(a, b);
    return maxBounds(a, b);
  });
  return cost;
}

function foldTree<T>(items: readonly T[], merge: (a: T, b: T) => T): T {
  let level = items;
  while (level.length > 1) {
    const next: T[] = [];
    for (let i = 0; i < level.length; i += 2)
      next.push(i + 1 < level.length ? merge(level[i]!, level[i + 1]!) : level[i]!);
    level = next;
  }
  return level[0]!;
}
