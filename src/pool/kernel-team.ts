/** A team of worker threads over one shared memory. */
import { isAborted, throwIfAborted } from '../base/errors.js';
import type { Kernels } from '../kernels/module.js';
import type { KernelTask } from '../kernels/tasks.js';
import { scratchBytes, type Team } from '../kernels/team.js';
import { MEMORY_UNKNOWN, type KernelReply, type KernelRequest } from './kernel-request.js';
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

/** Numbers of memories, by which workers know them. */
const memoryIds = new WeakMap<WebAssembly.Memory, number>();
let memories = 0;

function memoryIdOf(memory: WebAssembly.Memory): number {
  const id = memoryIds.get(memory) ?? ++memories;
  memoryIds.set(memory, id);
  return id;
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
    const queue = tasks.values();
    const failures: unknown[] = [];
    const lane = async (scratch: number): Promise<void> => {
      for (const task of queue) {
        if (failures.length > 0) return;
        try {
          throwIfAborted(this.signal, 'the computation');
          const request = { kind: 'kernel', memoryId: this.memoryId, task, scratch } as const;
          if ((await this.pool.run(request)) === MEMORY_UNKNOWN) await this.pool.run({ ...request, shared });
          onDone(task);
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
    // A worker that died while an abort was waited for is the graver news: the memory cannot be trusted.
    if (failures.length > 0) throw failures.find((error) => !isAborted(error)) ?? failures[0];
  }
}
