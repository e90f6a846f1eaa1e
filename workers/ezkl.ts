/** Piscina entry of the ezkl backend. */
import { runEzklJob } from '../src/ezkl/jobs.js';
import type { EzklResult, EzklTask } from '../src/ezkl/jobs.js';
import { answer, type Answer } from '../src/pool/answer.js';
import type { Job } from '../src/pool/worker-pool.js';

export default function ezkl({ request }: Job<EzklTask>): Promise<Answer<EzklResult>> {
  return answer(async () => runEzklJob(request));
}
