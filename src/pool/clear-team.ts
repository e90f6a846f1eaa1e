/** A team of worker threads over one shared memory, for protocol `clear`. */
import type { ClearResult, ClearTask } from '../kernels/clear/calls.js';
import type { ClearKernels } from '../kernels/clear/module.js';
import { PACE, type Between, type ClearTeam } from '../kernels/clear/team.js';
import type { ClearReply, ClearRequest } from './clear-request.js';
import { MEMORY_UNKNOWN } from './kernel-request.js';
import { runLanes } from './lanes.js';
import { memoryIdOf } from './memory-id.js';
import { WorkerPool } from './worker-pool.js';

/** What a team needs of a pool; its workers answer ClearRequest, perhaps among others. */
export interface ClearPool {
  readonly threads: number;
  run(request: ClearRequest): Promise<unknown>;
}

/** Workers that know kernel tasks only. Throws USAGE for a bad number of threads. */
export function clearPool(threads?: number): WorkerPool<ClearRequest, ClearReply> {
  return new WorkerPool('kernel-worker', { threads, startAll: true });
}

export class ClearWorkerTeam implements ClearTeam {
  readonly pace = PACE;
  private readonly memoryId: number;

  /** `kernels` has a shared memory; the pool may serve other teams too, and its owner closes it. */
  constructor(
    readonly kernels: ClearKernels,
    private readonly pool: ClearPool,
  ) {
    this.memoryId = memoryIdOf(kernels.memory);
  }

  get size(): number {
    return this.pool.threads;
  }

  /** Rejects with a task's own failure, WORKER_DIED, or what `between` throws (tasks under way are waited for). */
  async run(tasks: readonly ClearTask[], between: Between): Promise<readonly ClearResult[]> {
    const { memory, module } = this.kernels;
    const results = new Array<ClearResult>(tasks.length).fill(undefined);
    await runLanes(tasks, this.size, async (task, _, index) => {
      const pause = between();
      if (pause !== undefined) await pause;
      const request = { kind: 'calls', memoryId: this.memoryId, task } as const;
      let reply = (await this.pool.run(request)) as ClearReply;
      if (reply === MEMORY_UNKNOWN) {
        reply = (await this.pool.run({ ...request, shared: { memory, module } })) as ClearReply;
      }
      if (reply !== MEMORY_UNKNOWN) results[index] = reply.result;
    });
    return results;
  }
}
