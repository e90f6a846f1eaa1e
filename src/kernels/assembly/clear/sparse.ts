// What is sparse in a relation: elements picked by lists of indices, and matrices whose rows share patterns (compile/real/linear-map.ts). Indices are u32; those of one
// call may repeat, so calls are not cut up over what they write to.
import { add, canonical, mul } from './goldilocks';
import {
  addLanes, canonicalLanes, crossed, mulAddForms, mulAddLanes, mulLanes, straight, turnedCrossed, turnedStraight,
} from './lanes';

@inline
function at(index: usize, e: u32): usize {
  return index === 0 ? <usize>e : <usize>load<u32>(index + (<usize>e << 2));
}

/** out[to[e]] += c·in[from[e]] of base elements, for first ≤ e < last; a list at 0 stands for e itself. c any. */
export function gl_select_add(out: usize, to: usize, input: usize, from: usize, c: u64, first: u32, last: u32): void {
  for (let e = first; e < last; e++) {
    const o = out + (at(to, e) << 3);
    store<u64>(o, canonical(add(mul(c, load<u64>(input + (at(from, e) << 3))), load<u64>(o))));
  }
}

/** The same of extension elements, c = c0 + c1·u. */
export function gl2_select_add(out: usize, to: usize, input: usize, from: usize, c0: u64, c1: u64, first: u32, last: u32): void {
  const c = i64x2.replace_lane(i64x2.splat(c0), 1, c1);
  const s = straight(c), r = crossed(c), ts = turnedStraight(c), tr = turnedCrossed(c);
  for (let e = first; e < last; e++) {
    const o = out + (at(to, e) << 4);
    v128.store(o, mulAddForms(v128.load(o), v128.load(input + (at(from, e) << 4)), s, r, ts, tr));
  }
}

/** out[base_i + offset_e] += weights[e]·rows[i] for the entries e of row i's pattern, first ≤ i < last: rows times the matrix. Weights are base elements, the rest extension's. */
export function gl2_patterns_row(
  out: usize, rows: usize, weights: usize, pattern: usize, base: usize, start: usize, offset: usize, first: u32, last: u32,
): void {
  for (let i = first; i < last; i++) {
    const row = v128.load(rows + (<usize>i << 4));
    const entries = start + (<usize>load<u32>(pattern + (<usize>i << 2)) << 2);
    const from = load<i32>(base + (<usize>i << 2));
    for (let e = load<u32>(entries), end = load<u32>(entries, 4); e < end; e++) {
      const o = out + (<usize>(from + load<i32>(offset + (<usize>e << 2))) << 4);
      v128.store(o, mulAddLanes(v128.load(o), v128.load64_splat(weights + (<usize>e << 3)), row));
    }
  }
}

/** out[e] += rows[i]·columns[base_i + offset_e] for the entries e of row i's pattern, first ≤ i < last: what each weight weighs between two vectors. */
export function gl2_patterns_outer(
  out: usize, rows: usize, columns: usize, pattern: usize, base: usize, start: usize, offset: usize, first: u32, last: u32,
): void {
  for (let i = first; i < last; i++) {
    const row = v128.load(rows + (<usize>i << 4));
    const s = straight(row), r = crossed(row), ts = turnedStraight(row), tr = turnedCrossed(row);
    const entries = start + (<usize>load<u32>(pattern + (<usize>i << 2)) << 2);
    const from = load<i32>(base + (<usize>i << 2));
    for (let e = load<u32>(entries), end = load<u32>(entries, 4); e < end; e++) {
      const column = v128.load(columns + (<usize>(from + load<i32>(offset + (<usize>e << 2))) << 4));
      const o = out + (<usize>e << 4);
      v128.store(o, mulAddForms(v128.load(o), column, s, r, ts, tr));
    }
  }
}

/** out[i] += c·x^i of extension elements for i < n, c = c0 + c1·u and x a base element, both any. */
export function gl2_geometric_add(out: usize, c0: u64, c1: u64, x: u64, n: u32): void {
  const x2 = mul(x, x);
  const step = i64x2.splat(mul(x2, x2));
  // Four sequences beside each other: a product waits for none but the last of its own.
  let a = i64x2.replace_lane(i64x2.splat(c0), 1, c1);
  const base = i64x2.splat(x);
  let b = mulLanes(a, base);
  let c = mulLanes(b, base);
  let d = mulLanes(c, base);
  let i: u32 = 0;
  for (; i + 4 <= n; i += 4, out += 64) {
    v128.store(out, canonicalLanes(addLanes(v128.load(out), canonicalLanes(a))));
    v128.store(out, canonicalLanes(addLanes(v128.load(out, 16), b)), 16);
    v128.store(out, canonicalLanes(addLanes(v128.load(out, 32), c)), 32);
    v128.store(out, canonicalLanes(addLanes(v128.load(out, 48), d)), 48);
    a = mulLanes(a, step);
    b = mulLanes(b, step);
    c = mulLanes(c, step);
    d = mulLanes(d, step);
  }
  for (; i < n; i++, out += 16) {
    v128.store(out, canonicalLanes(addLanes(v128.load(out), canonicalLanes(a))));
    a = b;
    b = c;
    c = d;
  }
}
