// The coordinate field of a curve as a type argument: code of both groups is written once, compiled twice, with direct calls.
// A field is named by a type of its own size, and `sizeof<F>()` chooses at compile time.
import * as fq from './fq';
import * as fq2 from './fq2';

/** Names F_q: the coordinates of G1. */
export type Fq = u32;
/** Names F_q²: the coordinates of G2. */
export type Fq2 = u64;

/** Bytes of an element. */
@inline
export function size<F>(): usize {
  return sizeof<F>() == 4 ? 36 : 72;
}

/** a·b. Over F_q², no product's `out` may alias its inputs. */
@inline
export function mul<F>(out: usize, a: usize, b: usize): void {
  if (sizeof<F>() == 4) fq.fq_mul(out, a, b);
  else fq2.fq2_mul(out, a, b);
}

@inline
export function sqr<F>(out: usize, a: usize): void {
  if (sizeof<F>() == 4) fq.fq_sqr(out, a);
  else fq2.fq2_sqr(out, a);
}

/** a·(b - c). */
@inline
export function mulDiff<F>(out: usize, a: usize, b: usize, c: usize): void {
  if (sizeof<F>() == 4) fq2.fq_mul_diff(out, a, b, c);
  else fq2.fq2_mul_diff(out, a, b, c);
}

/** The affine p becomes its sum with a point of abscissa at `other`, by the slope of the line through both. `t` takes an element. */
@inline
export function chord<F>(p: usize, slope: usize, other: usize, t: usize): void {
  if (sizeof<F>() == 4) {
    fq2.fq_chord(p, slope, other);
  } else {
    fq2.fq2_sqr_sub(t, slope, p, other);
    fq2.fq2_mul_diff_sub(p + 72, slope, p, t, p + 72);
    copy<F>(p, t);
  }
}

@inline
export function add<F>(out: usize, a: usize, b: usize): void {
  fq.fq_add(out, a, b);
  if (sizeof<F>() == 8) fq.fq_add(out + 36, a + 36, b + 36);
}

@inline
export function sub<F>(out: usize, a: usize, b: usize): void {
  fq.fq_sub(out, a, b);
  if (sizeof<F>() == 8) fq.fq_sub(out + 36, a + 36, b + 36);
}

/** -a; 0 stays spelled 0. */
@inline
export function neg<F>(out: usize, a: usize): void {
  fq.fq_neg(out, a);
  if (sizeof<F>() == 8) fq.fq_neg(out + 36, a + 36);
}

@inline
export function copy<F>(out: usize, a: usize): void {
  fq.fq_copy(out, a);
  if (sizeof<F>() == 8) fq.fq_copy(out + 36, a + 36);
}

@inline
export function zero<F>(out: usize): void {
  fq.fq_zero(out);
  if (sizeof<F>() == 8) fq.fq_zero(out + 36);
}

@inline
export function one<F>(out: usize): void {
  fq.fq_one(out);
  if (sizeof<F>() == 8) fq.fq_zero(out + 36);
}

@inline
export function isZero<F>(a: usize): bool {
  if (sizeof<F>() == 4) return fq.fq_is_zero(a);
  return fq.fq_is_zero(a) && fq.fq_is_zero(a + 36);
}

@inline
export function equal<F>(a: usize, b: usize): bool {
  if (sizeof<F>() == 4) return fq.fq_eq(a, b);
  return fq.fq_eq(a, b) && fq.fq_eq(a + 36, b + 36);
}

/** 1/a, 0 for 0; `t` takes two elements of F_q. */
export function invert<F>(out: usize, a: usize, t: usize): void {
  if (sizeof<F>() == 4) {
    fq.fq_inv(out, a);
    return;
  }
  // (c0 - c1·u) / (c0² + c1²).
  const norm = t;
  fq.fq_sqr(norm, a);
  fq.fq_sqr(t + 36, a + 36);
  fq.fq_add(norm, norm, t + 36);
  fq.fq_inv(norm, norm);
  fq.fq_mul(out, a, norm);
  fq.fq_neg(norm, norm);
  fq.fq_mul(out + 36, a + 36, norm);
}
