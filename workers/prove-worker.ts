/** Worker of `ProverPool`: see src/prove/tasks.ts. */
import { CircuitCache, proveJob } from '../src/prove/prove-job.js';
import type { ProveProgress, ProveRequest, ProveResult } from '../src/prove/tasks.js';
import { answer, type Answer } from './answer.js';
import type { Job } from './worker-pool.js';

/** One circuit, reloaded when its file changes; a failed job leaves it as it was. */
const circuits = new CircuitCache();

export default function run({ request, progress }: Job<ProveRequest>): Promise<Answer<ProveResult>> {
  const report = (message: ProveProgress) => {
    progress?.postMessage(message);
  };
  return answer(() => proveJob(request, circuits, report));
}
