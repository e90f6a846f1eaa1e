/** Reads a key of two rounds into the kernels' memory. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';
import {
  KERNEL_POINT_BYTES,
  keyDomainSize,
  MIRAGE_LISTS,
  type MirageKeyReader,
  type MirageList,
} from '../../formats/mirage-key.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import type { Kernels } from '../../kernels/module.js';
import { createJoinConstants, createNttTable } from '../../kernels/ntt.js';
import type { WirePoints } from '../engine/wire-points.js';
import type { RoundsKey } from './kernel-key.js';

/**
 * Throws what reading throws (FILE_UNREADABLE, KEY_INVALID); RangeError where the memory cannot hold the key. That points are on their
 * curves is not checked: with others no proof verifies, and every proof is verified.
 */
export async function loadRoundsKey(kernels: Kernels, reader: MirageKeyReader): Promise<RoundsKey> {
  const { nWires, firstRound2, nConstraints, domain, points } = reader.info;
  const list = (name: MirageList) => loadList(kernels, reader, name);
  const single = (bytes: Uint8Array) => kernels.heap.copyIn(bytes);
  return {
    nWires,
    firstRound2,
    rows: nConstraints,
    domain,
    a: await list('a'),
    b1: await list('b1'),
    b2: await list('b2'),
    c1: await list('c1'),
    c2: await list('c2'),
    h: await loadPoints(kernels, reader, 'h', keyDomainSize(reader.info) * KERNEL_POINT_BYTES.g1),
    alpha1: single(points.alpha1),
    beta1: single(points.beta1),
    beta2: single(points.beta2),
    delta1: single(points.delta1),
    delta2: single(points.delta2),
    delta2G2: single(points.delta2G2),
    table: createNttTable(kernels, domain.logSize),
    join: createJoinConstants(kernels, domain),
  };
}

async function loadList(kernels: Kernels, reader: MirageKeyReader, name: MirageList): Promise<WirePoints> {
  const { group } = MIRAGE_LISTS[name];
  const wires = await reader.wires(name);
  return { group, wires, points: await loadPoints(kernels, reader, name, wires.length * KERNEL_POINT_BYTES[group]) };
}

/** The kernels take any residues, but other limbs than a field element's have no meaning to them. */
async function loadPoints(
  { exports, heap }: Kernels,
  reader: MirageKeyReader,
  name: MirageList | 'h',
  size: number,
): Promise<number> {
  const points = heap.allocate(size);
  await reader.points(name, heap.bytes(points, size));
  const mark = heap.mark();
  const isSound = exports.fq_are_reduced(points, size / ELEMENT_BYTES, heap.allocate(ELEMENT_BYTES)) === 1;
  heap.release(mark);
  if (isSound) return points;
  throw new ZkonnxError('KEY_INVALID', 'a coordinate of the key is not below q', {
    where: `the points of ${name}`,
    help: 'the key is damaged; make it again',
  });
}
