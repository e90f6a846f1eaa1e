/**
 * The multi-scalar kernels beside the BigInt twin, and beside @noble/curves over many random cases: points of known logarithms, among
 * them equal, opposite, λ-related ones and infinity, so that every exceptional case of the addition is met in most sums.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { mod, R, toBytesLE } from '../../src/field/bn254.js';
import { allocatePoints, pointBytes, readSum, type PointOf } from '../../src/kernels/curve.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { msmOnce } from '../../src/kernels/msm-once.js';
import {
  addSums,
  fullCombine,
  fullPrepare,
  fullScratchBytes,
  fullSharedBytes,
  fullWindows,
  fullWindowsOf,
  fullWindowsOfBits,
  groupedSharedBytes,
  groupOf,
  groupPrepare,
  groupSums,
  msmSmall,
  SCALAR_BYTES,
  smallScratchBytes,
  smallWindowsOf,
  type GroupKernels,
  type GroupName,
  type Windows,
} from '../../src/kernels/msm.js';
import { curveOf, integer, multipleOfGenerator, pointPool, scalar, type KnownPoint } from './curve-support.js';
import { randomNumbers } from './random-r1cs.js';

const SEED = Number(process.env['KERNEL_SEED'] ?? 20261121);
const random = randomNumbers(SEED);

/** Random cases of each class and group: together more than 10,000. */
const CASES = { g1: { full: 1500, small: 3500, table: 600 }, g2: { full: 900, small: 3000, table: 500 } } as const;

/** Cuts 0..n into `parts` ranges, some of them possibly empty. */
function ranges(n: number, parts: number): { first: number; count: number }[] {
  const cuts = Array.from({ length: parts - 1 }, () => random(n + 1)).sort((a, b) => a - b);
  const bounds = [0, ...cuts, n];
  return Array.from({ length: parts }, (_, i) => ({ first: bounds[i]!, count: bounds[i + 1]! - bounds[i]! }));
}

/** Sizes from 0 to 300, small ones most often. */
const size = (): number => [random(4), random(12), random(40), random(301)][random(4)]!;

function scalarBytes(scalars: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES * scalars.length);
  scalars.forEach((value, i) => toBytesLE(value, bytes, i * SCALAR_BYTES));
  return bytes;
}
const int32Bytes = (values: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(values).buffer);

