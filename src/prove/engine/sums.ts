/**
 * The multi-scalar multiplications of a proof, cut into tasks that a team does side by side: all sums' digits first, then all windows
 * and ranges of all sums together, the longest ones first, so that no thread waits for another sum.
 */
import {
  addSums,
  fullCombine,
  fullScratchBytes,
  fullSharedBytes,
  fullWindowsOf,
  groupedSharedBytes,
  groupEnds,
  groupOf,
  SCALAR_BYTES,
  smallWindowsOf,
  type GroupKernels,
  type GroupName,
} from '../../kernels/msm.js';
import type { KernelHeap } from '../../kernels/module.js';
import type { KernelTask } from '../../kernels/tasks.js';
import { ranges, type Team } from '../../kernels/team.js';
import type { Finish } from './combination.js';
import type { WirePoints } from './wire-points.js';
import type { ClassifiedWitness } from './classified-witness.js';

/** Bounds of small values whose windows are tried: the widest windows need not take the most. */
export const SMALL_MAGNITUDES = [1, 2 ** 8, 2 ** 16, 2 ** 24, 2 ** 31 - 1];

/** Time of a G2 addition in G1 additions. */
const G2_COST = 3;
/** A range of small scalars below this many is not worth its own buckets. */
const MIN_RANGE = 1024;
/** Ranges of groups handed out, a thread. */
const RANGES_PER_THREAD = 4;

interface Costed {
  readonly task: KernelTask;
  readonly cost: number;
}

/** Sums over one heap, planned one after the other, then computed at once. The caller marks and releases the heap. */
export class Sums {
  private readonly group: KernelTask[] = [];
  private readonly prepare: KernelTask[] = [];
  private readonly work: Costed[] = [];

  constructor(private readonly team: Team) {}

  /** Runs what was planned. Afterwards every planned sum's `finish` may be called. `onProgress` gets growing fractions. */
  async compute(onProgress: (fraction: number) => void): Promise<void> {
    const costs = new Map(this.work.map(({ task, cost }) => [task, cost]));
    const total = this.work.reduce((sum, { cost }) => sum + cost, 0);
    let done = 0;
    for (const tasks of [this.group, this.prepare]) if (tasks.length > 0) await this.team.run(tasks);
    const longestFirst = [...costs.keys()].toSorted((left, right) => costs.get(right)! - costs.get(left)!);
    await this.team.run(longestFirst, (task) => {
      onProgress((done += costs.get(task)!) / total);
    });
  }

  /** Σ scalars[i]·points[i], full width. `finish` puts the sum (XYZZ) at `out`. */
  full(name: GroupName, points: number, scalars: number, n: number): Finish {
    const { kernels, size } = this.team;
    const { heap } = kernels;
    const group = groupOf(kernels.exports, name);
    if (n === 0) return (out) => group.clear(out);
    const windows = fullWindowsOf(n);
    const msm = { points, scalars, n, windows, shared: heap.allocate(fullSharedBytes(group, n, windows)) };
    for (const { from, to } of ranges(n, size)) {
      this.prepare.push({ kind: 'full-prepare', group: name, msm, first: from, count: to - from });
    }
    const cost = (2 * n + 2 * windows.buckets) * weight(name);
    const parts = Array.from({ length: windows.count }, (_, first) => {
      const sum = heap.allocate(group.sumBytes);
      this.work.push({ task: { kind: 'full-windows', group: name, msm, first, count: 1, out: sum }, cost });
      return { first, sum };
    });
    return (out) => {
      const mark = heap.mark();
      fullCombine(group, windows, parts, out, heap.allocate(fullScratchBytes(group, n, windows)));
      heap.release(mark);
    };
  }

  /** Σ values[i]·points[i] for Int32 values of at most `maxAbs`. */
  small(name: GroupName, points: number, values: number, n: number, maxAbs: number): Finish {
    const { kernels, size } = this.team;
    const { heap } = kernels;
    const group = groupOf(kernels.exports, name);
    if (maxAbs === 0) return (out) => group.clear(out);
    const pieces = ranges(n, Math.max(1, Math.min(size, Math.floor(n / MIN_RANGE))));
    const sums = pieces.map(({ from, to }) => {
      const msm = { points: points + from * group.pointBytes, values: values + 4 * from, n: to - from, maxAbs };
      const out = heap.allocate(group.sumBytes);
      const windows = smallWindowsOf(msm.n, maxAbs);
      const cost = windows.count * (msm.n / 2 + 2 * windows.buckets) * weight(name);
      this.work.push({ task: { kind: 'small', group: name, msm, out }, cost });
      return out;
    });
    return (out) => {
      this.add(group, sums, out);
    };
  }

