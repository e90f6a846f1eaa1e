/**
 * clamp(floor(u / 2^s), 0, T), T = 2^b − 1, by bit decomposition: the layout of `Builder.quotient` in plain R1CS.
 *
 * With v = floor(u / 2^s) let m be the least with −2^m ≤ v < 2^m.
 * u + 2^(s+m) is decomposed once, into rem (s bits, discarded: its range check is what makes the rest a floor), low (b bits), top
 * (m − b bits) and sign (one bit, 1 for v ≥ 0). With o = (top ≠ 0) and e = sign·(1 − o), the result is e·low + T·(sign − e):
 * sign = 0 gives 0, an overflow gives T, anything else low. Limbs and rows that the bounds make superfluous are left out.
 * No wrap: |u| + 2^(s+m) < 2^(s+m+1) ≤ 2^52 < r/2, asserted by `split`; every product is of integers below 2^53.
 *
 * Cost, W = m + 1: at most s + W + 5 (s + W bits, 1 for the recomposition of a long x, o, e, y); s + W + 2 where only one side clamps
 * below; s + V + 4 where only above, V bits of v; s + V + 1 where neither. x sits on the C side of one row: weights touch no A or B.
 */
import { constant, ONE, type Builder, type Lc, type Quotient } from '../builder.js';
import { addConstant, bitLength, LcSum, sub } from '../lc.js';

export function quotientBits(b: Builder, u: Lc, quotient: Quotient): Lc {
  return quotient.paid.lo >= 0 ? clampAbove(b, u, quotient) : clampBoth(b, u, quotient);
}

/** min(floor(u / 2^s), T) for u ≥ 0, which the split proves where the bounds do not. */
function clampAbove(b: Builder, u: Lc, { shift, bits, paid }: Quotient): Lc {
  const valueBits = bitLength(paid.hi);
  if (valueBits <= bits) return b.split(u, [shift, valueBits], [1])[1]!;
  const [, low, over] = b.split(u, [shift, bits, valueBits - bits]) as [Lc, Lc, Lc];
  const overflow = b.nonZero(over);
  const top = constant(2 ** bits - 1);
  return b.productPlus(overflow, sub(top, low), low, { lo: 0, hi: top.hi });
}

/** clamp(floor(u / 2^s), 0, T) for u of either sign. */
function clampBoth(b: Builder, u: Lc, { shift, bits, paid, proven }: Quotient): Lc {
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
