/** Multi-scalar multiplications as the prover does them (src/prove/engine/sums.ts), full width and of small scalars. */
import { g1Curve, g2Curve } from '../src/field/curve-bigint.js';
import { allocatePoints, type PointOf } from '../src/kernels/curve.js';
import type { Kernels } from '../src/kernels/module.js';
import {
  fillFixedBase,
  fixedBaseBits,
  fixedBaseBytes,
  fixedBaseScratchBytes,
  multiplyFixedBase,
} from '../src/kernels/msm-fixed-base.js';
import { groupOf, type GroupKernels, type GroupName } from '../src/kernels/msm.js';
import { Sums } from '../src/prove/engine/sums.js';
import { alternate, type Comparison, type Section } from './harness.js';
import type { KernelBench } from './kernel-bench.js';
import { randomIntegers, randomResidues, scalarBytes } from './random.js';

const SMALL_BITS = 12;
const TARGETS = { full: 4, small: 8 } as const;

export async function benchMsm(bench: KernelBench): Promise<Section> {
  const { team, quick } = bench;
  const comparisons: Comparison[] = [];
  for (const name of ['g1', 'g2'] as const) {
    for (const logSize of quick ? [10] : [16]) {
      const mark = team.kernels.heap.mark();
      comparisons.push(...(await benchGroup(bench, name, logSize)));
      team.kernels.heap.release(mark);
    }
  }
  return {
    title: 'Multi-scalar multiplication',
    notes: [
      'Random points and scalars, the same for both; both sums are compared before they are timed. The peer is multiExpAffine.',
      `${SMALL_BITS}-bit scalars are Int32 to us and 32 bytes to ffjavascript, whose only form that is. "ours, full width" as the peer ` +
        'is our own sum of full-width scalars over the same points.',
    ],
    comparisons,
  };
}

async function benchGroup(
  { team, curve, quick, log }: KernelBench,
  name: GroupName,
  logSize: number,
): Promise<Comparison[]> {
  const { kernels } = team;
  const { heap } = kernels;
  const group = groupOf(kernels.exports, name);
  const n = 2 ** logSize;
  const { points, keyPoints } = randomPoints(kernels, name, n);
  const wide = scalarBytes(randomResidues(`${name} scalars`, n));
  const scalars = heap.copyIn(wide);
  const integers = randomIntegers(`${name} integers`, n, SMALL_BITS);
  const values = heap.copyIn(new Uint8Array(integers.buffer));
  const out = heap.allocate(group.sumBytes);
  const sum = async (plan: (sums: Sums) => (out: number) => void): Promise<void> => {
    const mark = heap.mark();
    const sums = new Sums(team);
    const finish = plan(sums);
    await sums.compute(() => undefined);
    finish(out);
    heap.release(mark);
  };
  const full = () => sum((sums) => sums.full(name, points, scalars, n));
  const small = () => sum((sums) => sums.small(name, points, values, n, 2 ** SMALL_BITS - 1));
  const peerGroup = name === 'g1' ? curve.G1 : curve.G2;
  const peer = (bytes: Uint8Array) => () => peerGroup.multiExpAffine(keyPoints, bytes);
  const [peerFull, peerSmall] = [peer(wide), peer(scalarBytes(integers))];
  for (const [ours, theirs] of [
    [full, peerFull],
    [small, peerSmall],
  ] as const) {
    await ours();
    if (Buffer.compare(affine(kernels, group, out), peerGroup.toAffine(await theirs())) !== 0) {
      throw new Error(`${name} 2^${logSize}: the sums differ`);
    }
  }

  const title = `${name.toUpperCase()} 2^${logSize}`;
  const compare = async (
    row: string,
    ours: () => Promise<void>,
    who: string,
    other: () => unknown,
    target?: number,
  ) => {
    log(`${title} ${row}, ${who}`);
    const times = await alternate(ours, other, { pairs: quick ? 3 : 9 });
    return {
      name: `${title} ${row}`,
      ours: { who: 'zkonnx', ms: times.ours },
      peer: { who, ms: times.peer },
      ...(target === undefined ? {} : { target }),
    };
  };
  return [
    await compare('full width', full, 'ffjavascript', peerFull, TARGETS.full),
    await compare(`${SMALL_BITS} bits`, small, 'ours, full width', full, TARGETS.small),
    await compare(`${SMALL_BITS} bits`, small, 'ffjavascript', peerSmall),
  ];
}

/** Random multiples of the generator, in the kernels' form and in snarkjs's key form. */
function randomPoints(kernels: Kernels, name: GroupName, n: number): { points: number; keyPoints: Uint8Array } {
  const { exports, heap } = kernels;
  const group = groupOf(exports, name);
  const points = heap.allocate(n * group.pointBytes);
  const mark = heap.mark();
  const bits = fixedBaseBits(group, n);
  const base = { table: heap.allocate(fixedBaseBytes(group, bits)), bits };
  const scratch = heap.allocate(Math.max(group.scratchBytes, fixedBaseScratchBytes(group, n, bits)));
  const generator = (name === 'g1' ? g1Curve : g2Curve).generator as PointOf<GroupName>;
  fillFixedBase(group, base, allocatePoints(kernels, name, [generator]), scratch);
  const multiples = heap.copyIn(scalarBytes(randomResidues(`${name} points`, n)));
  multiplyFixedBase(group, base, multiples, n, points, scratch);
  const key = heap.allocate(n * group.keyBytes);
  group.to_mont256(key, points, n);
  const keyPoints = heap.copyOut(key, n * group.keyBytes);
  heap.release(mark);
  return { points, keyPoints };
}

/** The XYZZ point at `sum` in snarkjs's key form. */
function affine({ heap }: Kernels, group: GroupKernels, sum: number): Uint8Array {
  const mark = heap.mark();
  const point = heap.allocate(group.pointBytes);
  group.to_affine(point, sum, heap.allocate(group.scratchBytes));
  const key = heap.allocate(group.keyBytes);
  group.to_mont256(key, point, 1);
  const bytes = heap.copyOut(key, group.keyBytes);
  heap.release(mark);
  return bytes;
}
