/**
 * The transforms' functions of the kernels, over arrays of 36-byte elements of Fr. src/kernels/assembly/ntt.ts has the mathematics;
 * `node` 0 stands for the n-th roots of unity, 1 for the coset ω_{2n}·ω_n^j, 4^l + i for blocks of the latter.
 */
export interface NttExports {
  /** Twiddles half + i, from ≤ i < to ≤ half = 2^t, from those below half and root = ω_(2^(t+2)). */
  fr_ntt_twiddles(table: number, half: number, root: number, from: number, to: number): void;
  /** Coefficients in natural order to values in bit-reversed order. */
  fr_ntt_forward(data: number, n: number, node: number, table: number): void;
  /** The first two layers of it, butterflies from ≤ j < to of n/4, n ≥ 8; the quarters then need `fr_ntt_forward` each. */
  fr_ntt_forward_top(data: number, n: number, node: number, table: number, from: number, to: number): void;
  /** Values in bit-reversed order to n times the coefficients in natural order. */
  fr_ntt_inverse(data: number, n: number, node: number, table: number): void;
  /** The last two layers of it, butterflies from ≤ j < to of n/4. */
  fr_ntt_inverse_top(data: number, n: number, node: number, table: number, from: number, to: number): void;
  /** Of three blocks of n elements, from ≤ i < to of each: assembly/ntt-three.ts. */
  fr_ntt_three(data: number, n: number, from: number, to: number): void;
  /** Swaps the elements i and bitreverse(i) of 2^k for from ≤ i < to; ranges of [0, 2^k) may run at once. */
  fr_bit_reverse(data: number, k: number, from: number, to: number): void;
  /**
   * For from ≤ i < to: out[bitreverse(i)] = (a[i]·b[i]·inner - c[i])·outer as 32-byte canonical values; `inner` is an element, `outer`
   * the plain limbs of a value. Overwrites a.
   */
  fr_join_abc(
    out: number,
    a: number,
    b: number,
    c: number,
    inner: number,
    outer: number,
    k: number,
    from: number,
    to: number,
  ): void;
}
