/** The prover for any Groth16 .zkey and .wtns of BN254 — ours, snarkjs's or circom's — without an artifact. */
import { withFile } from '../../formats/file-source.js';
import { bytesSource } from '../../formats/iden3-container.js';
import { readWtns } from '../../formats/wtns.js';
import type { ZkeyInfo } from '../../formats/zkey.js';
import type { KernelReply, KernelRequest } from '../../pool/kernel-request.js';
import { kernelPool } from '../../pool/kernel-team.js';
import type { WorkerPool } from '../../pool/worker-pool.js';
import { classifyValues, publicSignalsOf } from '../engine/classified-witness.js';
import type { KeyProveOptions, ProvingKey } from '../engine/proving-key.js';
import { proofCheckOf, requireValid, type ProofCheck } from './proof-check.js';
import type { Groth16Proof } from './prover.js';
import { loadZkey } from './load-zkey.js';
import type { Groth16Parts } from './protocol.js';

export interface Groth16ProverOptions {
  /** Path of the proving key. */
  readonly zkey: string;
  /** Worker threads; default min(cores, 8). */
  readonly threads?: number | undefined;
  /** MEMORY_EXCEEDED beforehand if the whole process would, by estimate, hold more. */
  readonly maxMemoryBytes?: number | undefined;
  /** Stops the loading of the key. */
  readonly signal?: AbortSignal | undefined;
}

export interface Groth16ProveOptions extends Pick<KeyProveOptions<Groth16Parts>, 'signal' | 'onProgress'> {
  /** False hands out the proof unverified. Default true. */
  readonly check?: boolean | undefined;
}

export interface Groth16Result extends Groth16Proof {
  /** Milliseconds; `read` is reading and classifying the witness, `check` verifying the proof. */
  readonly timingsMs: Readonly<Record<'read' | 'queue' | 'quotient' | 'sums' | 'check' | 'total', number>>;
}

/** A key, loaded once, and the workers that prove with it. `await using`, or `close()` in a `finally`. */
export class Groth16Prover {
  private verifier: ProofCheck | undefined;

  private constructor(
    private readonly zkey: string,
    private readonly pool: WorkerPool<KernelRequest, KernelReply>,
    private readonly key: ProvingKey<Groth16Parts>,
  ) {}

  /** Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION, MEMORY_EXCEEDED, WORKER_DIED, ABORTED, USAGE for a bad number of threads. */
  static async open({ zkey, threads, ...options }: Groth16ProverOptions): Promise<Groth16Prover> {
    const pool = kernelPool(threads);
    try {
      return new Groth16Prover(zkey, pool, await loadZkey(zkey, pool, options));
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  /** What the key says about itself. */
  get info(): ZkeyInfo {
    return this.key.info;
  }

  /**
   * Proves that the witness (a .wtns file or its bytes) satisfies the key's circuit. Throws what reading throws (FILE_UNREADABLE,
   * FORMAT_VERSION, ARTIFACT_INVALID), what `ProvingKey.prove` throws, KEY_MISMATCH for a witness that does not satisfy the circuit,
   * KEY_INVALID for a key that nothing can be verified with. With `check: false` the last two give a proof that no verifier accepts.
   * After WORKER_DIED and MEMORY_EXCEEDED open the prover anew.
   */
  async prove(witness: string | Uint8Array, options: Groth16ProveOptions = {}): Promise<Groth16Result> {
    const { check = true, ...rest } = options;
    const started = performance.now();
    const values =
      typeof witness === 'string'
        ? await withFile(witness, readWtns)
        : await readWtns(bytesSource(witness, 'the witness'));
    const classified = classifyValues(values);
    const read = performance.now() - started;
    const proving = this.key.prove(classified, rest);
    // Awaited below; until then a failure must not count as unhandled.
    proving.catch(() => undefined);
    if (check) await this.prepareVerifier(proving);
    const { proof, timingsMs } = await proving;
    const publicSignals = publicSignalsOf(classified, this.key.info.nPublic);
    const proven = performance.now();
    if (check && this.verifier !== undefined) requireValid(this.verifier, { proof, publicSignals }, this.zkey);
    const ended = performance.now();
    return { proof, publicSignals, timingsMs: { read, ...timingsMs, check: ended - proven, total: ended - started } };
  }

  /** While the workers prove, this thread checks what the proof will be verified with. */
  private async prepareVerifier(proving: Promise<unknown>): Promise<void> {
    if (this.verifier !== undefined) return;
    // Past the turns in which the prover hands out its first tasks.
    await new Promise(setImmediate);
    try {
      this.verifier = await proofCheckOf(this.key.info, this.zkey);
    } catch (error) {
      await proving.catch(() => undefined);
      throw error;
    }
  }

  /** Ends all workers; a proof under way rejects with ABORTED. Closing twice is harmless. */
  close(): Promise<void> {
    return this.pool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
