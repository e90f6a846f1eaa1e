// F_q⁶ = F_q²[v]/(v³ - ξ), ξ = 9 + u: 216 bytes, the coefficients of 1, v, v². Products are Karatsuba's (Devegili et al., eprint
// 2006/471, section 4). `t` is scratch of `fq6_scratch()` bytes at least; `out` may alias an input but for what is said.
import { Fq2, add, copy, invert, sub } from './curve-field';
import { fq2_mul, fq2_sqr } from './fq2';

const F2: usize = 72;
const F6: usize = 216;

/** Bytes of scratch. A constant that is exported would be a global. */
export function fq6_scratch(): usize {
  return 8 * F2;
}

/** Limbs of q: two are named because their chains ask for them twice. */
const TOP = 3171406;

/**
 * out = 9a + sign·b over F_q, sign 1 or -1. V = 9a + sign·b + 2q is in (0, 22q). With v the value of its limb 8 alone (the lower limbs not
 * carried into it), V is in ((v - 1)·2^232, (v + 12)·2^232). Taking away m·q for m = floor((v - 1)/(q8 + 1)), q8 the top limb of q,
 * leaves more than (v - 1 - m·(q8 + 1))·2^232 ≥ 0, and less than (q8 + m + 13)·2^232, below q + 35·2^232; for v = 0 the
 * quotient is cut to 0. `out` may alias a or b.
 */
function fq_nine(out: usize, a: usize, b: usize, sign: i64): void {
  const v = 9 * load<i32>(a, 32) + <i32>sign * load<i32>(b, 32) + 2 * TOP;
  const m: i64 = 2 - (v - 1) / (TOP + 1);
  let t = 9 * <i64>load<u32>(a) + sign * <i64>load<u32>(b) + m * 410844487;
  store<u32>(out, <u32>t & 0x1fffffff);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 4) + sign * <i64>load<u32>(b, 4) + m * 17064118;
  store<u32>(out, <u32>t & 0x1fffffff, 4);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 8) + sign * <i64>load<u32>(b, 8) + m * 477274959;
  store<u32>(out, <u32>t & 0x1fffffff, 8);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 12) + sign * <i64>load<u32>(b, 12) + m * 47522512;
  store<u32>(out, <u32>t & 0x1fffffff, 12);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 16) + sign * <i64>load<u32>(b, 16) + m * 361093496;
  store<u32>(out, <u32>t & 0x1fffffff, 16);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 20) + sign * <i64>load<u32>(b, 20) + m * 47923392;
  store<u32>(out, <u32>t & 0x1fffffff, 20);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 24) + sign * <i64>load<u32>(b, 24) + m * 10936641;
  store<u32>(out, <u32>t & 0x1fffffff, 24);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 28) + sign * <i64>load<u32>(b, 28) + m * 240920116;
  store<u32>(out, <u32>t & 0x1fffffff, 28);
  t = (t >> 29) + 9 * <i64>load<u32>(a, 32) + sign * <i64>load<u32>(b, 32) + m * TOP;
  store<u32>(out, <u32>t, 32);
}

/** ξ·a = (9·c0 - c1) + (9·c1 + c0)·u; `out` may not alias a. */
export function fq2_mul_xi(out: usize, a: usize): void {
  fq_nine(out, a, a + 36, -1);
  fq_nine(out + 36, a + 36, a, 1);
}

/** out = (a + b)·(c + d) - e - f; `out` may alias none of them. `t` takes two elements. */
function cross(out: usize, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize, t: usize): void {
  add<Fq2>(t, a, b);
  add<Fq2>(t + F2, c, d);
  fq2_mul(out, t, t + F2);
  sub<Fq2>(out, out, e);
  sub<Fq2>(out, out, f);
}

export function fq6_add(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < F6; i += F2) add<Fq2>(out + i, a + i, b + i);
}

export function fq6_sub(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < F6; i += F2) sub<Fq2>(out + i, a + i, b + i);
}

