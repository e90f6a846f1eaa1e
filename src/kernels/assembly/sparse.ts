// Rows of sparse matrices times a vector, and integers as elements.
import { bitreverse } from './bits';
import { fr_add, fr_copy, fr_from_bytes, fr_mul, fr_neg, fr_sub, fr_zero } from './fr';

const ELEMENT: usize = 36;

/** out[i] = values[i] (Int32), n of them. */
export function fr_from_integers_n(out: usize, values: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++, out += ELEMENT, values += 4) {
    const value = load<i32>(values);
    if (value == 0) {
      fr_zero(out);
      continue;
    }
    // The element's own words hold the 32 bytes it is made from: `from_bytes` has read them before it writes.
    memory.fill(out, 0, ELEMENT);
    store<u32>(out, <u32>(value < 0 ? -value : value));
    fr_from_bytes(out, out);
    if (value < 0) fr_neg(out, out);
  }
}

/** out[indices[i]] = elements[i]. */
export function fr_scatter(out: usize, indices: usize, elements: usize, n: u32): void {
  for (let i: u32 = 0; i < n; i++, indices += 4, elements += ELEMENT) {
    fr_copy(out + <usize>load<u32>(indices) * ELEMENT, elements);
  }
}

/** See src/kernels/sparse.ts. */
export function fr_sparse_rows(
  out: usize,
  rowStart: usize,
  entries: usize,
  dictionary: usize,
  values: usize,
  nRows: u32,
  logSize: u32,
  from: u32,
  to: u32,
  scratch: usize,
): void {
  for (let row = from; row < to; row++) {
    const sum = out + <usize>bitreverse(row, logSize) * ELEMENT;
    fr_zero(sum);
    if (row >= nRows) continue;
    const end = entries + (<usize>load<u32>(rowStart + 4 * <usize>(row + 1)) << 3);
    for (let entry = entries + (<usize>load<u32>(rowStart + 4 * <usize>row) << 3); entry < end; entry += 8) {
      const value = values + <usize>load<u32>(entry) * ELEMENT;
      const coefficient = load<u32>(entry, 4);
      if (coefficient == 0) fr_add(sum, sum, value);
      else if (coefficient == 1) fr_sub(sum, sum, value);
      else {
        fr_mul(scratch, value, dictionary + <usize>(coefficient - 2) * ELEMENT);
        fr_add(sum, sum, scratch);
      }
    }
  }
}
