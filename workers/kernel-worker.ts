/** Worker of `kernelPool`: runs kernel tasks over the memory of a team. */
import { answer, type Answer } from '../src/pool/answer.js';
import { runKernelRequest, type KernelRequest } from '../src/pool/kernel-request.js';
import type { Job } from '../src/pool/worker-pool.js';

export default function run({ request }: Job<KernelRequest>): Promise<Answer<undefined>> {
  return answer(() => runKernelRequest(request));
}
