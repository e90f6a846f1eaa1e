/** Timing two sides in turns, and what a part of the bench hands back. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Pairs } from './statistics.js';

export type Run = () => unknown;

/** One side of a comparison: milliseconds of each run of the operation, and peak resident bytes where it had a process of its own. */
export interface Side {
  readonly who: string;
  readonly ms: readonly number[];
  readonly peakBytes?: readonly number[];
}

/** One row. Without a peer it is a measurement of ours alone. */
export interface Comparison {
  readonly name: string;
  readonly ours: Side;
  readonly peer?: Side;
  /** The least median ratio that the project asks of itself. */
  readonly target?: number;
  /** The most milliseconds that it asks. */
  readonly limitMs?: number;
  /** The time that a design was reckoned with, on the machine of its page, and how many times as much the project asks at most. */
  readonly design?: { readonly ms: number; readonly slack: number };
  /** The most resident bytes of our process that it asks. */
  readonly limitBytes?: number;
}

/** What is counted, not timed. */
export interface Facts {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Section {
  readonly title: string;
  /** Sentences: what exactly is compared, what was looked for and not found. */
  readonly notes: readonly string[];
  readonly comparisons: readonly Comparison[];
  readonly facts?: Facts;
}

/** What every part is given. */
export interface Context {
  /** A smoke test: small inputs, few pairs. */
  readonly quick: boolean;
  /** Our worker threads. Peers take as many as they choose. */
  readonly threads: number;
  /** An empty folder that is removed in the end. */
  readonly folder: string;
  /** Progress, for people. */
  log(line: string): void;
}

export interface PairOptions {
  readonly pairs: number;
  /** Untimed runs of each side before the first pair. */
  readonly warmUp?: number;
}

/** The process's own collector: what one side leaves behind is collected before the other is timed. */
const collect = collector();

function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

/** Milliseconds of one run, its promise awaited. */
export async function time(run: Run): Promise<number> {
  collect();
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Ours, the peer, ours, the peer, …: one of each is a pair. Milliseconds. */
export async function alternate(ours: Run, peer: Run, options: PairOptions): Promise<Pairs> {
  const [our, their] = (await takeTurns([ours, peer], options)) as [number[], number[]];
  return { ours: our, peer: their };
}

/** The same of any number of sides: the times of each. */
export async function takeTurns(sides: readonly Run[], { pairs, warmUp = 1 }: PairOptions): Promise<number[][]> {
  for (let i = 0; i < warmUp; i++) for (const run of sides) await run();
  const times = sides.map((): number[] => []);
  for (let i = 0; i < pairs; i++) for (const [side, run] of sides.entries()) times[side]!.push(await time(run));
  return times;
}

/** The times of runs that did `operations` operations each, as times of one operation. */
export const perOperation = (ms: readonly number[], operations: number): number[] => ms.map((t) => t / operations);

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly platform: string;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}
