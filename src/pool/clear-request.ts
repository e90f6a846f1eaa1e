/** A task of protocol `clear` over the memory of a team, as a worker gets it, and how it is run there. */
import { runClearTask, type ClearResult, type ClearTask } from '../kernels/clear/calls.js';
import type { ClearExports } from '../kernels/clear/exports.js';
import { instantiateClearKernels } from '../kernels/clear/module.js';
import { MEMORY_UNKNOWN, type SharedKernels } from './kernel-request.js';

/** As KernelRequest. */
export interface ClearRequest {
  readonly kind: 'calls';
  readonly memoryId: number;
  readonly shared?: SharedKernels;
  readonly task: ClearTask;
}

export type ClearReply = typeof MEMORY_UNKNOWN | { readonly result: ClearResult };

/** The instance of the memory used last; an older memory must not be kept alive. */
let last: { readonly memoryId: number; readonly exports: ClearExports } | undefined;

export async function runClearRequest({ memoryId, shared, task }: ClearRequest): Promise<ClearReply> {
  if (last?.memoryId !== memoryId) {
    if (shared === undefined) return MEMORY_UNKNOWN;
    last = { memoryId, exports: (await instantiateClearKernels(shared)).exports };
  }
  return { result: runClearTask(last.exports, task) };
}
