/** Sparse matrices over Fr in the kernels' memory, and the functions that take integers there. */
import type { Domain } from './domain.js';

/**
 * A matrix by rows for `fr_sparse_rows`. `rowStart`: nRows + 1 u32, in entries. `entries`: pairs of u32, wire and coefficient; coefficient
 * 0 is 1, 1 is −1, c ≥ 2 is element c − 2 of `dictionary`. Rows from nRows to the domain's end are zero.
 */
export interface SparseRows {
  readonly rowStart: number;
  readonly entries: number;
  readonly dictionary: number;
  readonly dictionaryEntries: number;
  readonly nRows: number;
  readonly domain: Domain;
}

export interface SparseExports {
  /** out[i] = values[i] as elements; Int32, negative ones mod r. */
  fr_from_integers_n(out: number, values: number, n: number): void;
  /** out[indices[i]] = elements[i], n of them. */
  fr_scatter(out: number, indices: number, elements: number, n: number): void;
  /**
   * out[bitreverse(row)] = Σ coefficient·values[wire] of the rows from ≤ row < to ≤ 2^logSize. Wires must be within `values`, and
   * coefficients within the dictionary: nothing checks them here. `scratch` takes 64 bytes.
   */
  fr_sparse_rows(
    out: number,
    rowStart: number,
    entries: number,
    dictionary: number,
    values: number,
    nRows: number,
    logSize: number,
    from: number,
    to: number,
    scratch: number,
  ): void;
}
