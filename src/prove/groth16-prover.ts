/** The prover for any Groth16 .zkey and .wtns of BN254 — ours, snarkjs's or circom's — without an artifact. */
import { bytesSource, withFile } from '../formats/iden3-container.js';
import { readWtns } from '../formats/wtns-file.js';
import type { KernelRequest } from '../../workers/kernel-worker.js';
import { kernelPool } from '../../workers/kernel-team.js';
import type { WorkerPool } from '../../workers/worker-pool.js';
import { classifyValues, publicSignalsOf } from './engine/witness.js';
import { ProvingKey, type KeyProveOptions } from './proving-key.js';
import type { Groth16Proof } from './tasks.js';

export interface Groth16ProverOptions {
  /** Path of the proving key. */
  readonly zkey: string;
  /** Worker threads; default min(cores, 8). */
  readonly threads?: number | undefined;
}

export interface Groth16Result extends Groth16Proof {
  /** Milliseconds; `read` is reading and classifying the witness. */
  readonly timingsMs: Readonly<Record<'read' | 'queue' | 'quotient' | 'sums' | 'total', number>>;
}

/** A key, loaded once, and the workers that prove with it. `await using`, or `close()` in a `finally`. */
export class Groth16Prover {
  private constructor(
    private readonly pool: WorkerPool<KernelRequest, undefined>,
    private readonly key: ProvingKey,
  ) {}

  /** Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION, MEMORY_EXCEEDED, USAGE for a bad number of threads. */
  static async open({ zkey, threads }: Groth16ProverOptions): Promise<Groth16Prover> {
    const pool = kernelPool(threads);
    try {
      return new Groth16Prover(pool, await ProvingKey.load(zkey, pool));
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /**
   * Proves that the witness (a .wtns file or its bytes) satisfies the key's circuit. That it does is not checked: an unsatisfying one gives
   * a proof that no verifier accepts. Throws what reading throws (FILE_UNREADABLE, FORMAT_VERSION, ARTIFACT_INVALID) and what
   * `ProvingKey.prove` throws; after WORKER_DIED and MEMORY_EXCEEDED open the prover anew.
   */
  async prove(witness: string | Uint8Array, options: KeyProveOptions = {}): Promise<Groth16Result> {
    const started = performance.now();
    const values =
      typeof witness === 'string'
        ? await withFile(witness, readWtns)
        : await readWtns(bytesSource(witness, 'the witness'));
    const classified = classifyValues(values);
    const read = performance.now() - started;
    const { proof, timingsMs } = await this.key.prove(classified, options);
    return {
      proof,
      publicSignals: publicSignalsOf(classified, this.key.info.nPublic),
      timingsMs: { read, ...timingsMs, total: performance.now() - started },
    };
  }

  /** Ends all workers; a proof under way rejects with ABORTED. Closing twice is harmless. */
  close(): Promise<void> {
    return this.pool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
