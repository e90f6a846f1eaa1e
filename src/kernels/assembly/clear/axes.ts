// Products of one small matrix an axis (src/verify/clear/axes.ts): tensors of extension elements, row-major, seen as [outer, axis, inner] of the axis at hand.
import { close, crossed, high, low, mulAddForms, openL, openU, pair, straight, turnedCrossed, turnedStraight } from './lanes';

@inline
function at(index: usize, e: u32): usize {
  return index === 0 ? <usize>e : <usize>load<u32>(index + (<usize>e << 2));
}

/**
 * out[a, to[e], b] += values[e]·in[a, from[e], b] for a < outer, e < entries, b < inner; out is [outer, outs, inner], in [outer, ins, inner]. A list at 0 stands for
 * e itself. Nothing overlaps.
 */
export function gl2_axis_add(
  out: usize, input: usize, values: usize, to: usize, from: usize, entries: u32, outer: u32, outs: u32, ins: u32, inner: u32,
): void {
  const bytes = <usize>inner << 4;
  for (let a: u32 = 0; a < outer; a++, out += <usize>outs * bytes, input += <usize>ins * bytes) {
    for (let e: u32 = 0; e < entries; e++) {
      const c = v128.load(values + (<usize>e << 4));
      const s = straight(c), r = crossed(c), ts = turnedStraight(c), tr = turnedCrossed(c);
      const y = out + at(to, e) * bytes;
      const x = input + at(from, e) * bytes;
      for (let o: usize = 0; o < bytes; o += 16) {
        v128.store(y + o, mulAddForms(v128.load(y + o), v128.load(x + o), s, r, ts, tr));
      }
    }
  }
}

/** out[a, b] += Σ_i values[i]·in[a, i, b] for a < outer, i < size, b < inner, of base elements in. Four i at once are closed once. */
export function gl2_axis_sum_base(out: usize, input: usize, values: usize, outer: u32, size: u32, inner: u32): void {
  const bytes = <usize>inner << 3;
  for (let a: u32 = 0; a < outer; a++, out += bytes << 1) {
    let i: u32 = 0;
    for (; i + 4 <= size; i += 4, input += bytes << 2) {
      const at = values + (<usize>i << 4);
      const c0 = v128.load(at), c1 = v128.load(at, 16), c2 = v128.load(at, 32), c3 = v128.load(at, 48);
      const s0 = straight(c0), s1 = straight(c1), s2 = straight(c2), s3 = straight(c3);
      const r0 = crossed(c0), r1 = crossed(c1), r2 = crossed(c2), r3 = crossed(c3);
      const second = input + bytes, third = second + bytes, fourth = third + bytes;
      for (let o: usize = 0; o < bytes; o += 8) {
        const y = out + (o << 1);
        const z = v128.load(y);
        let x = pair(v128.load64_splat(input + o));
        let L = i64x2.add(low(z), openL(x, s0, r0));
        let U = i64x2.add(high(z), openU(x, s0, r0));
        x = pair(v128.load64_splat(second + o));
        L = i64x2.add(L, openL(x, s1, r1));
        U = i64x2.add(U, openU(x, s1, r1));
        x = pair(v128.load64_splat(third + o));
        L = i64x2.add(L, openL(x, s2, r2));
        U = i64x2.add(U, openU(x, s2, r2));
        x = pair(v128.load64_splat(fourth + o));
        L = i64x2.add(L, openL(x, s3, r3));
        U = i64x2.add(U, openU(x, s3, r3));
        v128.store(y, close(L, U));
      }
    }
    for (; i < size; i++, input += bytes) {
      const c = v128.load(values + (<usize>i << 4));
      const s = straight(c), r = crossed(c);
      for (let o: usize = 0; o < bytes; o += 8) {
        const y = out + (o << 1);
        const z = v128.load(y);
        const x = pair(v128.load64_splat(input + o));
        v128.store(y, close(i64x2.add(low(z), openL(x, s, r)), i64x2.add(high(z), openU(x, s, r))));
      }
    }
  }
}

/** out[i·columns + j] += a[i]·b[j] for i < rows, j < columns. */
export function gl2_outer_add(out: usize, a: usize, rows: u32, b: usize, columns: u32): void {
  const bytes = <usize>columns << 4;
  for (let i: u32 = 0; i < rows; i++, out += bytes) {
    const c = v128.load(a + (<usize>i << 4));
    const s = straight(c), r = crossed(c), ts = turnedStraight(c), tr = turnedCrossed(c);
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(out + o, mulAddForms(v128.load(out + o), v128.load(b + o), s, r, ts, tr));
    }
  }
}
