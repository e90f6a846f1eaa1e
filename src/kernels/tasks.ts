/**
 * The steps of provers and setups as data: what a thread with an instance of the kernels over the same memory needs to do one of them.
 * Everything is a pointer into that memory. `scratch` is the thread's own.
 */
import { cosetRanges, type Domain } from './domain.js';
import { ELEMENT_BYTES } from './field-exports.js';
import { LOOKUP_SCRATCH_BYTES, runLookupTask, type LookupTask } from './lookups.js';
import type { KernelExports } from './module.js';
import {
  fillWindow,
  keyPointsScratchBytes,
  writeKeyPoints,
  type FixedBaseWindow,
  type KeyPoints,
} from './msm-fixed-base.js';
import {
  fullPrepare,
  fullScratchBytes,
  fullWindows,
  groupOf,
  groupSums,
  msmSmall,
  SCALAR_BYTES,
  smallScratchBytes,
  type FullMsm,
  type SortedGroups,
  type GroupName,
  type SmallMsm,
} from './msm.js';
import { runNttTask, type NttTask } from './ntt.js';
import type { SparseRows } from './sparse.js';
import { runTrapdoorTask, TRAPDOOR_SCRATCH_BYTES, type TrapdoorTask } from './trapdoor.js';

export type KernelTask =
  | { readonly kind: 'ntt'; readonly table: number; readonly task: NttTask }
  /** out[i] = a[i]·b[i] over Fr, n elements. */
  | { readonly kind: 'multiply'; readonly out: number; readonly a: number; readonly b: number; readonly n: number }
  /** The quotient's values at the rows from ≤ row < to of the odd coset: `fr_join_abc`. */
  | {
      readonly kind: 'join';
      readonly out: number;
      readonly abc: readonly [number, number, number];
      readonly inner: number;
      readonly outer: number;
      readonly domain: Domain;
      readonly from: number;
      readonly to: number;
    }
  /** Values of the rows from ≤ row < to of a sparse matrix: see SparseRows. */
  | {
      readonly kind: 'rows';
      readonly out: number;
      readonly rows: SparseRows;
      readonly values: number;
      readonly from: number;
      readonly to: number;
    }
  /** out = elements of n Int32. */
  | { readonly kind: 'integers'; readonly out: number; readonly values: number; readonly n: number }
  /** n points from the form of snarkjs's keys. */
  | {
      readonly kind: 'points';
      readonly group: GroupName;
      readonly out: number;
      readonly bytes: number;
      readonly n: number;
    }
  | { readonly kind: 'small'; readonly group: GroupName; readonly msm: SmallMsm; readonly out: number }
  | {
      readonly kind: 'full-prepare';
      readonly group: GroupName;
      readonly msm: FullMsm;
      readonly first: number;
      readonly count: number;
    }
  | {
      readonly kind: 'full-windows';
      readonly group: GroupName;
      readonly msm: FullMsm;
      readonly first: number;
      readonly count: number;
      readonly out: number;
    }
  /** Sums of the groups first … last. */
  | {
      readonly kind: 'group-sums';
      readonly group: GroupName;
      readonly msm: SortedGroups;
      readonly first: number;
      readonly last: number;
    }
  /** One window of a fixed base's table. */
  | { readonly kind: 'fixed-window'; readonly group: GroupName; readonly window: FixedBaseWindow }
  /** Multiples of a fixed base as keys hold them. */
  | { readonly kind: 'key-points'; readonly group: GroupName; readonly points: KeyPoints }
  | { readonly kind: 'trapdoor'; readonly task: TrapdoorTask }
  | { readonly kind: 'lookup'; readonly task: LookupTask };

/** Bytes that `runKernelTask` takes at `scratch`. */
export function taskScratchBytes(exports: KernelExports, task: KernelTask): number {
  switch (task.kind) {
    case 'small':
      return smallScratchBytes(groupOf(exports, task.group), task.msm.n, task.msm.maxAbs);
    case 'full-prepare':
      return groupOf(exports, task.group).scratchBytes + 64;
    case 'full-windows':
      return fullScratchBytes(groupOf(exports, task.group), task.msm.n, task.msm.windows);
    case 'group-sums':
    case 'fixed-window':
      return groupOf(exports, task.group).scratchBytes;
    case 'key-points':
      return keyPointsScratchBytes(groupOf(exports, task.group), task.points);
    case 'trapdoor':
      return TRAPDOOR_SCRATCH_BYTES;
    case 'lookup':
      return LOOKUP_SCRATCH_BYTES;
    case 'rows':
      return 64;
    case 'ntt':
    case 'multiply':
    case 'join':
    case 'points':
    case 'integers':
      return 0;
  }
}

/** Runs one task on an instance over the memory of its pointers. Throws INTERNAL where a scalar is beyond its class. */
export function runKernelTask(exports: KernelExports, task: KernelTask, scratch: number): void {
  switch (task.kind) {
    case 'ntt':
      return runNttTask(exports, task.table, task.task);
    case 'multiply':
      return exports.fr_mul_n(task.out, task.a, task.b, task.n);
    case 'join':
      return join(exports, task);
    case 'rows':
      return rows(exports, task, scratch);
    case 'integers':
      return exports.fr_from_integers_n(task.out, task.values, task.n);
    case 'points':
      return groupOf(exports, task.group).from_mont256(task.out, task.bytes, task.n);
    case 'small':
      return msmSmall(groupOf(exports, task.group), task.msm, task.out, scratch);
    case 'full-prepare':
      return fullPrepare(groupOf(exports, task.group), task.msm, task.first, task.count, scratch);
    case 'full-windows':
      return fullWindows(groupOf(exports, task.group), task.msm, task.first, task.count, task.out, scratch);
    case 'group-sums':
      return groupSums(groupOf(exports, task.group), task.msm, task.first, task.last, scratch);
    case 'fixed-window':
      return fillWindow(groupOf(exports, task.group), task.window, scratch);
    case 'key-points':
      return writeKeyPoints(groupOf(exports, task.group), task.points, scratch);
    case 'trapdoor':
      return runTrapdoorTask(exports, task.task, scratch);
    case 'lookup':
      return runLookupTask(exports, task.task, scratch);
  }
}

type TaskOf<Kind extends KernelTask['kind']> = Extract<KernelTask, { kind: Kind }>;

function join(exports: KernelExports, { out, abc, inner, outer, domain, from, to }: TaskOf<'join'>): void {
  for (const range of cosetRanges(domain, from, to)) {
    const [a, b, c] = abc.map((values) => values + range.first * ELEMENT_BYTES) as [number, number, number];
    const first = out + range.first * SCALAR_BYTES;
    exports.fr_join_abc(first, a, b, c, inner, outer, domain.logSize, range.from, range.to);
  }
}

function rows(exports: KernelExports, task: TaskOf<'rows'>, scratch: number): void {
  const { rowStart, entries, dictionary, nRows, domain } = task.rows;
  for (const { first, from, to } of cosetRanges(domain, task.from, task.to)) {
    exports.fr_sparse_rows(
      task.out + first * ELEMENT_BYTES,
      rowStart + 4 * first,
      entries,
      dictionary,
      task.values,
      Math.max(0, nRows - first),
      domain.logSize,
      from,
      to,
      scratch,
    );
  }
}
