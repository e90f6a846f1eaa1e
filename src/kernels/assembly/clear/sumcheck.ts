// Loops of sumchecks over tables of 2^v elements. Variable k is bit k of an index and round k binds it, so a round pairs entries 2i and 2i + 1 and a
// fold is (1 − r)·even + r·odd. A round's polynomial has degree 2 and is handed over as its value at 0 and its coefficient of X² ("at infinity"); the value at 1
// follows from the running claim. Everything works on ranges of pairs, from ≤ i < to, so that workers share a round out and their sums are added up.
//
// Tables of extension elements are 16 bytes an element, of base elements 8 bytes, all canonical. Sums are canonical: two extension elements at `out`.
import {
  BLOCK, addLanes, both0, both1, canonicalLanes, close, crossed, mul2, mulAdd, mulAddBase, mulAddForms, mulLanes, openL, openU, pair, straight,
  subLanes, times7, turnedCrossed, turnedStraight,
} from './lanes';

@inline
function ext(table: usize, i: u32): usize {
  return table + (<usize>i << 4);
}

@inline
function base(table: usize, i: u32): usize {
  return table + (<usize>i << 3);
}

@inline
function element(c0: u64, c1: u64): v128 {
  return i64x2.replace_lane(i64x2.splat(c0), 1, c1);
}

/** sum += x, both canonical, in memory. */
@inline
function addTo(sum: usize, x: v128): void {
  v128.store(sum, canonicalLanes(addLanes(v128.load(sum), x)));
}

@inline
function clear(out: usize): void {
  v128.store(out, i64x2.splat(0));
  v128.store(out, i64x2.splat(0), 16);
}

/** out[i] = in[2i] + r·(in[2i + 1] − in[2i]). `out` may be `in` where one call does everything from 0 on. */
export function gl2_fold_n(out: usize, input: usize, r0: u64, r1: u64, from: u32, to: u32): void {
  const r = element(r0, r1);
  const s = straight(r), c = crossed(r), ts = turnedStraight(r), tc = turnedCrossed(r);
  for (let i = from; i < to; i++) {
    const a = v128.load(ext(input, 2 * i));
    v128.store(ext(out, i), mulAddForms(a, subLanes(v128.load(ext(input, 2 * i), 16), a), s, c, ts, tc));
  }
}

/** The same of a base table; `out` has extension elements. */
export function gl2_fold_base_n(out: usize, input: usize, r0: u64, r1: u64, from: u32, to: u32): void {
  const r = element(r0, r1);
  for (let i = from; i < to; i++) {
    const a = v128.load64_splat(base(input, 2 * i));
    const d = subLanes(v128.load64_splat(base(input, 2 * i), 8), a);
    v128.store(ext(out, i), mulAddBase(v128.and(a, i64x2(-1, 0)), d, r));
  }
}

/** out[i] = in[2i] + in[2i + 1]: of a table eq(r, ·) the one without its first variable. `out` may be `in` as above. */
export function gl2_pair_sums_n(out: usize, input: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    v128.store(ext(out, i), canonicalLanes(addLanes(v128.load(ext(input, 2 * i)), v128.load(ext(input, 2 * i), 16))));
  }
}

/** One variable more, r, to a table of `half` elements: table[half + i] = table[i]·r, and table[i] loses that. */
export function gl2_eq_step(table: usize, half: u32, r0: u64, r1: u64, from: u32, to: u32): void {
  const r = element(r0, r1);
  const s = straight(r), c = crossed(r), ts = turnedStraight(r), tc = turnedCrossed(r);
  for (let i = from; i < to; i++) {
    const a = v128.load(ext(table, i));
    const b = mulAddForms(i64x2.splat(0), a, s, c, ts, tc);
    v128.store(ext(table, i), canonicalLanes(subLanes(a, b)));
    v128.store(ext(table, half + i), b);
  }
}

