// F_p with p = 2^64 − 2^32 + 1 in one u64. No branch depends on data: carries are `select`s, which also makes them fast.
//
// Two kinds of operand. *Canonical*: in [0, p). *Any*: the whole of [0, 2^64), standing for its residue. Whatever lies in memory is canonical
// unless a function says otherwise; between loads and stores values may be any. The fast forms below are wrong outside of the ranges that stand
// beside them: a test attacks each at 0, p − 1, p and 2^64 − 1.
//
// 2^64 ≡ 2^32 − 1 = EPSILON and 2^96 ≡ −1 (mod p). Loops work on two residues at a time: lanes.ts.

import { mulAddLanes, mulLanes } from './lanes';

export const P: u64 = 0xffffffff00000001;
export const EPSILON: u64 = 0xffffffff;

/** any → canonical: a < 2^64 < 2p, and a − p ≡ a + EPSILON wraps around just where a ≥ p. */
@inline
export function canonical(a: u64): u64 {
  const less = a + EPSILON;
  return select<u64>(less, a, less < EPSILON);
}

/** any + canonical → any. With b < p: a + b − 2^64 < p, and adding EPSILON < 2^64 − p + 1 for the carry carries no second time. */
@inline
export function add(a: u64, b: u64): u64 {
  const sum = a + b;
  return select<u64>(sum + EPSILON, sum, sum < a);
}

/** any − canonical → any. With b < p: a − b + 2^64 > EPSILON where it borrows, so taking EPSILON off borrows no second time. */
@inline
export function sub(a: u64, b: u64): u64 {
  const difference = a - b;
  return select<u64>(difference - EPSILON, difference, a < b);
}

/** high·2^64 + low, both any → any: low + (high mod 2^32)·EPSILON − ⌊high/2^32⌋. */
@inline
export function reduce128(high: u64, low: u64): u64 {
  const top = high >> 32;
  // Where this borrows it is at least 2^64 − 2^32 + 1 before EPSILON goes off.
  const borrowed = low - top;
  const difference = select<u64>(borrowed - EPSILON, borrowed, low < top);
  // At most (2^32 − 1)²: where the sum carries it is at most 2^64 − 2^33, and EPSILON fits.
  const middle = ((high & EPSILON) << 32) - (high & EPSILON);
  const sum = difference + middle;
  return select<u64>(sum + EPSILON, sum, sum < middle);
}

/** any·any → any. */
@inline
export function mul(a: u64, b: u64): u64 {
  const a0 = a & EPSILON;
  const a1 = a >> 32;
  const b0 = b & EPSILON;
  const b1 = b >> 32;
  const low = a0 * b0;
  // Each at most (2^32 − 1)² + 2^32 − 1 < 2^64.
  const middle = a1 * b0 + (low >> 32);
  const cross = a0 * b1 + (middle & EPSILON);
  return reduce128(a1 * b1 + (middle >> 32) + (cross >> 32), (cross << 32) | (low & EPSILON));
}

/** any² squared `times` times → any. */
@inline
function squared(a: u64, times: i32): u64 {
  for (let i = 0; i < times; i++) a = mul(a, a);
  return a;
}

/** any → any: a^(p − 2), which is 0 for 0. p − 2 is, in binary, 31 ones, a zero and 32 ones: 64 squares and 9 products. */
@inline
export function inverse(a: u64): u64 {
  // ones_k = a^(2^k − 1).
  const ones2 = mul(mul(a, a), a);
  const ones3 = mul(mul(ones2, ones2), a);
  const ones6 = mul(squared(ones3, 3), ones3);
  const ones12 = mul(squared(ones6, 6), ones6);
  const ones24 = mul(squared(ones12, 12), ones12);
  const ones30 = mul(squared(ones24, 6), ones6);
  const ones31 = mul(mul(ones30, ones30), a);
  // (2^31 − 1)·2^33 + 2^32 − 1.
  return mul(squared(ones31, 33), mul(mul(ones31, ones31), a));
}

// ---- one at a time, for hosts: any operands, canonical results --------------------------------------------------------------

export function gl_canonical(a: u64): u64 {
  return canonical(a);
}

export function gl_add(a: u64, b: u64): u64 {
  return canonical(add(a, canonical(b)));
}

export function gl_sub(a: u64, b: u64): u64 {
  return canonical(sub(a, canonical(b)));
}

export function gl_mul(a: u64, b: u64): u64 {
  return canonical(mul(a, b));
}

