/** Field elements between BigInt and the kernels' memory. Only for the owner of the heap. */
import { EXT_BYTES, FIELD_BYTES, ORDER, type Ext } from '../../field/goldilocks.js';
import type { ClearKernels } from './module.js';

/** A view of `length` words of 64 bits; it does not survive a growing allocation. */
export function words64({ memory }: ClearKernels, pointer: number, length: number): BigUint64Array {
  return new BigUint64Array(memory.buffer, pointer, length);
}

/** Puts base elements at `pointer`. Throws RangeError for one outside of [0, p). */
export function writeElements(kernels: ClearKernels, pointer: number, values: ArrayLike<bigint>): void {
  const words = words64(kernels, pointer, values.length);
  for (let i = 0; i < values.length; i++) words[i] = canonical(values[i]!);
}

export function readElements(kernels: ClearKernels, pointer: number, length: number): bigint[] {
  return Array.from(words64(kernels, pointer, length));
}

/** Puts extension elements at `pointer`. Throws RangeError for a coordinate outside of [0, p). */
export function writeExts(kernels: ClearKernels, pointer: number, values: readonly Ext[]): void {
  const words = words64(kernels, pointer, 2 * values.length);
  values.forEach(([c0, c1], i) => {
    words[2 * i] = canonical(c0);
    words[2 * i + 1] = canonical(c1);
  });
}

export function readExts(kernels: ClearKernels, pointer: number, length: number): Ext[] {
  const words = words64(kernels, pointer, 2 * length);
  return Array.from({ length }, (_, i) => [words[2 * i]!, words[2 * i + 1]!] as const);
}

/** Allocates room for elements and puts them there. */
export function elementsIn(kernels: ClearKernels, values: ArrayLike<bigint>): number {
  const pointer = kernels.heap.allocate(values.length * FIELD_BYTES);
  writeElements(kernels, pointer, values);
  return pointer;
}

export function extsIn(kernels: ClearKernels, values: readonly Ext[]): number {
  const pointer = kernels.heap.allocate(values.length * EXT_BYTES);
  writeExts(kernels, pointer, values);
  return pointer;
}

function canonical(value: bigint): bigint {
  if (value < 0n || value >= ORDER) throw new RangeError(`${value} is no residue of the Goldilocks field`);
  return value;
}
