/**
 * clamp(floor(u / 2^s), 0, T), T = 2^b − 1, by bit decomposition: the layout of `Builder.quotient` in plain R1CS.
 *
 * With v = floor(u / 2^s) let m be the least with −2^m ≤ v < 2^m for every v that is not beyond a refused end.
 * u + 2^(s+m) is decomposed once, into rem (s bits, discarded: its range check is what makes the rest a floor), low (b bits), top
 * (m − b bits) and sign (one bit, 1 for v ≥ 0). With o = (top ≠ 0) and e = sign·(1 − o), the result is e·low + T·(sign − e):
 * sign = 0 gives 0, an overflow gives T, anything else low. Limbs and rows that the bounds make superfluous are left out.
 * No wrap: |u| + 2^(s+m) < 2^(s+m+1) ≤ 2^52 < r/2, asserted by `split`; every product is of integers below 2^53.
 *
 * Counted, each a bit: 1 − sign below, sign − e above; o where nothing is negative. Refused below: u is split without a sign, so 0 ≤ v. Refused above:
 * no limb above low, so v ≤ T; where negative values need one (m > b), sign·top = 0, and then v ≥ 0 has top = 0.
 *
 * Cost, W = m + 1: at most s + W + 5 (s + W bits, 1 for the recomposition of a long x, o, e, y); s + W + 2 where only one side clamps
 * below; s + V + 4 where only above, V bits of v; s + V + 1 where neither. Counting costs nothing here, and refusing less than clamping: s + V + 1
 * with V = b where both ends are, s + W + 3 where only the upper. x sits on the C side of one row: weights touch no A or B.
 */
import { constant, ONE, type Builder, type Lc, type Quotient } from '../builder.js';
import { addConstant, bitLength, LcSum, sub } from '../lc.js';

export function quotientBits(b: Builder, u: Lc, quotient: Quotient): Lc {
  return quotient.paid.lo >= 0 ? clampAbove(b, u, quotient) : clampBoth(b, u, quotient);
}

/** min(floor(u / 2^s), T) for u ≥ 0, which the split proves where the bounds do not. */
function clampAbove(b: Builder, u: Lc, { shift, bits, ends, paid }: Quotient): Lc {
  const valueBits = bitLength(paid.hi);
  if (valueBits <= bits) return b.split(u, [shift, valueBits], [1])[1]!;
  const [, low, over] = b.split(u, [shift, bits, valueBits - bits]) as [Lc, Lc, Lc];
  const overflow = b.nonZero(over);
  if (ends.hi === 'counted') b.countClamped(overflow);
  const top = constant(2 ** bits - 1);
  return b.productPlus(overflow, sub(top, low), low, { lo: 0, hi: top.hi });
}

/** clamp(floor(u / 2^s), 0, T) for u of either sign. */
function clampBoth(b: Builder, u: Lc, { shift, bits, ends, paid, proven }: Quotient): Lc {
  const m = Math.max(bitLength(-paid.lo - 1), bitLength(Math.max(paid.hi, 0)));
  const shifted = addConstant(u, 2 ** (shift + m));
  const top = 2 ** bits - 1;
  const count = (sign: Lc): void => {
    if (ends.lo === 'counted') b.countClamped(sub(ONE, sign));
  };
  // No overflow: below 2^m ≤ 2^b by the split, or at most T by x's bounds.
  if (m <= bits || proven.hi <= top) {
    const [, low, sign] = b.split(shifted, [shift, m, 1]) as [Lc, Lc, Lc];
    count(sign);
    return b.product(sign, low, { lo: 0, hi: Math.min(2 ** m - 1, top) });
  }
  if (ends.hi === 'refused') b.expectBelow(u, shift, bits);
  const [, low, over, sign] = b.split(shifted, [shift, bits, m - bits, 1]) as [Lc, Lc, Lc, Lc];
  count(sign);
  if (ends.hi === 'refused') {
    b.assertProduct(sign, over, constant(0));
    return b.product(sign, low, { lo: 0, hi: top });
  }
  const fits = b.product(sign, sub(ONE, b.nonZero(over)), { lo: 0, hi: 1 });
  if (ends.hi === 'counted') b.countClamped(new LcSum().add(sign).add(fits, -1).build({ lo: 0, hi: 1 }));
  const saturated = new LcSum().add(sign, top).add(fits, -top).build();
  return b.productPlus(fits, low, saturated, { lo: 0, hi: top });
}
