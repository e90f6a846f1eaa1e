/** Who proves with a loaded key, and whether the process may grow by what that takes. */
import { WorkerTeam, type KernelPool } from '../../pool/kernel-team.js';
import { throwIfAborted, ZkonnxError } from '../../base/errors.js';
import { canShareMemory, createKernelMemory, type Kernels } from '../../kernels/module.js';
import { SoloTeam, type Team } from '../../kernels/team.js';
import { pauseForOthers } from './event-loop.js';
import type { KeyHost } from './proving-key.js';

/** Keys in memories that all workers of a pool share; its owner closes it. MEMORY_EXCEEDED beyond `maxMemoryBytes` of the whole process. */
export function poolHost(pool: KernelPool, maxMemoryBytes?: number): KeyHost {
  return {
    threads: pool.threads,
    memory: createKernelMemory,
    team: (kernels, { signal }) => teamOf(kernels, pool, signal),
    ...(maxMemoryBytes === undefined
      ? {}
      : {
          requireMemory: (bytes) => {
            requireProcessMemory(bytes, pool.threads, maxMemoryBytes);
          },
        }),
  };
}

/** All workers of the pool; or, where memory cannot be shared, this thread, which lets others' work through between tasks. */
export function teamOf(kernels: Kernels, pool: KernelPool, signal?: AbortSignal): Team {
  if (canShareMemory()) return new WorkerTeam(kernels, pool, signal);
  const pause = pauseForOthers();
  return new SoloTeam(kernels, async () => {
    await pause();
    throwIfAborted(signal, 'the computation');
  });
}

/** A worker thread's own heap and stacks. */
const THREAD_BYTES = 16 * 2 ** 20;

/** Throws MEMORY_EXCEEDED where the process would, by estimate, come to hold more than it may: `bytes` beside its threads. */
export function requireProcessMemory(bytes: number, threads: number, maxMemoryBytes: number): void {
  const estimate = process.memoryUsage().rss + threads * THREAD_BYTES + bytes;
  if (estimate <= maxMemoryBytes) return;
  const mebibytes = (value: number): string => `${Math.ceil(value / 2 ** 20)} MiB`;
  throw new ZkonnxError('MEMORY_EXCEEDED', 'the proof would take more memory than it may', {
    expected: `at most ${mebibytes(maxMemoryBytes)}`,
    got: `about ${mebibytes(estimate)} on ${threads} thread${threads === 1 ? '' : 's'}`,
    help: 'raise --max-memory, use fewer threads, or compile a smaller circuit',
  });
}
