/** Full-width values and small integers without pattern, the same in every run. */
import { createHash } from 'node:crypto';
import { fromBytesLE, mod, toBytesLE } from '../src/field/bn254.js';
import { SCALAR_BYTES } from '../src/kernels/msm.js';

/** Reduced mod r, so much above r that no value is likelier than another by a part worth naming. */
const WIDE_BYTES = 40;

function stream(label: string, length: number): Uint8Array {
  return createHash('shake256', { outputLength: length }).update(label).digest();
}

/** n elements of F_r. */
export function randomResidues(label: string, n: number): bigint[] {
  const bytes = stream(label, n * WIDE_BYTES);
  return Array.from({ length: n }, (_, i) => mod(fromBytesLE(bytes, i * WIDE_BYTES, WIDE_BYTES)));
}

/** n integers in [0, 2^bits), bits ≤ 16. */
export function randomIntegers(label: string, n: number, bits: number): Int32Array {
  const bytes = stream(label, n * 2);
  return Int32Array.from({ length: n }, (_, i) => (bytes[2 * i]! + 256 * bytes[2 * i + 1]!) % 2 ** bits);
}

/** Canonical little-endian values of 32 bytes, as scalars of a sum, values of a witness and input of ffjavascript. */
export function scalarBytes(values: ArrayLike<bigint | number>): Uint8Array {
  const bytes = new Uint8Array(values.length * SCALAR_BYTES);
  for (let i = 0; i < values.length; i++) toBytesLE(BigInt(values[i]!), bytes, i * SCALAR_BYTES);
  return bytes;
}
