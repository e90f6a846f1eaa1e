/** A proving key in the kernels' memory and form: loaded once, used by every proof of the circuit. */
import { withZkey, type PointList, type ZkeyReader } from '../../formats/zkey-file.js';
import type { Kernels } from '../../kernels/module.js';
import { groupOf, type GroupKernels } from '../../kernels/msm.js';
import { createJoinConstants, createNttTable, type JoinConstants, type NttTable } from '../../kernels/ntt.js';

/** Pointers to affine points in the kernels' form. */
export interface EngineKey {
  readonly nVars: number;
  readonly nPublic: number;
  readonly logSize: number;
  readonly a: number;
  readonly b1: number;
  readonly b2: number;
  /** Of the private wires: nVars − nPublic − 1 points. */
  readonly c: number;
  readonly h: number;
  readonly alpha1: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly delta1: number;
  readonly delta2: number;
  readonly table: NttTable;
  readonly join: JoinConstants;
}

/** Points converted at a time: the copy of the file's form stays small. */
const CHUNK_POINTS = 1 << 14;

/** Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION; RangeError where the memory cannot hold the key. */
export async function loadEngineKey(kernels: Kernels, zkeyPath: string): Promise<EngineKey> {
  const [g1, g2] = [groupOf(kernels.exports, 'g1'), groupOf(kernels.exports, 'g2')];
  return withZkey(zkeyPath, async (key) => {
    const { nVars, nPublic, domainSize, points } = key.part;
    const logSize = 31 - Math.clz32(domainSize);
    const list = (group: GroupKernels, name: PointList, count: number) => loadList(kernels, group, key, name, count);
    return {
      nVars,
      nPublic,
      logSize,
      a: await list(g1, 'a', nVars),
      b1: await list(g1, 'b1', nVars),
      b2: await list(g2, 'b2', nVars),
      c: await list(g1, 'c', nVars - nPublic - 1),
      h: await list(g1, 'h', domainSize),
      alpha1: convert(kernels, g1, points.alpha1),
      beta1: convert(kernels, g1, points.beta1),
      beta2: convert(kernels, g2, points.beta2),
      delta1: convert(kernels, g1, points.delta1),
      delta2: convert(kernels, g2, points.delta2),
      table: createNttTable(kernels, logSize),
      join: createJoinConstants(kernels, logSize),
    };
  });
}

async function loadList(
  kernels: Kernels,
  group: GroupKernels,
  key: ZkeyReader,
  name: PointList,
  count: number,
): Promise<number> {
  const { heap } = kernels;
  const points = heap.allocate(count * group.pointBytes);
  for (let first = 0; first < count; first += CHUNK_POINTS) {
    const size = Math.min(CHUNK_POINTS, count - first);
    const bytes = await key.list(name, first, size);
    const mark = heap.mark();
    group.from_mont256(points + first * group.pointBytes, heap.copyIn(bytes), size);
    heap.release(mark);
  }
  return points;
}

function convert(kernels: Kernels, group: GroupKernels, bytes: Uint8Array): number {
  const point = kernels.heap.allocate(group.pointBytes);
  const mark = kernels.heap.mark();
  group.from_mont256(point, kernels.heap.copyIn(bytes), 1);
  kernels.heap.release(mark);
  return point;
}
