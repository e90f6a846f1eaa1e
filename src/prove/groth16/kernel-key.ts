/**
 * A proving key in the kernels' memory and form: loaded once, used by every proof of the circuit. Of the lists only finite points are
 * kept, each with its wire: most circuits leave many wires out of A or B.
 */
import { ZkonnxError } from '../../base/errors.js';
import { COEFFICIENT_BYTES, type PointList, type ZkeyPoints, type ZkeyReader } from '../../formats/zkey.js';
import { domainOf, type Domain } from '../../kernels/domain.js';
import type { Kernels } from '../../kernels/module.js';
import { groupOf, type GroupKernels, type GroupName } from '../../kernels/msm.js';
import { createJoinConstants, createNttTable } from '../../kernels/ntt.js';
import type { SparseRows } from '../../kernels/sparse.js';
import { ranges, type Team } from '../../kernels/team.js';
import type { QuotientKey } from '../engine/quotient.js';
import type { WirePoints } from '../engine/wire-points.js';
import { CoefficientRows } from './coefficient-rows.js';

/** Pointers to affine points in the kernels' form. */
export interface EngineKey extends QuotientKey {
  readonly nVars: number;
  readonly nPublic: number;
  readonly a: WirePoints;
  readonly b1: WirePoints;
  readonly b2: WirePoints;
  readonly c: WirePoints;
  /** One point for each row of the domain. */
  readonly h: number;
  readonly alpha1: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly delta1: number;
  readonly delta2: number;
}

/** Points read and converted at a time: the copy of the file's form stays small. */
const CHUNK_POINTS = 1 << 16;
const CHUNK_COEFFICIENTS = 1 << 16;

/**
 * Loads a key into the memory of `team`. Throws FILE_UNREADABLE, KEY_INVALID; RangeError where the memory cannot hold the key.
 * That points are on their curves is not checked: with others no proof verifies, and every proof is verified.
 */
export async function loadEngineKey(team: Team, key: ZkeyReader): Promise<EngineKey> {
  const { kernels } = team;
  const { nVars, nPublic, domainSize, points } = key.info;
  const domain = domainOf(domainSize);
  const [rowsA, rowsB] = await loadRows(team, key, domain);
  return {
    nVars,
    nPublic,
    domain,
    a: await loadList(team, key, 'a', 'g1', 0),
    b1: await loadList(team, key, 'b1', 'g1', 0),
    b2: await loadList(team, key, 'b2', 'g2', 0),
    c: await loadList(team, key, 'c', 'g1', nPublic + 1),
    h: await loadAll(team, key, 'h', 'g1', domainSize),
    ...singlePoints(kernels, points),
    rowsA,
    rowsB,
    table: createNttTable(kernels, domain.logSize),
    join: createJoinConstants(kernels, domain),
  };
}

/** The points of the wires from `firstWire` on that are not at infinity. */
async function loadList(
  team: Team,
  key: ZkeyReader,
  list: PointList,
  name: GroupName,
  firstWire: number,
): Promise<WirePoints> {
  const group = groupOf(team.kernels.exports, name);
  const wires: number[] = [];
  // How many are finite is known at the end: the rest of the region goes back then.
  const points = team.kernels.heap.allocate((key.info.nVars - firstWire) * group.pointBytes);
  await eachChunk(team, key, list, group, key.info.nVars - firstWire, async (staged, first, count) => {
    const finite = compact(team.kernels.heap.words(staged, (count * group.keyBytes) / 4), group.keyBytes / 4);
    const out = points + wires.length * group.pointBytes;
    for (const i of finite) wires.push(firstWire + first + i);
    await convert(team, group, staged, finite.length, out);
  });
  team.kernels.heap.release(points + wires.length * group.pointBytes);
  return { group: name, points, wires: Uint32Array.from(wires) };
}