/** table[i] = table[0]·eq(point, i) for i < 2^n; `point` is n extension elements. */
export function gl2_eq_table(table: usize, point: usize, n: u32): void {
  for (let k: u32 = 0; k < n; k++) gl2_eq_step(table, 1 << k, load<u64>(ext(point, k)), load<u64>(ext(point, k), 8), 0, 1 << k);
}

/** out = Σ f[i]·g[i], extension elements. */
export function gl2_dot(f: usize, g: usize, from: u32, to: u32, out: usize): void {
  v128.store(out, i64x2.splat(0));
  for (let i = from; i < to; ) {
    let L = i64x2.splat(0), U = L, L7 = L, U7 = L;
    for (const end = min(to - i, BLOCK) + i; i < end; i++) {
      const a = v128.load(ext(f, i)), b = v128.load(ext(g, i));
      const x = both0(a), y = both1(a), s = straight(b), c = crossed(b), ts = turnedStraight(b), tc = turnedCrossed(b);
      L = i64x2.add(L, openL(x, s, c));
      U = i64x2.add(U, openU(x, s, c));
      L7 = i64x2.add(L7, openL(y, ts, tc));
      U7 = i64x2.add(U7, openU(y, ts, tc));
    }
    addTo(out, close(i64x2.add(L, times7(L7)), i64x2.add(U, times7(U7))));
  }
}

/** out = Σ f[i]·g[i], f of base, g of extension elements. */
export function gl2_dot_base(f: usize, g: usize, from: u32, to: u32, out: usize): void {
  v128.store(out, i64x2.splat(0));
  for (let i = from; i < to; ) {
    let L = i64x2.splat(0), U = L;
    for (const end = min(to - i, BLOCK) + i; i < end; i++) {
      const x = pair(v128.load64_splat(base(f, i))), b = v128.load(ext(g, i));
      const s = straight(b), c = crossed(b);
      L = i64x2.add(L, openL(x, s, c));
      U = i64x2.add(U, openU(x, s, c));
    }
    addTo(out, close(L, U));
  }
}

/** A round of Σ f·g: Σ f[2i]·g[2i] and Σ (f[2i + 1] − f[2i])·(g[2i + 1] − g[2i]). */
export function gl2_round_product(f: usize, g: usize, from: u32, to: u32, out: usize): void {
  clear(out);
  addRound(f, g, from, to, out);
}

/** The same onto what is at `out`. */
function addRound(f: usize, g: usize, from: u32, to: u32, out: usize): void {
  for (let i = from; i < to; ) {
    let L = i64x2.splat(0), U = L, L7 = L, U7 = L, M = L, V = L, M7 = L, V7 = L;
    for (const end = min(to - i, BLOCK) + i; i < end; i++) {
      const a = v128.load(ext(f, 2 * i)), b = v128.load(ext(g, 2 * i));
      const x = both0(a), y = both1(a), s = straight(b), c = crossed(b), ts = turnedStraight(b), tc = turnedCrossed(b);
      L = i64x2.add(L, openL(x, s, c));
      U = i64x2.add(U, openU(x, s, c));
      L7 = i64x2.add(L7, openL(y, ts, tc));
      U7 = i64x2.add(U7, openU(y, ts, tc));
      const d = subLanes(v128.load(ext(f, 2 * i), 16), a), e = subLanes(v128.load(ext(g, 2 * i), 16), b);
      const dx = both0(d), dy = both1(d), es = straight(e), ec = crossed(e), ets = turnedStraight(e), etc = turnedCrossed(e);
      M = i64x2.add(M, openL(dx, es, ec));
      V = i64x2.add(V, openU(dx, es, ec));
      M7 = i64x2.add(M7, openL(dy, ets, etc));
      V7 = i64x2.add(V7, openU(dy, ets, etc));
    }
    addTo(out, close(i64x2.add(L, times7(L7)), i64x2.add(U, times7(U7))));
    addTo(out + 16, close(i64x2.add(M, times7(M7)), i64x2.add(V, times7(V7))));
  }
}

