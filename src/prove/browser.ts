/**
 * zkonnx/prover: proving where there is no Node, in pages and their workers. Circuit and keys come as bytes, everything runs on the calling
 * thread over a memory of its own, and no import leads to a Node API. `npm run build` bundles it into one file (scripts/build-prover.ts).
 */
import { throwIfAborted, ZkonnxError } from '../errors.js';
import { hashCircuit, readCircuit, requireSameCircuit } from '../formats/circuit.js';
import { bytesSource } from '../formats/iden3-container.js';
import { openMirageKey } from '../formats/mirage-key.js';
import { openZkeyReader } from '../formats/zkey.js';
import { instantiateKernels, type Kernels } from '../kernels/module.js';
import { SoloTeam } from '../kernels/team.js';
import { groth16Equation } from '../verify/groth16.js';
import { prepareKey, type PreparedKey } from '../verify/key.js';
import { mirageEquation } from '../verify/mirage.js';
import type { Schema } from '../verify/statement.js';
import { drawChallenges } from '../verify/transcript.js';
import { checkedProof, type AnyProofFile } from './checked-proof.js';
import { contextText, requireContext } from './context.js';
import { encodeSample } from './encode.js';
import { loadEngineKey } from './engine/key.js';
import { proveWithTeam } from './engine/prover.js';
import { loadRoundsKey } from './engine/rounds-load.js';
import { proveTwoRounds, type Challenge } from './engine/rounds-prover.js';
import { pauseForOthers, type Pause } from './event-loop.js';
import { freshScalar } from './fresh-scalar.js';
import { KernelVerifier } from './kernel-verifier.js';
import { requireFittingKey, requireSameSetup, requireSchema } from './key-match.js';
import { requireFittingMirageKey, requireMirageBlinding, requireSameMirageSetup } from './mirage-key-match.js';
import { freshSalts, openingOf, type Opening } from './opening.js';
import { outOfMemory } from './out-of-memory.js';
import type { Circuit } from './program.js';
import { solvedRoundOne, solvedWitness } from './solved-witness.js';
import type { ProvePhase, ProveProgress, ProveResult } from './tasks.js';
import { requireTwoRounds, roundTwo } from './two-rounds.js';
import { solve, type Witness } from './witness.js';

export { ZkonnxError } from '../errors.js';
export type { ErrorCode, ErrorDetails } from '../errors.js';
export type { G1, G1Json, G2, G2Json } from '../verify/curve.js';
export type { Expectation } from '../verify/expect.js';
export { prepareKey } from '../verify/key.js';
export type {
  KeyBlock,
  KeyFacts,
  PreparedGroth16Key,
  PreparedKey,
  PreparedMirageKey,
  SetupKind,
} from '../verify/key.js';
export type { Groth16Proof, MirageProof, MirageProofFile, ProofFacts, ProofFile } from '../verify/proof.js';
export type { RefusalReason, Refused } from '../verify/refusal.js';
export type { TensorValue, TopClass } from '../verify/report.js';
export type { ImagePreprocessing, Protocol, Schema, TensorSchema, Visibility } from '../verify/statement.js';
export { verify } from '../verify/verify.js';
export type { Verified, VerifyOptions, VerifyResult } from '../verify/verify.js';
export type { AnyProofFile } from './checked-proof.js';
export type { Pause } from './event-loop.js';
export type { Opening } from './opening.js';
export type { ProvePhase, ProveProgress } from './tasks.js';

/** The files of an artifact that proving takes. The bytes may be dropped or changed once the prover is open. */
export interface BrowserProverFiles {
  /** circuit.bin */
  readonly circuit: Uint8Array;
  /** proving_key.zkey, or proving_key.mirage */
  readonly zkey: Uint8Array;
  /** verification_key.json, its text or parsed. */
  readonly verificationKey: unknown;
}

/** What every long operation takes. */
export interface RunOptions {
  /** ABORTED at the next step once it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Awaited between steps; the default lets the thread's other work through every few milliseconds. */
  readonly pause?: Pause | undefined;
}

/** How to make one proof. */
export interface BrowserProveOptions extends RunOptions {
  /** Of mirage: up to 32 bytes that the proof is bound to. Default none. */
  readonly context?: Uint8Array | undefined;
  /** Phases `queue`, `witness`, of mirage `commit`, `quotient` and `sums`. */
  readonly onProgress?: ((progress: ProveProgress) => void) | undefined;
}

/** A verified proof, and what opens its commitments. */
export interface BrowserProof {
  readonly proof: AnyProofFile;
  /** For the prover alone to keep; present where the model was compiled with committed tensors. */
  readonly opening?: Opening;
}

