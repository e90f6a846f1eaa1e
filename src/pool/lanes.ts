/** Tasks of a team on the threads of a pool. */
import { isAborted } from '../base/errors.js';

/**
 * Runs `run` on every task, the first ones first, `count` of them at a time at most. Settles when none runs any more; rejects with the first failure, but rather
 * with one that is no ABORTED: a worker that died while an abort was waited for is the graver news, since the memory cannot be trusted.
 */
export async function runLanes<Task>(
  tasks: readonly Task[],
  count: number,
  run: (task: Task, lane: number, index: number) => Promise<void>,
): Promise<void> {
  const queue = tasks.entries();
  const failures: unknown[] = [];
  const lane = async (number: number): Promise<void> => {
    for (const [index, task] of queue) {
      if (failures.length > 0) return;
      try {
        await run(task, number, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, tasks.length) }, (_, number) => lane(number)));
  if (failures.length > 0) throw failures.find((error) => !isAborted(error)) ?? failures[0];
}
