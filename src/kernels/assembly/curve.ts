// Points of both groups. F names the coordinate field (curve-field.ts).
//
// Affine: x, y (72 bytes in G1, 144 in G2). Infinity is all zeros; a point is known for infinity by y ≡ 0, which no other point has:
// both curves have odd order. Sums write infinity as zero words; so does the conversion from bytes.
// XYZZ: X, Y, ZZ, ZZZ with x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ² (144 and 288 bytes). Infinity is ZZ ≡ 0.
//
// Points off the curve give sums of no meaning, never an access out of bounds and never an endless loop.
import { add, chord, copy, equal, invert, isZero, mul, mulDiff, neg, one, size, sqr, sub, zero } from './curve-field';

// ---- affine -------------------------------------------------------------------------------------------------------------------

@inline
export function affineBytes<F>(): usize {
  return 2 * size<F>();
}

@inline
export function copyAffine<F>(out: usize, p: usize): void {
  copy<F>(out, p);
  copy<F>(out + size<F>(), p + size<F>());
}

@inline
export function clearAffine<F>(out: usize): void {
  zero<F>(out);
  zero<F>(out + size<F>());
}

@inline
export function isInfinity<F>(p: usize): bool {
  const y = p + size<F>();
  return load<u32>(y) == 0 && isZero<F>(y);
}

/** Whether the abscissas may be congruent: their low limbs differ by 0 or ±q0. No false negative, few false positives. */
@inline
function mayBeEqual(a: usize, b: usize): bool {
  const difference = load<i32>(a) - load<i32>(b);
  const Q0 = 410844487;
  return difference == 0 || ((difference - Q0) & 0x1fffffff) == 0 || ((difference + Q0) & 0x1fffffff) == 0;
}

/** Marks a pair of equal points; pointers are multiples of 4. */
const DOUBLING: usize = 1;

/** Bytes of scratch for `batchAdd` of n pairs. */
@inline
export function batchAddScratch<F>(n: usize): usize {
  return (n + 7) * size<F>();
}

/**
 * a += b for n pairs of pointers (a, b) to affine points, u32 each, at `pairs`, which is overwritten. One inversion for all. No `a`
 * may be met twice in a batch, neither as another pair's a nor as its b; a may equal b within a pair.
 */
export function batchAdd<F>(pairs: usize, n: i32, scratch: usize): void {
  const S = size<F>();
  const slope = scratch;
  const t = scratch + S;
  const u = scratch + 2 * S;
  let inverse = scratch + 3 * S;
  let next = scratch + 4 * S;
  // Over F_q² a product is a product by a difference from 0: the less code, the more of it in the instruction cache.
  const nought = scratch + 5 * S;
  const prefixes = scratch + 6 * S;
  zero<F>(nought);
  // Forward: prefixes[k] is the product of the first k denominators. Pairs without a denominator are settled and dropped.
  let kept = pairs;
  let prefix = prefixes;
  one<F>(prefix);
  for (let pair = pairs, end = pairs + (<usize>n << 3); pair < end; pair += 8) {
    let a: usize = load<u32>(pair);
    const b: usize = load<u32>(pair, 4);
    if (isInfinity<F>(b)) continue;
    if (isInfinity<F>(a)) {
      copyAffine<F>(a, b);
      continue;
    }
    if (mayBeEqual(a, b) && equal<F>(a, b)) {
      if (!equal<F>(a + S, b + S)) {
        clearAffine<F>(a);
        continue;
      }
      add<F>(t, a + S, a + S);
      mul<F>(prefix + S, prefix, t);
      a |= DOUBLING;
    } else {
      mulDiff<F>(prefix + S, prefix, b, a);
    }
    prefix += S;
    store<u32>(kept, a);
    store<u32>(kept, b, 4);
    kept += 8;
  }
  if (kept == pairs) return;
  invert<F>(inverse, prefix, t);
  // Backward: `inverse` is that of prefixes[k + 1], `next` that of prefixes[k].
  while (kept > pairs) {
    kept -= 8;
    prefix -= S;
    let a: usize = load<u32>(kept);
    const b: usize = load<u32>(kept, 4);
    if (sizeof<F>() == 4) mul<F>(t, inverse, prefix);
    else mulDiff<F>(t, inverse, prefix, nought);
    if (a & DOUBLING) {
      a ^= DOUBLING;
      add<F>(slope, a + S, a + S);
      mul<F>(next, inverse, slope);
      sqr<F>(u, a);
      add<F>(slope, u, u);
      add<F>(u, u, slope);
      mul<F>(slope, t, u);
    } else {
      mulDiff<F>(next, inverse, b, a);
      mulDiff<F>(slope, t, b + S, a + S);
    }
    chord<F>(a, slope, b, t);
    const swap = inverse;
    inverse = next;
    next = swap;
  }
}

// ---- XYZZ ---------------------------------------------------------------------------------------------------------------------

/** Bytes of scratch for the functions below. */
@inline
export function xyzzScratch<F>(): usize {
  return 8 * size<F>();
}

@inline
export function copyXyzz<F>(out: usize, p: usize): void {
  copyAffine<F>(out, p);
  copyAffine<F>(out + affineBytes<F>(), p + affineBytes<F>());
}

@inline
export function clearXyzz<F>(out: usize): void {
  clearAffine<F>(out);
  clearAffine<F>(out + affineBytes<F>());
}

export function fromAffine<F>(out: usize, p: usize): void {
  if (isInfinity<F>(p)) {
    clearXyzz<F>(out);
    return;
  }
  copyAffine<F>(out, p);
  one<F>(out + 2 * size<F>());
  one<F>(out + 3 * size<F>());
}

