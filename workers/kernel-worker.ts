/** Worker of `kernelPool`: runs kernel tasks of either module over the memory of a team. */
import { answer, type Answer } from '../src/pool/answer.js';
import { runClearRequest, type ClearReply, type ClearRequest } from '../src/pool/clear-request.js';
import { runKernelRequest, type KernelReply, type KernelRequest } from '../src/pool/kernel-request.js';
import type { Job } from '../src/pool/worker-pool.js';

export default function run({ request }: Job<KernelRequest | ClearRequest>): Promise<Answer<KernelReply | ClearReply>> {
  return answer<KernelReply | ClearReply>(() =>
    request.kind === 'calls' ? runClearRequest(request) : runKernelRequest(request),
  );
}
