/** Worker of `setupDev` and `verificationKeyFromZkey`: see src/setup/tasks.ts. */
import { SetupEngine } from '../src/setup/engine.js';
import type { SetupReply, SetupRequest } from '../src/setup/tasks.js';
import { answer, type Answer } from './answer.js';
import type { Job } from './worker-pool.js';

/** The curve and the generators' tables: public constants, built on first use. */
const engine = new SetupEngine();

export default function run({ request }: Job<SetupRequest>): Promise<Answer<SetupReply>> {
  return answer(() => engine.run(request));
}