/** a·b + c. */
export function gl_mul_add(a: u64, b: u64, c: u64): u64 {
  return canonical(add(mul(a, b), canonical(c)));
}

export function gl_inv(a: u64): u64 {
  return canonical(inverse(a));
}

/** The bare forms, for tests of their ranges: `b` of the first two canonical, all else any; results any. */
export function gl_raw_add(a: u64, b: u64): u64 {
  return add(a, b);
}

export function gl_raw_sub(a: u64, b: u64): u64 {
  return sub(a, b);
}

export function gl_raw_mul(a: u64, b: u64): u64 {
  return mul(a, b);
}

export function gl_raw_reduce128(high: u64, low: u64): u64 {
  return reduce128(high, low);
}

// ---- arrays -----------------------------------------------------------------------------------------------------------------

/** y[i] = y[i]·c + x[i] for from ≤ i < to; c any. */
export function gl_mul_add_n(y: usize, x: usize, c: u64, from: u32, to: u32): void {
  const c2 = i64x2.splat(c);
  let o = <usize>from << 3;
  const end = <usize>to << 3;
  for (; o + 16 <= end; o += 16) v128.store(y + o, mulAddLanes(v128.load(x + o), v128.load(y + o), c2));
  if (o < end) store<u64>(y + o, canonical(add(mul(load<u64>(y + o), c), load<u64>(x + o))));
}

/** out[i] = in[i]·c for from ≤ i < to; c any; `out` may be `in`. */
export function gl_scale_n(out: usize, input: usize, c: u64, from: u32, to: u32): void {
  const c2 = i64x2.splat(c);
  let o = <usize>from << 3;
  const end = <usize>to << 3;
  for (; o + 16 <= end; o += 16) v128.store(out + o, mulLanes(v128.load(input + o), c2));
  if (o < end) store<u64>(out + o, canonical(mul(load<u64>(input + o), c)));
}

/** A signed integer as an element: any i64 ≥ −p, and every i64 is. */
@inline
export function fromSigned(value: i64): u64 {
  // Below 0: 2^64 + value as u64, less 2^32 − 1. At or above: less than 2^63 < p.
  return <u64>value - select<u64>(EPSILON, 0, value < 0);
}

/** out[i] = the element of in[i] for from ≤ i < to. */
export function gl_from_i16_n(out: usize, input: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) store<u64>(out + (<usize>i << 3), fromSigned(load<i16>(input + (<usize>i << 1))));
}

export function gl_from_i32_n(out: usize, input: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) store<u64>(out + (<usize>i << 3), fromSigned(load<i32>(input + (<usize>i << 2))));
}

export function gl_from_i64_n(out: usize, input: usize, from: u32, to: u32): void {
  for (let o = <usize>from << 3, end = <usize>to << 3; o < end; o += 8) store<u64>(out + o, fromSigned(load<i64>(input + o)));
}

/** From float64 integers of magnitude below 2^53: what the interpreter of the integer program leaves. */
export function gl_from_f64_n(out: usize, input: usize, from: u32, to: u32): void {
  for (let o = <usize>from << 3, end = <usize>to << 3; o < end; o += 8) store<u64>(out + o, fromSigned(<i64>load<f64>(input + o)));
}

/** How many of n words are ≥ p. */
export function gl_count_noncanonical(input: usize, n: u32): u32 {
  let count: u32 = 0;
  for (let end = input + (<usize>n << 3); input < end; input += 8) count += <u32>(load<u64>(input) >= P);
  return count;
}

/**
 * Inverses of n elements by Montgomery's trick, zeros staying zero; 3 products each. `out` and `in` do not overlap: `out` holds the prefix products
 * meanwhile.
 */
export function gl_batch_inv(out: usize, input: usize, n: u32): void {
  let product: u64 = 1;
  for (let o: usize = 0, end = <usize>n << 3; o < end; o += 8) {
    const value = load<u64>(input + o);
    store<u64>(out + o, product);
    product = mul(product, select<u64>(1, value, value == 0));
  }
  let running = inverse(product);
  for (let o = <usize>n << 3; o > 0; ) {
    o -= 8;
    const value = load<u64>(input + o);
    const zero = value == 0;
    store<u64>(out + o, canonical(select<u64>(0, mul(running, load<u64>(out + o)), zero)));
    running = mul(running, select<u64>(1, value, zero));
  }
}
