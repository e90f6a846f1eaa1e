/**
 * Proving in a pool of worker threads. Each proof is made by all of them over one shared memory that holds the key; while one is
 * being made, the witnesses of the next are solved. The pool has an owner, who closes it.
 */
import { stat } from 'node:fs/promises';
import { WireClass } from '../constraint/r1cs.js';
import { mapInOrder } from '../pool/in-order.js';
import type { LoadedCircuit } from './engine/loaded-circuit.js';
import { WorkerPool, type JobOptions, type PoolOptions } from '../pool/worker-pool.js';
import { unlessAborted, ZkonnxError } from '../base/errors.js';
import { readZkeyInfo } from '../formats/zkey-file.js';
import { peakMemoryBytes } from '../base/peak-memory.js';
import { Stopwatch } from '../base/stopwatch.js';
import { drawChallenges, type Transcript } from '../verify/transcript.js';
import type { Protocol } from '../verify/statement.js';
import type { Challenge } from './mirage/prover.js';
import { requireFittingKey } from './groth16/key-match.js';
import { requireFittingMirageKey } from './mirage/key-match.js';
import { MirageProvingKey, type MirageKeyLoadOptions } from './mirage/proving-key.js';
import type { Circuit } from '../constraint/program.js';
import { ProvingKey, type KeyLimits } from './groth16/proving-key.js';
import type {
  CircuitInputs,
  ProvePhase,
  ProveProgress,
  ProveReplies,
  ProveResult,
  ProverName,
  ProveTask,
  ProveWorkerReply,
  ProveWorkerRequest,
} from './tasks.js';
import { requireTwoRounds, roundTwo } from './mirage/two-rounds.js';

/** What to prove. */
export interface ProveSample extends CircuitInputs {
  /** Default: our kernels. */
  readonly prover?: ProverName | undefined;
  /** circuit.bin and proving key of one artifact: a .zkey, or a key of mirage where `transcript` is given. */
  readonly circuitPath: string;
  readonly zkeyPath: string;
  /** Of mirage: what the challenges are drawn from beside C1 and the public values. */
  readonly transcript?: Pick<Transcript, 'keyDigest' | 'context'> | undefined;
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

/** What `preload` takes. */
export interface PreloadFiles extends Pick<ProveSample, 'circuitPath' | 'zkeyPath'> {
  /** Default groth16. */
  readonly protocol?: Protocol | undefined;
}

/** Something loaded from a file, known by path, size and time of change. */
interface Loaded<T> {
  readonly id: string;
  readonly value: Promise<T>;
}

/** `await using pool = new ProverPool()`, or `close()` in a `finally`. */
export class ProverPool {
  private readonly workers: WorkerPool<ProveWorkerRequest, ProveWorkerReply, number>;
  private circuit: Loaded<LoadedCircuit> | undefined;
  private readonly groth16Keys: LastKey<ProvingKey, KeyLimits>;
  private readonly mirageKeys: LastKey<MirageProvingKey, MirageKeyLoadOptions>;
  private readonly maxMemoryBytes: number | undefined;

  /** Starts all workers. Throws USAGE for a bad number of threads. */
  constructor({ threads, maxMemoryBytes }: ProverPoolOptions = {}) {
    this.workers = new WorkerPool('prove-worker', { threads, startAll: true });
    this.maxMemoryBytes = maxMemoryBytes;
    this.groth16Keys = new LastKey((path, limits) =>
      ProvingKey.load(path, this.workers, { ...limits, maxMemoryBytes }),
    );
    this.mirageKeys = new LastKey((path, limits) =>
      MirageProvingKey.load(path, this.workers, { ...limits, maxMemoryBytes }),
    );
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
    const protocol = sample.transcript === undefined ? 'groth16' : 'mirage';
    if (sample.prover !== 'snarkjs') this.preload({ ...sample, protocol });
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
    if (sample.transcript !== undefined)
      return this.proveTwoRounds(sample, sample.transcript, loaded, stopwatch, signal, report);
    const key = await unlessAborted(
      this.groth16Keys.load(sample.zkeyPath, { wide: wideWires(circuit) }),
      signal,
      'the proof',
    );
    requireFittingKey(key.info, sample.zkeyPath, loaded);
    stopwatch.lap('load');
    report('witness');
    const solved = await this.run({ kind: 'witness', circuit, inputs, salts }, signal);
    stopwatch.lap('witness');
    report('queue');
    const proven = await key.prove(solved.witness, { signal, onProgress: report });
    report('sums', 1);
    return resultOf(proven, solved, stopwatch);
  }

