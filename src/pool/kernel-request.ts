/** A kernel task over the memory of a team, as a worker gets it, and how it is run there. */
import { instantiateKernels, type KernelExports } from '../kernels/module.js';
import { runKernelTask, type KernelTask } from '../kernels/tasks.js';

export interface KernelRequest {
  readonly kind: 'kernel';
  /** Names the memory within the process: messages carry a new object for the same memory each time. */
  readonly memoryId: number;
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly task: KernelTask;
  /** The region of this task alone. */
  readonly scratch: number;
}

/** The instance of the memory used last; an older memory must not be kept alive. */
let last: { readonly memoryId: number; readonly exports: KernelExports } | undefined;

export async function runKernelRequest({ memoryId, memory, module, task, scratch }: KernelRequest): Promise<undefined> {
  if (last?.memoryId !== memoryId) last = { memoryId, exports: (await instantiateKernels({ memory, module })).exports };
  runKernelTask(last.exports, task, scratch);
}
