/** A proving key loaded into a memory that all workers of a pool share. Proofs are made one after the other, each by all workers. */
import type { KernelPool } from '../../pool/kernel-team.js';
import { ZkonnxError } from '../../base/errors.js';
import { withFile } from '../../formats/file-source.js';
import type { SnarkjsProof } from '../../formats/snarkjs-json.js';
import { openZkeyReader, type ZkeyReader, type ZkeyVerifierPart } from '../../formats/zkey.js';
import { createKernelMemory, instantiateKernels, type Kernels } from '../../kernels/module.js';
import { loadEngineKey, type EngineKey } from './kernel-key.js';
import { keyMemoryBytes, proofMemoryBytes } from './memory.js';
import type { OnEngineProgress } from '../engine/progress.js';
import { proveWithTeam } from './prover.js';
import type { ClassifiedWitness } from '../engine/classified-witness.js';
import { outOfMemory } from '../engine/out-of-memory.js';
import { freshScalar } from '../engine/fresh-scalar.js';
import { requireBlinding } from './key-match.js';
import { requireProcessMemory, teamOf } from '../engine/key-team.js';
import { ProofQueue } from '../engine/proof-queue.js';
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
  private readonly queue = new ProofQueue();

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
    return this.queue.isSpoiled;
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
    return this.queue.run(signal, () => this.proveNow(witness, started, { signal, onProgress }));
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
      throw outOfMemory(error, MEMORY_HELP);
    }
  }
}

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
  const bytes =
    coefficientCount * COEFFICIENT_HOST_BYTES +
    part.nVars * WIRE_HOST_BYTES +
    keyMemoryBytes(kernels.exports, shape) +
    proofMemoryBytes(kernels.exports, shape);
  requireProcessMemory(bytes, threads, maxMemoryBytes);
}