/** v·a = ξ·a2 + a0·v + a1·v². */
export function fq6_mul_v(out: usize, a: usize, t: usize): void {
  fq2_mul_xi(t, a + 2 * F2);
  copy<Fq2>(out + 2 * F2, a + F2);
  copy<Fq2>(out + F2, a);
  copy<Fq2>(out, t);
}

export function fq6_mul(out: usize, a: usize, b: usize, t: usize): void {
  const v0 = t;
  const v1 = t + F2;
  const v2 = t + 2 * F2;
  const p0 = t + 3 * F2;
  const p1 = t + 4 * F2;
  const p2 = t + 5 * F2;
  const s = t + 6 * F2;
  fq2_mul(v0, a, b);
  fq2_mul(v1, a + F2, b + F2);
  fq2_mul(v2, a + 2 * F2, b + 2 * F2);
  cross(p0, a + F2, a + 2 * F2, b + F2, b + 2 * F2, v1, v2, s);
  cross(p1, a, a + F2, b, b + F2, v0, v1, s);
  cross(p2, a, a + 2 * F2, b, b + 2 * F2, v0, v2, s);
  fq2_mul_xi(s, p0);
  add<Fq2>(out, v0, s);
  fq2_mul_xi(s, v2);
  add<Fq2>(out + F2, p1, s);
  add<Fq2>(out + 2 * F2, p2, v1);
}

/** a·(b0 + b1·v), b of 144 bytes. */
export function fq6_mul_01(out: usize, a: usize, b: usize, t: usize): void {
  const v0 = t;
  const v1 = t + F2;
  const p1 = t + 2 * F2;
  const s = t + 3 * F2;
  const p = t + 5 * F2;
  fq2_mul(v0, a, b);
  fq2_mul(v1, a + F2, b + F2);
  cross(p1, a, a + F2, b, b + F2, v0, v1, s);
  // a2·b1 and a2·b0 are all that is left.
  fq2_mul(s, a + 2 * F2, b + F2);
  fq2_mul(p, a + 2 * F2, b);
  fq2_mul_xi(s + F2, s);
  add<Fq2>(out, v0, s + F2);
  copy<Fq2>(out + F2, p1);
  add<Fq2>(out + 2 * F2, p, v1);
}

/** a·b, b of F_q²; `out` may alias none of them. */
export function fq6_mul_0(out: usize, a: usize, b: usize): void {
  fq2_mul(out, a, b);
  fq2_mul(out + F2, a + F2, b);
  fq2_mul(out + 2 * F2, a + 2 * F2, b);
}

/** 1/a, 0 for 0: by the norm to F_q² (Beuchat et al., eprint 2010/354, algorithm 17). */
export function fq6_inv(out: usize, a: usize, t: usize): void {
  const a1 = a + F2;
  const a2 = a + 2 * F2;
  const c0 = t;
  const c1 = t + F2;
  const c2 = t + 2 * F2;
  const p = t + 3 * F2;
  const norm = t + 4 * F2;
  const s = t + 5 * F2;
  // c0 = a0² - ξ·a1·a2, c1 = ξ·a2² - a0·a1, c2 = a1² - a0·a2.
  fq2_mul(p, a1, a2);
  fq2_mul_xi(s, p);
  fq2_sqr(c0, a);
  sub<Fq2>(c0, c0, s);
  fq2_sqr(p, a2);
  fq2_mul_xi(c1, p);
  fq2_mul(p, a, a1);
  sub<Fq2>(c1, c1, p);
  fq2_sqr(c2, a1);
  fq2_mul(p, a, a2);
  sub<Fq2>(c2, c2, p);
  // norm = a0·c0 + ξ·(a2·c1 + a1·c2).
  fq2_mul(norm, a2, c1);
  fq2_mul(p, a1, c2);
  add<Fq2>(p, p, norm);
  fq2_mul_xi(s, p);
  fq2_mul(norm, a, c0);
  add<Fq2>(norm, norm, s);
  invert<Fq2>(p, norm, s);
  fq6_mul_0(out, t, p);
}
