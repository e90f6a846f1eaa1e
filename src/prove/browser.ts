/**
 * zkonnx/prover: proving where there is no Node, in pages and their workers. Circuit and keys come as bytes, everything runs on the calling
 * thread over a memory of its own, and no import leads to a Node API. `npm run build` bundles it into one file (scripts/build-prover.ts).
 */
import { throwIfAborted, ZkonnxError } from '../errors.js';
import { hashCircuit, readCircuit, requireSameCircuit } from '../formats/circuit.js';
import { bytesSource } from '../formats/iden3-container.js';
import { openZkeyReader } from '../formats/zkey.js';
import { instantiateKernels, type Kernels } from '../kernels/module.js';
import { SoloTeam } from '../kernels/team.js';
import { prepareKey, requireGroth16, type PreparedKey } from '../verify/key.js';
import type { ProofFile } from '../verify/proof.js';
import type { Schema } from '../verify/statement.js';
import { checkedProof } from './checked-proof.js';
import { encodeSample } from './encode.js';
import { loadEngineKey, type EngineKey } from './engine/key.js';
import { proveWithTeam } from './engine/prover.js';
import { pauseForOthers, type Pause } from './event-loop.js';
import { freshScalar } from './fresh-scalar.js';
import { requireFittingKey, requireSameSetup, requireSchema } from './key-match.js';
import { freshSalts, openingOf, type Opening } from './opening.js';
import { outOfMemory } from './out-of-memory.js';
import type { Circuit } from './program.js';
import { solvedWitness } from './solved-witness.js';
import type { ProveProgress } from './tasks.js';
import { solve } from './witness.js';

export { ZkonnxError } from '../errors.js';
export { prepareKey } from '../verify/key.js';
export { verify } from '../verify/verify.js';
export type { ProofFile } from '../verify/proof.js';
export type { Schema, TensorSchema } from '../verify/statement.js';
export type { Pause } from './event-loop.js';
export type { Opening } from './opening.js';
export type { ProveProgress } from './tasks.js';

/** The files of an artifact that proving takes. The bytes may be dropped or changed once the prover is open. */
export interface BrowserProverFiles {
  /** circuit.bin */
  readonly circuit: Uint8Array;
  /** proving_key.zkey */
  readonly zkey: Uint8Array;
  /** verification_key.json, its text or parsed. */
  readonly verificationKey: unknown;
}

export interface RunOptions {
  /** ABORTED at the next step once it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Awaited between steps; the default lets the thread's other work through every few milliseconds. */
  readonly pause?: Pause | undefined;
}

export interface BrowserProveOptions extends RunOptions {
  /** Phases `queue`, `witness`, `quotient` and `sums`. */
  readonly onProgress?: ((progress: ProveProgress) => void) | undefined;
}

export interface BrowserProof {
  readonly proof: ProofFile;
  /** For the prover alone to keep; present where the model was compiled with committed tensors. */
  readonly opening?: Opening;
}

export interface BrowserProver {
  /** The inputs a proof takes and the outputs it shows. */
  readonly schema: Schema;
  /**
   * Proves the model's answer to real values, by input name, row-major. The proof has been verified. Proofs of one prover are made one after
   * the other; one that fails leaves it usable. Rejects with INPUT_… and RANGE_EXCEEDED for inputs that the model was not compiled for,
   * KEY_MISMATCH where the keys do not belong together, MEMORY_EXCEEDED, ABORTED.
   */
  prove(inputs: Readonly<Record<string, ArrayLike<number>>>, options?: BrowserProveOptions): Promise<BrowserProof>;
}

/**
 * Reads the files and loads the key. Throws USAGE for files that are not bytes, ARTIFACT_INVALID, KEY_INVALID, FORMAT_VERSION, KEY_MISMATCH
 * where they do not belong together, MEMORY_EXCEEDED, ABORTED.
 */
