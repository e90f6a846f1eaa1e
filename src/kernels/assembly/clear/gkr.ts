// logUp-GKR: sums of fractions up a binary tree, numerators p and denominators q. A node is (p0·q1 + p1·q0, q0·q1) of its children's (p0, q0), (p1, q1). The four
// tables of children are four pointers and one distance `step` in bytes: two children side by side are (p, p + 16, step 32), two halves of n each are
// (p, p + 16·n, step 16). Variables and folds are as in sumcheck.ts. Extension elements, canonical.
import {
  BLOCK, addLanes, both0, both1, canonicalLanes, close, crossSum, crossed, mul2, mulAddForms, openL, openU, pair, straight, subLanes, times7, turnedCrossed,
  turnedStraight,
} from './lanes';

/** Nodes from ≤ i < to from their children, to pOut + 16·i and qOut + 16·i. In place only where children lie at or behind what is written, in one call. */
export function gkr_up(pOut: usize, qOut: usize, p0: usize, p1: usize, q0: usize, q1: usize, step: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const o = <usize>i * step;
    const c = v128.load(q0 + o), d = v128.load(q1 + o);
    const sum = crossSum(v128.load(p0 + o), d, v128.load(p1 + o), c);
    v128.store(pOut + (<usize>i << 4), sum);
    v128.store(qOut + (<usize>i << 4), mul2(c, d));
  }
}

/** The same from base numerators: the leaves. Theirs are `step`/2 bytes apart. */
export function gkr_up_base(pOut: usize, qOut: usize, p0: usize, p1: usize, q0: usize, q1: usize, step: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const o = <usize>i * step;
    const a = pair(v128.load64_splat(p0 + (o >> 1))), b = pair(v128.load64_splat(p1 + (o >> 1)));
    const c = v128.load(q0 + o), d = v128.load(q1 + o);
    const cs = straight(c), cc = crossed(c), ds = straight(d), dc = crossed(d);
    v128.store(pOut + (<usize>i << 4), close(i64x2.add(openL(a, ds, dc), openL(b, cs, cc)), i64x2.add(openU(a, ds, dc), openU(b, cs, cc))));
    v128.store(qOut + (<usize>i << 4), mul2(c, d));
  }
}

/**
 * p0[i] += λ·q0[i]. A layer's claim p + λ·q is then the sum of p0·q1 + p1·q0 alone, since (p0 + λ·q0)·q1 + p1·q0 = (p0·q1 + p1·q0) + λ·q0·q1; from the
 * final p0 λ·q0 is taken off again.
 */
export function gkr_mix(p0: usize, q0: usize, step: usize, l0: u64, l1: u64, from: u32, to: u32): void {
  const l = i64x2.replace_lane(i64x2.splat(l0), 1, l1);
  const s = straight(l), c = crossed(l), ts = turnedStraight(l), tc = turnedCrossed(l);
  for (let i = from; i < to; i++) {
    const o = <usize>i * step;
    v128.store(p0 + o, mulAddForms(v128.load(p0 + o), v128.load(q0 + o), s, c, ts, tc));
  }
}

/**
 * A round of Σ eq(τ, i)·(p0·q1 + p1·q0), eq factored out as in `gl2_round_zero`: of pairs of nodes from ≤ i < to, t(0) and t's coefficient of X². weights[i] is eq of the
 * variables still to come.
 */
export function gkr_round(
  p0: usize, p1: usize, q0: usize, q1: usize, step: usize, weights: usize, from: u32, to: u32, out: usize,
): void {
  let first = i64x2.splat(0), second = i64x2.splat(0);
  for (let i = from; i < to; ) {
    let L = i64x2.splat(0), U = L, L7 = L, U7 = L, M = L, V = L, M7 = L, V7 = L;
    for (const end = min(to - i, BLOCK) + i; i < end; i++) {
      const o = <usize>i * step * 2, n = o + step;
      const w = v128.load(weights + (<usize>i << 4));
      const s = straight(w), c = crossed(w), ts = turnedStraight(w), tc = turnedCrossed(w);
      const p = v128.load(p0 + o), q = v128.load(p1 + o), f = v128.load(q0 + o), g = v128.load(q1 + o);
      const u = crossSum(p, g, q, f);
      const x = both0(u), y = both1(u);
      L = i64x2.add(L, openL(x, s, c));
      U = i64x2.add(U, openU(x, s, c));
      L7 = i64x2.add(L7, openL(y, ts, tc));
      U7 = i64x2.add(U7, openU(y, ts, tc));
      const v = crossSum(subLanes(v128.load(p0 + n), p), subLanes(v128.load(q1 + n), g), subLanes(v128.load(p1 + n), q), subLanes(v128.load(q0 + n), f));
      const vx = both0(v), vy = both1(v);
      M = i64x2.add(M, openL(vx, s, c));
      V = i64x2.add(V, openU(vx, s, c));
      M7 = i64x2.add(M7, openL(vy, ts, tc));
      V7 = i64x2.add(V7, openU(vy, ts, tc));
    }
    first = canonicalLanes(addLanes(close(i64x2.add(L, times7(L7)), i64x2.add(U, times7(U7))), first));
    second = canonicalLanes(addLanes(close(i64x2.add(M, times7(M7)), i64x2.add(V, times7(V7))), second));
  }
  v128.store(out, first);
  v128.store(out, second, 16);
}

/** Nodes from ≤ i < to of a folded table: out[i] = in[2i] + r·(in[2i + 1] − in[2i]), each `step` apart. In place as `gl2_fold_n`. */
export function gkr_fold(out: usize, input: usize, step: usize, r0: u64, r1: u64, from: u32, to: u32): void {
  const r = i64x2.replace_lane(i64x2.splat(r0), 1, r1);
  const s = straight(r), c = crossed(r), ts = turnedStraight(r), tc = turnedCrossed(r);
  for (let i = from; i < to; i++) {
    const p = input + <usize>i * step * 2;
    const a = v128.load(p);
    v128.store(out + <usize>i * step, mulAddForms(a, subLanes(v128.load(p + step), a), s, c, ts, tc));
  }
}
