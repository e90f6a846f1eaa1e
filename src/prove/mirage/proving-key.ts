/**
 * A proving key of protocol `mirage` loaded into a memory that all workers of a pool share. Proofs are made one after the other, each by all
 * workers.
 */
import type { Rounds } from '../../constraint/rounds.js';
import type { KernelPool } from '../../pool/kernel-team.js';
import { isAborted, throwIfAborted, ZkonnxError } from '../../base/errors.js';
import { withFile } from '../../formats/file-source.js';
import { openMirageKey, type MirageKeyInfo } from '../../formats/mirage-key.js';
import { createKernelMemory, instantiateKernels, type Kernels } from '../../kernels/module.js';
import type { RoundsKey } from './kernel-key.js';
import { loadRoundsKey } from './load-key.js';
import { roundsKeyBytes, roundsProofBytes, roundsShape } from './memory.js';
import { proveTwoRounds, type Challenge, type MirageProof, type OnRoundsProgress, type RoundsPhase } from './prover.js';
import type { RoundOneWitness } from './rounds-witness.js';
import { freshScalar } from '../engine/fresh-scalar.js';
import { requireProcessMemory, teamOf } from '../engine/key-team.js';
import { requireMirageBlinding } from './key-match.js';
import { outOfMemory } from '../engine/out-of-memory.js';
import { ProofQueue } from '../engine/proof-queue.js';

const MEMORY_HELP = 'compile a smaller circuit';
/** A wire while a witness is solved and classified, and a row's two sides, outside the kernels' memory. */
const WIRE_HOST_BYTES = 32;
const ROW_HOST_BYTES = 8;

export interface MirageKeyLoadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Refused beforehand if the estimate for the whole process is over. */
  readonly maxMemoryBytes?: number | undefined;
  /** The circuit's, for that estimate; the worst that fits the key otherwise. */
  readonly rounds?: Rounds | undefined;
  /** Full-width round-1 wires and sides of rows, if known; all round-1 wires otherwise. */
  readonly wide?: number | undefined;
}

export interface MirageProveOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnRoundsProgress | undefined;
}

export interface MirageKeyProof {
  readonly proof: MirageProof;
  /** Milliseconds: waiting for the proof before this one, then by phase. The challenges' callback counts as `commit`. */
  readonly timingsMs: Readonly<Record<'queue' | RoundsPhase, number>>;
}

export class MirageProvingKey {
  private readonly queue = new ProofQueue();

  private constructor(
    readonly info: MirageKeyInfo,
    private readonly kernels: Kernels,
    private readonly key: RoundsKey,
    private readonly pool: KernelPool,
  ) {}

  /** Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION, MEMORY_EXCEEDED, ABORTED if `signal` fired. The pool's owner closes the pool. */
  static async load(keyPath: string, pool: KernelPool, options: MirageKeyLoadOptions = {}): Promise<MirageProvingKey> {
    throwIfAborted(options.signal, 'loading the key');
    return withFile(keyPath, async (source) => {
      const reader = await openMirageKey(source);
      requireMirageBlinding(reader.info.points, keyPath);
      try {
        const kernels = await instantiateKernels({ memory: createKernelMemory() });
        requireMemory(kernels, reader.info, pool.threads, options);
        const key = await loadRoundsKey(kernels, reader);
        throwIfAborted(options.signal, 'loading the key');
        return new MirageProvingKey(reader.info, kernels, key, pool);
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
   * MEMORY_EXCEEDED, KEY_MISMATCH for a witness of another circuit, and what `challenge` rejects with, which does not spoil the key.
   */
  async prove(
    rounds: Rounds,
    witness: RoundOneWitness,
    challenge: Challenge,
    { signal, onProgress }: MirageProveOptions = {},
  ): Promise<MirageKeyProof> {
    this.requireFitting(rounds, witness);
    const started = performance.now();
    const refused = new Set<unknown>();
    const guarded: Challenge = async (c1) => {
      try {
        return await challenge(c1);
      } catch (error) {
        refused.add(error);
        throw error;
      }
    };
    const prove = async (): Promise<MirageKeyProof> => {
      try {
        return await this.proveNow(rounds, witness, guarded, started, { signal, onProgress });
      } catch (error) {
        throw refused.has(error) ? error : outOfMemory(error, MEMORY_HELP);
      }
    };
    return this.queue.run(signal, prove, (error) => isAborted(error) || refused.has(error));
  }

  private requireFitting(rounds: Rounds, { wires, a }: RoundOneWitness): void {
    const { firstRound2, nConstraints } = this.info;
    if (wires.small.length === firstRound2 && rounds.firstRound2 === firstRound2 && a.small.length === nConstraints)
      return;
    throw new ZkonnxError('KEY_MISMATCH', 'the witness belongs to another circuit than the key', {
      expected: `round 2 from wire ${firstRound2}, ${nConstraints} constraints`,
      got: `round 2 from wire ${wires.small.length}, ${a.small.length} constraints`,
    });
  }

  private async proveNow(
    rounds: Rounds,
    witness: RoundOneWitness,
    challenge: Challenge,
    started: number,
    { signal, onProgress }: MirageProveOptions,
  ): Promise<MirageKeyProof> {
    const begun: Record<RoundsPhase, number> = { commit: performance.now(), quotient: 0, sums: 0 };
    const report: OnRoundsProgress = (phase, fraction) => {
      if (fraction === 0) begun[phase] = performance.now();
      onProgress?.(phase, fraction);
    };
    const team = teamOf(this.kernels, this.pool, signal);
    const proof = await proveTwoRounds(team, this.key, rounds, witness, challenge, freshScalar, report);
    const { commit, quotient, sums } = begun;
    const timingsMs = {
      queue: commit - started,
      commit: quotient - commit,
      quotient: sums - quotient,
      sums: performance.now() - sums,
    };
    return { proof, timingsMs };
  }
}

/** Throws MEMORY_EXCEEDED where the process would, by estimate, come to hold more than it may. */
function requireMemory(
  kernels: Kernels,
  info: MirageKeyInfo,
  threads: number,
  { maxMemoryBytes, rounds, wide = info.firstRound2 }: MirageKeyLoadOptions,
): void {
  if (maxMemoryBytes === undefined) return;
  const bytes =
    info.nWires * WIRE_HOST_BYTES +
    info.nConstraints * ROW_HOST_BYTES +
    roundsKeyBytes(info) +
    roundsProofBytes(kernels.exports, info, roundsShape(info, rounds, wide, threads));
  requireProcessMemory(bytes, threads, maxMemoryBytes);
}
