// What the module exports of G2: the functions of curve.ts and msm.ts over F_q². Each `scratch` takes `g2_scratch()` bytes.
import { addXyzz, clearXyzz, copyXyzz, fromAffine, toAffine } from './curve';
import { Fq2 } from './curve-field';
import { fq_from_bytes_n, fq_from_mont256_n, fq_to_bytes_n, fq_to_mont256_n } from './fq';
import { accumulate, endomorphism, fixedMultiply, fixedTable, horner, msmScratch, reduce, spellInfinity } from './msm';

/** Bytes of scratch for every function of this group. */
export function g2_scratch(): usize {
  return msmScratch<Fq2>();
}

/** n points from snarkjs's key form (128 bytes each: little-endian, Montgomery 2^256). */
export function g2_from_mont256(out: usize, bytes: usize, n: i32): void {
  fq_from_mont256_n(out, bytes, n * 4);
  spellInfinity<Fq2>(out, n);
}

/** n points from canonical little-endian coordinates (128 bytes each). */
export function g2_from_bytes(out: usize, bytes: usize, n: i32): void {
  fq_from_bytes_n(out, bytes, n * 4);
  spellInfinity<Fq2>(out, n);
}

/** n points to snarkjs's key form. */
export function g2_to_mont256(out: usize, points: usize, n: i32): void {
  fq_to_mont256_n(out, points, n * 4);
}

/** n points to canonical little-endian coordinates. */
export function g2_to_bytes(out: usize, points: usize, n: i32): void {
  fq_to_bytes_n(out, points, n * 4);
}

/** The abscissas of n points' images under the endomorphism, 72 bytes each. */
export function g2_endomorphism(out: usize, points: usize, n: i32, scratch: usize): void {
  endomorphism<Fq2>(out, points, n, scratch);
}

/** Sums by bucket: see `accumulate`. */
export function g2_accumulate(
  buckets: usize,
  points: usize,
  images: usize,
  n: u32,
  entries: usize,
  ends: usize,
  first: u32,
  last: u32,
  scratch: usize,
): void {
  accumulate<Fq2>(buckets, points, images, n, entries, ends, first, last, scratch);
}

/** out (XYZZ) = Σ b·buckets[b - 1]. */
export function g2_reduce(out: usize, buckets: usize, n: u32, scratch: usize): void {
  reduce<Fq2>(out, buckets, n, scratch);
}

/** out (XYZZ) = Σ 2^(c·w)·sums[w]. */
export function g2_horner(out: usize, sums: usize, n: i32, c: i32, scratch: usize): void {
  horner<Fq2>(out, sums, n, c, scratch);
}

/** p += q, both XYZZ. */
export function g2_add(p: usize, q: usize, scratch: usize): void {
  addXyzz<Fq2>(p, q, scratch);
}

/** XYZZ infinity. */
export function g2_clear(out: usize): void {
  clearXyzz<Fq2>(out);
}

export function g2_copy(out: usize, p: usize): void {
  copyXyzz<Fq2>(out, p);
}

/** XYZZ from affine. */
export function g2_from_affine(out: usize, p: usize): void {
  fromAffine<Fq2>(out, p);
}

/** Affine from XYZZ. */
export function g2_to_affine(out: usize, p: usize, scratch: usize): void {
  toAffine<Fq2>(out, p, scratch);
}

/** The table of a base: `windows`·2^(c-1) affine points. */
export function g2_fixed_table(table: usize, base: usize, c: u32, windows: i32, scratch: usize): void {
  fixedTable<Fq2>(table, base, c, windows, scratch);
}

/** out[i] = s_i·B by the table of B and the digits of the scalars. */
export function g2_fixed_multiply(
  out: usize,
  table: usize,
  digits: usize,
  rowBytes: usize,
  n: u32,
  c: u32,
  windows: i32,
  scratch: usize,
): void {
  fixedMultiply<Fq2>(out, table, digits, rowBytes, n, c, windows, scratch);
}
