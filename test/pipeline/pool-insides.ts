/** What tests of broken threads need of a pool: its insides, and the end of its threads. */
import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

/** The parts of a pool that only a test may touch: jobs that have not ended, and the threads. */
export interface Insides {
  readonly unfinished: ReadonlySet<unknown>;
  readonly piscina: { readonly threads: readonly Worker[] };
}
export const insidesOf = (owner: object): Insides =>
  'unfinished' in owner
    ? (owner as unknown as Insides)
    : insidesOf(Object.values(owner).find((part): part is object => part instanceof Object && 'piscina' in part)!);

/** Settles as what the promise was rejected with. */
export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

export async function busy({ unfinished, piscina }: Insides): Promise<void> {
  while (unfinished.size === 0 || piscina.threads.length === 0) await nextTurn();
}

/** Ends threads of a pool until the job, which is at work, has ended: the first one may have had nothing to do just then. */
export async function kill(owner: object, job: Promise<unknown>): Promise<void> {
  const { unfinished, piscina } = insidesOf(owner);
  let isOver = false;
  const over = job.then(() => (isOver = true));
  while (!isOver) {
    if (unfinished.size > 0) await piscina.threads[0]?.terminate();
    await Promise.race([over, setTimeout(5)]);
  }
}
