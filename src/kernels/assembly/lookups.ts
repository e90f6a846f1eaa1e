// Rows of lookup tables at the challenges, and values put where a domain has their rows: see src/kernels/lookups.ts.
import { bitreverse } from './bits';
import { fr_add, fr_copy, fr_is_zero, fr_mul, fr_one, fr_sub, fr_zero } from './fr';
import { fr_from_integers_n } from './sparse';

const ELEMENT: usize = 36;
const LIMB_BITS: u64 = 29;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/** out[i] = start + i + values[i]·theta, n of them; without `values` (0) the last term is left out. */
export function fr_table_rows(out: usize, start: usize, values: usize, theta: usize, n: u32, scratch: usize): void {
  const one = scratch;
  const next = scratch + ELEMENT;
  const plain = scratch + 2 * ELEMENT;
  const product = scratch + 3 * ELEMENT;
  fr_one(one);
  fr_copy(next, start);
  fr_zero(plain);
  for (let i: u32 = 0; i < n; i++, out += ELEMENT) {
    fr_copy(out, next);
    fr_add(next, next, one);
    if (values == 0) continue;
    const value = load<f64>(values + 8 * <usize>i);
    if (value == 0) continue;
    // Two limbs of a plain integer, times 2^522·Θ, divided by 2^261.
    const magnitude = <u64>abs(value);
    store<u32>(plain, <u32>(magnitude & LIMB_MASK));
    store<u32>(plain, <u32>(magnitude >> LIMB_BITS), 4);
    fr_mul(product, plain, theta);
    if (value > 0) fr_add(out, out, product);
    else fr_sub(out, out, product);
  }
}

/** Whether one of n elements is 0. */
export function fr_any_zero(elements: usize, n: u32): bool {
  for (let end = elements + <usize>n * ELEMENT; elements < end; elements += ELEMENT) {
    if (fr_is_zero(elements)) return true;
  }
  return false;
}

/** Row i of a domain stands at position i with its low `logSize` bits in reverse. */
@inline
function positionOf(row: u32, logSize: u32): u32 {
  if (logSize == 0) return row;
  const mask: u32 = (1 << logSize) - 1;
  return (row & ~mask) | bitreverse(row & mask, logSize);
}

/** Positions from ≤ p < to of a domain: out[p] = values[row of p] (Int32), 0 for rows from nRows on. */
export function fr_integers_at_rows(out: usize, values: usize, nRows: u32, logSize: u32, from: u32, to: u32): void {
  for (let p = from; p < to; p++) {
    const row = positionOf(p, logSize);
    const element = out + <usize>p * ELEMENT;
    if (row < nRows) fr_from_integers_n(element, values + 4 * <usize>row, 1);
    else fr_zero(element);
  }
}

/** out[position of rows[i]] = elements[indices[i]], n of them. */
export function fr_elements_at_rows(
  out: usize,
  rows: usize,
  indices: usize,
  elements: usize,
  logSize: u32,
  n: u32,
): void {
  for (let i: u32 = 0; i < n; i++, rows += 4, indices += 4) {
    const element = out + <usize>positionOf(load<u32>(rows), logSize) * ELEMENT;
    fr_copy(element, elements + <usize>load<u32>(indices) * ELEMENT);
  }
}
