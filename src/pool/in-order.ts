/** Jobs side by side, results in the order of their inputs, and never more than `limit` inputs taken ahead of the reader. */

/**
 * Takes inputs from `source`, runs `job` on up to `limit` of them at a time and yields the results in order; a result is handed over
 * once `limit` jobs are under way or the source has ended. On the first failure, or when the reader stops early, no further input is
 * taken, the source is closed, `stop` is called, jobs under way are waited for and their outcomes dropped.
 */
export async function* mapInOrder<Input, Output>(
  source: Iterable<Input> | AsyncIterable<Input>,
  limit: number,
  job: (input: Input, index: number) => Promise<Output>,
  stop: () => void = () => undefined,
): AsyncGenerator<Output, void, undefined> {
  const inFlight: Promise<Output>[] = [];
  let index = 0;
  try {
    for await (const input of source) {
      const running = job(input, index++);
      // Read below, perhaps after it has failed: until then it must not count as unhandled.
      running.catch(() => undefined);
      inFlight.push(running);
      if (inFlight.length >= limit) yield await inFlight.shift()!;
    }
    while (inFlight.length > 0) yield await inFlight.shift()!;
  } finally {
    stop();
    await Promise.allSettled(inFlight);
  }
}