export async function openBrowserProver(
  files: BrowserProverFiles,
  { signal, pause }: RunOptions = {},
): Promise<BrowserProver> {
  const step = stepper('loading the key', { signal, pause });
  const key = prepareKey(files.verificationKey);
  await step();
  const circuit = await readCircuit(source(files, 'circuit'));
  await step();
  const hash = hashCircuit(circuit.r1cs);
  requireSameCircuit(hash, key.facts.circuitHash, 'verificationKey');
  requireSchema(circuit, key.facts.schema);
  await step();
  const reader = await openZkeyReader(source(files, 'zkey'));
  requireFittingKey(reader.part, 'zkey', { circuit, hash });
  requireSameSetup(reader.part, 'zkey', requireGroth16(key));
  return inMemory(async () => {
    const kernels = await instantiateKernels({ memory: ownMemory() });
    return new SoloProver(circuit, key, kernels, await loadEngineKey(new SoloTeam(kernels, step), reader));
  });
}

class SoloProver implements BrowserProver {
  /** Settles when the proof under way has; never rejects. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly circuit: Circuit,
    private readonly key: PreparedKey,
    private readonly kernels: Kernels,
    private readonly engineKey: EngineKey,
  ) {}

  get schema(): Schema {
    return this.key.facts.schema;
  }

  async prove(
    inputs: Readonly<Record<string, ArrayLike<number>>>,
    options: BrowserProveOptions = {},
  ): Promise<BrowserProof> {
    const encoded = encodeSample(this.schema, realTensors(inputs));
    options.onProgress?.({ phase: 'queue', fraction: 0 });
    const proof = this.last.then(() => this.proveNow(encoded, options));
    this.last = proof.catch(() => undefined);
    return proof;
  }

  private async proveNow(
    inputs: ReadonlyMap<string, Float64Array>,
    { onProgress = () => undefined, ...run }: BrowserProveOptions,
  ): Promise<BrowserProof> {
    const step = stepper('the proof', run);
    await step();
    onProgress({ phase: 'witness', fraction: 0 });
    const salts = freshSalts(this.schema);
    const solved = solvedWitness(this.circuit, solve(this.circuit, inputs, { salts }));
    const blinding = { r: freshScalar(), s: freshScalar() };
    await step();
    const proof = await inMemory(() =>
      proveWithTeam(new SoloTeam(this.kernels, step), this.engineKey, solved.witness, blinding, (phase, fraction) => {
        onProgress({ phase, fraction });
      }),
    );
    const opening = openingOf(this.key.facts.keyDigest, salts, inputs, solved.outputs);
    return {
      proof: checkedProof({ proof, publicSignals: solved.publicSignals }, this.key),
      ...(opening === undefined ? {} : { opening }),
    };
  }
}

/** What stands between two steps of a computation. */
function stepper(what: string, { signal, pause = pauseForOthers() }: RunOptions): () => Promise<void> {
  return async () => {
    await pause();
    throwIfAborted(signal, what);
  };
}

/**
 * Never shared, even where it could be: one thread needs no sharing, and some browsers reserve a shared memory's maximum at once.
 * 65,536 pages are the 4 GiB that the kernels' pointers reach.
 */
function ownMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 16, maximum: 65536 });
}

async function inMemory<T>(compute: () => Promise<T>): Promise<T> {
  try {
    return await compute();
  } catch (error) {
    throw outOfMemory(error, 'compile a smaller circuit, or prove outside the browser');
  }
}

function source(files: BrowserProverFiles, name: 'circuit' | 'zkey') {
  const bytes: unknown = files[name];
  if (bytes instanceof Uint8Array) return bytesSource(bytes, name);
  throw new ZkonnxError('USAGE', `${name} must be the bytes of a file`, {
    expected: 'a Uint8Array',
    got: bytes === null ? 'null' : typeof bytes,
    help: 'new Uint8Array(await (await fetch(url)).arrayBuffer())',
  });
}

/** Copies: what the caller does with the arrays later does not matter. Throws INPUT_TYPE. */
function realTensors(inputs: Readonly<Record<string, ArrayLike<number>>>): Map<string, Float64Array> {
  return new Map(
    Object.entries(inputs).map(([name, values]) => {
      const stray = Array.from<unknown>(values).findIndex((value) => typeof value !== 'number');
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