  private async proveTwoRounds(
    { zkeyPath, inputs, salts }: ProveSample,
    transcript: Pick<Transcript, 'keyDigest' | 'context'>,
    loaded: LoadedCircuit,
    stopwatch: Stopwatch,
    signal: AbortSignal | undefined,
    report: (phase: ProvePhase, fraction?: number) => void,
  ): Promise<ProveResult> {
    const circuit = requireTwoRounds(loaded.circuit);
    const { rounds } = circuit;
    const key = await unlessAborted(this.mirageKeys.load(zkeyPath, { rounds }), signal, 'the proof');
    requireFittingMirageKey(key.info, zkeyPath, { ...circuit, hash: loaded.hash });
    stopwatch.lap('load');
    report('witness');
    const solved = await this.run({ kind: 'round-one', circuit, inputs, salts }, signal);
    const { witness } = solved;
    stopwatch.lap('witness');
    report('queue');
    const publicValues = solved.publicSignals.map(BigInt);
    const challenge: Challenge = (c1) =>
      roundTwo(circuit, witness.wires, drawChallenges({ ...transcript, publicValues, c1 }));
    const proven = await key.prove(rounds, witness, challenge, { signal, onProgress: report });
    report('sums', 1);
    return resultOf(proven, solved, stopwatch);
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
  preload({ circuitPath, zkeyPath, protocol }: PreloadFiles): void {
    const loaded = this.loadCircuit(circuitPath);
    loaded.catch(() => undefined);
    // With a limit, the circuit says first how much the proof will take.
    if (this.maxMemoryBytes !== undefined) return;
    const keys = protocol === 'mirage' ? this.mirageKeys : this.groth16Keys;
    keys.load(zkeyPath, {}).catch(() => undefined);
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
}

/** Phases before the key's queue are the stopwatch's, the others the key's. */
function resultOf(
  { proof, timingsMs }: Pick<ProveResult, 'proof'> & { readonly timingsMs: object },
  { publicSignals, outputs }: Pick<ProveResult, 'publicSignals' | 'outputs'>,
  stopwatch: Stopwatch,
): ProveResult {
  const { total, ...before } = stopwatch.timings();
  return {
    proof,
    publicSignals,
    outputs,
    timingsMs: { ...before, ...timingsMs, total },
    peakMemoryBytes: peakMemoryBytes(),
  };
}

/** Full-width wires. */
function wideWires({ r1cs }: Circuit): number {
  return r1cs.wireClass.reduce((count, one) => count + (one === WireClass.Field ? 1 : 0), 0);
}

interface PoolKey {
  readonly isSpoiled: boolean;
}

/** The key used last: two keys of large models at a time could exhaust the memory. */
class LastKey<Key extends PoolKey, Limits> {
  private last: Loaded<Key> | undefined;

  constructor(private readonly loadKey: (path: string, limits: Limits) => Promise<Key>) {}

  async load(path: string, limits: Limits): Promise<Key> {
    const id = await fileId(path, 'cannot read the proving key', 'run setup for this artifact');
    for (;;) {
      const current = this.last;
      const key = current?.id === id ? await current.value : undefined;
      if (key?.isSpoiled === false) return key;
      // Unless another caller has replaced it while this one waited.
      if (this.last !== current) continue;
      // Let go of the old key before the new one is loaded.
      this.last = undefined;
      const loading = { id, value: this.loadKey(path, limits) };
      this.last = loading;
      loading.value.catch(() => {
        if (this.last === loading) this.last = undefined;
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
