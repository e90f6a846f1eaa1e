/**
 * The field of protocol `clear` over BigInt: the slow and obvious twin of the kernels in src/kernels/clear. F_p with p = 2^64 − 2^32 + 1
 * (called Goldilocks) and its quadratic extension F_p[u]/(u² − 7). Residues are canonical, in [0, p), in and out, unless said otherwise.
 */

/** The prime p = 2^64 − 2^32 + 1. */
export const ORDER = 0xffffffff00000001n;
/** u² of the extension. It generates F_p*, so it is no square and u² − 7 has no root. */
export const NON_RESIDUE = 7n;
/** 2^32 is the largest power of two that divides p − 1 = 2^32·(2^32 − 1). */
export const TWO_ADICITY = 32;
/** Least generator of F_p*, whose order p − 1 is 2^32·3·5·17·257·65537. */
export const GENERATOR = 7n;
/** Bytes of an element of F_p, little-endian. */
export const FIELD_BYTES = 8;
/** Bytes of an element of the extension: c0, then c1. */
export const EXT_BYTES = 16;

/** An element of F_p in [0, p). */
export type Element = bigint;
/** c0 + c1·u of F_p[u]/(u² − 7), both in [0, p). */
export type Ext = readonly [bigint, bigint];

/** The canonical residue of any integer. */
function mod(a: bigint): Element {
  const residue = a % ORDER;
  return residue < 0n ? residue + ORDER : residue;
}

/** base^exponent; exponent ≥ 0, and 0^0 = 1. */
function pow(base: Element, exponent: bigint): Element {
  if (exponent < 0n) throw new RangeError(`exponent ${exponent} of a power in the Goldilocks field is negative`);
  let result = 1n;
  let square = mod(base);
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % ORDER;
    square = (square * square) % ORDER;
  }
  return result;
}

/** a^(p − 2). Throws RangeError on 0. */
function inv(a: Element): Element {
  if (mod(a) === 0n) throw new RangeError('inverse of zero in the Goldilocks field');
  return pow(a, ORDER - 2n);
}

/** Arithmetic of F_p. Operands may be any integers, results are canonical. */
export const GL = {
  mod,
  add: (a: Element, b: Element): Element => mod(a + b),
  sub: (a: Element, b: Element): Element => mod(a - b),
  mul: (a: Element, b: Element): Element => mod(a * b),
  neg: (a: Element): Element => mod(-a),
  inv,
  pow,
} as const;

/** ω_n of order n = 2^log2n, for log2n in 0 … 32: 7^((p − 1)/n), so that ω_n² = ω_(n/2). Throws RangeError beyond. */
export function rootOfUnity(log2n: number): Element {
  if (!Number.isInteger(log2n) || log2n < 0 || log2n > TWO_ADICITY) {
    throw new RangeError(
      `no root of unity of order 2^${log2n} in the Goldilocks field: 2^0 … 2^${TWO_ADICITY} are there`,
    );
  }
  return pow(GENERATOR, (ORDER - 1n) >> BigInt(log2n));
}

export const EXT_ZERO: Ext = [0n, 0n];
export const EXT_ONE: Ext = [1n, 0n];

/** a as an element of the extension. */
export const extOf = (a: Element): Ext => [mod(a), 0n];
export const extAdd = (a: Ext, b: Ext): Ext => [mod(a[0] + b[0]), mod(a[1] + b[1])];
export const extSub = (a: Ext, b: Ext): Ext => [mod(a[0] - b[0]), mod(a[1] - b[1])];
export const extNeg = (a: Ext): Ext => [mod(-a[0]), mod(-a[1])];
export const extMul = (a: Ext, b: Ext): Ext => [
  mod(a[0] * b[0] + NON_RESIDUE * a[1] * b[1]),
  mod(a[0] * b[1] + a[1] * b[0]),
];
/** a·s for s of F_p. */
export const extScale = (a: Ext, s: Element): Ext => [mod(a[0] * s), mod(a[1] * s)];
export const extEq = (a: Ext, b: Ext): boolean => mod(a[0] - b[0]) === 0n && mod(a[1] - b[1]) === 0n;

/** (c0 − c1·u)/(c0² − 7·c1²): the norm is 0 for 0 alone, 7 being no square. Throws RangeError on 0. */
export function extInv(a: Ext): Ext {
  const norm = mod(a[0] * a[0] - NON_RESIDUE * a[1] * a[1]);
  if (norm === 0n) throw new RangeError('inverse of zero in the extension of the Goldilocks field');
  return extScale([a[0], -a[1]], inv(norm));
}

/** base^exponent; exponent ≥ 0. */
export function extPow(base: Ext, exponent: bigint): Ext {
  if (exponent < 0n) throw new RangeError(`exponent ${exponent} of a power in the extension is negative`);
  let result = EXT_ONE;
  let square = base;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = extMul(result, square);
    square = extMul(square, square);
  }
  return result;
}
