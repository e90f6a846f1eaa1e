// F_p[u]/(u² − 7): c0 + c1·u is two u64, c0 first, the lanes of one v128. What is canonical and any is told in goldilocks.ts, products in lanes.ts.
import { canonical, inverse, mul, sub } from './goldilocks';
import {
  addLanes, canonicalLanes, close, crossed, high, low, mul2, mulAdd, mulAddForms, mulLanes, openL, openU, pair, straight, subLanes, turnedCrossed,
  turnedStraight,
} from './lanes';

// ---- one at a time, for hosts: elements of any operands in memory, canonical results; `out` may be an operand -----------------------

export function gl2_add(out: usize, a: usize, b: usize): void {
  v128.store(out, canonicalLanes(addLanes(v128.load(a), canonicalLanes(v128.load(b)))));
}

export function gl2_sub(out: usize, a: usize, b: usize): void {
  v128.store(out, canonicalLanes(subLanes(v128.load(a), canonicalLanes(v128.load(b)))));
}

export function gl2_mul(out: usize, a: usize, b: usize): void {
  v128.store(out, mul2(v128.load(a), v128.load(b)));
}

/** a·b + c. */
export function gl2_mul_add(out: usize, a: usize, b: usize, c: usize): void {
  v128.store(out, mulAdd(v128.load(c), v128.load(a), v128.load(b)));
}

/** a·b for b of the base field, any. */
export function gl2_mul_base(out: usize, a: usize, b: u64): void {
  v128.store(out, mulLanes(v128.load(a), i64x2.splat(b)));
}

/** c0² − 7·c1², any → any: 0 for 0 alone. */
@inline
function norm(a0: u64, a1: u64): u64 {
  return sub(mul(a0, a0), canonical(mul(7, mul(a1, a1))));
}

/** The inverse, and 0 for 0. */
export function gl2_inv(out: usize, a: usize): void {
  v128.store(out, inverse2(v128.load(a)));
}

/** any → canonical. */
@inline
function inverse2(a: v128): v128 {
  const a0 = i64x2.extract_lane(a, 0);
  const a1 = i64x2.extract_lane(a, 1);
  return mulLanes(i64x2.replace_lane(a, 1, sub(0, canonical(a1))), i64x2.splat(inverse(norm(a0, a1))));
}

/** The bare forms on two lanes, for tests of their ranges. a any, b canonical → any. */
export function gl2_raw_add(out: usize, a: usize, b: usize): void {
  v128.store(out, addLanes(v128.load(a), v128.load(b)));
}

export function gl2_raw_sub(out: usize, a: usize, b: usize): void {
  v128.store(out, subLanes(v128.load(a), v128.load(b)));
}

/** any·any lane by lane → canonical. */
export function gl2_raw_mul(out: usize, a: usize, b: usize): void {
  v128.store(out, mulLanes(v128.load(a), v128.load(b)));
}

/** L + 2^32·U → canonical, of |L| < 2^62 and 0 ≤ U < 2^62. */
export function gl2_raw_close(out: usize, L: usize, U: usize): void {
  v128.store(out, close(v128.load(L), v128.load(U)));
}

// ---- arrays -----------------------------------------------------------------------------------------------------------------

/** y[i] = y[i]·(c0 + c1·u) + x[i] for from ≤ i < to; c any. */
export function gl2_mul_add_n(y: usize, x: usize, c0: u64, c1: u64, from: u32, to: u32): void {
  const c = i64x2.replace_lane(i64x2.splat(c0), 1, c1);
  const s = straight(c), r = crossed(c), ts = turnedStraight(c), tr = turnedCrossed(c);
  for (let o = <usize>from << 4, end = <usize>to << 4; o < end; o += 16) {
    v128.store(y + o, mulAddForms(v128.load(x + o), v128.load(y + o), s, r, ts, tr));
  }
}

/** y[i] += x[i]·(c0 + c1·u) of extension elements for from ≤ i < to; c any. */
export function gl2_add_scaled_n(y: usize, x: usize, c0: u64, c1: u64, from: u32, to: u32): void {
  const c = i64x2.replace_lane(i64x2.splat(c0), 1, c1);
  const s = straight(c), r = crossed(c), ts = turnedStraight(c), tr = turnedCrossed(c);
  for (let o = <usize>from << 4, end = <usize>to << 4; o < end; o += 16) {
    v128.store(y + o, mulAddForms(v128.load(y + o), v128.load(x + o), s, r, ts, tr));
  }
}

