/** Worker of `kernelPool`: runs kernel tasks over the memory of a team. */
import { answer, type Answer } from '../src/pool/answer.js';
import { runKernelRequest, type KernelReply, type KernelRequest } from '../src/pool/kernel-request.js';
import type { Job } from '../src/pool/worker-pool.js';

export default function run({ request }: Job<KernelRequest>): Promise<Answer<KernelReply>> {
  return answer(() => runKernelRequest(request));
}
