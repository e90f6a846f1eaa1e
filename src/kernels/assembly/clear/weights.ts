// Small integers times extension elements, added up: W·e and its like, for the weights of a model (16 or 32 bits) at a point.
//
// An element's coordinates are three limbs of 22, 22 and 20 bits each. A product of a limb with an i32 is below 2^53 in absolute value, so 2^10 of them fit
// into a signed 64-bit lane; then lanes are reduced. Six lanes are three v128.
import { canonical, add, fromSigned, mul } from './goldilocks';

const LIMB: u64 = 22;
const LIMB_MASK: u64 = (1 << LIMB) - 1;
const MIDDLE: u64 = 1 << LIMB;
const TOP: u64 = 1 << (2 * LIMB);
/** Rows between two reductions: 2^10·2^31·2^22 = 2^63, and limbs are below 2^22. */
const ROWS: u32 = 1 << 10;
/** Bytes of an element's limbs: six i32, and two of nothing. */
const LIMBS_BYTES: usize = 32;
/** Bytes of a sum. */
const SUM_BYTES: usize = 48;
/** Columns whose sums are kept at a time: scratch is 256·48 bytes. */
const TILE: u32 = 256;
/** Rows added to a sum between loading and storing it. */
const STRIP: u32 = 8;

/** Limbs of n extension elements, 32 bytes each, for `mac_*`. */
export function mac_limbs(out: usize, elements: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++, out += LIMBS_BYTES, elements += 16) {
    const c0 = load<u64>(elements);
    const c1 = load<u64>(elements, 8);
    store<u32>(out, <u32>(c0 & LIMB_MASK));
    store<u32>(out, <u32>((c0 >> LIMB) & LIMB_MASK), 4);
    store<u32>(out, <u32>(c0 >> (2 * LIMB)), 8);
    store<u32>(out, <u32>(c1 & LIMB_MASK), 12);
    store<u32>(out, <u32>((c1 >> LIMB) & LIMB_MASK), 16);
    store<u32>(out, <u32>(c1 >> (2 * LIMB)), 20);
    store<u64>(out, 0, 24);
  }
}

/** Signed sums of limbs to a residue, any: x + 2^22·y + 2^44·z. */
@inline
function residue(x: i64, y: i64, z: i64): u64 {
  const high = mul(fromSigned(z), TOP);
  return add(add(high, canonical(mul(fromSigned(y), MIDDLE))), fromSigned(x));
}

/**
 * out[k] += Σ_{i < rows} weight(i, k)·e[i] for from ≤ k < to. weight(i, k) is an i16 at w + i·rowStep + k·columnStep, distances in bytes; `limbs` are those of e by
 * `mac_limbs`; `scratch` takes 12,288 bytes, aligned to 16.
 */
export function mac_i16(out: usize, w: usize, rowStep: usize, columnStep: usize, limbs: usize, rows: u32, from: u32, to: u32, scratch: usize): void {
  mac<i16>(out, w, rowStep, columnStep, limbs, rows, from, to, scratch);
}

/** The same of i32. */
export function mac_i32(out: usize, w: usize, rowStep: usize, columnStep: usize, limbs: usize, rows: u32, from: u32, to: u32, scratch: usize): void {
  mac<i32>(out, w, rowStep, columnStep, limbs, rows, from, to, scratch);
}

@inline
function mac<T>(out: usize, w: usize, rowStep: usize, columnStep: usize, limbs: usize, rows: u32, from: u32, to: u32, scratch: usize): void {
  // Where a column's weights lie side by side, few columns at a time keep their cache lines.
  const tile: u32 = columnStep <= 64 ? TILE : 4;
  for (let k = from; k < to; k += tile) {
    const columns = min(tile, to - k);
    for (let row: u32 = 0; row < rows; row += ROWS) {
      const count = min(ROWS, rows - row);
      for (let o = scratch, end = scratch + <usize>columns * SUM_BYTES; o < end; o += 16) v128.store(o, i64x2.splat(0));
      for (let i: u32 = 0; i < count; i += STRIP) {
        const first = row + i;
        strip<T>(w + <usize>first * rowStep + <usize>k * columnStep, rowStep, columnStep, limbs + <usize>first * LIMBS_BYTES, min(STRIP, count - i), columns, scratch);
      }
      flush(out + (<usize>k << 4), columns, scratch);
    }
  }
}

/** `count` ≤ 8 rows onto the sums of `columns` columns. */
@inline
function strip<T>(w: usize, rowStep: usize, columnStep: usize, limbs: usize, count: u32, columns: u32, sums: usize): void {
  const limbsEnd = limbs + <usize>count * LIMBS_BYTES;
  for (const end = sums + <usize>columns * SUM_BYTES; sums < end; sums += SUM_BYTES, w += columnStep) {
    let s = v128.load(sums);
    let t = v128.load(sums, 16);
    let u = v128.load(sums, 32);
    let p = w;
    for (let l = limbs; l < limbsEnd; l += LIMBS_BYTES, p += rowStep) {
      const x = i32x4.splat(<i32>load<T>(p));
      const e = v128.load(l);
      s = i64x2.add(s, i64x2.extmul_low_i32x4_s(x, e));
      t = i64x2.add(t, i64x2.extmul_high_i32x4_s(x, e));
      u = i64x2.add(u, i64x2.extmul_low_i32x4_s(x, v128.load(l, 16)));
    }
    v128.store(sums, s);
    v128.store(sums, t, 16);
    v128.store(sums, u, 32);
  }
}

/** Sums onto elements. */
@inline
function flush(out: usize, columns: u32, sums: usize): void {
  for (const end = sums + <usize>columns * SUM_BYTES; sums < end; sums += SUM_BYTES, out += 16) {
    const c0 = residue(load<i64>(sums), load<i64>(sums, 8), load<i64>(sums, 16));
    const c1 = residue(load<i64>(sums, 24), load<i64>(sums, 32), load<i64>(sums, 40));
    store<u64>(out, canonical(add(c0, load<u64>(out))));
    store<u64>(out, canonical(add(c1, load<u64>(out, 8))), 8);
  }
}
