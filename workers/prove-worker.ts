/** Worker of `ProverPool`: kernel tasks, and those of src/prove/tasks.ts. */
import type { ProveReplies, ProveTask } from '../src/prove/tasks.js';
import { runProveTask } from '../src/prove/worker-tasks.js';
import { answer, type Answer } from '../src/pool/answer.js';
import { runKernelRequest, type KernelRequest } from './kernel-worker.js';
import type { Job } from '../src/pool/worker-pool.js';

export type ProveWorkerRequest = KernelRequest | ProveTask;
export type ProveWorkerReply = ProveReplies[ProveTask['kind']] | undefined;

export default function run({ request, progress }: Job<ProveWorkerRequest>): Promise<Answer<ProveWorkerReply>> {
  return answer<ProveWorkerReply>(() =>
    request.kind === 'kernel'
      ? runKernelRequest(request)
      : runProveTask(request, (fraction) => {
          progress?.postMessage(fraction);
        }),
  );
}
