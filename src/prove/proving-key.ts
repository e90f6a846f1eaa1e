/** A proving key loaded into a memory that all workers of a pool share. Proofs are made one after the other, each by all workers. */
import type { KernelPool } from '../../workers/kernel-team.js';
import { WorkerTeam } from '../../workers/kernel-team.js';
import { isAborted, throwIfAborted, unlessAborted, ZkonnxError } from '../errors.js';
import { withFile } from '../formats/file-source.js';
import type { SnarkjsProof } from '../formats/snarkjs-json.js';
import { openZkeyReader, type ZkeyReader, type ZkeyVerifierPart } from '../formats/zkey.js';
import { canShareMemory, createKernelMemory, instantiateKernels, type Kernels } from '../kernels/module.js';
import { SoloTeam, type Team } from '../kernels/team.js';
import { loadEngineKey, type EngineKey } from './engine/key.js';
import { keyMemoryBytes, proofMemoryBytes } from './engine/memory.js';
import { proveWithTeam, type OnEngineProgress } from './engine/prover.js';
import type { ClassifiedWitness } from './engine/witness.js';
import { outOfMemory } from './out-of-memory.js';
import { pauseForOthers } from './event-loop.js';
import { freshScalar } from './fresh-scalar.js';
import { requireBlinding } from './key-match.js';
import { keyIdentity, readStoredKey } from './stored-key-file.js';

const MEMORY_HELP = 'use `--prover snarkjs`, or compile a smaller circuit';

export interface KeyProveOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnEngineProgress | undefined;
}

export interface KeyProof {
  readonly proof: SnarkjsProof;
  /** Milliseconds: waiting for the proof before this one, then the two halves of the prover. */
  readonly timingsMs: { readonly queue: number; readonly quotient: number; readonly sums: number };
}

export interface KeyLimits {
  /** Refused beforehand if the estimate for the whole process is over. */
  readonly maxMemoryBytes?: number | undefined;
  /** Full-width wires of a witness, if known; all of them otherwise. */
  readonly wide?: number | undefined;
}

export interface KeyLoadOptions extends KeyLimits {
  readonly signal?: AbortSignal | undefined;
}

export class ProvingKey {
  /** Settles when the proof under way has; never rejects. */
  private last: Promise<unknown> = Promise.resolve();
  private spoiled = false;

  private constructor(
    readonly info: ZkeyVerifierPart,
    private readonly kernels: Kernels,
    private readonly key: EngineKey,
    private readonly pool: KernelPool,
  ) {}

  /**
   * Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION, MEMORY_EXCEEDED, WORKER_DIED, ABORTED if `signal` fired. The pool's owner closes
   * the pool.
   */
  static async load(zkeyPath: string, pool: KernelPool, options: KeyLoadOptions = {}): Promise<ProvingKey> {
    const { signal, ...limits } = options;
    return withFile(zkeyPath, async (source) => {
      const reader = await openZkeyReader(source);
      requireBlinding(reader.part.points, zkeyPath);
      try {
        const kernels = await instantiateKernels({ memory: createKernelMemory() });
        requireMemory(kernels, reader, pool.threads, limits);
        const key =
          (await readStoredKey(kernels, zkeyPath, keyIdentity(source, reader.part), reader.part)) ??
          (await loadEngineKey(teamOf(kernels, pool, signal), reader));
        return new ProvingKey(reader.part, kernels, key, pool);
      } catch (error) {
        throw outOfMemory(error, MEMORY_HELP);
      }
    });
  }

  /** A worker died or a task failed: others may still have been writing to the memory. Load the key again. */
  get isSpoiled(): boolean {
    return this.spoiled;
  }

  /**
   * Proves with fresh blinding. Rejects with ABORTED as soon as `signal` fires (the next proof waits for tasks still under way), WORKER_DIED,
   * MEMORY_EXCEEDED, KEY_MISMATCH for a witness of another number of wires.
   */
  async prove(witness: ClassifiedWitness, { signal, onProgress }: KeyProveOptions = {}): Promise<KeyProof> {
    if (witness.small.length !== this.info.nVars) {
      throw new ZkonnxError('KEY_MISMATCH', 'the witness belongs to another circuit than the key', {
        expected: `${this.info.nVars} wires`,
        got: `${witness.small.length} wires`,
      });
    }
    const started = performance.now();
    const proof = this.last.then(() => {
      throwIfAborted(signal, 'the proof');
      if (this.spoiled)
        throw new ZkonnxError('WORKER_DIED', 'the proof before this one broke off', { help: 'prove again' });
      return this.proveNow(witness, started, { signal, onProgress });
    });
    this.last = proof.catch(() => undefined);
    return unlessAborted(proof, signal, 'the proof');
  }

  private async proveNow(
    witness: ClassifiedWitness,
    started: number,
    { signal, onProgress }: KeyProveOptions,
  ): Promise<KeyProof> {
    const queued = performance.now();
    let sums = queued;
    const report: OnEngineProgress = (phase, fraction) => {
      if (phase === 'sums' && fraction === 0) sums = performance.now();
      onProgress?.(phase, fraction);
    };
    try {
      const blinding = { r: freshScalar(), s: freshScalar() };
      const proof = await proveWithTeam(teamOf(this.kernels, this.pool, signal), this.key, witness, blinding, report);
      return { proof, timingsMs: { queue: queued - started, quotient: sums - queued, sums: performance.now() - sums } };
    } catch (error) {
      if (!isAborted(error)) this.spoiled = true;
      throw outOfMemory(error, MEMORY_HELP);
    }
  }
}

/** All workers of the pool; or, where memory cannot be shared, this thread, which lets others' work through between tasks. */
function teamOf(kernels: Kernels, pool: KernelPool, signal?: AbortSignal): Team {
  if (canShareMemory()) return new WorkerTeam(kernels, pool, signal);
  const pause = pauseForOthers();
  return new SoloTeam(kernels, async () => {
    await pause();
    throwIfAborted(signal, 'the computation');
  });
}

/** A worker thread's own heap and stacks. */
const THREAD_BYTES = 16 * 2 ** 20;
/** A coefficient while the rows are sorted, and a wire while a witness is solved and classified, outside the kernels' memory. */
const COEFFICIENT_HOST_BYTES = 12;
const WIRE_HOST_BYTES = 32;

/** Throws MEMORY_EXCEEDED where the process would, by estimate, come to hold more than it may. */
function requireMemory(
  kernels: Kernels,
  { part, coefficientCount }: ZkeyReader,
  threads: number,
  { maxMemoryBytes, wide = part.nVars }: KeyLimits,
): void {
  if (maxMemoryBytes === undefined) return;
  const shape = { ...part, coefficients: coefficientCount, wide, threads };
  const estimate =
    process.memoryUsage().rss +
    threads * THREAD_BYTES +
    coefficientCount * COEFFICIENT_HOST_BYTES +
    part.nVars * WIRE_HOST_BYTES +
    keyMemoryBytes(kernels.exports, shape) +
    proofMemoryBytes(kernels.exports, shape);
  if (estimate <= maxMemoryBytes) return;
  const mebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw new ZkonnxError('MEMORY_EXCEEDED', 'the proof would take more memory than it may', {
    expected: `at most ${mebibytes(maxMemoryBytes)}`,
    got: `about ${mebibytes(estimate)} on ${threads} thread${threads === 1 ? '' : 's'}`,
    help: 'raise --max-memory, use fewer threads, or compile a smaller circuit',
  });
}
