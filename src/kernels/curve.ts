/** Points between BigInt and the kernels' memory, for constants, single results and tests. Only for the owner of the heap. */
import { FIELD_BYTES, fromBytesLE, toBytesLE } from '../field/bn254.js';
import type { G1Point, G2Point } from '../field/curve-bigint.js';
import type { Kernels } from './module.js';
import { groupOf, type GroupKernels, type GroupName } from './msm.js';

/** A point of either group by its name; `undefined` is infinity. */
export type PointOf<Name extends GroupName> = Name extends 'g1' ? G1Point : G2Point;

/** The coordinates as the memory holds them: x, y in G1; x.c0, x.c1, y.c0, y.c1 in G2. */
function coordinates(point: NonNullable<G1Point | G2Point>): readonly bigint[] {
  const { x, y } = point;
  return typeof x === 'bigint' ? [x, y as bigint] : [...x, ...(y as readonly [bigint, bigint])];
}

/** The bytes of points in canonical little-endian coordinates, infinity as zeros; coordinates must be in [0, q). */
export function pointBytes<Name extends GroupName>(name: Name, points: readonly PointOf<Name>[]): Uint8Array {
  const size = name === 'g1' ? 2 * FIELD_BYTES : 4 * FIELD_BYTES;
  const bytes = new Uint8Array(size * points.length);
  points.forEach((point, i) => {
    if (point === undefined) return;
    coordinates(point).forEach((value, j) => toBytesLE(value, bytes, i * size + j * FIELD_BYTES));
  });
  return bytes;
}

/** Allocates and fills a range of affine points. */
export function allocatePoints<Name extends GroupName>(
  { exports, heap }: Kernels,
  name: Name,
  points: readonly PointOf<Name>[],
): number {
  const group = groupOf(exports, name);
  const out = heap.allocate(points.length * group.pointBytes);
  const mark = heap.mark();
  group.from_bytes(out, heap.copyIn(pointBytes(name, points)), points.length);
  heap.release(mark);
  return out;
}

/** The affine point at `pointer`. */
export function readPoint<Name extends GroupName>(kernels: Kernels, name: Name, pointer: number): PointOf<Name> {
  const { exports, heap } = kernels;
  const mark = heap.mark();
  const group = groupOf(exports, name);
  const bytes = heap.allocate(group.keyBytes);
  group.to_bytes(bytes, pointer, 1);
  const values = Array.from({ length: group.keyBytes / FIELD_BYTES }, (_, i) =>
    fromBytesLE(heap.bytes(bytes, group.keyBytes), i * FIELD_BYTES),
  );
  heap.release(mark);
  if (values.every((value) => value === 0n)) return undefined as PointOf<Name>;
  const [a, b, c, d] = values as [bigint, bigint, bigint, bigint];
  return (name === 'g1' ? { x: a, y: b } : { x: [a, b], y: [c, d] }) as PointOf<Name>;
}

/** The point of the XYZZ sum at `pointer`. */
export function readSum<Name extends GroupName>(kernels: Kernels, name: Name, pointer: number): PointOf<Name> {
  const { exports, heap } = kernels;
  const mark = heap.mark();
  const group: GroupKernels = groupOf(exports, name);
  const affine = heap.allocate(group.pointBytes);
  group.to_affine(affine, pointer, heap.allocate(group.scratchBytes));
  const point = readPoint(kernels, name, affine);
  heap.release(mark);
  return point;
}
