/** Worker of `ProverPool`: kernel tasks, and those of src/prove/tasks.ts. */
import { answer, type Answer } from '../src/pool/answer.js';
import { runKernelRequest } from '../src/pool/kernel-request.js';
import type { Job } from '../src/pool/worker-pool.js';
import type { ProveWorkerReply, ProveWorkerRequest } from '../src/prove/tasks.js';
import { runProveTask } from '../src/prove/worker-tasks.js';

export default function run({ request, progress }: Job<ProveWorkerRequest>): Promise<Answer<ProveWorkerReply>> {
  return answer<ProveWorkerReply>(() =>
    request.kind === 'kernel'
      ? runKernelRequest(request)
      : runProveTask(request, (fraction) => {
          progress?.postMessage(fraction);
        }),
  );
}
