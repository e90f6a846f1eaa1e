/** A kernel task over the memory of a team, as a worker gets it, and how it is run there. */
import { instantiateKernels, type KernelExports } from '../kernels/module.js';
import { runKernelTask, type KernelTask } from '../kernels/tasks.js';

/** What a worker instantiates the kernels of. */
export interface SharedKernels {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
}

/** Of a worker that does not know the memory: the task was not begun, ask again with `shared`. */
export const MEMORY_UNKNOWN = 'memory unknown';
export type KernelReply = typeof MEMORY_UNKNOWN | undefined;

export interface KernelRequest {
  readonly kind: 'kernel';
  /** Names the memory within the process: messages carry a new object for the same memory each time. */
  readonly memoryId: number;
  /** Left out for a worker that may know the memory: cloning it is much of what a message costs. */
  readonly shared?: SharedKernels;
  readonly task: KernelTask;
  /** The region of this task alone. */
  readonly scratch: number;
}

/** The instance of the memory used last; an older memory must not be kept alive. */
let last: { readonly memoryId: number; readonly exports: KernelExports } | undefined;

export async function runKernelRequest({ memoryId, shared, task, scratch }: KernelRequest): Promise<KernelReply> {
  if (last?.memoryId !== memoryId) {
    if (shared === undefined) return MEMORY_UNKNOWN;
    last = { memoryId, exports: (await instantiateKernels(shared)).exports };
  }
  runKernelTask(last.exports, task, scratch);
  return undefined;
}
