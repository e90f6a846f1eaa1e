// The loops that a check of a proof of protocol `clear` spends its time in, small: every product is one of two functions that are called, not written out. What is
// "canonical" and "any" is told in goldilocks.ts; memory is canonical before and after, and what a function takes as a number is canonical too unless it says otherwise.
// Extension elements are 16 bytes, base elements 8. Lists are u32; a list at 0 stands for the identity.
import { canonical, mul } from './goldilocks';
import { addLanes, canonicalLanes, mulAdd, mulAddLanes, subLanes } from './lanes';

/** z + a·b of extension elements, all any → canonical. */
function addProduct(z: v128, a: v128, b: v128): v128 {
  return mulAdd(z, a, b);
}

/** z + a·x of extension elements and a base element x, all any → canonical. */
function addScaled(z: v128, a: v128, x: u64): v128 {
  return mulAddLanes(z, a, i64x2.splat(x));
}

@inline
function element(c0: u64, c1: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(c0), 1, c1);
}

@inline
function ext(table: usize, i: u32): usize {
  return table + (<usize>i << 4);
}

@inline
function base(table: usize, i: u32): usize {
  return table + (<usize>i << 3);
}

@inline
function at(list: usize, e: u32): u32 {
  return list === 0 ? e : load<u32>(list + (<usize>e << 2));
}

/** out = Σ a[i]·b[i] for i < n. */
export function dot(out: usize, a: usize, b: usize, n: u32): void {
  let sum = i64x2.splat(0);
  for (let i: u32 = 0; i < n; i++) sum = addProduct(sum, v128.load(ext(a, i)), v128.load(ext(b, i)));
  v128.store(out, sum);
}

/** out = Σ a[to[e]]·x[from[e]] for e < n: extension elements a, base elements x. */
export function dot_base(out: usize, a: usize, to: usize, x: usize, from: usize, n: u32): void {
  let sum = i64x2.splat(0);
  for (let e: u32 = 0; e < n; e++) sum = addScaled(sum, v128.load(ext(a, at(to, e))), load<u64>(base(x, at(from, e))));
  v128.store(out, sum);
}

/** table[i] = table[0]·eq(point, i) for i < 2^n; `point` is n extension elements. */
export function eq_table(table: usize, point: usize, n: u32): void {
  for (let k: u32 = 0; k < n; k++) {
    const r = v128.load(ext(point, k));
    const half: u32 = 1 << k;
    for (let i: u32 = 0; i < half; i++) {
      const a = v128.load(ext(table, i));
      const b = addProduct(i64x2.splat(0), a, r);
      v128.store(ext(table, i), canonicalLanes(subLanes(a, b)));
      v128.store(ext(table, half + i), b);
    }
  }
}

/** out[i·count + j] = a[i]·b[j] for i < n, j < count. */
export function outer(out: usize, a: usize, n: u32, b: usize, count: u32): void {
  for (let i: u32 = 0; i < n; i++) {
    const x = v128.load(ext(a, i));
    for (let j: u32 = 0; j < count; j++, out += 16) v128.store(out, addProduct(i64x2.splat(0), x, v128.load(ext(b, j))));
  }
}

/** out[to[e]] = c·a[e] for e < n, c = c0 + c1·u. */
export function scatter(out: usize, to: usize, a: usize, c0: u64, c1: u64, n: u32): void {
  const c = element(c0, c1);
  for (let e: u32 = 0; e < n; e++) v128.store(ext(out, at(to, e)), addProduct(i64x2.splat(0), v128.load(ext(a, e)), c));
}

/** out[e] += rows[i]·columns[base_i + offset_e] for i < count and the entries e of row i's pattern: start[p] ≤ e < start[p + 1], p = pattern[i]. */
export function patterns(
  out: usize, rows: usize, columns: usize, pattern: usize, bases: usize, start: usize, offset: usize, count: u32,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const row = v128.load(ext(rows, i));
    const entries = start + (<usize>at(pattern, i) << 2);
    const first = columns + (<usize>load<i32>(bases + (<usize>i << 2)) << 4);
    for (let e = load<u32>(entries), end = load<u32>(entries, 4); e < end; e++) {
      const column = first + (<usize>load<i32>(offset + (<usize>e << 2)) << 4);
      v128.store(ext(out, e), addProduct(v128.load(ext(out, e)), row, v128.load(column)));
    }
  }
}

/** sums[p >> log] += weights[to[e]]·table[p mod 2^log] with p = positions[from[e]], for e < n. */
export function entries(
  sums: usize, weights: usize, to: usize, positions: usize, from: usize, table: usize, log: u32, n: u32,
): void {
  const mask: u32 = (1 << log) - 1;
  for (let e: u32 = 0; e < n; e++) {
    const position = at(positions, at(from, e));
    const sum = ext(sums, position >> log);
    v128.store(sum, addProduct(v128.load(sum), v128.load(ext(weights, at(to, e))), v128.load(ext(table, position & mask))));
  }
}

/** out[q] = Σ_{i < n} c[i]·x[q]^i for q < points: extension elements c at base elements x. */
export function horner(out: usize, c: usize, n: u32, x: usize, points: u32): void {
  for (let q: u32 = 0; q < points; q++) v128.store(ext(out, q), i64x2.splat(0));
  // Point after point within a coefficient: none of its products waits for another.
  for (let i = n; i > 0; ) {
    const z = v128.load(ext(c, --i));
    for (let q: u32 = 0; q < points; q++) v128.store(ext(out, q), addScaled(z, v128.load(ext(out, q)), load<u64>(base(x, q))));
  }
}

/** c[q] ← c[q]·(1 − r + r·x[q]), x[q] ← x[q]² for q < points: the weights x^b of evaluations, their lowest variable bound to r = r0 + r1·u. */
export function bind_powers(c: usize, x: usize, points: u32, r0: u64, r1: u64): void {
  const r = element(r0, r1);
  const rest = subLanes(i64x2(1, 0), r);
  for (let q: u32 = 0; q < points; q++) {
    const z = load<u64>(base(x, q));
    v128.store(ext(c, q), addProduct(i64x2.splat(0), v128.load(ext(c, q)), addScaled(rest, r, z)));
    store<u64>(base(x, q), canonical(mul(z, z)));
  }
}

/**
 * One fold of `leaves` cosets of 2·half elements, `stride` bytes apart, each in place: element q, the word at z_q, and element q + half, at −z_q, become
 * h·(f(z_q) + f(−z_q)) + s·(f(z_q) − f(−z_q))/z_q; 1/z_q = inverse·step^q. h = (1 − r)/2 and s = r/2. Inverses are squared: those of the next fold.
 */
export function fold_cosets(
  values: usize, stride: u32, inverses: usize, leaves: u32, half: u32, step: u64, h0: u64, h1: u64, s0: u64, s1: u64,
): void {
  const h = element(h0, h1);
  const s = element(s0, s1);
  const distance = <usize>half << 4;
  for (let i: u32 = 0; i < leaves; i++, values += stride, inverses += 8) {
    let inverse = load<u64>(inverses);
    store<u64>(inverses, canonical(mul(inverse, inverse)));
    for (let p = values, end = values + distance; p < end; p += 16) {
      const a = v128.load(p);
      const b = v128.load(p + distance);
      const odd = addProduct(i64x2.splat(0), subLanes(a, b), addScaled(i64x2.splat(0), s, inverse));
      v128.store(p, addProduct(odd, addLanes(a, b), h));
      inverse = mul(inverse, step);
    }
  }
}
