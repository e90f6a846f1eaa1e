/** Single field elements between BigInt and the kernels' memory, for constants and tests. Only for the owner of the heap. */
import { mod, FIELD_BYTES, Q, R, fromBytesLE, toBytesLE } from '../field/bn254.js';
import { ELEMENT_BYTES } from './field-exports.js';
import type { Kernels } from './module.js';

export type FieldName = 'fq' | 'fr';

export const FIELD_PRIMES = { fq: Q, fr: R } as const;

const LIMB_BITS = 29n;
const LIMB_MASK = (1n << LIMB_BITS) - 1n;

/** Puts the Montgomery form of `value`, taken mod p, at `out`. */
export function writeElement(kernels: Kernels, field: FieldName, out: number, value: bigint): void {
  const mark = kernels.heap.mark();
  const bytes = kernels.heap.allocate(FIELD_BYTES);
  toBytesLE(mod(value, FIELD_PRIMES[field]), kernels.heap.bytes(bytes, FIELD_BYTES), 0);
  kernels.exports[`${field}_from_bytes`](out, bytes);
  kernels.heap.release(mark);
}

/** The canonical value of the element at `pointer`. */
export function readElement(kernels: Kernels, field: FieldName, pointer: number): bigint {
  const mark = kernels.heap.mark();
  const bytes = kernels.heap.allocate(FIELD_BYTES);
  kernels.exports[`${field}_to_bytes`](bytes, pointer);
  const value = fromBytesLE(kernels.heap.bytes(bytes, FIELD_BYTES), 0);
  kernels.heap.release(mark);
  return value;
}

/** Puts the nine limbs of `value`, in [0, 2^261), at `out` as they are: no Montgomery form, no reduction. */
export function writeLimbs(kernels: Kernels, out: number, value: bigint): void {
  const words = kernels.heap.words(out, ELEMENT_BYTES / 4);
  let rest = value;
  for (let i = 0; i < words.length; i++, rest >>= LIMB_BITS) words[i] = Number(rest & LIMB_MASK);
}

/** The integer that the nine limbs at `pointer` hold. Throws RangeError on a limb of more than 29 bits. */
export function readLimbs(kernels: Kernels, pointer: number): bigint {
  return kernels.heap.words(pointer, ELEMENT_BYTES / 4).reduceRight((value, limb) => {
    if (BigInt(limb) > LIMB_MASK) throw new RangeError(`limb ${limb} at ${pointer} has more than 29 bits`);
    return (value << LIMB_BITS) | BigInt(limb);
  }, 0n);
}
