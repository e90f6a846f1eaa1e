/** A team of worker threads over one shared memory. */
import { throwIfAborted } from '../base/errors.js';
import type { Kernels } from '../kernels/module.js';
import type { KernelTask } from '../kernels/tasks.js';
import { scratchBytes, type Team } from '../kernels/team.js';
import { MEMORY_UNKNOWN, type KernelReply, type KernelRequest } from './kernel-request.js';
import { runLanes } from './lanes.js';
import { memoryIdOf } from './memory-id.js';
import { WorkerPool } from './worker-pool.js';

/** What a team needs of a pool; its workers answer KernelRequest, perhaps among others. */
export interface KernelPool {
  readonly threads: number;
  run(request: KernelRequest): Promise<unknown>;
}

/** Workers that know kernel tasks only. Throws USAGE for a bad number of threads. */
export function kernelPool(threads?: number): WorkerPool<KernelRequest, KernelReply> {
  return new WorkerPool('kernel-worker', { threads, startAll: true });
}

export class WorkerTeam implements Team {
  private readonly memoryId: number;

  /** `kernels` has a shared memory; the pool may serve other teams too, and its owner closes it. */
  constructor(
    readonly kernels: Kernels,
    private readonly pool: KernelPool,
    private readonly signal?: AbortSignal,
  ) {
    this.memoryId = memoryIdOf(kernels.memory);
  }

  get size(): number {
    return this.pool.threads;
  }

  /** Rejects with the first failure: a task's own, WORKER_DIED, ABORTED if the signal fired (tasks under way are waited for). */
  async run(tasks: readonly KernelTask[], onDone: (task: KernelTask) => void = () => undefined): Promise<void> {
    const { heap, memory, module } = this.kernels;
    const shared = { memory, module };
    const mark = heap.mark();
    const bytes = scratchBytes(this.kernels, tasks);
    try {
      const lanes = Array.from({ length: Math.min(this.size, tasks.length) }, () => heap.allocate(bytes));
      await runLanes(tasks, lanes.length, async (task, lane) => {
        throwIfAborted(this.signal, 'the computation');
        const request = { kind: 'kernel', memoryId: this.memoryId, task, scratch: lanes[lane]! } as const;
        if ((await this.pool.run(request)) === MEMORY_UNKNOWN) await this.pool.run({ ...request, shared });
        onDone(task);
      });
    } finally {
      heap.release(mark);
    }
  }
}
