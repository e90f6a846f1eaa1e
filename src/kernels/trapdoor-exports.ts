/** What the kernels export for trapdoor.ts. */
export interface TrapdoorExports {
  /** out[i] = x·ratio^i, n elements; x is left at x·ratio^n. */
  fr_geometric(out: number, x: number, ratio: number, n: number): void;
  /**
   * out[i] = y·ratio^i / (tau − x·ratio^i), n elements, 0 where the denominator is 0; x and y are left times ratio^n. `scratch` takes
   * 36·(n + 2) bytes.
   */
  fr_lagrange(out: number, tau: number, x: number, y: number, ratio: number, n: number, scratch: number): void;
  /**
   * out[j − from] = Σ coefficient·values[row] of column j, from ≤ j < to: see SparseColumns. `montgomery` is the element 2^261, `scratch`
   * takes 108 bytes. Rows and indices of big coefficients must be within their lists: nothing checks them here.
   */
  fr_sparse_columns(
    out: number,
    starts: number,
    rows: number,
    coefs: number,
    big: number,
    values: number,
    montgomery: number,
    from: number,
    to: number,
    scratch: number,
  ): void;
  /**
   * Scalars of n wires from the elements a, b, c: a, b and beta·a + alpha·b + c, the last times `factor` from wire `bare` of the n on.
   * `scratch` takes 72 bytes.
   */
  fr_wire_scalars(
    outA: number,
    outB: number,
    outK: number,
    a: number,
    b: number,
    c: number,
    alpha: number,
    beta: number,
    factor: number,
    n: number,
    bare: number,
    scratch: number,
  ): void;
  /** Reverses the bytes of each of n strings of `size` bytes, a multiple of 16, in place. */
  reverse_bytes(data: number, size: number, n: number): void;
}
