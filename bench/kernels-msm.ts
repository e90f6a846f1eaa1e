/**
 * Multi-scalar multiplication: our kernels against ffjavascript in one process, pair by pair.
 *
 *   node dist/bench/kernels-msm.js [--sizes 14,16] [--groups g1,g2] [--repeats 7] [--threads 2]
 *
 * Both get the same random points and 32-byte scalars and as many worker threads as said. Ours are two phases over one shared memory:
 * digits by ranges of points, then windows (full width) or ranges of points (12 bits, given as Int32). Each pair is one run of each,
 * right after the other; the ratio is per pair. Every result is compared once.
 */
import { cpus } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { buildBn128 } from 'ffjavascript';
import { mod, toBytesLE } from '../src/field/bn254.js';
import { g1Curve, g2Curve } from '../src/field/curve-bigint.js';
import { allocatePoints, type PointOf } from '../src/kernels/curve.js';
import { createKernelMemory, instantiateKernels, type Kernels } from '../src/kernels/module.js';
import {
  fillFixedBase,
  fixedBaseBits,
  fixedBaseBytes,
  fixedBaseScratchBytes,
  multiplyFixedBase,
} from '../src/kernels/msm-fixed-base.js';
import {
  addSums,
  fullCombine,
  fullPrepare,
  fullScratchBytes,
  fullSharedBytes,
  fullWindows,
  fullWindowsOf,
  groupOf,
  msmSmall,
  SCALAR_BYTES,
  smallScratchBytes,
  type FullMsm,
  type GroupKernels,
  type GroupName,
  type SmallMsm,
} from '../src/kernels/msm.js';

// ---- tasks of a worker ---------------------------------------------------------------------------------------------------------------

type Task = { readonly group: GroupName; readonly scratch: number } & (
  | { readonly kind: 'prepare'; readonly msm: FullMsm; readonly first: number; readonly count: number }
  | {
      readonly kind: 'windows';
      readonly msm: FullMsm;
      readonly first: number;
      readonly count: number;
      readonly out: number;
    }
  | { readonly kind: 'small'; readonly msm: SmallMsm; readonly out: number }
);

function perform(kernels: Kernels, task: Task): void {
  const group = groupOf(kernels.exports, task.group);
  if (task.kind === 'prepare') fullPrepare(group, task.msm, task.first, task.count, task.scratch);
  else if (task.kind === 'windows') fullWindows(group, task.msm, task.first, task.count, task.out, task.scratch);
  else msmSmall(group, task.msm, task.out, task.scratch);
}

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const kernels = await instantiateKernels({ memory: workerData as WebAssembly.Memory });
  port.on('message', (task: Task) => {
    perform(kernels, task);
    port.postMessage('done');
  });
  port.postMessage('ready');
}

/** Worker threads over one memory; a phase ends when all have answered. */
class Team {
  private constructor(private readonly workers: readonly Worker[]) {}

  static async start(memory: WebAssembly.Memory, threads: number): Promise<Team> {
    const workers = Array.from({ length: threads }, () => new Worker(new URL(import.meta.url), { workerData: memory }));
    await Promise.all(workers.map(answer));
    return new Team(workers);
  }