describe.each(['g1', 'g2'] as const)('%s', (name: GroupName) => {
  // Workers: two instances over one memory; all allocation is by the first.
  let kernels: Kernels;
  let workers: GroupKernels[];
  let pool: KnownPoint<GroupName>[];
  /** The pool in memory, to be copied from. */
  let poolAt: number;

  beforeAll(async () => {
    kernels = await instantiateKernels({ pages: 256 });
    const second = await instantiateKernels({ memory: kernels.memory });
    workers = [groupOf(kernels.exports, name), groupOf(second.exports, name)];
    pool = pointPool(name, random);
    poolAt = allocatePoints(
      kernels,
      name,
      pool.map(({ point }) => point),
    );
  });

  interface Terms {
    readonly points: number;
    readonly logs: readonly bigint[];
  }

  /** n points: of the whole pool, of three of it, all equal, or one and its negative by turns. */
  function terms(n: number): Terms {
    const group = workers[0]!;
    const base = 1 + random(15);
    const few = [random(pool.length), random(pool.length), random(pool.length)];
    const choices: (() => number)[] = [
      () => random(pool.length),
      () => few[random(3)]!,
      () => base,
      () => base + (random(2) === 0 ? 0 : 15),
    ];
    const choose = choices[random(3) === 0 ? random(4) : 0]!;
    const chosen = Array.from({ length: n }, choose);
    const points = kernels.heap.allocate(n * group.pointBytes);
    const bytes = kernels.heap.bytes(0, kernels.memory.buffer.byteLength);
    chosen.forEach((index, i) => {
      const from = poolAt + index * group.pointBytes;
      bytes.copyWithin(points + i * group.pointBytes, from, from + group.pointBytes);
    });
    return { points, logs: chosen.map((index) => pool[index]!.log) };
  }

  const expected = (logs: readonly bigint[], scalars: readonly bigint[]): PointOf<GroupName> =>
    multipleOfGenerator(name, mod(logs.reduce((sum, log, i) => sum + log * scalars[i]!, 0n)));

  const worker = (i: number): GroupKernels => workers[i % workers.length]!;

  /** The planned windows, or others now and then. */
  function anyWindows(n: number, parts: number): Windows {
    if (random(20) > 0) return fullWindowsOf(n, parts);
    return fullWindowsOfBits(2 + random(15));
  }

  function full({ points, logs }: Terms, scalars: readonly bigint[], parts: number): number {
    const { heap } = kernels;
    const group = worker(0);
    const n = logs.length;
    const windows = anyWindows(n, parts);
    const shared = heap.allocate(fullSharedBytes(group, n, windows));
    const msm = { points, scalars: heap.copyIn(scalarBytes(scalars)), n, shared, windows };
    const scratches = Array.from({ length: parts }, () => heap.allocate(fullScratchBytes(group, n, windows)));
    ranges(n, parts).forEach(({ first, count }, i) => fullPrepare(worker(i), msm, first, count, scratches[i]!));
    const sums = ranges(windows.count, parts).map(({ first, count }, i) => {
      const sum = heap.allocate(group.sumBytes);
      fullWindows(worker(i), msm, first, count, sum, scratches[i]!);
      return { first, sum, count };
    });
    const out = heap.allocate(group.sumBytes);
    const present = sums.filter(({ count }) => count > 0);
    fullCombine(group, windows, present, out, scratches[0]!);
    return out;
  }

  function small({ points, logs }: Terms, values: readonly number[], maxAbs: number, parts: number): number {
    const { heap } = kernels;
    const group = worker(0);
    const at = heap.copyIn(int32Bytes(values));
    const sums = ranges(logs.length, parts).map(({ first, count }, i) => {
      const sum = heap.allocate(group.sumBytes);
      const msm = { points: points + first * group.pointBytes, values: at + 4 * first, n: count, maxAbs };
      msmSmall(worker(i), msm, sum, heap.allocate(smallScratchBytes(group, count, maxAbs)));
      return sum;
    });
    const out = heap.allocate(group.sumBytes);
    addSums(group, sums, out, heap.allocate(group.scratchBytes));
    return out;
  }

  /** Runs a case with an empty heap; the seed and the case stand in a failure's message. */
  function check(label: string, run: () => { out: number; sum: PointOf<GroupName> }): void {
    const mark = kernels.heap.mark();
    const { out, sum } = run();
    expect(readSum(kernels, name, out), `${label}, seed ${SEED}`).toEqual(sum);
    kernels.heap.release(mark);
  }

  it('full-width scalars, split among 1, 2 and 3 workers', () => {
    for (let i = 0; i < CASES[name].full; i++) {
      check(`case ${i}`, () => {
        const t = terms(size());
        const same = random(8) === 0 ? scalar(random) : undefined;
        const scalars = t.logs.map(() => same ?? scalar(random));
        return { out: full(t, scalars, 1 + random(3)), sum: expected(t.logs, scalars) };
      });
    }
  });

  it('small signed integers and bits, split among 1, 2 and 3 workers', () => {
    const bounds = [1, 1, 2, 7, 255, 4095, 4096, 65_535, 2 ** 20, 2 ** 31 - 1];
    for (let i = 0; i < CASES[name].small; i++) {
      check(`case ${i}`, () => {
        const maxAbs = bounds[random(bounds.length)]!;
        const t = terms(size());
        const same = random(8) === 0 ? integer(random, maxAbs) : undefined;
        const values = t.logs.map(() => same ?? integer(random, maxAbs));
        return { out: small(t, values, maxAbs, 1 + random(3)), sum: expected(t.logs, values.map(BigInt)) };
      });
    }
  });

  it('values from a table, groups split among 1, 2 and 3 workers', () => {
    for (let i = 0; i < CASES[name].table; i++) {
      check(`case ${i}`, () => {
        const { heap } = kernels;
        const group = worker(0);
        const t = terms(size());
        const entries = 1 + random(40);
        const table = Array.from({ length: entries }, () => scalar(random));
        const indices = t.logs.map(() => random(2 * entries + 1) - entries);
        const grouped = {
          points: t.points,
          indices: heap.copyIn(int32Bytes(indices)),
          n: indices.length,
          entries,
          shared: heap.allocate(groupedSharedBytes(indices.length, entries)),
          sums: heap.allocate(entries * group.pointBytes),
        };
        groupPrepare(group, grouped);
        ranges(entries, 1 + random(3)).forEach(({ first, count }, w) => {
          if (count > 0) groupSums(worker(w), grouped, first + 1, first + count, heap.allocate(group.scratchBytes));
        });
        const scalars = indices.map((index) =>
          index === 0 ? 0n : BigInt(Math.sign(index)) * table[Math.abs(index) - 1]!,
        );
        // The groups' sums are terms like others; their logarithms are not needed.
        const sums: Terms = { points: grouped.sums, logs: table };
        return { out: full(sums, table, 1), sum: expected(t.logs, scalars) };
      });
    }
  });

  it('thousands of terms: many chunks, and chunks within one bucket', () => {
    const n = name === 'g1' ? 5000 : 2600;
    const shapes: [string, number, () => number][] = [
      ['bits', 1, () => random(2)],
      ['ones', 1, () => 1],
      ['one value', 4095, () => 77],
      ['two values of opposite sign', 4095, () => (random(2) === 0 ? 5 : -5)],
      ['mostly small', 4095, () => (random(10) === 0 ? integer(random, 4095) : random(3) - 1)],
      ['uniform', 4095, () => random(8191) - 4095],
      ['wide', 2 ** 31 - 1, () => random(2 ** 32) - 2 ** 31 + 1],
    ];
    for (const [label, maxAbs, value] of shapes) {
      check(label, () => {
        const t = terms(n);
        const values = t.logs.map(value).map((v) => Math.max(-maxAbs, Math.min(maxAbs, v)));
        return { out: small(t, values, maxAbs, 2), sum: expected(t.logs, values.map(BigInt)) };
      });
    }
    for (const same of [undefined, undefined, R - 1n, 3n]) {
      check('full', () => {
        const t = terms(n);
        const scalars = t.logs.map(() => same ?? scalar(random));
        return { out: full(t, scalars, 2), sum: expected(t.logs, scalars) };
      });
    }
  });

  it('equals the twin term by term, through the one-call form', () => {
    const curve = curveOf(name);
    const group = worker(0);
    for (let i = 0; i < (name === 'g1' ? 30 : 12); i++) {
      const mark = kernels.heap.mark();
      const n = random(7);
      const points = Array.from({ length: n }, () => pool[random(pool.length)]!.point);
      const key = kernels.heap.allocate(n * group.keyBytes);
      group.to_mont256(key, allocatePoints(kernels, name, points), n);
      const keyBytes = kernels.heap.copyOut(key, n * group.keyBytes);
      const once = (scalars: Parameters<typeof msmOnce>[3]): unknown => msmOnce(kernels, name, keyBytes, scalars);
      const twin = (values: readonly bigint[]): unknown => curve.msm(points as never, values);

      const wide = points.map(() => scalar(random));
      expect(once({ kind: 'full', bytes: scalarBytes(wide) })).toEqual(twin(wide));
      const values = points.map(() => integer(random, 4095));
      expect(once({ kind: 'small', values: Int32Array.from(values), maxAbs: 4095 })).toEqual(twin(values.map(BigInt)));
      const indices = points.map(() => random(3));
      const table = [scalar(random), scalar(random)];
      expect(once({ kind: 'table', indices: Int32Array.from(indices), table: scalarBytes(table) })).toEqual(
        twin(indices.map((index) => (index === 0 ? 0n : table[index - 1]!))),
      );
      kernels.heap.release(mark);
    }
  });

  it('refuses scalars beyond their class, and counts that differ', () => {
    const group = worker(0);
    const points = pointBytes(name, [pool[1]!.point, pool[2]!.point]);
    const small = (values: number[], maxAbs: number) => () =>
      msmOnce(kernels, name, points, { kind: 'small', values: Int32Array.from(values), maxAbs });
    expect(small([3, 8], 7)).toThrow('beyond the bound');
    expect(small([-8, 0], 7)).toThrow('beyond the bound');
    expect(small([-(2 ** 31), 0], 2 ** 20)).toThrow('beyond the bound');
    expect(small([1], 7)).toThrow('2 points and 1 scalars');
    const table = scalarBytes([1n]);
    expect(() => msmOnce(kernels, name, points, { kind: 'table', indices: Int32Array.of(2, 0), table })).toThrow(
      'beyond',
    );
    expect(group.name).toBe(name);
  });

  it('survives points off the curve', () => {
    const bytes = new Uint8Array(64 * worker(0).keyBytes).map(() => random(256));
    const ones = { kind: 'small', values: new Int32Array(64).fill(1), maxAbs: 1 } as const;
    const wide = { kind: 'full', bytes: scalarBytes(Array.from({ length: 64 }, () => scalar(random))) } as const;
    for (const scalars of [ones, wide]) expect(() => msmOnce(kernels, name, bytes, scalars)).not.toThrow();
    // Scalars of r and more: no meaning, no harm.
    const big = { kind: 'full', bytes: new Uint8Array(64 * SCALAR_BYTES).fill(255) } as const;
    expect(() => msmOnce(kernels, name, bytes, big)).not.toThrow();
  });

  it('plans windows that cover the scalars', () => {
    for (const n of [0, 1, 10, 1000, 2 ** 16, 2 ** 20]) {
      const wide = fullWindowsOf(n);
      expect(wide.bits * wide.count).toBeGreaterThanOrEqual(126);
      for (const maxAbs of [1, 2, 3, 4, 4095, 4096, 2 ** 20, 2 ** 31 - 1]) {
        const { bits, count, buckets } = smallWindowsOf(n, maxAbs);
        if (count === 1) expect(buckets).toBe(maxAbs);
        else expect(bits * count).toBeGreaterThanOrEqual(Math.log2(maxAbs + 1) + 2);
      }
    }
    expect(smallWindowsOf(2 ** 16, 4095).count).toBe(1);
  });
});
