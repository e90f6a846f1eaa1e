/**
 * Requantise, ReLU and clamp in one: z = floor((x + 2^(s−1)) / 2^s) (z = x where s = 0), y = clamp(z, lo, lo + 2^b − 1).
 *
 * Constrained: y, for every x that satisfies the constraints.
 * Assumed: x's bounds. A `window` narrows what is paid for: an x outside it may be unsatisfiable, and is whenever it does not fit the
 * power of two chosen for the window; where it fits, y is still the right one.
 *
 * Let u = x + 2^(s−1) − lo·2^s, so that floor(u / 2^s) = z − lo; let T = 2^b − 1 and m the least with −2^m ≤ z − lo < 2^m.
 * u + 2^(s+m) is decomposed once, into rem (s bits, discarded: its range check is what makes the rest a floor), low (b bits), top
 * (m − b bits) and sign (one bit, 1 for z ≥ lo). With o = (top ≠ 0) and e = sign·(1 − o), y − lo = e·low + T·(sign − e):
 * sign = 0 gives 0, an overflow gives T, anything else low. Limbs and rows that the bounds make superfluous are left out.
 * No wrap: |u| + 2^(s+m) < 2^(s+m+1) ≤ 2^52 < r/2, asserted by `split`; every product is of integers below 2^53.
 *
 * Cost, W = m + 1: at most s + W + 5 (s + W bits, 1 for the recomposition of a long x, o, e, y); s + W + 2 where only one side clamps
 * below; s + V + 4 where only above, V bits of z − lo; s + V + 1 where neither. x sits on the C side of one row: weights touch no A or B.
 */
import { constant, ONE, type Bounds, type Builder, type Lc } from './builder.js';
import { addConstant, bitLength, LcSum, narrow, sub } from './lc.js';

export interface Requantise {
  /** s ≥ 0: bits rounded away, halves up. */
  readonly shift: number;
  /** Least output value. */
  readonly lo: number;
  /** b ≥ 1: outputs are lo .. lo + 2^b − 1. */
  readonly bits: number;
  /** Pay only for x within; others may be refused (RANGE_EXCEEDED when the witness is made). */
  readonly window?: Bounds;
}

export function requantise(b: Builder, x: Lc, { shift, lo, bits, window }: Requantise): Lc {
  const top = 2 ** bits - 1;
  const half = shift === 0 ? 0 : 2 ** (shift - 1);
  const u = addConstant(x, half - lo * 2 ** shift);
  const proven = quotients(u, shift);
  if (proven.hi <= 0) return constant(lo);
  if (proven.lo >= top) return constant(lo + top);
  if (shift === 0 && proven.lo >= 0 && proven.hi <= top) return x;

  const paid = quotients(window === undefined ? u : narrow(u, shiftBounds(window, half - lo * 2 ** shift)), shift);
  const y = paid.lo >= 0 ? clampAbove(b, u, shift, bits, paid) : clampBoth(b, u, { shift, bits, paid, proven });
  const bounds = { lo: Math.min(Math.max(proven.lo, 0), top), hi: Math.min(proven.hi, top) };
  return addConstant(narrow(y, bounds), lo);
}

/** Bounds of floor(u / 2^s). */
function quotients(u: Bounds, shift: number): Bounds {
  return { lo: Math.floor(u.lo / 2 ** shift), hi: Math.floor(u.hi / 2 ** shift) };
}

function shiftBounds(bounds: Bounds, by: number): Bounds {
  return { lo: bounds.lo + by, hi: bounds.hi + by };
}

/** min(floor(u / 2^s), T) for u ≥ 0, which the split proves where the bounds do not. */
function clampAbove(b: Builder, u: Lc, shift: number, bits: number, paid: Bounds): Lc {
  const valueBits = bitLength(paid.hi);
  if (valueBits <= bits) return b.split(u, [shift, valueBits], [1])[1]!;
  const [, low, over] = b.split(u, [shift, bits, valueBits - bits]) as [Lc, Lc, Lc];
  const overflow = b.nonZero(over);
  const top = constant(2 ** bits - 1);
  return b.productPlus(overflow, sub(top, low), low, { lo: 0, hi: top.hi });
}

interface ClampBoth {
  readonly shift: number;
  readonly bits: number;
  /** Bounds of floor(u / 2^s) within the window, and by x's own bounds. */
  readonly paid: Bounds;
  readonly proven: Bounds;
}

/** clamp(floor(u / 2^s), 0, T) for u of either sign. */
function clampBoth(b: Builder, u: Lc, { shift, bits, paid, proven }: ClampBoth): Lc {
  const m = Math.max(bitLength(-paid.lo - 1), bitLength(Math.max(paid.hi, 0)));
  const shifted = addConstant(u, 2 ** (shift + m));
  const top = 2 ** bits - 1;
  // No overflow: below 2^m ≤ 2^b by the split, or at most T by x's bounds.
  if (m <= bits || proven.hi <= top) {
    const [, low, sign] = b.split(shifted, [shift, m, 1]) as [Lc, Lc, Lc];
    return b.product(sign, low, { lo: 0, hi: Math.min(2 ** m - 1, top) });
  }
  const [, low, over, sign] = b.split(shifted, [shift, bits, m - bits, 1]) as [Lc, Lc, Lc, Lc];
  const fits = b.product(sign, sub(ONE, b.nonZero(over)), { lo: 0, hi: 1 });
  const saturated = new LcSum().add(sign, top).add(fits, -top).build();
  return b.productPlus(fits, low, saturated, { lo: 0, hi: top });
}