  async phase(tasks: readonly Task[]): Promise<void> {
    await Promise.all(
      tasks.map((task, i) => {
        const done = answer(this.workers[i]!);
        this.workers[i]!.postMessage(task);
        return done;
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

const answer = (worker: Worker): Promise<void> =>
  new Promise((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });

// ---- the two sides ----------------------------------------------------------------------------------------------------------------------

/** What we call of ffjavascript besides our declaration of it. */
interface Multiplier {
  multiExpAffine(points: Uint8Array, scalars: Uint8Array): Promise<Uint8Array>;
  toAffine(point: Uint8Array): Uint8Array;
}
interface Theirs {
  readonly G1: Multiplier;
  readonly G2: Multiplier;
  terminate(): Promise<void>;
}

interface Job {
  readonly group: GroupKernels;
  readonly n: number;
  readonly points: number;
  readonly keyPoints: Uint8Array;
  /** 32 bytes each, full width. */
  readonly scalars: number;
  readonly fullBytes: Uint8Array;
  /** Int32 of 12 bits, and the same as 32-byte scalars. */
  readonly small: number;
  readonly smallBytes: Uint8Array;
}

const SMALL_MAX = 4095;

function randomScalars(n: number, bytesEach: number): Uint8Array {
  const bytes = new Uint8Array(n * SCALAR_BYTES);
  for (let i = 0; i < n; i++) {
    let value = 0n;
    for (let j = 0; j < bytesEach; j++) value = (value << 8n) | BigInt(Math.floor(Math.random() * 256));
    toBytesLE(bytesEach === 2 ? value & BigInt(SMALL_MAX) : mod(value), bytes, i * SCALAR_BYTES);
  }
  return bytes;
}

function prepareJob(kernels: Kernels, name: GroupName, n: number): Job {
  const { exports, heap } = kernels;
  const group = groupOf(exports, name);
  const fullBytes = randomScalars(n, 40);
  const smallBytes = randomScalars(n, 2);
  const scalars = heap.copyIn(fullBytes);
  const small = heap.allocate(4 * n);
  const ints = new Int32Array(kernels.memory.buffer, small, n);
  for (let i = 0; i < n; i++) ints[i] = smallBytes[i * SCALAR_BYTES]! + 256 * smallBytes[i * SCALAR_BYTES + 1]!;
  const points = heap.allocate(n * group.pointBytes);
  const mark = heap.mark();
  const bits = fixedBaseBits(group, n);
  const fixed = { table: heap.allocate(fixedBaseBytes(group, bits)), bits };
  const scratch = heap.allocate(Math.max(group.scratchBytes, fixedBaseScratchBytes(group, n, bits)));
  const generator = (name === 'g1' ? g1Curve : g2Curve).generator as PointOf<GroupName>;
  fillFixedBase(group, fixed, allocatePoints(kernels, name, [generator]), scratch);
  multiplyFixedBase(group, fixed, heap.copyIn(randomScalars(n, 40)), n, points, scratch);
  const key = heap.allocate(n * group.keyBytes);
  group.to_mont256(key, points, n);
  const keyPoints = heap.copyOut(key, n * group.keyBytes);
  heap.release(mark);
  return { group, n, points, keyPoints, scalars, fullBytes, small, smallBytes };
}

const split = (n: number, parts: number): { first: number; count: number }[] =>
  Array.from({ length: parts }, (_, i) => {
    const first = Math.floor((n * i) / parts);
    return { first, count: Math.floor((n * (i + 1)) / parts) - first };
  });

/** Our two sums of a job, as functions to time; they leave an XYZZ sum at `out`. */
function ours(kernels: Kernels, team: Team, job: Job, threads: number) {
  const { heap } = kernels;
  const { group, n, points, scalars } = job;
  const out = heap.allocate(group.sumBytes);
  const sums = Array.from({ length: threads }, () => heap.allocate(group.sumBytes));
  const windows = fullWindowsOf(n, threads);
  const scratchBytes = Math.max(fullScratchBytes(group, n, windows), smallScratchBytes(group, n, SMALL_MAX));
  const scratches = Array.from({ length: threads }, () => heap.allocate(scratchBytes));
  const msm: FullMsm = { points, scalars, n, shared: heap.allocate(fullSharedBytes(group, n, windows)), windows };
  const task = (i: number) => ({ group: group.name, scratch: scratches[i]! });

  async function full(): Promise<void> {
    await team.phase(split(n, threads).map((range, i) => ({ ...task(i), kind: 'prepare', msm, ...range })));
    const shares = split(windows.count, threads);
    await team.phase(shares.map((range, i) => ({ ...task(i), kind: 'windows', msm, ...range, out: sums[i]! })));
    const parts = shares.map(({ first }, i) => ({ first, sum: sums[i]! }));
    fullCombine(group, windows, parts, out, scratches[0]!);
  }

  async function small(): Promise<void> {
    const tasks = split(n, threads).map(({ first, count }, i): Task => {
      const range = { points: points + first * group.pointBytes, values: job.small + 4 * first, n: count };
      return { ...task(i), kind: 'small', msm: { ...range, maxAbs: SMALL_MAX }, out: sums[i]! };
    });
    await team.phase(tasks);
    addSums(group, sums, out, scratches[0]!);
  }

  /** The last sum, as snarkjs's key form. */
  function result(): Uint8Array {
    const mark = heap.mark();
    const affine = heap.allocate(group.pointBytes);
    group.to_affine(affine, out, heap.allocate(group.scratchBytes));
    const key = heap.allocate(group.keyBytes);
    group.to_mont256(key, affine, 1);
    const bytes = heap.copyOut(key, group.keyBytes);
    heap.release(mark);
    return bytes;
  }
  return { full, small, result };
}

// ---- measuring ----------------------------------------------------------------------------------------------------------------------------

async function time(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]): number => sorted(values)[values.length >> 1]!;
const show = (values: readonly number[], digits: number): string => {
  const order = sorted(values);
  return `${median(values).toFixed(digits)} (${order[0]!.toFixed(digits)}–${order.at(-1)!.toFixed(digits)})`;
};

interface Pairs {
  readonly ours: number[];
  readonly theirs: number[];
}

async function pairs(mine: () => Promise<void>, other: () => Promise<unknown>, repeats: number): Promise<Pairs> {
  await mine();
  const result: Pairs = { ours: [], theirs: [] };
  for (let i = 0; i < repeats; i++) {
    result.ours.push(await time(mine));
    result.theirs.push(await time(other));
  }
  return result;
}

function row(label: string, n: number, { ours, theirs }: Pairs): string {
  const each = (values: readonly number[]): number[] => values.map((ms) => (ms * 1000) / n);
  const ratios = ours.map((ms, i) => theirs[i]! / ms);
  return `| ${label} | ${show(ours, 1)} | ${show(each(ours), 2)} | ${show(theirs, 0)} | ${show(ratios, 1)} |`;
}

function same(a: Uint8Array, b: Uint8Array, what: string): void {
  if (Buffer.compare(a, b) !== 0) throw new Error(`${what}: the sums differ`);
}

interface Options {
  readonly sizes: readonly number[];
  readonly groups: readonly GroupName[];
  readonly repeats: number;
  readonly threads: number;
}

async function measure({ sizes, groups, repeats, threads }: Options): Promise<void> {
  const kernels = await instantiateKernels({ memory: createKernelMemory() });
  const team = await Team.start(kernels.memory, threads);
  // ffjavascript takes as many threads as there are processors; `true` keeps it to this one.
  const build = buildBn128 as unknown as (singleThread: boolean) => Promise<Theirs>;
  const theirs = await build(threads === 1);
  const mark = kernels.heap.mark();
  for (const name of groups) {
    for (const log of sizes) {
      const job = prepareJob(kernels, name, 2 ** log);
      const mine = ours(kernels, team, job, threads);
      const multiplier = name === 'g1' ? theirs.G1 : theirs.G2;
      const other = (bytes: Uint8Array) => () => multiplier.multiExpAffine(job.keyPoints, bytes);
      await mine.full();
      same(mine.result(), multiplier.toAffine(await other(job.fullBytes)()), 'full width');
      const full = await pairs(mine.full, other(job.fullBytes), repeats);
      console.log(row(`${name} 2^${log} full width`, job.n, full));
      await mine.small();
      same(mine.result(), multiplier.toAffine(await other(job.smallBytes)()), '12 bits');
      const small = await pairs(mine.small, other(job.smallBytes), repeats);
      console.log(row(`${name} 2^${log} 12 bits`, job.n, small));
      console.log(`  our full width / our 12 bits: ${(median(full.ours) / median(small.ours)).toFixed(1)}`);
      kernels.heap.release(mark);
    }
  }
  await theirs.terminate();
  await team.close();
}

function option(name: string, fallback: string): string[] {
  const at = process.argv.indexOf(`--${name}`);
  return (at < 0 ? fallback : process.argv[at + 1]!).split(',');
}

if (isMainThread) {
  const threads = Number(option('threads', '2')[0]);
  const repeats = Number(option('repeats', '7')[0]);
  console.log(`machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`);
  console.log(`method: ${threads} threads each, ${repeats} pairs, median (least–most); ratio theirs / ours per pair`);
  console.log('\n| sum | ours ms | ours µs a point | ffjavascript ms | ratio |\n| --- | --- | --- | --- | --- |');
  await measure({
    sizes: option('sizes', '14,16').map(Number),
    groups: option('groups', 'g1,g2') as GroupName[],
    repeats,
    threads,
  });
} else {
  await serve(parentPort!);
}
