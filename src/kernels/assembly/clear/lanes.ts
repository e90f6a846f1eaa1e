// Two residues in the lanes of a v128: two base elements, or one extension element c0 + c1·u, u² = 7. "Canonical" and "any" are meant of both lanes: see
// goldilocks.ts. Nearly everything here is as cheap for two lanes as for one.
//
// A product of residues is four products of 32-bit halves, p0 = low·low, p1 and p2 = low·high and high·low, p3 = high·high. It is kept *open* as a pair (L, U)
// with value L + 2^32·U, since 2^64 ≡ 2^32 − 1 and 2^96 ≡ −1:
//
//   t = ⌊p1/2^32⌋ + ⌊p2/2^32⌋ + (p3 mod 2^32),  L = (p0 mod 2^32) − t − ⌊p3/2^32⌋,  U = ⌊p0/2^32⌋ + (p1 mod 2^32) + (p2 mod 2^32) + t
//
// so −2^34 < L < 2^32 and 0 ≤ U < 6·2^32. Open products are added up and closed once: `close` takes |L| < 2^62 and 0 ≤ U < 2^62. With both parts of an
// extension product, one of them seven times, a product adds less than 2^38 to either; loops close after BLOCK = 2^20.

/** Open products that are summed before they are closed. */
export const BLOCK: u32 = 1 << 20;

/** 2^32 − 1 on both lanes. */
@inline
function low32(): v128 {
  return i64x2.splat(0xffffffff);
}

@inline
export function low(x: v128): v128 {
  return v128.and(x, low32());
}

@inline
export function high(x: v128): v128 {
  return i64x2.shr_u(x, 32);
}

/** All ones on lanes where x < y, both as unsigned integers. */
@inline
function less(x: v128, y: v128): v128 {
  const sign = i64x2.splat(i64.MIN_VALUE);
  return i64x2.lt_s(v128.xor(x, sign), v128.xor(y, sign));
}

/** any + canonical → any: as `add` of goldilocks.ts. */
@inline
export function addLanes(a: v128, b: v128): v128 {
  const sum = i64x2.add(a, b);
  return i64x2.add(sum, v128.and(low32(), less(sum, a)));
}

/** any − canonical → any. */
@inline
export function subLanes(a: v128, b: v128): v128 {
  return i64x2.sub(i64x2.sub(a, b), v128.and(low32(), less(a, b)));
}

/** any → canonical. */
@inline
export function canonicalLanes(a: v128): v128 {
  const lessP = i64x2.add(a, low32());
  return v128.bitselect(lessP, a, less(lessP, low32()));
}

/**
 * L + 2^32·U → canonical, for |L| < 2^62 and 0 ≤ U < 2^62. L gets 2^62 + 1 and U 2^32 − 1 − 2^30: that is one p, and makes L positive. What is left, base and
 * top·(2^32 − 1) < 2^63, sums to less than 2p; with 2^32 − 1 more, the sum carries just where it is to lose p.
 */
@inline
export function close(L: v128, U: v128): v128 {
  const lowest = i64x2.add(L, i64x2.splat(0x4000000000000001));
  const upper = i64x2.add(i64x2.add(U, i64x2.splat(0xbfffffff)), high(lowest));
  const base = v128.or(i64x2.shl(upper, 32), low(lowest));
  const top = i64x2.add(high(upper), i64x2.splat(1));
  const middle = i64x2.sub(i64x2.shl(top, 32), top);
  const sum = i64x2.add(base, middle);
  // As middle < 2^63, it carries where base has the highest bit and the sum has it no more.
  const carries = i64x2.lt_s(v128.andnot(base, sum), i64x2.splat(0));
  return i64x2.sub(sum, v128.andnot(low32(), carries));
}

// ---- factors: 32-bit halves where the products want them ------------------------------------------------------------------------

/** First factor x of lanewise products: low halves of both lanes, high halves. */
@inline
export function pair(x: v128): v128 {
  return v128.shuffle<i32>(x, x, 0, 2, 1, 3);
}

/** First factor: lane 0 on both lanes, lane 1 on both. */
@inline
export function both0(x: v128): v128 {
  return v128.shuffle<i32>(x, x, 0, 0, 1, 1);
}

@inline
export function both1(x: v128): v128 {
  return v128.shuffle<i32>(x, x, 2, 2, 3, 3);
}

/** Second factor y, halves as they are met by the first's, and changed over; `turned` with the lanes changed over. */
@inline
export function straight(y: v128): v128 {
  return v128.shuffle<i32>(y, y, 0, 2, 1, 3);
}

@inline
export function crossed(y: v128): v128 {
  return v128.shuffle<i32>(y, y, 1, 3, 0, 2);
}

