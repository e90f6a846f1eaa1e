/**
 * The curve functions of the kernels. Pointers are byte offsets into the memory, multiples of 4. Points inside the memory:
 *
 * - affine, 72 bytes in G1 and 144 in G2: x, y as field elements (Montgomery 2^261, 9 limbs; in G2 each is c0, c1); infinity is all
 *   zeros, and the conversions below spell it so;
 * - XYZZ, twice as long: X, Y, ZZ, ZZZ with x = X/ZZ, y = Y/ZZZ.
 *
 * No function checks that points are on the curve or in the subgroup: with others the sums have no meaning, but nothing is read or
 * written out of place. `scratch` takes the group's `scratch()` bytes unless said otherwise. Regions may not overlap unless said.
 */
export interface OneGroup {
  /** Bytes of `scratch` of every function of the group. */
  scratch(): number;
  /** n points from snarkjs's key form: 64 or 128 bytes, little-endian, Montgomery 2^256. Congruent values mod q are taken. */
  from_mont256(out: number, bytes: number, n: number): void;
  /** n points from canonical little-endian coordinates. */
  from_bytes(out: number, bytes: number, n: number): void;
  to_mont256(out: number, points: number, n: number): void;
  to_bytes(out: number, points: number, n: number): void;
  /** The abscissas β·x of n points' images under the endomorphism: 36 or 72 bytes each. */
  endomorphism(out: number, points: number, n: number, scratch: number): void;
  /**
   * buckets[b - first] = Σ ±P over the sorted entries of bucket b, first ≤ b ≤ last, affine. Indices of entries from n on mean the image
   * of point index - n, its abscissa at `images`.
   */
  accumulate(
    buckets: number,
    points: number,
    images: number,
    n: number,
    entries: number,
    ends: number,
    first: number,
    last: number,
    scratch: number,
  ): void;
  /** out (XYZZ) = Σ b·buckets[b - 1], b = 1..n. */
  reduce(out: number, buckets: number, n: number, scratch: number): void;
  /** out (XYZZ) = Σ 2^(c·w)·sums[w], w = 0..n-1, the sums XYZZ. */
  horner(out: number, sums: number, n: number, c: number, scratch: number): void;
  /** p += q, XYZZ; p may be q. */
  add(p: number, q: number, scratch: number): void;
  /** XYZZ infinity. */
  clear(out: number): void;
  copy(out: number, p: number): void;
  from_affine(out: number, p: number): void;
  to_affine(out: number, p: number, scratch: number): void;
  /** The table of a base: d·2^(c·w)·B, w = 0..windows-1, d = 1..2^(c-1), affine, window after window. */
  fixed_table(table: number, base: number, c: number, windows: number, scratch: number): void;
  /** out[i] = s_i·B, affine, from the table of B and the `msm_digits_wide` digits of the scalars. */
  fixed_multiply(
    out: number,
    table: number,
    digits: number,
    rowBytes: number,
    n: number,
    c: number,
    windows: number,
    scratch: number,
  ): void;
}

type Prefixed<Name extends string> = { readonly [K in keyof OneGroup as `${Name}_${K}`]: OneGroup[K] };

/** Scalars to digits (Int16, windows of c ≤ 16 bits, one row a window, `rowBytes` apart), digits to sorted entries. */
export interface DigitExports {
  /**
   * Digits of n scalars (32 bytes little-endian, below r) split by the endomorphism; those of the second halves `halfBytes` behind
   * those of the first. The last window's digit is unsigned before the half's sign. Terms whose
   * point is at infinity get zeros. windows·c ≥ 126; `scratch` takes 40 bytes.
   */
  msm_digits_full(
    out: number,
    rowBytes: number,
    halfBytes: number,
    scalars: number,
    points: number,
    pointBytes: number,
    n: number,
    c: number,
    windows: number,
    scratch: number,
  ): void;
  /** Digits of n Int32; returns how many the windows do not cover (their digits have no meaning). */
  msm_digits_small(out: number, rowBytes: number, values: number, n: number, c: number, windows: number): number;
  /** Digits of n scalars (32 bytes, below r) without a split; windows·c ≥ 255. */
  msm_digits_wide(out: number, rowBytes: number, scalars: number, n: number, c: number, windows: number): void;
  /**
   * Sorts terms 0..n-1 by |digit|: `ends` gets buckets + 1 words, `entries` (n words) the terms with a digit as 2·index + sign.
   * Returns 0, nothing sorted, if a digit is beyond ±buckets.
   */
  msm_sort16(entries: number, ends: number, digits: number, n: number, buckets: number): number;
  /** The same of Int32 digits. */
  msm_sort32(entries: number, ends: number, digits: number, n: number, buckets: number): number;
  /** |k1|, |k2| (16 bytes each) and their signs (u32 each, 1 for negative) of k = k1 + k2·λ mod r: 40 bytes at `out`. */
  glv_split(out: number, scalar: number): void;
}

/**
 * Products fused with the sums around them; F_q² elements are 72 bytes, c0 then c1. In- and outputs in [0, 2q) as everywhere. Over F_q
 * `out` may alias any input; over F_q² only what is said.
 */
export interface FusedExports {
  /** a·(b - c) over F_q. */
  fq_mul_diff(out: number, a: number, b: number, c: number): void;
  /** a·(b - c) + d·(e - f) over F_q. */
  fq_dot_diff(out: number, a: number, b: number, c: number, d: number, e: number, f: number): void;
  /** a·(b - c) + d·(e - f) - g over F_q. */
  fq_dot_diff_sub(out: number, a: number, b: number, c: number, d: number, e: number, f: number, g: number): void;
  /** The affine p becomes its sum with a point of abscissa at `other` by the slope of the line through both. */
  fq_chord(p: number, slope: number, other: number): void;
  fq2_mul(out: number, a: number, b: number): void;
  fq2_sqr(out: number, a: number): void;
  /** a·(b - c). */
  fq2_mul_diff(out: number, a: number, b: number, c: number): void;
  /** a·(b - c) - d; `out` may alias d. */
  fq2_mul_diff_sub(out: number, a: number, b: number, c: number, d: number): void;
  /** a² - b - c; `out` may alias b and c. */
  fq2_sqr_sub(out: number, a: number, b: number, c: number): void;
}

/** Coordinates as files hold them. */
export interface ReducedExports {
  /** n elements of F_q, each to its residue below q. */
  fq_reduce_n(elements: number, n: number): void;
  /** 1 if each of n elements of unknown origin is nine limbs of 29 bits that make a number below q. `scratch` takes 36 bytes. */
  fq_are_reduced(elements: number, n: number, scratch: number): number;
}

export type MsmExports = Prefixed<'g1'> & Prefixed<'g2'> & DigitExports & FusedExports & ReducedExports;
