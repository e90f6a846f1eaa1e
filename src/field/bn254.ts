/**
 * BN254 prime fields over BigInt: the slow and obvious arithmetic for constants, oracles and the few full-width wires.
 * Residues are canonical, in [0, p). BN254 is called alt_bn128 in EIP-196/197 and "bn128" by snarkjs.
 */

/** Order r of the groups G1 and G2: the field of witnesses. */
export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
/** Characteristic q of the base field: the field of point coordinates. */
export const Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;
/** Bytes of an element of either field. */
export const FIELD_BYTES = 32;

/** The canonical residue of `a`, in [0, p). */
export function mod(a: bigint, p: bigint = R): bigint {
  const residue = a % p;
  return residue < 0n ? residue + p : residue;
}

/** base^exponent mod p; exponent ≥ 0. */
export function pow(base: bigint, exponent: bigint, p: bigint = R): bigint {
  let result = 1n;
  let square = mod(base, p);
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * square) % p;
    square = (square * square) % p;
  }
  return result;
}

/** Inverse by the extended Euclidean algorithm. Throws RangeError on 0. */
export function inverse(a: bigint, p: bigint = R): bigint {
  let [r0, r1] = [p, mod(a, p)];
  if (r1 === 0n) throw new RangeError('inverse of zero');
  let [t0, t1] = [0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  return mod(t0, p);
}

/** Inverses of all values by Montgomery's trick: one inversion and 3n products. Zeros stay zero. */
export function batchInverse(values: readonly bigint[], p: bigint = R): bigint[] {
  const prefix: bigint[] = [];
  let product = 1n;
  for (const value of values) {
    prefix.push(product);
    if (value !== 0n) product = (product * value) % p;
  }
  let running = inverse(product, p);
  const result = new Array<bigint>(values.length);
  for (let i = values.length - 1; i >= 0; i--) {
    const value = values[i]!;
    if (value === 0n) {
      result[i] = 0n;
      continue;
    }
    result[i] = (running * prefix[i]!) % p;
    running = (running * value) % p;
  }
  return result;
}

/** A generator of the 2^k-th roots of unity of F_r; k ≤ 28. 5 generates the multiplicative group of F_r. */
export function rootOfUnity(k: number): bigint {
  if (!Number.isInteger(k) || k < 0 || k > 28) throw new RangeError(`root of unity of order 2^${k}: BN254 has 0..28`);
  return pow(5n, (R - 1n) >> BigInt(k));
}

/** The cube root of unity 5^((r − 1)/3) of F_r, a primitive one. */
export function cubeRootOfUnity(): bigint {
  return pow(5n, (R - 1n) / 3n);
}

/** The signed representative in (−p/2, p/2). */
export function signed(a: bigint, p: bigint = R): bigint {
  const residue = mod(a, p);
  return residue > p >> 1n ? residue - p : residue;
}

/** Little-endian bytes of a canonical residue. */
export function toBytesLE(value: bigint, bytes: Uint8Array, offset: number, length: number = FIELD_BYTES): void {
  let rest = value;
  for (let i = 0; i < length; i++) {
    bytes[offset + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Value of little-endian bytes; not reduced. */
export function fromBytesLE(bytes: Uint8Array, offset: number, length: number = FIELD_BYTES): bigint {
  let value = 0n;
  for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[offset + i]!);
  return value;
}
