/** What the kernels export for lookups.ts. */
export interface LookupExports {
  /**
   * out[i] = start + i + values[i]·Θ, n elements. `values`: f64 integers below 2^53 in absolute value, at a multiple of 8, or 0 for none.
   * `theta` is the element Θ·2^261. `scratch` takes 144 bytes.
   */
  fr_table_rows(out: number, start: number, values: number, theta: number, n: number, scratch: number): void;
  /** 1 if one of n elements is 0. */
  fr_any_zero(elements: number, n: number): number;
  /**
   * For positions from ≤ p < to of a domain of cosets of 2^logSize points: out[p] = values[row of p] (Int32), 0 for rows from nRows on.
   */
  fr_integers_at_rows(out: number, values: number, nRows: number, logSize: number, from: number, to: number): void;
  /** out[position of rows[i]] = elements[indices[i]], n of them. Rows must be of the domain: nothing checks them here. */
  fr_elements_at_rows(out: number, rows: number, indices: number, elements: number, logSize: number, n: number): void;
}
