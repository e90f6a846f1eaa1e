/**
 * Proving in a pool of worker threads. Each proof is made by all of them over one shared memory that holds the key; while one is
 * being made, the witnesses of the next are solved. The pool has an owner, who closes it.
 */
import { stat } from 'node:fs/promises';
import { WireClass } from '../../circuits/r1cs.js';
import { mapInOrder } from '../../workers/in-order.js';
import type { ProveWorkerReply, ProveWorkerRequest } from '../../workers/prove-worker.js';
import { WorkerPool, type JobOptions, type PoolOptions } from '../../workers/worker-pool.js';
import { unlessAborted, ZkonnxError } from '../errors.js';
import { readZkeyInfo } from '../formats/zkey-file.js';
import { peakMemoryBytes } from '../peak-memory.js';
import { Stopwatch } from '../stopwatch.js';
import { requireFittingKey } from './key-match.js';
import type { Circuit } from './program.js';
import { ProvingKey } from './proving-key.js';
import type {
  CircuitInputs,
  LoadedCircuit,
  ProvePhase,
  ProveProgress,
  ProveReplies,
  ProveResult,
  ProverName,
  ProveTask,
} from './tasks.js';

/** What to prove. */
export interface ProveSample extends CircuitInputs {
  /** Default: our kernels. */
  readonly prover?: ProverName | undefined;
  /** circuit.bin and .zkey of one artifact. */
  readonly circuitPath: string;
  readonly zkeyPath: string;
}

export interface ProveManyOptions {
  readonly signal?: AbortSignal | undefined;
  /** Progress of one sample, by its place in the batch. */
  readonly onProgress?: ((index: number, progress: ProveProgress) => void) | undefined;
}

export interface ProverPoolOptions extends PoolOptions {
  /** MEMORY_EXCEEDED beforehand if the whole process would, by estimate, hold more. Our prover only. */
  readonly maxMemoryBytes?: number | undefined;
}

/** Something loaded from a file, known by path, size and time of change. */
interface Loaded<T> {
  readonly id: string;
  readonly value: Promise<T>;
}

/** `await using pool = new ProverPool()`, or `close()` in a `finally`. */
export class ProverPool {
  private readonly workers: WorkerPool<ProveWorkerRequest, ProveWorkerReply, number>;
  /** The ones used last: two keys of large models at a time could exhaust the memory. */
  private circuit: Loaded<LoadedCircuit> | undefined;
  private key: Loaded<ProvingKey> | undefined;

  private readonly maxMemoryBytes: number | undefined;

  /** Starts all workers. Throws USAGE for a bad number of threads. */
  constructor({ threads, maxMemoryBytes }: ProverPoolOptions = {}) {
    this.workers = new WorkerPool('prove-worker', { threads, startAll: true });
    this.maxMemoryBytes = maxMemoryBytes;
  }

  /** Threads that work side by side at most. */
  get threads(): number {
    return this.workers.threads;
  }

  /**
   * Proves one sample. Rejects with KEY_MISMATCH for a key of another circuit, what loading throws (KEY_INVALID, ARTIFACT_INVALID,
   * FORMAT_VERSION, FILE_UNREADABLE), INPUT_… and RANGE_EXCEEDED for inputs without a witness, MEMORY_EXCEEDED, WORKER_DIED if a thread
   * ended, ABORTED if `signal` fired or the pool was closed. The pool stays usable after each of these except closing.
   */
  async prove(sample: ProveSample, { signal, onProgress }: JobOptions<ProveProgress> = {}): Promise<ProveResult> {
    const stopwatch = new Stopwatch();
    const report = (phase: ProvePhase, fraction = 0): void => {
      onProgress?.({ phase, fraction });
    };
    report('load');
    // What is loaded serves others too: a signal ends the waiting, not the loading.
    if (sample.prover !== 'snarkjs') this.preload(sample);
    const loaded = await unlessAborted(this.loadCircuit(sample.circuitPath), signal, 'the proof');
    const { circuit } = loaded;
    const { inputs, salts } = sample;
    if (sample.prover === 'snarkjs') {
      requireFittingKey(await readZkeyInfo(sample.zkeyPath), sample.zkeyPath, loaded);
      stopwatch.lap('load');
      report('prove');
      const task = { kind: 'snarkjs', circuit, inputs, salts, zkeyPath: sample.zkeyPath } as const;
      const proven = await this.run(task, signal, (fraction) => {
        report('prove', fraction);
      });
      stopwatch.lap('prove');
      return { ...proven, timingsMs: stopwatch.timings(), peakMemoryBytes: peakMemoryBytes() };
    }
    const key = await unlessAborted(this.loadKey(sample.zkeyPath, circuit), signal, 'the proof');
    requireFittingKey(key.info, sample.zkeyPath, loaded);
    stopwatch.lap('load');
    report('witness');
    const { witness, outputs, publicSignals } = await this.run({ kind: 'witness', circuit, inputs, salts }, signal);
    stopwatch.lap('witness');
    report('queue');
    const { proof, timingsMs } = await key.prove(witness, { signal, onProgress: report });
    report('sums', 1);
    const { total, ...before } = stopwatch.timings();
    return {
      proof,
      publicSignals,
      outputs,
      timingsMs: { ...before, ...timingsMs, total },
      peakMemoryBytes: peakMemoryBytes(),
    };
  }

