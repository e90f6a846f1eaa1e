/**
 * A piscina pool with an owner: typed requests and answers, progress, cancellation, and one meaning for everything that can go wrong
 * with threads. A worker that dies fails its own job (WORKER_DIED) and is replaced.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { internal, ZkonnxError } from '../base/errors.js';
import { unwrap, type Answer } from './answer.js';
import { workerUrl, type WorkerName } from './worker-url.js';

/** What every worker entry's default export takes: the request and where to report progress. */
export interface Job<Request> {
  readonly request: Request;
  readonly progress?: MessagePort | undefined;
}

export interface JobOptions<Progress> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface PoolOptions {
  /** Worker threads at most; default `defaultThreads()`. */
  readonly threads?: number | undefined;
  /** Starts all of them at once, side by side, rather than the first now and others as jobs come. */
  readonly startAll?: boolean | undefined;
}

/** More threads than this gain nothing and cost memory. */
const MAX_DEFAULT_THREADS = 8;
/** An idle worker keeps its loaded circuit and tables this long. */
const IDLE_MS = 30_000;
/**
 * MiB of a worker's new objects. V8's own bound lets every worker keep 48 MiB of messages that are long answered; kernels work outside of it, and
 * what a witness takes is in a few large arrays. A thousand proofs of a small model then end with the memory of the first hundred; bench/variants.md has
 * what it costs a cold proof.
 */
const YOUNG_MIB = 4;

/** min(cores this process may use, 8). */
export function defaultThreads(): number {
  return Math.min(availableParallelism(), MAX_DEFAULT_THREADS);
}

export class WorkerPool<Request, Value, Progress = never> {
  readonly threads: number;
  private readonly piscina: Piscina;
  /** Ends a job with an error; one entry a job that has not ended. */
  private readonly unfinished = new Set<(error: ZkonnxError) => void>();
  private closed = false;

  constructor(
    private readonly name: WorkerName,
    options: PoolOptions = {},
  ) {
    this.threads = options.threads ?? defaultThreads();
    if (!Number.isInteger(this.threads) || this.threads < 1) {
      throw new ZkonnxError('USAGE', 'the number of threads must be a positive integer', {
        got: String(options.threads),
      });
    }
    const filename = fileURLToPath(workerUrl(name));
    if (!existsSync(filename)) {
      throw new ZkonnxError('INTERNAL', 'a worker file is missing', { where: filename, help: 'run `npm run build`' });
    }
    this.piscina = new Piscina({
      filename,
      minThreads: options.startAll === true ? this.threads : 1,
      maxThreads: this.threads,
      idleTimeout: IDLE_MS,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
      // ffjavascript's dependency `web-worker` takes every worker thread for its own and loads the module named here:
      // an empty one. Without it, importing snarkjs or ffjavascript in a worker throws.
      workerData: { mod: 'data:text/javascript,' },
    });
    // A worker that fails outside a job, most likely while loading: queued jobs would wait for ever.
    this.piscina.on('error', (cause: unknown) => {
      this.failAll(died(this.name, cause));
    });
    // piscina does not replace a worker that ends while it starts; where it was the last one, queued jobs would wait for ever too.
    this.piscina.on('workerDestroy', () => {
      queueMicrotask(() => {
        if (this.piscina.threads.length === 0) this.failAll(died(this.name, 'it ended while it started'));
      });
    });
  }

  /**
   * Runs one job. Rejects with the worker's own ZkonnxError, WORKER_DIED if its thread ended, ABORTED if `signal` fired or the pool
   * was closed. `onProgress` is not called after the promise settles.
   */
  async run(request: Request, options: JobOptions<Progress> = {}): Promise<Value> {
    if (this.closed) throw closedError();
    if (isAborted(options.signal)) throw abortedError(options.signal);
    const stop = new AbortController();
    const onAbort = () => {
      stop.abort();
    };
    options.signal?.addEventListener('abort', onAbort, { once: true });
    const channel = options.onProgress === undefined ? undefined : new MessageChannel();
    if (channel !== undefined && options.onProgress !== undefined) channel.port1.on('message', options.onProgress);
    let fail: (error: ZkonnxError) => void = () => undefined;
    const failure = new Promise<never>((_, reject) => {
      fail = reject;
    });
    this.unfinished.add(fail);
    try {
      const job: Job<Request> = { request, progress: channel?.port2 };
      const transferList = channel === undefined ? [] : [channel.port2];
      const reply = this.piscina.run(job, { signal: stop.signal, transferList }) as Promise<Answer<Value>>;
      return unwrap(await Promise.race([reply, failure]));
    } catch (error) {
      // Takes a job that is still queued out of the queue, and ends the thread of one that still runs.
      stop.abort();
      if (error instanceof ZkonnxError) throw error;
      if (isAborted(options.signal)) throw abortedError(options.signal);
      if (this.closed) throw closedError();
      if (error instanceof Error && error.name === 'DataCloneError') throw internal(error.message);
      throw died(this.name, error);
    } finally {
      this.unfinished.delete(fail);
      options.signal?.removeEventListener('abort', onAbort);
      channel?.port1.close();
    }
  }

  /** Ends all workers; jobs under way reject with ABORTED. Closing twice is harmless. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.failAll(closedError());
    await this.piscina.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private failAll(error: ZkonnxError): void {
    for (const fail of [...this.unfinished]) fail(error);
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function abortedError(signal: AbortSignal | undefined): ZkonnxError {
  return new ZkonnxError('ABORTED', 'the work was stopped', { cause: signal?.reason });
}

function closedError(): ZkonnxError {
  return new ZkonnxError('ABORTED', 'the worker pool was closed');
}

function died(worker: WorkerName, cause: unknown): ZkonnxError {
  return new ZkonnxError('WORKER_DIED', 'a worker thread ended before its job', {
    got: cause instanceof Error ? cause.message : String(cause),
    where: worker,
    help: 'most often memory ran out: use fewer threads or a smaller circuit',
    cause,
  });
}