/** y[i] += x[i]·(c0 + c1·u) of base elements x for from ≤ i < to; c any. */
export function gl2_add_scaled_base_n(y: usize, x: usize, c0: u64, c1: u64, from: u32, to: u32): void {
  const c = i64x2.replace_lane(i64x2.splat(c0), 1, c1);
  const s = straight(c), r = crossed(c);
  for (let i = from; i < to; i++) {
    const out = y + (<usize>i << 4);
    const a = pair(v128.load64_splat(x + (<usize>i << 3)));
    const z = v128.load(out);
    v128.store(out, close(i64x2.add(low(z), openL(a, s, r)), i64x2.add(high(z), openU(a, s, r))));
  }
}

/** out[i] = (c0 + c1·u) + a[i]·(k0 + k1·u) + b[i]·(l0 + l1·u) of base elements a, b for from ≤ i < to; constants any. */
export function gl2_affine_n(
  out: usize, a: usize, b: usize, c0: u64, c1: u64, k0: u64, k1: u64, l0: u64, l1: u64, from: u32, to: u32,
): void {
  const c = i64x2.replace_lane(i64x2.splat(c0), 1, c1);
  const k = i64x2.replace_lane(i64x2.splat(k0), 1, k1);
  const l = i64x2.replace_lane(i64x2.splat(l0), 1, l1);
  const cl = low(c), ch = high(c), ks = straight(k), kr = crossed(k), ls = straight(l), lr = crossed(l);
  for (let i = from; i < to; i++) {
    const x = pair(v128.load64_splat(a + (<usize>i << 3)));
    const y = pair(v128.load64_splat(b + (<usize>i << 3)));
    v128.store(
      out + (<usize>i << 4),
      close(
        i64x2.add(cl, i64x2.add(openL(x, ks, kr), openL(y, ls, lr))),
        i64x2.add(ch, i64x2.add(openU(x, ks, kr), openU(y, ls, lr))),
      ),
    );
  }
}

/** out[i] = in[i] + 0·u for from ≤ i < to. */
export function gl2_from_base_n(out: usize, input: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) v128.store(out + (<usize>i << 4), v128.load64_zero(input + (<usize>i << 3)));
}

/** Coordinates apart, as two base columns, for from ≤ i < to. */
export function gl2_split_n(out0: usize, out1: usize, input: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    store<u64>(out0 + (<usize>i << 3), load<u64>(input + (<usize>i << 4)));
    store<u64>(out1 + (<usize>i << 3), load<u64>(input + (<usize>i << 4), 8));
  }
}

/** And together again. */
export function gl2_join_n(out: usize, in0: usize, in1: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    store<u64>(out + (<usize>i << 4), load<u64>(in0 + (<usize>i << 3)));
    store<u64>(out + (<usize>i << 4), load<u64>(in1 + (<usize>i << 3)), 8);
  }
}

/** out = Σ of n elements. */
export function gl2_sum_n(out: usize, input: usize, n: u32): void {
  let s = i64x2.splat(0);
  for (let end = input + (<usize>n << 4); input < end; input += 16) s = addLanes(s, v128.load(input));
  v128.store(out, canonicalLanes(s));
}

/** x, or 1 where x is 0; x canonical. */
@inline
function oneForZero(x: v128): v128 {
  const zero = i64x2.splat(-<i64>((i64x2.extract_lane(x, 0) | i64x2.extract_lane(x, 1)) == 0));
  return v128.or(x, v128.and(zero, i64x2(1, 0)));
}

/** As `gl_batch_inv`, of extension elements. */
export function gl2_batch_inv(out: usize, input: usize, n: u32): void {
  let product = i64x2(1, 0);
  for (let o: usize = 0, end = <usize>n << 4; o < end; o += 16) {
    v128.store(out + o, product);
    product = mul2(product, oneForZero(v128.load(input + o)));
  }
  let running = inverse2(product);
  for (let o = <usize>n << 4; o > 0; ) {
    o -= 16;
    const value = v128.load(input + o);
    const filled = oneForZero(value);
    // All ones where `filled` is `value`: an element that is not zero.
    const alive = i64x2.splat(<i64>((i64x2.extract_lane(value, 0) | i64x2.extract_lane(value, 1)) == 0) - 1);
    v128.store(out + o, v128.and(alive, mul2(running, v128.load(out + o))));
    running = mul2(running, filled);
  }
}
