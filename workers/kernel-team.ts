/** A team of worker threads over one shared memory. */
import { throwIfAborted } from '../src/errors.js';
import type { Kernels } from '../src/kernels/module.js';
import type { KernelTask } from '../src/kernels/tasks.js';
import { scratchBytes, type Team } from '../src/kernels/team.js';
import type { KernelRequest } from './kernel-worker.js';
import { WorkerPool } from './worker-pool.js';

export type KernelPool = WorkerPool<KernelRequest, undefined>;

/** Throws USAGE for a bad number of threads. */
export function kernelPool(threads?: number): KernelPool {
  return new WorkerPool('kernel-worker', { threads });
}

let memories = 0;

export class WorkerTeam implements Team {
  private readonly memoryId = ++memories;

  /** `kernels` has a shared memory; the pool may serve other teams too, and its owner closes it. */
  constructor(
    readonly kernels: Kernels,
    private readonly pool: KernelPool,
    private readonly signal?: AbortSignal,
  ) {}

  get size(): number {
    return this.pool.threads;
  }

  /** Rejects with the first failure: a task's own, WORKER_DIED, ABORTED if the signal fired (tasks under way are waited for). */
  async run(tasks: readonly KernelTask[]): Promise<void> {
    const { heap } = this.kernels;
    const mark = heap.mark();
    const bytes = scratchBytes(this.kernels, tasks);
    const queue = tasks.values();
    const failures: unknown[] = [];
    const lane = async (scratch: number): Promise<void> => {
      for (const task of queue) {
        if (failures.length > 0) return;
        try {
          throwIfAborted(this.signal, 'the computation');
          await this.pool.run({ memoryId: this.memoryId, memory: this.kernels.memory, task, scratch });
        } catch (error) {
          failures.push(error);
        }
      }
    };
    try {
      const lanes = Array.from({ length: Math.min(this.size, tasks.length) }, () => heap.allocate(bytes));
      await Promise.all(lanes.map(lane));
    } finally {
      heap.release(mark);
    }
    if (failures.length > 0) throw failures[0];
  }
}