/** Affine from XYZZ; `out` and p may not overlap unless equal. */
export function toAffine<F>(out: usize, p: usize, scratch: usize): void {
  const S = size<F>();
  const zz = p + 2 * S;
  const inverse = scratch;
  const root = scratch + S;
  const t = scratch + 2 * S;
  if (isZero<F>(zz)) {
    clearAffine<F>(out);
    return;
  }
  // 1/Z = ZZ/ZZZ.
  invert<F>(inverse, p + 3 * S, t);
  mul<F>(root, inverse, zz);
  sqr<F>(t, root);
  mul<F>(root, p, t);
  mul<F>(t, p + S, inverse);
  copy<F>(out, root);
  copy<F>(out + S, t);
}

/** p = 2p: dbl-2008-s-1 of the Explicit-Formulas Database, a = 0. Infinity stays, for ZZ stays 0. */
export function double<F>(p: usize, scratch: usize): void {
  const S = size<F>();
  const x = p;
  const y = p + S;
  const zz = p + 2 * S;
  const zzz = p + 3 * S;
  const u = scratch;
  const v = scratch + S;
  const w = scratch + 2 * S;
  const s = scratch + 3 * S;
  const m = scratch + 4 * S;
  add<F>(u, y, y);
  sqr<F>(v, u);
  mul<F>(w, u, v);
  mul<F>(s, x, v);
  sqr<F>(m, x);
  add<F>(u, m, m);
  add<F>(m, m, u);
  sqr<F>(x, m);
  sub<F>(x, x, s);
  sub<F>(x, x, s);
  mul<F>(u, w, y);
  mulDiff<F>(y, m, s, x);
  sub<F>(y, y, u);
  mul<F>(u, zz, v);
  copy<F>(zz, u);
  mul<F>(u, zzz, w);
  copy<F>(zzz, u);
}

/** p += q, both XYZZ: add-2008-s. p and q may be the same. */
export function addXyzz<F>(p: usize, q: usize, scratch: usize): void {
  const S = size<F>();
  if (isZero<F>(q + 2 * S)) return;
  if (isZero<F>(p + 2 * S)) {
    copyXyzz<F>(p, q);
    return;
  }
  const u1 = scratch;
  const s1 = scratch + S;
  mul<F>(u1, p, q + 2 * S);
  mul<F>(s1, p + S, q + 3 * S);
  const u2 = scratch + 2 * S;
  const s2 = scratch + 3 * S;
  mul<F>(u2, q, p + 2 * S);
  mul<F>(s2, q + S, p + 3 * S);
  if (equal<F>(u1, u2)) {
    if (equal<F>(s1, s2)) double<F>(p, scratch);
    else clearXyzz<F>(p);
    return;
  }
  const t = scratch + 4 * S;
  mul<F>(t, p + 2 * S, q + 2 * S);
  copy<F>(p + 2 * S, t);
  mul<F>(t, p + 3 * S, q + 3 * S);
  copy<F>(p + 3 * S, t);
  finishSum<F>(p, scratch);
}

/** p += q, p XYZZ and q affine: madd-2008-s. */
export function addAffine<F>(p: usize, q: usize, scratch: usize): void {
  const S = size<F>();
  if (isInfinity<F>(q)) return;
  if (isZero<F>(p + 2 * S)) {
    fromAffine<F>(p, q);
    return;
  }
  const u1 = scratch;
  const s1 = scratch + S;
  const u2 = scratch + 2 * S;
  const s2 = scratch + 3 * S;
  copy<F>(u1, p);
  copy<F>(s1, p + S);
  mul<F>(u2, q, p + 2 * S);
  mul<F>(s2, q + S, p + 3 * S);
  if (equal<F>(u1, u2)) {
    if (equal<F>(s1, s2)) double<F>(p, scratch);
    else clearXyzz<F>(p);
    return;
  }
  finishSum<F>(p, scratch);
}

/** The sum from U1, S1, U2, S2 at `scratch`, the product of both ZZ and that of both ZZZ in place in p. */
function finishSum<F>(p: usize, scratch: usize): void {
  const S = size<F>();
  const u1 = scratch;
  const s1 = scratch + S;
  const u2 = scratch + 2 * S;
  const s2 = scratch + 3 * S;
  const pp = scratch + 4 * S;
  const ppp = scratch + 5 * S;
  const r = scratch + 6 * S;
  const q = scratch + 7 * S;
  const x = p;
  const y = p + S;
  sub<F>(u2, u2, u1);
  sub<F>(r, s2, s1);
  sqr<F>(pp, u2);
  mul<F>(ppp, u2, pp);
  mul<F>(q, u1, pp);
  sqr<F>(x, r);
  sub<F>(x, x, ppp);
  sub<F>(x, x, q);
  sub<F>(x, x, q);
  mul<F>(u1, s1, ppp);
  mulDiff<F>(y, r, q, x);
  sub<F>(y, y, u1);
  mul<F>(u1, p + 2 * S, pp);
  copy<F>(p + 2 * S, u1);
  mul<F>(u1, p + 3 * S, ppp);
  copy<F>(p + 3 * S, u1);
}

/** out = -p, affine; infinity stays zero words. */
@inline
export function negateAffine<F>(out: usize, p: usize): void {
  copy<F>(out, p);
  if (isInfinity<F>(p)) zero<F>(out + size<F>());
  else neg<F>(out + size<F>(), p + size<F>());
}
