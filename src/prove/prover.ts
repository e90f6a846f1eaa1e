/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The door: an artifact opened once, then one proof a sample for as long as its owner stays. Encode → solve → prove → check → open is written
 * here and nowhere else; who computes, workers over a shared memory or a page's own thread, is a `ProverHost`. Uses no Node API.
 */
import { throwIfAborted, ZkonnxError } from '../base/errors.js';
import type { PreparedKeyOf } from '../verify/key.js';
import type { Opening } from '../verify/opening.js';
import type { AnyProofFile } from '../verify/proof.js';
import type { Evidences } from '../verify/protocols.js';
import type { Protocol, Schema } from '../verify/statement.js';
import { checkedProof } from './checked-proof.js';
import { contextText, requireContext } from './context.js';
import type { DeclaredDomains } from './declared-domains.js';
import { encodeSample, hidingValues } from './encode.js';
import type { Pause } from './engine/event-loop.js';
import type { ProverName, Statement } from './engine/protocol.js';
import { freshSalts, openingOf } from './opening.js';
import { PROVERS } from './protocols.js';
import { requireStatementOf } from './statement-of-sample.js';
import type { CircuitInputs, ProveProgress, ProveResult, ProveTimings } from './tasks.js';

/** The files of an artifact that proving takes. */
export interface ArtifactBytes {
  /** circuit.bin, or program.bin of clear. */
  readonly circuit: Uint8Array;
  /** proving_key.mirage or proving_key.zkey, by the protocol; clear has none. */
  readonly provingKey?: Uint8Array;
  /** verification_key.json, its text or parsed. */
  readonly verificationKey: unknown;
  /** manifest.json, its text or parsed. Where it is given, values beyond the domain that it says was declared are refused. */
  readonly manifest?: unknown;
}

/** Real values by input name, row-major. */
export type InputValues = Readonly<Record<string, ArrayLike<number>>> | ReadonlyMap<string, ArrayLike<number>>;

/** What every long operation of a prover takes. */
export interface RunOptions {
  /** ABORTED at the next step once it fires. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Awaited between the steps of a computation that has this thread to itself, as in pages; the default lets the thread's other work through
   * every few milliseconds. Where workers compute, nothing waits for it.
   */
  readonly pause?: Pause | undefined;
  readonly onProgress?: ((progress: ProveProgress) => void) | undefined;
}

/** How a prover works as long as it is open. */
export interface OpenProverOptions extends RunOptions {
  /** Worker threads, which share the work of each proof. Default min(cores, 8). Where memory cannot be shared this thread does all. */
  readonly threads?: number | undefined;
  /** Bytes. MEMORY_EXCEEDED beforehand if the process would, by estimate, hold more; in pages, if the prover's own memory would. */
  readonly maxMemoryBytes?: number | undefined;
  /** Our kernels (default), or of groth16 snarkjs as a second opinion. */
  readonly prover?: ProverName | undefined;
}

/** How to make one proof. */
export interface ProofOptions extends RunOptions {
  /** Of mirage: up to 32 bytes that the proof is bound to, a caller's address or a nonce. Default none. */
  readonly context?: Uint8Array | undefined;
}

/** A proof that has been verified. */
export interface Proven {
  readonly proof: AnyProofFile;
  /** For the prover alone to keep; present where the model was compiled with committed tensors. */
  readonly opening?: Opening;
  /**
   * Whether a value left its calibrated range and was clamped, so that the outputs may be off by more than the stated error: the proof says so. Null
   * where its statement does not say, because nothing can be clamped or, in artifacts of before, because nobody counted.
   */
  readonly clamped: boolean | null;
  readonly timingsMs: ProveTimings;
  /** Highest resident memory of the whole process so far, all workers included; absent in pages. */
  readonly peakMemoryBytes?: number;
}