/** The same for f of base elements. */
export function gl2_round_product_base(f: usize, g: usize, from: u32, to: u32, out: usize): void {
  clear(out);
  for (let i = from; i < to; ) {
    let L = i64x2.splat(0), U = L, M = L, V = L;
    for (const end = min(to - i, BLOCK) + i; i < end; i++) {
      const a = v128.load64_splat(base(f, 2 * i)), b = v128.load(ext(g, 2 * i));
      const x = pair(a), s = straight(b), c = crossed(b);
      L = i64x2.add(L, openL(x, s, c));
      U = i64x2.add(U, openU(x, s, c));
      const d = pair(subLanes(v128.load64_splat(base(f, 2 * i), 8), a)), e = subLanes(v128.load(ext(g, 2 * i), 16), b);
      const es = straight(e), ec = crossed(e);
      M = i64x2.add(M, openL(d, es, ec));
      V = i64x2.add(V, openU(d, es, ec));
    }
    addTo(out, close(L, U));
    addTo(out + 16, close(M, V));
  }
}

/** Pairs that are folded and then summed while they are in the first-level cache. */
const TILE: u32 = 128;

/**
 * `gl2_fold_n` of f and g by r and `gl2_round_product` of what comes out, in one pass over memory: pairs from ≤ i < to of the folded tables, from four entries
 * of the old ones each. fOut may be f, and gOut g, where one call does everything.
 */
export function gl2_fold_round_product(
  fOut: usize, gOut: usize, f: usize, g: usize, r0: u64, r1: u64, from: u32, to: u32, out: usize,
): void {
  clear(out);
  for (let i = from; i < to; ) {
    const end = min(to - i, TILE) + i;
    gl2_fold_n(fOut, f, r0, r1, 2 * i, 2 * end);
    gl2_fold_n(gOut, g, r0, r1, 2 * i, 2 * end);
    addRound(fOut, gOut, i, end, out);
    i = end;
  }
}

/**
 * A round of the zero check Σ eq(τ, i)·(a·b − c), eq factored out: weights[i] is eq of the variables that are still to come at pair i, and the round's polynomial is
 * eq(τ_k, X) times a factor times t(X). Gives t(0) = Σ w·(a·b − c) at even entries and t's coefficient of X², Σ w·Δa·Δb. Extension elements.
 */
export function gl2_round_zero(a: usize, b: usize, c: usize, weights: usize, from: u32, to: u32, out: usize): void {
  let s = i64x2.splat(0), t = i64x2.splat(0);
  for (let i = from; i < to; i++) {
    const x = v128.load(ext(a, 2 * i)), y = v128.load(ext(b, 2 * i)), w = v128.load(ext(weights, i));
    s = mulAdd(s, subLanes(mul2(x, y), v128.load(ext(c, 2 * i))), w);
    t = mulAdd(t, mul2(subLanes(v128.load(ext(a, 2 * i), 16), x), subLanes(v128.load(ext(b, 2 * i), 16), y)), w);
  }
  v128.store(out, s);
  v128.store(out, t, 16);
}

/** (x0, x1 − x0), x canonical → any. */
@inline
function evenAndDelta(x: v128): v128 {
  return subLanes(x, v128.shuffle<i64>(i64x2.splat(0), x, 0, 2));
}

/** The same for a, b, c of base elements: the first round, on cells. */
export function gl2_round_zero_base(a: usize, b: usize, c: usize, weights: usize, from: u32, to: u32, out: usize): void {
  let s = i64x2.splat(0), t = i64x2.splat(0);
  for (let i = from; i < to; i++) {
    // Even entries on lane 0, differences on lane 1: one product for both.
    const x = v128.load(base(a, 2 * i)), y = v128.load(base(b, 2 * i)), w = v128.load(ext(weights, i));
    const u = subLanes(mulLanes(evenAndDelta(x), evenAndDelta(y)), v128.load64_zero(base(c, 2 * i)));
    s = mulAddBase(s, v128.shuffle<i64>(u, u, 0, 0), w);
    t = mulAddBase(t, v128.shuffle<i64>(u, u, 1, 1), w);
  }
  v128.store(out, s);
  v128.store(out, t, 16);
}
