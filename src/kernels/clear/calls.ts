/** Calls of the kernels as data: what one thread asks of another over the same memory. */
import type { ClearExports } from './exports.js';

/** A kernel's name, then its arguments. */
export type ClearCall = { [F in keyof ClearExports]: readonly [F, ...Parameters<ClearExports[F]>] }[keyof ClearExports];

/** Calls that one thread makes in their order. Tasks that are run together do not depend on each other, so any of them may be joined to one. */
export type ClearTask = readonly ClearCall[];

/** What a task's last call gave: the kernels that matter leave their results in memory, but for `b3_grind`. */
export type ClearResult = number | bigint | undefined;

export function runClearTask(exports: ClearExports, task: ClearTask): ClearResult {
  let result: ClearResult;
  for (const [name, ...given] of task) {
    const kernel = exports[name] as (...args: readonly (number | bigint)[]) => ClearResult;
    result = kernel(...given) ?? undefined;
  }
  return result;
}
