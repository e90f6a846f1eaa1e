/** A proving key loaded into a memory that all workers of a pool share. Proofs are made one after the other, each by all workers. */
import { randomFillSync } from 'node:crypto';
import type { KernelPool } from '../../workers/kernel-team.js';
import { WorkerTeam } from '../../workers/kernel-team.js';
import { throwIfAborted, ZkonnxError } from '../errors.js';
import { withFile } from '../formats/iden3-container.js';
import { openZkeyReader, type ZkeyInfo } from '../formats/zkey-file.js';
import type { SnarkjsProof } from '../formats/snarkjs-json.js';
import { canShareMemory, createKernelMemory, instantiateKernels, type Kernels } from '../kernels/module.js';
import { SoloTeam, type Team } from '../kernels/team.js';
import { loadEngineKey, type EngineKey } from './engine/key.js';
import { proveWithTeam, randomScalar, type OnEngineProgress } from './engine/prover.js';
import type { ClassifiedWitness } from './engine/witness.js';

export interface KeyProveOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnEngineProgress | undefined;
}

export interface KeyProof {
  readonly proof: SnarkjsProof;
  /** Milliseconds: waiting for the proof before this one, then the two halves of the prover. */
  readonly timingsMs: { readonly queue: number; readonly quotient: number; readonly sums: number };
}

export class ProvingKey {
  /** Settles when the proof under way has; never rejects. */
  private last: Promise<unknown> = Promise.resolve();
  private spoiled = false;

  private constructor(
    readonly info: ZkeyInfo,
    private readonly kernels: Kernels,
    private readonly key: EngineKey,
    private readonly pool: KernelPool,
  ) {}

  /** Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION, MEMORY_EXCEEDED. The pool's owner closes the pool. */
  static async load(zkeyPath: string, pool: KernelPool): Promise<ProvingKey> {
    return withFile(zkeyPath, async (source) => {
      const reader = await openZkeyReader(source);
      try {
        const kernels = await instantiateKernels({ memory: createKernelMemory() });
        const key = await loadEngineKey(teamOf(kernels, pool), reader);
        return new ProvingKey(reader.part, kernels, key, pool);
      } catch (error) {
        throw outOfMemory(error);
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
    return unlessAborted(proof, signal);
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
      const blinding = { r: randomScalar(randomFillSync), s: randomScalar(randomFillSync) };
      const proof = await proveWithTeam(teamOf(this.kernels, this.pool, signal), this.key, witness, blinding, report);
      return { proof, timingsMs: { queue: queued - started, quotient: sums - queued, sums: performance.now() - sums } };
    } catch (error) {
      if (signal?.aborted !== true) this.spoiled = true;
      throw outOfMemory(error);
    }
  }
}

/** What `promise` settles as, or ABORTED once the signal fires. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(new ZkonnxError('ABORTED', 'the proof was stopped', { cause: signal.reason }));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** All workers of the pool; or, where memory cannot be shared, this thread, which lets others' work through between tasks. */
function teamOf(kernels: Kernels, pool: KernelPool, signal?: AbortSignal): Team {
  if (canShareMemory()) return new WorkerTeam(kernels, pool, signal);
  return new SoloTeam(kernels, async () => {
    await new Promise(setImmediate);
    throwIfAborted(signal, 'the computation');
  });
}

/** A memory that cannot grow is the one thing a RangeError of the kernels' heap means. */
function outOfMemory(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return new ZkonnxError('MEMORY_EXCEEDED', 'the prover’s memory does not suffice for this key', {
    expected: 'at most 4 GiB of WebAssembly memory',
    got: error.message,
    help: 'use `--prover snarkjs`, or compile a smaller circuit',
    cause: error,
  });
}