/** Moves the finite points of a chunk to its front and gives their numbers. Infinity is all zeros. */
function compact(words: Uint32Array, pointWords: number): number[] {
  const finite: number[] = [];
  for (let i = 0, at = 0; at < words.length; i++, at += pointWords) {
    if (words[at] === 0 && words.subarray(at, at + pointWords).every((word) => word === 0)) continue;
    if (finite.length < i) words.copyWithin(finite.length * pointWords, at, at + pointWords);
    finite.push(i);
  }
  return finite;
}

async function loadAll(team: Team, key: ZkeyReader, list: PointList, name: GroupName, count: number): Promise<number> {
  const group = groupOf(team.kernels.exports, name);
  const points = team.kernels.heap.allocate(count * group.pointBytes);
  await eachChunk(team, key, list, group, count, (staged, first, size) =>
    convert(team, group, staged, size, points + first * group.pointBytes),
  );
  return points;
}

/** Reads a list in pieces to a region above the heap's top. */
async function eachChunk(
  { kernels: { heap } }: Team,
  key: ZkeyReader,
  list: PointList,
  { keyBytes }: GroupKernels,
  count: number,
  use: (staged: number, first: number, count: number) => Promise<void>,
): Promise<void> {
  const mark = heap.mark();
  const staged = heap.allocate(Math.min(count, CHUNK_POINTS) * keyBytes);
  for (let first = 0; first < count; first += CHUNK_POINTS) {
    const size = Math.min(CHUNK_POINTS, count - first);
    await key.points(list, first, heap.bytes(staged, size * keyBytes));
    await use(staged, first, size);
  }
  heap.release(mark);
}

async function convert(team: Team, group: GroupKernels, bytes: number, n: number, out: number): Promise<void> {
  await team.run(
    ranges(n, team.size).map(({ from, to }) => ({
      kind: 'points',
      group: group.name,
      out: out + from * group.pointBytes,
      bytes: bytes + from * group.keyBytes,
      n: to - from,
    })),
  );
}

/** Pointers to the points that stand alone in the key. */
export function singlePoints(
  kernels: Kernels,
  { alpha1, beta1, beta2, delta1, delta2 }: ZkeyPoints,
): Pick<EngineKey, 'alpha1' | 'beta1' | 'beta2' | 'delta1' | 'delta2'> {
  const load = (name: GroupName, bytes: Uint8Array): number => {
    const group = groupOf(kernels.exports, name);
    const point = kernels.heap.allocate(group.pointBytes);
    const mark = kernels.heap.mark();
    group.from_mont256(point, kernels.heap.copyIn(bytes), 1);
    kernels.heap.release(mark);
    return point;
  };
  return {
    alpha1: load('g1', alpha1),
    beta1: load('g1', beta1),
    beta2: load('g2', beta2),
    delta1: load('g1', delta1),
    delta2: load('g2', delta2),
  };
}

async function loadRows({ kernels }: Team, key: ZkeyReader, domain: Domain): Promise<[SparseRows, SparseRows]> {
  const { nVars, domainSize } = key.info;
  const rows = new CoefficientRows(domainSize, nVars);
  const count = key.coefficientCount;
  const chunk = new Uint8Array(Math.min(count, CHUNK_COEFFICIENTS) * COEFFICIENT_BYTES);
  for (let first = 0; first < count; first += CHUNK_COEFFICIENTS) {
    const part = chunk.subarray(0, Math.min(CHUNK_COEFFICIENTS, count - first) * COEFFICIENT_BYTES);
    await key.coefficients(first, part);
    if (!rows.add(new Uint32Array(part.buffer, 0, part.length / 4))) {
      throw new ZkonnxError('KEY_INVALID', 'a coefficient of the key is out of place', {
        expected: `matrix 0 or 1, a row below ${domainSize}, a wire below ${nVars}`,
        help: 'the key is damaged; make it again',
      });
    }
  }
  return rows.store(kernels, domain);
}
