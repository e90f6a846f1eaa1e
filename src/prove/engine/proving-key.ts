/**
 * A proving key in the kernels' memory, of any protocol. Proofs are made one after the other, each by the whole team. Who the team is, and
 * where the memory comes from, is the host's affair: workers over a shared memory, or a page's own thread. Uses no Node API.
 */
import { throwIfAborted } from '../../base/errors.js';
import type { ByteSource } from '../../formats/iden3-container.js';
import { instantiateKernels, type Kernels } from '../../kernels/module.js';
import type { Team } from '../../kernels/team.js';
import { outOfMemory } from './out-of-memory.js';
import { isCallersError, ProofQueue } from './proof-queue.js';
import type { ExpectedWitness, OnProverProgress, ProverParts, ProverProtocol } from './protocol.js';

/** Stops a computation between two of its tasks. */
export interface TeamOptions {
  readonly signal?: AbortSignal | undefined;
  /** Awaited between tasks by a team of one thread. */
  readonly step?: (() => Promise<void>) | undefined;
}

/** Where a key lives. */
export interface KeyHost {
  readonly threads: number;
  /** A memory for one key. */
  readonly memory: () => WebAssembly.Memory;
  readonly team: (kernels: Kernels, options: TeamOptions) => Team;
  /** Throws MEMORY_EXCEEDED where the process may not grow by so many bytes; absent where nothing limits it. */
  readonly requireMemory?: ((bytes: number) => void) | undefined;
}

export interface KeyLoadOptions<T extends ProverParts> extends TeamOptions {
  /** For the estimate of `requireMemory`. */
  readonly expected?: ExpectedWitness | undefined;
  /** The key in a form that loads faster, where there is one; `loadKey` otherwise. */
  readonly stored?: ((kernels: Kernels, file: T['keyFile']) => Promise<T['key'] | undefined>) | undefined;
}

export interface KeyProveOptions<T extends ProverParts> extends TeamOptions {
  readonly onProgress?: OnProverProgress<T['phase']> | undefined;
}

export interface KeyProof<T extends ProverParts> {
  readonly proof: T['proof'];
  /** Milliseconds: waiting for the proof before this one, then the protocol's phases. */
  readonly timingsMs: Readonly<Record<'queue' | T['phase'], number>>;
}

export class ProvingKey<T extends ProverParts> {
  private readonly queue = new ProofQueue();

  private constructor(
    private readonly protocol: ProverProtocol<T>,
    /** What the key says about itself. */
    readonly info: T['keyFile']['info'],
    private readonly kernels: Kernels,
    private readonly key: T['key'],
    private readonly host: KeyHost,
  ) {}

  /**
   * Throws FILE_UNREADABLE, KEY_INVALID (also for a key that would not blind), FORMAT_VERSION, MEMORY_EXCEEDED, WORKER_DIED, ABORTED if
   * the signal fired. The source may be closed afterwards.
   */
  static async load<T extends ProverParts>(
    protocol: ProverProtocol<T>,
    source: ByteSource,
    host: KeyHost,
    { expected = {}, stored, ...options }: KeyLoadOptions<T> = {},
  ): Promise<ProvingKey<T>> {
    const { signal, step } = options;
    throwIfAborted(signal, 'loading the key');
    const file = await protocol.openKey(source);
    protocol.requireBlinding(file.info, source.name);
    try {
      const kernels = await instantiateKernels({ memory: host.memory() });
      host.requireMemory?.(protocol.memoryBytes(kernels.exports, file, expected, host.threads));
      const key =
        (await stored?.(kernels, file)) ?? (await protocol.loadKey(host.team(kernels, { signal, step }), file));
      throwIfAborted(signal, 'loading the key');
      return new ProvingKey(protocol, file.info, kernels, key, host);
    } catch (error) {
      throw outOfMemory(error, protocol.memoryHelp);
    }
  }

  /** A worker died or a task failed: others may still have been writing to the memory. Load the key again. */
  get isSpoiled(): boolean {
    return this.queue.isSpoiled;
  }

  /**
   * Proves with fresh blinding. Rejects with ABORTED as soon as the signal fires (the next proof waits for tasks still under way), WORKER_DIED,
   * MEMORY_EXCEEDED, KEY_MISMATCH for a witness of another circuit.
   */
  async prove(job: T['job'], options: KeyProveOptions<T> = {}): Promise<KeyProof<T>> {
    this.protocol.requireJob(this.info, job);
    const started = performance.now();
    return this.queue.run(options.signal, () => this.proveNow(job, started, options));
  }

  private async proveNow(
    job: T['job'],
    started: number,
    { onProgress, ...options }: KeyProveOptions<T>,
  ): Promise<KeyProof<T>> {
    const begun = new Map<T['phase'], number>();
    const report: OnProverProgress<T['phase']> = (phase, fraction) => {
      if (fraction === 0) begun.set(phase, performance.now());
      onProgress?.(phase, fraction);
    };
    try {
      const queued = performance.now();
      const team = this.host.team(this.kernels, options);
      const proof = await this.protocol.prove(team, this.key, job, report);
      return { proof, timingsMs: { queue: queued - started, ...this.durations(begun, performance.now()) } };
    } catch (error) {
      throw isCallersError(error) ? error : outOfMemory(error, this.protocol.memoryHelp);
    }
  }

  /** Each phase lasts until the next one begins. */
  private durations(begun: ReadonlyMap<T['phase'], number>, end: number): Record<T['phase'], number> {
    const { phases } = this.protocol;
    const at = (i: number): number => begun.get(phases[i]!) ?? end;
    return Object.fromEntries(phases.map((phase, i) => [phase, at(i + 1) - at(i)])) as Record<T['phase'], number>;
  }
}