  /**
   * Puts the sums of groups of `n` points, affine, at `out`. `lists` holds the points' numbers, group after group, and `ends` where each group
   * ends, 0 before the first. A `full` sum planned on this heap may take them as its points.
   */
  grouped(name: GroupName, points: number, n: number, lists: Uint32Array, ends: Uint32Array, out: number): void {
    const { kernels, size } = this.team;
    const { heap } = kernels;
    const [terms, entries] = [lists.length, ends.length - 1];
    const shared = heap.allocate(groupedSharedBytes(terms, entries));
    const sorted = heap.words(shared, terms);
    for (let i = 0; i < terms; i++) sorted[i] = 2 * lists[i]!;
    heap.words(groupEnds(shared, terms), entries + 1).set(ends);
    const msm = { points, n, entries, terms, shared, sums: out };
    // Groups differ in size; a range of few points does not fill a batch of additions.
    const parts = Math.max(1, Math.min(RANGES_PER_THREAD * size, Math.floor(terms / MIN_RANGE)));
    for (const { from, to } of ranges(entries, parts)) {
      this.group.push({ kind: 'group-sums', group: name, msm, first: from + 1, last: to });
    }
  }

  /** Σ w_j·P_j over a list's wires: small and full-width wires apart. */
  wires(list: WirePoints, { small, wide, scalars }: ClassifiedWitness): Finish {
    const { heap, exports } = this.team.kernels;
    const group = groupOf(exports, list.group);
    const runs = commonRuns(list.wires, wide);
    const nWide = runs.reduce((sum, { length }) => sum + length, 0);
    const factors = heap.allocate(nWide * SCALAR_BYTES);
    copyScalars(heap, runs, scalars, factors);
    return this.together(group, [
      this.smallWires(list, (wire) => small[wire]!),
      this.full(list.group, this.pointsOf(list, group, runs, nWide), factors, nWide),
    ]);
  }

  /** Σ value(j)·P_j over a list's wires, values integers of less than 2^31 in absolute value. */
  smallWires(list: WirePoints, value: (wire: number) => number): Finish {
    const { heap } = this.team.kernels;
    const n = list.wires.length;
    const values = heap.allocate(4 * n);
    const integers = heap.words(values, n);
    let maxAbs = 0;
    for (let i = 0; i < n; i++) {
      const integer = value(list.wires[i]!);
      integers[i] = integer;
      maxAbs = Math.max(maxAbs, Math.abs(integer));
    }
    return this.small(list.group, list.points, values, n, maxAbs);
  }

  /** The sum of sums of one group. */
  together(group: GroupKernels, finishes: readonly Finish[]): Finish {
    const { heap } = this.team.kernels;
    return (out) => {
      const mark = heap.mark();
      const parts = finishes.map((finish) => {
        const part = heap.allocate(group.sumBytes);
        finish(part);
        return part;
      });
      this.add(group, parts, out);
      heap.release(mark);
    };
  }

  /** The list's points of the runs side by side: where they lie if there is one run, else a copy. */
  private pointsOf(list: WirePoints, { pointBytes }: GroupKernels, runs: readonly Run[], count: number): number {
    const { heap } = this.team.kernels;
    if (runs.length === 1) return list.points + runs[0]!.inList * pointBytes;
    const points = heap.allocate(count * pointBytes);
    const memory = heap.bytes(0, points + count * pointBytes);
    let to = points;
    for (const { inList, length } of runs) {
      const from = list.points + inList * pointBytes;
      memory.copyWithin(to, from, from + length * pointBytes);
      to += length * pointBytes;
    }
    return points;
  }

  private add(group: GroupKernels, sums: readonly number[], out: number): void {
    const { heap } = this.team.kernels;
    const mark = heap.mark();
    addSums(group, sums, out, heap.allocate(group.scratchBytes));
    heap.release(mark);
  }
}

const weight = (name: GroupName): number => (name === 'g1' ? 1 : G2_COST);

/** Neighbours in both of two ascending lists of wires, and where they begin in each. */
export interface Run {
  readonly inList: number;
  readonly inWide: number;
  readonly length: number;
}

/** Copies the scalars of the runs side by side to `out`. */
export function copyScalars(heap: KernelHeap, runs: readonly Run[], scalars: Uint8Array, out: number): void {
  let to = out;
  for (const { inWide, length } of runs) {
    const part = scalars.subarray(inWide * SCALAR_BYTES, (inWide + length) * SCALAR_BYTES);
    heap.bytes(to, part.length).set(part);
    to += part.length;
  }
}

export function commonRuns(wires: Uint32Array, wide: Uint32Array): Run[] {
  const runs: Run[] = [];
  for (let inList = 0, inWide = 0; inList < wires.length && inWide < wide.length;) {
    const difference = wires[inList]! - wide[inWide]!;
    if (difference < 0) inList++;
    else if (difference > 0) inWide++;
    else {
      let length = 1;
      while (
        inList + length < wires.length &&
        inWide + length < wide.length &&
        wires[inList + length] === wide[inWide + length]
      ) {
        length++;
      }
      runs.push({ inList, inWide, length });
      inList += length;
      inWide += length;
    }
  }
  return runs;
}
