/** A multi-scalar multiplication from bytes to a point in one call and one thread: for single sums and as an example of the steps. */
import type { Kernels } from './module.js';
import { readSum, type PointOf } from './curve.js';
import {
  fullScratchBytes,
  fullSharedBytes,
  groupedSharedBytes,
  groupOf,
  groupPrepare,
  groupSums,
  msmFull,
  msmSmall,
  SCALAR_BYTES,
  smallScratchBytes,
  type GroupKernels,
  type GroupName,
} from './msm.js';

/** The scalars by class. */
export type Scalars =
  /** Canonical, 32 bytes little-endian each, below r. */
  | { readonly kind: 'full'; readonly bytes: Uint8Array }
  /** |value| ≤ maxAbs < 2^31; 1 for bits. */
  | { readonly kind: 'small'; readonly values: Int32Array; readonly maxAbs: number }
  /** Scalar i is entry `indices[i]` - 1 of `table` (as `full`); index 0 is the scalar 0, a negative one the negated entry. */
  | { readonly kind: 'table'; readonly indices: Int32Array; readonly table: Uint8Array };

/**
 * Σ scalar_i·point_i; `points` in snarkjs's key form (64 or 128 bytes each). Throws RangeError if the counts differ, INTERNAL if a
 * scalar is beyond its class.
 */
export function msmOnce<Name extends GroupName>(
  kernels: Kernels,
  name: Name,
  points: Uint8Array,
  scalars: Scalars,
): PointOf<Name> {
  const { exports, heap } = kernels;
  const group = groupOf(exports, name);
  const n = points.length / group.keyBytes;
  const given = count(scalars);
  if (n !== given) throw new RangeError(`${n} points and ${given} scalars`);
  const mark = heap.mark();
  try {
    const memory = heap.allocate(n * group.pointBytes);
    group.from_mont256(memory, heap.copyIn(points), n);
    const out = heap.allocate(group.sumBytes);
    sum(kernels, group, memory, n, scalars, out);
    return readSum(kernels, name, out);
  } finally {
    heap.release(mark);
  }
}

function count(scalars: Scalars): number {
  if (scalars.kind === 'full') return scalars.bytes.length / SCALAR_BYTES;
  return scalars.kind === 'small' ? scalars.values.length : scalars.indices.length;
}

const bytesOf = (array: Int32Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function sum(kernels: Kernels, group: GroupKernels, points: number, n: number, scalars: Scalars, out: number): void {
  const { heap } = kernels;
  switch (scalars.kind) {
    case 'full': {
      const shared = heap.allocate(fullSharedBytes(group, n));
      const msm = { points, scalars: heap.copyIn(scalars.bytes), n, shared };
      return msmFull(group, msm, out, heap.allocate(fullScratchBytes(group, n)));
    }
    case 'small': {
      const { maxAbs } = scalars;
      const values = heap.copyIn(bytesOf(scalars.values));
      return msmSmall(group, { points, values, n, maxAbs }, out, heap.allocate(smallScratchBytes(group, n, maxAbs)));
    }
    case 'table': {
      const entries = scalars.table.length / SCALAR_BYTES;
      const sums = heap.allocate(entries * group.pointBytes);
      const indices = heap.copyIn(bytesOf(scalars.indices));
      const shared = heap.allocate(groupedSharedBytes(n, entries));
      const grouped = { points, indices, n, entries, shared, sums };
      groupPrepare(group, grouped);
      groupSums(group, grouped, 1, entries, heap.allocate(group.scratchBytes));
      return sum(kernels, group, sums, entries, { kind: 'full', bytes: scalars.table }, out);
    }
  }
}