/** Made by `openProver`. `await using`, or `close()` in a `finally`. */
export interface Prover {
  /** The inputs a proof takes and the outputs it shows. */
  readonly schema: Schema;
  readonly protocol: Protocol;
  /**
   * Proves the model's answer to real values. Several samples may be under way at once: their proofs are made one after the other, and while
   * one is being made the witnesses of the next are solved. One that fails leaves the prover usable. Rejects with INPUT_… and RANGE_EXCEEDED
   * for inputs that the model was not compiled for, USAGE for a context that the protocol does not take, MEMORY_EXCEEDED, WORKER_DIED,
   * KEY_MISMATCH where a proof does not verify (a damaged key), ABORTED if the signal fired or the prover was closed.
   */
  prove(sample: InputValues, options?: ProofOptions): Promise<Proven>;
  /** Ends all workers; proofs under way reject with ABORTED, as does every later one. Closing twice is harmless. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Who solves and proves, for one artifact. */
export interface ProverHost<P extends Protocol> {
  prove(inputs: CircuitInputs, statement: Statement, options: RunOptions): Promise<ProveResult<P>>;
  peakMemoryBytes?(): number;
  close(): Promise<void>;
}

export class ProverHandle<P extends Protocol> implements Prover {
  private isClosed = false;

  /** `check` judges evidence of `key`, in place of the verifier's own judge. The host is the handle's own from here on. */
  constructor(
    private readonly key: PreparedKeyOf<P>,
    private readonly check: ((evidence: Evidences[P]) => void) | undefined,
    private readonly host: ProverHost<P>,
    private readonly declared: DeclaredDomains,
  ) {}

  get schema(): Schema {
    return this.key.facts.schema;
  }

  get protocol(): Protocol {
    return this.key.protocol;
  }

  async prove(sample: InputValues, { context, ...run }: ProofOptions = {}): Promise<Proven> {
    if (this.isClosed) throw new ZkonnxError('ABORTED', 'the prover was closed', { help: 'open it again' });
    throwIfAborted(run.signal, 'the proof');
    requireContext(this.protocol, context);
    const { keyDigest } = this.key.facts;
    const inputs = encodeSample(this.schema, realTensors(sample), this.declared);
    const salts = freshSalts(this.schema);
    const request = { inputs: Object.fromEntries(inputs), salts: Object.fromEntries(salts) };
    const statement = { keyDigest, context: context ?? new Uint8Array() };
    const result = await this.host.prove(request, statement, run).catch((error: unknown) => {
      throw hidingValues(error, this.schema);
    });
    const { publicSignals, outputs, clamped } = result;
    requireStatementOf(this.schema, this.protocol, publicSignals, { inputs, outputs, salts, clamped });
    const opening = openingOf(keyDigest, salts, inputs, outputs);
    const peakMemoryBytes = this.host.peakMemoryBytes?.();
    return {
      proof: checkedProof(result, this.key, this.check, contextText(context)),
      ...(opening === undefined ? {} : { opening }),
      clamped: this.schema.clamped === true ? clamped : null,
      timingsMs: result.timingsMs,
      ...(peakMemoryBytes === undefined ? {} : { peakMemoryBytes }),
    };
  }

  close(): Promise<void> {
    this.isClosed = true;
    return this.host.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Throws USAGE for a prover that does not know the protocol. */
export function requireProver(protocol: Protocol, prover: ProverName): void {
  if (PROVERS[protocol].provers.includes(prover)) return;
  throw new ZkonnxError('USAGE', `${prover} does not know protocol ${protocol}`, {
    expected: 'our kernels',
    help: 'compile with --protocol groth16 for proofs that snarkjs makes',
  });
}

/** Copies: what the caller does with the arrays later does not matter. Throws INPUT_TYPE. */
function realTensors(sample: InputValues): Map<string, Float64Array> {
  const entries =
    sample instanceof Map ? [...(sample as ReadonlyMap<string, ArrayLike<number>>)] : Object.entries(sample);
  return new Map(
    entries.map(([name, values]: [string, ArrayLike<number>]) => {
      const stray = ArrayBuffer.isView(values)
        ? -1
        : Array.from<unknown>(values).findIndex((value) => typeof value !== 'number');
      if (stray >= 0) {
        throw new ZkonnxError('INPUT_TYPE', `input ${name} is not made of numbers`, {
          expected: 'a flat list of numbers, row-major',
          got: `${typeof values[stray]} at ${stray}`,
        });
      }
      return [name, Float64Array.from(values)];
    }),
  );
}
