/** Proving in a pool of worker threads, one sample a worker at a time. The pool has an owner, who closes it. */
import { mapInOrder } from '../../workers/in-order.js';
import { WorkerPool, type JobOptions, type PoolOptions } from '../../workers/worker-pool.js';
import type { ProveProgress, ProveRequest, ProveResult } from './tasks.js';

/** What to prove: a request without its tag. */
export type ProveSample = Omit<ProveRequest, 'kind'>;

export interface ProveManyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Progress of one sample, by its place in the batch. */
  readonly onProgress?: ((index: number, progress: ProveProgress) => void) | undefined;
}

/** `await using pool = new ProverPool()`, or `close()` in a `finally`. */
export class ProverPool {
  private readonly workers: WorkerPool<ProveRequest, ProveResult, ProveProgress>;

  /** Starts one worker at once, more as jobs need them. Throws USAGE for a bad number of threads. */
  constructor(options: PoolOptions = {}) {
    this.workers = new WorkerPool('prove-worker', options);
  }

  /** Samples proven side by side at most. */
  get threads(): number {
    return this.workers.threads;
  }

  /**
   * Proves one sample. Rejects with what the worker threw (KEY_MISMATCH, KEY_INVALID, ARTIFACT_INVALID, FORMAT_VERSION,
   * FILE_UNREADABLE, INPUT_…, RANGE_EXCEEDED), WORKER_DIED if its thread ended, ABORTED if `signal` fired or the pool was closed.
   * The pool stays usable after each of these except closing.
   */
  prove(sample: ProveSample, options: JobOptions<ProveProgress> = {}): Promise<ProveResult> {
    return this.workers.run({ kind: 'prove', ...sample }, options);
  }

  /**
   * Proves samples side by side on all workers and yields the results in the order of the samples. At most twice as many samples
   * are taken from the source as there are workers. The first sample, in order, that fails ends the batch after the results before
   * it; so does a reader who leaves. What is then under way is stopped.
   */
  async *proveMany(
    samples: Iterable<ProveSample> | AsyncIterable<ProveSample>,
    { signal, onProgress }: ProveManyOptions = {},
  ): AsyncGenerator<ProveResult, void, undefined> {
    const rest = new AbortController();
    const stop = signal === undefined ? rest.signal : AbortSignal.any([signal, rest.signal]);
    const prove = (sample: ProveSample, index: number) => {
      const report =
        onProgress === undefined
          ? undefined
          : (progress: ProveProgress) => {
              onProgress(index, progress);
            };
      return this.prove(sample, { signal: stop, onProgress: report });
    };
    yield* mapInOrder(samples, 2 * this.threads, prove, () => {
      rest.abort();
    });
  }

  /** Ends all workers; jobs under way reject with ABORTED. Closing twice is harmless. */
  close(): Promise<void> {
    return this.workers.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