/** A key and a circuit, ready to prove; one proof at a time. */
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
  const hash = hashCircuit(circuit.r1cs, circuit.rounds);
  requireSameCircuit(hash, key.facts.circuitHash, 'verificationKey');
  requireSchema(circuit, key.facts.schema);
  await step();
  return inMemory(async () => {
    const kernels = await instantiateKernels({ memory: ownMemory() });
    const make =
      key.protocol === 'mirage'
        ? await openMirage(files, key, circuit, hash, kernels)
        : await openGroth16(files, key, circuit, hash, kernels, step);
    const equation = key.protocol === 'mirage' ? mirageEquation(key.mirage) : groth16Equation(key.groth16);
    return new SoloProver(circuit, key, make, await KernelVerifier.of(equation, kernels));
  });
}

/** Proves a witness on a team over the key's memory. */
type MakeProof = (
  step: () => Promise<void>,
  witness: Witness,
  context: Uint8Array,
  onProgress: (phase: ProvePhase, fraction: number) => void,
) => Promise<Pick<ProveResult, 'proof' | 'publicSignals' | 'outputs'>>;

async function openGroth16(
  files: BrowserProverFiles,
  { groth16 }: PreparedKey & { readonly protocol: 'groth16' },
  circuit: Circuit,
  hash: string,
  kernels: Kernels,
  step: () => Promise<void>,
): Promise<MakeProof> {
  const reader = await openZkeyReader(source(files, 'zkey'));
  requireFittingKey(reader.part, 'zkey', { circuit, hash });
  requireSameSetup(reader.part, 'zkey', groth16);
  const engineKey = await loadEngineKey(new SoloTeam(kernels, step), reader);
  return async (pause, witness, _context, onProgress) => {
    const { witness: classified, publicSignals, outputs } = solvedWitness(circuit, witness);
    const blinding = { r: freshScalar(), s: freshScalar() };
    await pause();
    const proof = await proveWithTeam(new SoloTeam(kernels, pause), engineKey, classified, blinding, onProgress);
    return { proof, publicSignals, outputs };
  };
}

async function openMirage(
  files: BrowserProverFiles,
  { mirage, facts }: PreparedKey & { readonly protocol: 'mirage' },
  circuit: Circuit,
  hash: string,
  kernels: Kernels,
): Promise<MakeProof> {
  const reader = await openMirageKey(source(files, 'zkey'));
  const twoRounds = requireTwoRounds(circuit);
  requireFittingMirageKey(reader.info, 'zkey', { ...twoRounds, hash });
  requireSameMirageSetup(reader.info, 'zkey', mirage);
  requireMirageBlinding(reader.info.points, 'zkey');
  const key = await loadRoundsKey(kernels, reader);
  return async (pause, witness, context, onProgress) => {
    const { witness: one, publicSignals, outputs } = solvedRoundOne(twoRounds, witness);
    const publicValues = publicSignals.map(BigInt);
    const challenge: Challenge = (c1) =>
      roundTwo(twoRounds, one.wires, drawChallenges({ keyDigest: facts.keyDigest, publicValues, context, c1 }));
    await pause();
    const team = new SoloTeam(kernels, pause);
    const proof = await proveTwoRounds(team, key, twoRounds.rounds, one, challenge, freshScalar, onProgress);
    return { proof, publicSignals, outputs };
  };
}

class SoloProver implements BrowserProver {
  /** Settles when the proof under way has; never rejects. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly circuit: Circuit,
    private readonly key: PreparedKey,
    private readonly make: MakeProof,
    private readonly points: KernelVerifier,
  ) {}

  get schema(): Schema {
    return this.key.facts.schema;
  }

  async prove(
    inputs: Readonly<Record<string, ArrayLike<number>>>,
    options: BrowserProveOptions = {},
  ): Promise<BrowserProof> {
    requireContext(this.key.protocol, options.context);
    const encoded = encodeSample(this.schema, realTensors(inputs));
    options.onProgress?.({ phase: 'queue', fraction: 0 });
    const proof = this.last.then(() => this.proveNow(encoded, options));
    this.last = proof.catch(() => undefined);
    return proof;
  }

  private async proveNow(
    inputs: ReadonlyMap<string, Float64Array>,
    { onProgress = () => undefined, context = new Uint8Array(), ...run }: BrowserProveOptions,
  ): Promise<BrowserProof> {
    const step = stepper('the proof', run);
    await step();
    onProgress({ phase: 'witness', fraction: 0 });
    const salts = freshSalts(this.schema);
    const witness = solve(this.circuit, inputs, { salts });
    const proven = await inMemory(() =>
      this.make(step, witness, context, (phase, fraction) => {
        onProgress({ phase, fraction });
      }),
    );
    const opening = openingOf(this.key.facts.keyDigest, salts, inputs, proven.outputs);
    return {
      proof: checkedProof(proven, this.key, this.points, contextText(context)),
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
