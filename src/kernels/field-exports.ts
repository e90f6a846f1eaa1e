/**
 * The field functions of the kernels. Pointers are byte offsets into the memory, multiples of 4 unless said otherwise.
 *
 * An element is 36 bytes: nine limbs of 29 bits, one in each u32 word, little-endian, holding a residue in [0, 2p) of x·2^261 mod p
 * (Montgomery form). Every function takes and leaves elements in that range; `out` may alias any input.
 */

/** Bytes of an element of Fq or Fr inside the memory. */
export const ELEMENT_BYTES = 36;

/** What both fields have, by the name behind the prefix `fq_` or `fr_`. A boolean comes back as 0 or 1. */
interface OneField {
  zero(out: number): void;
  /** Montgomery form of one. */
  one(out: number): void;
  copy(out: number, a: number): void;
  is_zero(a: number): number;
  eq(a: number, b: number): number;
  add(out: number, a: number, b: number): void;
  double(out: number, a: number): void;
  sub(out: number, a: number, b: number): void;
  neg(out: number, a: number): void;
  /** The residue in [0, p), still in Montgomery form. */
  reduce(out: number, a: number): void;
  mul(out: number, a: number, b: number): void;
  sqr(out: number, a: number): void;
  /** The inverse, and 0 for 0. Variable time. */
  inv(out: number, a: number): void;
  /** From 32 little-endian bytes (no alignment) of any 256-bit value, taken mod p: refusing values ≥ p is the caller's. */
  from_bytes(out: number, bytes: number): void;
  /** Canonical value to 32 little-endian bytes (no alignment). */
  to_bytes(out: number, a: number): void;
  /** As `from_bytes`, of x·2^256 mod p: the form of snarkjs's keys. */
  from_mont256(out: number, bytes: number): void;
  to_mont256(out: number, a: number): void;
  from_bytes_n(out: number, bytes: number, n: number): void;
  to_bytes_n(out: number, from: number, n: number): void;
  from_mont256_n(out: number, bytes: number, n: number): void;
  to_mont256_n(out: number, from: number, n: number): void;
  /** Inverses of n elements, zeros staying zero; `scratch` takes 36·(n + 2) bytes. */
  batch_inv(out: number, from: number, n: number, scratch: number): void;
  mul_n(out: number, a: number, b: number, n: number): void;
  sub_n(out: number, a: number, b: number, n: number): void;
  /** out[i] = a[i]·factor, `factor` one element. */
  scale_n(out: number, a: number, factor: number, n: number): void;
  /** The limbs as they stand, reduced, as 32 little-endian bytes: Montgomery form is not undone. */
  raw_to_bytes(out: number, a: number): void;
}

type Prefixed<Name extends string> = { readonly [K in keyof OneField as `${Name}_${K}`]: OneField[K] };

export type FieldExports = Prefixed<'fq'> & Prefixed<'fr'>;