@inline
export function turnedStraight(y: v128): v128 {
  return v128.shuffle<i32>(y, y, 2, 0, 3, 1);
}

@inline
export function turnedCrossed(y: v128): v128 {
  return v128.shuffle<i32>(y, y, 3, 1, 2, 0);
}

/** t, L and U of the head, of a first factor and the two forms of a second. The compiler shares what they have in common. */
@inline
function middleOf(x: v128, s: v128, c: v128): v128 {
  return i64x2.add(i64x2.add(high(i64x2.extmul_low_i32x4_u(x, c)), high(i64x2.extmul_high_i32x4_u(x, c))), low(i64x2.extmul_high_i32x4_u(x, s)));
}

@inline
export function openL(x: v128, s: v128, c: v128): v128 {
  return i64x2.sub(i64x2.sub(low(i64x2.extmul_low_i32x4_u(x, s)), middleOf(x, s, c)), high(i64x2.extmul_high_i32x4_u(x, s)));
}

@inline
export function openU(x: v128, s: v128, c: v128): v128 {
  return i64x2.add(
    i64x2.add(high(i64x2.extmul_low_i32x4_u(x, s)), low(i64x2.extmul_low_i32x4_u(x, c))),
    i64x2.add(low(i64x2.extmul_high_i32x4_u(x, c)), middleOf(x, s, c)),
  );
}

/** x times (7, 1). */
@inline
export function times7(x: v128): v128 {
  const first = v128.and(x, i64x2(-1, 0));
  return i64x2.add(x, i64x2.add(i64x2.shl(first, 2), i64x2.shl(first, 1)));
}

// ---- products -------------------------------------------------------------------------------------------------------------------

/** Lanewise, any·any → canonical. */
@inline
export function mulLanes(a: v128, b: v128): v128 {
  const x = pair(a);
  const s = straight(b);
  const c = crossed(b);
  return close(openL(x, s, c), openU(x, s, c));
}

/** Lanewise 2^48·a, any → canonical: 2^48 is rootOfUnity(2), and 2^80 ≡ 2^48 − 2^16. */
@inline
export function shifted48(a: v128): v128 {
  const h = high(a);
  return close(i64x2.neg(i64x2.shl(h, 16)), i64x2.shl(i64x2.add(low(a), h), 16));
}

/** Lanewise c + a·b, all any → canonical. */
@inline
export function mulAddLanes(z: v128, a: v128, b: v128): v128 {
  const x = pair(a);
  const s = straight(b);
  const c = crossed(b);
  return close(i64x2.add(low(z), openL(x, s, c)), i64x2.add(high(z), openU(x, s, c)));
}

/** z + a·b of an extension element a and the forms of b, all any → canonical: a0·(b0, b1) + a1·(7·b1, b0). */
@inline
export function mulAddForms(z: v128, a: v128, s: v128, c: v128, ts: v128, tc: v128): v128 {
  const x = both0(a);
  const y = both1(a);
  return close(
    i64x2.add(low(z), i64x2.add(openL(x, s, c), times7(openL(y, ts, tc)))),
    i64x2.add(high(z), i64x2.add(openU(x, s, c), times7(openU(y, ts, tc)))),
  );
}

/** z + a·b of extension elements, all any → canonical. */
@inline
export function mulAdd(z: v128, a: v128, b: v128): v128 {
  return mulAddForms(z, a, straight(b), crossed(b), turnedStraight(b), turnedCrossed(b));
}

/** a·b of extension elements, any → canonical. */
@inline
export function mul2(a: v128, b: v128): v128 {
  return mulAdd(i64x2.splat(0), a, b);
}

/** z + x·b of a base element x on both lanes and an extension element b, all any → canonical. */
@inline
export function mulAddBase(z: v128, x: v128, b: v128): v128 {
  return mulAddLanes(z, x, b);
}

/** a·d + b·c of extension elements, any → canonical. */
@inline
export function crossSum(a: v128, d: v128, b: v128, c: v128): v128 {
  const ds = straight(d), dc = crossed(d), dts = turnedStraight(d), dtc = turnedCrossed(d);
  const cs = straight(c), cc = crossed(c), cts = turnedStraight(c), ctc = turnedCrossed(c);
  const a0 = both0(a), a1 = both1(a), b0 = both0(b), b1 = both1(b);
  return close(
    i64x2.add(i64x2.add(openL(a0, ds, dc), openL(b0, cs, cc)), times7(i64x2.add(openL(a1, dts, dtc), openL(b1, cts, ctc)))),
    i64x2.add(i64x2.add(openU(a0, ds, dc), openU(b0, cs, cc)), times7(i64x2.add(openU(a1, dts, dtc), openU(b1, cts, ctc)))),
  );
}
