/** Who runs tasks of protocol `clear`: this thread alone, or workers over a shared memory (src/pool/clear-team.ts). Uses no Node API. */
import { runClearTask, type ClearResult, type ClearTask } from './calls.js';
import type { ClearKernels } from './module.js';

/** Between two tasks: lets others at the thread, and throws to stop. Undefined goes on at once. */
export type Between = () => Promise<void> | undefined;

/** Sizes of work, in nanoseconds on one thread. */
export interface Pace {
  /** From here on handing it out pays: a message to a worker and back takes some 60 µs. */
  readonly handOut: number;
  /** Of a task, about: so long an abort waits, and a page's other work. */
  readonly longest: number;
}

export const PACE: Pace = { handOut: 300_000, longest: 4_000_000 };

/** The owner of a memory with threads to work on it. One computation at a time: the heap is a stack. */
export interface ClearTeam {
  /** The memory, its heap, and this thread's own instance. */
  readonly kernels: ClearKernels;
  /** Tasks that run side by side at most. */
  readonly size: number;
  readonly pace: Pace;
  /**
   * Runs independent tasks, the first ones first, and gives what they gave. Settles when none runs any more, after a failure too: rejects with the first one, a
   * task's own or what `between` threw.
   */
  run(tasks: readonly ClearTask[], between: Between): Promise<readonly ClearResult[]>;
}

/** A team of this thread alone. */
export class SoloClearTeam implements ClearTeam {
  readonly size = 1;
  readonly pace = PACE;

  constructor(readonly kernels: ClearKernels) {}

  async run(tasks: readonly ClearTask[], between: Between): Promise<readonly ClearResult[]> {
    const results: ClearResult[] = [];
    for (const task of tasks) {
      const pause = between();
      if (pause !== undefined) await pause;
      results.push(runClearTask(this.kernels.exports, task));
    }
    return results;
  }
}
