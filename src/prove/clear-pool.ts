/** Provers of protocol `clear` where there are worker threads. */
import { peakMemoryBytes } from '../base/peak-memory.js';
import { canShareMemory, createKernelMemory } from '../kernels/module.js';
import type { ClearKernels } from '../kernels/clear/module.js';
import { SoloClearTeam, type ClearTeam } from '../kernels/clear/team.js';
import type { ClearReply, ClearRequest } from '../pool/clear-request.js';
import { clearPool, ClearWorkerTeam } from '../pool/clear-team.js';
import { defaultThreads, type WorkerPool } from '../pool/worker-pool.js';
import type { ClearCrew } from './clear/crew.js';
import { ownMemory } from './clear/crew.js';
import { requireProcessMemory } from './engine/key-team.js';

/**
 * Field elements of a proof's code from which on workers are started where nobody says how many: below it they take longer to start than they save (mnist-12 has
 * 2^18, a proof of it takes some 50 ms on one thread).
 */
const WORTH_WORKERS = 2 ** 20;

export interface ClearPoolOptions {
  /** Worker threads; 1 computes on the calling thread. */
  readonly threads?: number | undefined;
  readonly maxMemoryBytes?: number | undefined;
}

/** Worker threads over one shared memory, started when they are first needed; the calling thread where memory cannot be shared. */
export class PoolCrew implements ClearCrew {
  readonly peakMemoryBytes = peakMemoryBytes;
  private readonly isShared: boolean;
  private pool: WorkerPool<ClearRequest, ClearReply> | undefined;

  /** MEMORY_EXCEEDED beyond `maxMemoryBytes` of the whole process. Throws USAGE for a bad number of threads. */
  constructor(private readonly options: ClearPoolOptions = {}) {
    const { threads } = options;
    this.isShared = canShareMemory() && (threads ?? defaultThreads()) !== 1;
    // Those that are asked for begin to start while the program is read.
    if (threads !== undefined && this.isShared) this.pool = clearPool(threads);
  }

  memory(): WebAssembly.Memory {
    return this.isShared ? createKernelMemory() : ownMemory();
  }

  team(kernels: ClearKernels, elements: number): ClearTeam {
    if (!this.isShared || (this.pool === undefined && elements < WORTH_WORKERS)) return new SoloClearTeam(kernels);
    this.pool ??= clearPool();
    return new ClearWorkerTeam(kernels, this.pool);
  }

  requireMemory(bytes: number): void {
    const { maxMemoryBytes } = this.options;
    if (maxMemoryBytes !== undefined) requireProcessMemory(bytes, this.pool?.threads ?? 0, maxMemoryBytes);
  }

  async close(): Promise<void> {
    await this.pool?.close();
  }
}
