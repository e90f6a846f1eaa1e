/** Who runs kernel tasks: this thread alone, or workers over a shared memory (src/pool/kernel-team.ts). Uses no Node API. */
import type { Kernels } from './module.js';
import { runKernelTask, taskScratchBytes, type KernelTask } from './tasks.js';

/** The owner of a memory with threads to work on it. One computation at a time: the heap is a stack. */
export interface Team {
  /** The memory, its heap, and this thread's own instance. */
  readonly kernels: Kernels;
  /** Tasks that run side by side at most. */
  readonly size: number;
  /**
   * Runs independent tasks, the first ones first; scratch comes from the heap and goes back. Settles when none runs any more: the heap
   * may be released after a failure too. Rejects with the first failure. `onDone` hears of every task that has succeeded.
   */
  run(tasks: readonly KernelTask[], onDone?: (task: KernelTask) => void): Promise<void>;
}

/** A team of this thread alone: tasks run in the caller's turn. Between two of them it lets other work of the thread through. */
export class SoloTeam implements Team {
  readonly size = 1;

  /** `pause` is awaited between tasks; give one that yields where a page must stay responsive. */
  constructor(
    readonly kernels: Kernels,
    private readonly pause: () => Promise<void> | undefined = () => undefined,
  ) {}

  async run(tasks: readonly KernelTask[], onDone: (task: KernelTask) => void = () => undefined): Promise<void> {
    const { exports, heap } = this.kernels;
    const mark = heap.mark();
    try {
      const scratch = heap.allocate(scratchBytes(this.kernels, tasks));
      for (const task of tasks) {
        await this.pause();
        runKernelTask(exports, task, scratch);
        onDone(task);
      }
    } finally {
      heap.release(mark);
    }
  }
}

/** Bytes that suffice for any of the tasks. */
export function scratchBytes({ exports }: Kernels, tasks: readonly KernelTask[]): number {
  return tasks.reduce((most, task) => Math.max(most, taskScratchBytes(exports, task)), 0);
}

/** 0 … n cut into `parts` ranges of about the same size, none of them empty. */
export function ranges(n: number, parts: number): { readonly from: number; readonly to: number }[] {
  const cut = (i: number): number => Math.floor((n * i) / parts);
  return Array.from({ length: parts }, (_, i) => ({ from: cut(i), to: cut(i + 1) })).filter(
    ({ from, to }) => from < to,
  );
}
