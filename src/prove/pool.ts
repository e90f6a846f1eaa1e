/**
 * Proving in a pool of worker threads. Each proof is made by all of them over one shared memory that holds the key; while one is
 * being made, the witnesses of the next are solved. The pool has an owner, who closes it.
 */
import { unlessAborted } from '../base/errors.js';
import { peakMemoryBytes } from '../base/peak-memory.js';
import { Stopwatch } from '../base/stopwatch.js';
import { withFile } from '../formats/file-source.js';
import { bytesSource, type ByteSource } from '../formats/iden3-container.js';
import { WorkerPool, type PoolOptions } from '../pool/worker-pool.js';
import type { CurveProtocol } from '../verify/key-points.js';
import { poolHost } from './engine/key-team.js';
import type { LoadedCircuit } from './engine/loaded-circuit.js';
import type { ProverName, Statement } from './engine/protocol.js';
import { ProvingKey, type KeyLoadOptions } from './engine/proving-key.js';
import { storedKeyOf } from './groth16/stored-key-file.js';
import { ENGINES, type Parts } from './protocols.js';
import type { ProverHost, RunOptions } from './prover.js';
import { solveAndProve } from './solve-and-prove.js';
import type {
  CircuitInputs,
  ProveProgress,
  ProveReplies,
  ProveResult,
  ProveTask,
  ProveWorkerReply,
  ProveWorkerRequest,
  SolvedWitness,
} from './tasks.js';

/** circuit.bin and proving key of one artifact, each a path or the file's bytes. */
export interface ProverFiles<P extends CurveProtocol> {
  readonly protocol: P;
  readonly circuit: string | Uint8Array;
  readonly provingKey: string | Uint8Array;
}

export interface ProverPoolOptions extends PoolOptions {
  /** MEMORY_EXCEEDED beforehand if the whole process would, by estimate, hold more. Our prover only. */
  readonly maxMemoryBytes?: number | undefined;
  /** Default: our kernels. */
  readonly prover?: ProverName | undefined;
}

/** What a prover has at hand before it proves: the circuit, and what the key, which fits it, says about itself. */
export interface LoadedProver<P extends CurveProtocol> {
  readonly circuit: LoadedCircuit;
  readonly keyInfo: Parts[P]['keyFile']['info'];
}

type StoredKeys<P extends CurveProtocol> = (path: string, source: ByteSource) => KeyLoadOptions<Parts[P]>['stored'];

/** Forms of a key beside its file that load faster. */
const STORED_KEYS: { readonly [P in CurveProtocol]: StoredKeys<P> } = {
  groth16: storedKeyOf,
  mirage: () => undefined,
};

/** `await using pool = new ProverPool(…)`, or `close()` in a `finally`. */
export class ProverPool<P extends CurveProtocol> implements ProverHost<P> {
  private readonly workers: WorkerPool<ProveWorkerRequest, ProveWorkerReply, number>;
  private readonly prover: ProverName;
  private readonly maxMemoryBytes: number | undefined;
  private circuit: Promise<LoadedCircuit> | undefined;
  private key: Promise<ProvingKey<Parts[P]>> | undefined;

  /** Starts all workers. Throws USAGE for a bad number of threads. */
  constructor(
    private readonly files: ProverFiles<P>,
    { threads, maxMemoryBytes, prover = 'kernels' }: ProverPoolOptions = {},
  ) {
    this.workers = new WorkerPool('prove-worker', { threads, startAll: true });
    this.maxMemoryBytes = maxMemoryBytes;
    this.prover = prover;
  }

  /** Threads that work side by side at most. */
  get threads(): number {
    return this.workers.threads;
  }

  peakMemoryBytes(): number {
    return peakMemoryBytes();
  }

  /** Begins to load circuit and key side by side; what is wrong with them, `load` and `prove` say. */
  preload(): void {
    this.loadCircuit().catch(() => undefined);
    // With a limit, the circuit says first how much the proof will take.
    if (this.prover === 'kernels' && this.maxMemoryBytes === undefined) this.loadKey().catch(() => undefined);
  }

  /**
   * Rejects with KEY_MISMATCH for a key of another circuit, what loading throws (KEY_INVALID, ARTIFACT_INVALID, FORMAT_VERSION,
   * FILE_UNREADABLE, MEMORY_EXCEEDED), WORKER_DIED if a thread ended, ABORTED if `signal` fired or the pool was closed; after each of them but
   * the last the next call loads anew.
   */
  load(signal?: AbortSignal): Promise<LoadedProver<P>> {
    const load = { kernels: () => this.loadFitting(), snarkjs: () => this.readFitting() };
    // What is loaded serves others too: a signal ends the waiting, not the loading.
    return unlessAborted(load[this.prover](), signal, 'loading the key');
  }