  /**
   * Proves samples and yields the results in the order of the samples. At most twice as many samples are taken from the source as there
   * are workers. The first sample, in order, that fails ends the batch after the results before it; so does a reader who leaves. What is
   * then under way is stopped.
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

  /** Begins to load a circuit and a key side by side; what is wrong with them, `prove` says. */
  preload({ circuitPath, zkeyPath }: Pick<ProveSample, 'circuitPath' | 'zkeyPath'>): void {
    const loaded = this.loadCircuit(circuitPath);
    loaded.catch(() => undefined);
    // With a limit, the circuit says first how much the proof will take.
    if (this.maxMemoryBytes === undefined) this.loadKey(zkeyPath).catch(() => undefined);
  }

  /** Ends all workers; jobs under way reject with ABORTED. Closing twice is harmless. */
  close(): Promise<void> {
    return this.workers.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private async run<Kind extends ProveTask['kind']>(
    task: ProveTask & { readonly kind: Kind },
    signal: AbortSignal | undefined,
    onProgress?: (fraction: number) => void,
  ): Promise<ProveReplies[Kind]> {
    return (await this.workers.run(task, { signal, onProgress })) as ProveReplies[Kind];
  }

  private async loadCircuit(path: string): Promise<LoadedCircuit> {
    const id = await fileId(path, 'cannot read the circuit', 'compile the model first');
    if (this.circuit?.id !== id) {
      this.circuit = { id, value: this.run({ kind: 'circuit', path }, undefined) };
      this.circuit.value.catch(() => {
        if (this.circuit?.id === id) this.circuit = undefined;
      });
    }
    return this.circuit.value;
  }

  private async loadKey(path: string, circuit?: Circuit): Promise<ProvingKey> {
    const id = await fileId(path, 'cannot read the proving key', 'run setup for this artifact');
    for (;;) {
      const current = this.key;
      const key = current?.id === id ? await current.value : undefined;
      if (key?.isSpoiled === false) return key;
      // Unless another caller has replaced it while this one waited.
      if (this.key !== current) continue;
      const wide = circuit?.r1cs.wireClass.reduce((count, one) => count + (one === WireClass.Field ? 1 : 0), 0);
      const limits = { maxMemoryBytes: this.maxMemoryBytes, wide };
      // Let go of the old key before the new one is loaded.
      this.key = undefined;
      const loading = { id, value: ProvingKey.load(path, this.workers, limits) };
      this.key = loading;
      loading.value.catch(() => {
        if (this.key === loading) this.key = undefined;
      });
    }
  }
}

/** Path, size and time of change. Throws FILE_UNREADABLE. */
async function fileId(file: string, what: string, help: string): Promise<string> {
  const stamp = await stat(file, { bigint: true }).catch((cause: unknown) => {
    throw new ZkonnxError('FILE_UNREADABLE', what, { where: file, help, cause });
  });
  return `${file}\0${stamp.size}\0${stamp.mtimeNs}`;
}
