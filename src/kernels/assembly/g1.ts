// What the module exports of G1: the functions of curve.ts and msm.ts over F_q. Each `scratch` takes `g1_scratch()` bytes.
import { addXyzz, clearXyzz, copyXyzz, fromAffine, toAffine } from './curve';
import { Fq } from './curve-field';
import { fq_from_bytes_n, fq_from_mont256_n, fq_to_bytes_n, fq_to_mont256_n } from './fq';
import { accumulate, endomorphism, fixedMultiply, fixedTable, horner, msmScratch, reduce, spellInfinity } from './msm';

/** Bytes of scratch for every function of this group. */
export function g1_scratch(): usize {
  return msmScratch<Fq>();
}

/** n points from snarkjs's key form (64 bytes each: little-endian, Montgomery 2^256). */
export function g1_from_mont256(out: usize, bytes: usize, n: i32): void {
  fq_from_mont256_n(out, bytes, n * 2);
  spellInfinity<Fq>(out, n);
}

/** n points from canonical little-endian coordinates (64 bytes each). */
export function g1_from_bytes(out: usize, bytes: usize, n: i32): void {
  fq_from_bytes_n(out, bytes, n * 2);
  spellInfinity<Fq>(out, n);
}

/** n points to snarkjs's key form. */
export function g1_to_mont256(out: usize, points: usize, n: i32): void {
  fq_to_mont256_n(out, points, n * 2);
}

/** n points to canonical little-endian coordinates. */
export function g1_to_bytes(out: usize, points: usize, n: i32): void {
  fq_to_bytes_n(out, points, n * 2);
}

/** The abscissas of n points' images under the endomorphism, 36 bytes each. */
export function g1_endomorphism(out: usize, points: usize, n: i32, scratch: usize): void {
  endomorphism<Fq>(out, points, n, scratch);
}

/** Sums by bucket: see `accumulate`. */
export function g1_accumulate(
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
  accumulate<Fq>(buckets, points, images, n, entries, ends, first, last, scratch);
}

/** out (XYZZ) = Σ b·buckets[b - 1]. */
export function g1_reduce(out: usize, buckets: usize, n: u32, scratch: usize): void {
  reduce<Fq>(out, buckets, n, scratch);
}

/** out (XYZZ) = Σ 2^(c·w)·sums[w]. */
export function g1_horner(out: usize, sums: usize, n: i32, c: i32, scratch: usize): void {
  horner<Fq>(out, sums, n, c, scratch);
}

/** p += q, both XYZZ. */
export function g1_add(p: usize, q: usize, scratch: usize): void {
  addXyzz<Fq>(p, q, scratch);
}

/** XYZZ infinity. */
export function g1_clear(out: usize): void {
  clearXyzz<Fq>(out);
}

export function g1_copy(out: usize, p: usize): void {
  copyXyzz<Fq>(out, p);
}

/** XYZZ from affine. */
export function g1_from_affine(out: usize, p: usize): void {
  fromAffine<Fq>(out, p);
}

/** Affine from XYZZ. */
export function g1_to_affine(out: usize, p: usize, scratch: usize): void {
  toAffine<Fq>(out, p, scratch);
}

/** The table of a base: `windows`·2^(c-1) affine points. */
export function g1_fixed_table(table: usize, base: usize, c: u32, windows: i32, scratch: usize): void {
  fixedTable<Fq>(table, base, c, windows, scratch);
}

/** out[i] = s_i·B by the table of B and the digits of the scalars. */
export function g1_fixed_multiply(
  out: usize,
  table: usize,
  digits: usize,
  rowBytes: usize,
  n: u32,
  c: u32,
  windows: i32,
  scratch: usize,
): void {
  fixedMultiply<Fq>(out, table, digits, rowBytes, n, c, windows, scratch);
}