  /**
   * Proves one sample. Rejects as `load`, and with INPUT_… and RANGE_EXCEEDED for inputs without a witness. The pool stays usable after each
   * of these except closing.
   */
  prove(inputs: CircuitInputs, statement: Statement, options: RunOptions = {}): Promise<ProveResult<P>> {
    const prove = {
      kernels: () => this.proveByKernels(inputs, statement, options),
      snarkjs: () => this.proveBySnarkjs(inputs, options),
    };
    return prove[this.prover]();
  }

  /** Ends all workers; jobs under way reject with ABORTED. Closing twice is harmless. */
  close(): Promise<void> {
    return this.workers.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private proveByKernels(
    inputs: CircuitInputs,
    statement: Statement,
    { signal, onProgress }: RunOptions,
  ): Promise<ProveResult<P>> {
    const { protocol } = this.files;
    return solveAndProve(
      {
        protocol,
        load: () => unlessAborted(this.loadFitting(), signal, 'the proof'),
        solve: async ({ circuit }) =>
          (await this.run({ kind: 'witness', protocol, circuit, ...inputs }, signal)) as SolvedWitness<P>,
      },
      statement,
      { signal, onProgress },
    );
  }

  /** Only for a protocol whose record names snarkjs among its provers: its proofs are that protocol's. */
  private async proveBySnarkjs(inputs: CircuitInputs, { signal, onProgress }: RunOptions): Promise<ProveResult<P>> {
    const stopwatch = new Stopwatch();
    const report = (phase: ProveProgress['phase'], fraction = 0): void => {
      onProgress?.({ phase, fraction });
    };
    report('load');
    const { circuit } = (await unlessAborted(this.readFitting(), signal, 'the proof')).circuit;
    stopwatch.lap('load');
    report('prove');
    const { proof, ...proven } = await this.run(
      { kind: 'snarkjs', circuit, ...inputs, zkey: this.files.provingKey },
      signal,
      (fraction) => {
        report('prove', fraction);
      },
    );
    stopwatch.lap('prove');
    return { ...proven, proof: proof as Parts[P]['proof'], timingsMs: stopwatch.timings() };
  }

  private async run<Kind extends ProveTask['kind']>(
    task: ProveTask & { readonly kind: Kind },
    signal: AbortSignal | undefined,
    onProgress?: (fraction: number) => void,
  ): Promise<ProveReplies[Kind]> {
    return (await this.workers.run(task, { signal, onProgress })) as ProveReplies[Kind];
  }

  private async loadFitting(): Promise<LoadedProver<P> & { readonly key: ProvingKey<Parts[P]> }> {
    this.preload();
    const circuit = await this.loadCircuit();
    const key = await this.loadKey(circuit);
    this.requireFitting(key.info, circuit);
    return { circuit, key, keyInfo: key.info };
  }

  /** What a prover that reads the key itself needs to know of it. */
  private async readFitting(): Promise<LoadedProver<P>> {
    const circuit = await this.loadCircuit();
    const { openKey } = ENGINES[this.files.protocol];
    const { info } = await withSource(this.files.provingKey, 'provingKey', openKey);
    this.requireFitting(info, circuit);
    return { circuit, keyInfo: info };
  }

  private requireFitting(info: Parts[P]['keyFile']['info'], circuit: LoadedCircuit): void {
    const { protocol, provingKey } = this.files;
    ENGINES[protocol].requireFitting(info, nameOf(provingKey, 'provingKey'), circuit.circuit);
  }

  private loadCircuit(): Promise<LoadedCircuit> {
    this.circuit ??= this.forgetting('circuit', this.run({ kind: 'circuit', source: this.files.circuit }, undefined));
    return this.circuit;
  }

  private async loadKey(circuit?: LoadedCircuit): Promise<ProvingKey<Parts[P]>> {
    for (;;) {
      const loading = (this.key ??= this.forgetting('key', this.readKey(circuit)));
      const key = await loading;
      if (!key.isSpoiled) return key;
      // Unless another caller has replaced it while this one waited.
      if (this.key === loading) this.key = undefined;
    }
  }

  private readKey(circuit: LoadedCircuit | undefined): Promise<ProvingKey<Parts[P]>> {
    const { protocol, provingKey } = this.files;
    const host = poolHost(this.workers, this.maxMemoryBytes);
    return withSource(provingKey, 'provingKey', (source) => {
      const stored = typeof provingKey === 'string' ? STORED_KEYS[protocol](provingKey, source) : undefined;
      return ProvingKey.load(ENGINES[protocol], source, host, { expected: { circuit: circuit?.circuit }, stored });
    });
  }

  /** What failed to load is loaded anew by whoever asks next. */
  private forgetting<T>(what: 'circuit' | 'key', loading: Promise<T>): Promise<T> {
    loading.catch(() => {
      if ((this[what] as Promise<unknown> | undefined) === loading) this[what] = undefined;
    });
    return loading;
  }
}

const nameOf = (file: string | Uint8Array, name: string): string => (typeof file === 'string' ? file : name);

function withSource<T>(file: string | Uint8Array, name: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  return typeof file === 'string' ? withFile(file, use) : use(bytesSource(file, name));
}
