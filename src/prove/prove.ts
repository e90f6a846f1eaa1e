/** prove: samples of an artifact in, proof files out, in order, proven side by side by a worker pool. */
import { readFile } from 'node:fs/promises';
import { ZkonnxError } from '../errors.js';
import { requireSameCircuit } from '../formats/circuit.js';
import { artifactPaths, provingKeyPath, readManifest, type Manifest } from '../formats/manifest.js';
import { readMirageKeyInfo } from '../formats/mirage-key-file.js';
import { readZkeyVerifierPart } from '../formats/zkey-file.js';
import { groth16Equation } from '../verify/groth16.js';
import type { Equation } from '../verify/equation.js';
import { prepareKey, type PreparedKey } from '../verify/key.js';
import { mirageEquation } from '../verify/mirage.js';
import type { Protocol } from '../verify/statement.js';
import { checkedProof, type AnyProofFile } from './checked-proof.js';
import { contextText, requireContext } from './context.js';
import { encodeSample } from './encode.js';
import { freshScalar } from './fresh-scalar.js';
import { KernelVerifier } from './kernel-verifier.js';
import { requireSameSetup } from './key-match.js';
import { requireSameMirageSetup } from './mirage-key-match.js';
import { freshSalts, openingOf, type Opening } from './opening.js';
import { ProverPool, type ProveSample } from './pool.js';
import type { Circuit } from './program.js';
import type { ProvePhase, ProveProgress, ProverName } from './tasks.js';
import { solve, witnessToBytes } from './witness.js';

/** One inference to prove. */
export interface NamedSample {
  /** Names the sample in messages and file names. */
  readonly id: string;
  /** Real values by input name. */
  readonly tensors: ReadonlyMap<string, Float64Array>;
}

/** How to prove, and what to tell meanwhile. */
export interface ProveOptions {
  /** Worker threads, which share the work of each proof. Default min(cores, 8). */
  readonly threads?: number | undefined;
  /** MEMORY_EXCEEDED beforehand if the whole process would, by estimate, hold more. Our prover only. */
  readonly maxMemoryBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Our kernels (default), or snarkjs. */
  readonly prover?: ProverName | undefined;
  /** Of mirage: up to 32 bytes that the proof is bound to, a caller's address or a nonce. Default none. */
  readonly context?: Uint8Array | undefined;
  /** Progress of one sample, by its place in the batch. */
  readonly onProgress?: ((index: number, progress: ProveProgress) => void) | undefined;
}

/** A verified proof of one sample, and what it took. */
export interface ProvenSample {
  /** The sample's. */
  readonly id: string;
  readonly proof: AnyProofFile;
  /** For the prover alone to keep; present where the model was compiled with committed tensors. */
  readonly opening?: Opening;
  /** Wall-clock milliseconds by phase, with `total`; `load` is near 0 when the pool had circuit and key already. */
  readonly timingsMs: Readonly<Partial<Record<ProvePhase, number>>> & { readonly total: number };
  readonly peakMemoryBytes: number;
}

/**
 * Proves every sample and yields in order. The first sample that cannot be proven ends the batch with its error (INPUT_…,
 * RANGE_EXCEEDED, naming the sample), after the proofs before it. Throws KEY_MISMATCH where the artifact's keys are another circuit's or of
 * two setups, KEY_INVALID where they would not hide the inputs.
 */
export async function* prove(
  artifactDir: string,
  samples: Iterable<NamedSample> | AsyncIterable<NamedSample>,
  options: ProveOptions = {},
): AsyncGenerator<ProvenSample, void, undefined> {
  const manifest = await readManifest(artifactDir);
  const { protocol } = manifest;
  requireOptions(protocol, options);
  const { circuit } = artifactPaths(artifactDir);
  const provingKey = provingKeyPath(artifactDir, protocol);
  await using pool = new ProverPool({ threads: options.threads, maxMemoryBytes: options.maxMemoryBytes });
  // Workers start and load while this thread checks the keys.
  if (options.prover !== 'snarkjs') pool.preload({ circuitPath: circuit, zkeyPath: provingKey, protocol });
  const key = await readKey(artifactDir, manifest);
  const points = KernelVerifier.of(await ownEquation(key, provingKey));
  // Awaited below; until then a failure must not count as unhandled.
  points.catch(() => undefined);
  const started: Started[] = [];
  const { signal, onProgress } = options;
  const transcript =
    protocol === 'mirage'
      ? { keyDigest: key.facts.keyDigest, context: options.context ?? new Uint8Array() }
      : undefined;
  const request = { prover: options.prover, circuitPath: circuit, zkeyPath: provingKey, transcript };
  for await (const result of pool.proveMany(requests(request, manifest, samples, started), {
    signal,
    onProgress,
  })) {
    const { id, salts, inputs } = started.shift()!;
    const opening = openingOf(key.facts.keyDigest, salts, inputs, result.outputs);
    yield {
      id,
      proof: checkedProof(result, key, await points, contextText(transcript?.context)),
      ...(opening === undefined ? {} : { opening }),
      timingsMs: result.timingsMs,
      peakMemoryBytes: result.peakMemoryBytes,
    };
  }
}

/** A sample that has been handed to the pool. */
interface Started {
  readonly id: string;
  readonly salts: ReadonlyMap<string, bigint>;
  readonly inputs: ReadonlyMap<string, Float64Array>;
}

/** Throws USAGE for what the artifact's protocol does not have. */
function requireOptions(protocol: Protocol, { prover, context }: ProveOptions): void {
  if (protocol === 'mirage' && prover === 'snarkjs') {
    throw new ZkonnxError('USAGE', 'snarkjs does not know protocol mirage', {
      expected: 'our kernels',
      help: 'compile with --protocol groth16 for proofs that snarkjs makes',
    });
  }
  requireContext(protocol, context);
}

/** The equation of the verification key, once the proving key is known to be of its setup. */
async function ownEquation(key: PreparedKey, provingKey: string): Promise<Equation> {
  if (key.protocol === 'mirage') {
    requireSameMirageSetup(await readMirageKeyInfo(provingKey), provingKey, key.mirage);
    return mirageEquation(key.mirage);
  }
  requireSameSetup(await readZkeyVerifierPart(provingKey), provingKey, key.groth16);
  return groth16Equation(key.groth16);
}

async function* requests(
  request: Pick<ProveSample, 'prover' | 'circuitPath' | 'zkeyPath' | 'transcript'>,
  { schema }: Manifest,
  samples: Iterable<NamedSample> | AsyncIterable<NamedSample>,
  started: Started[],
): AsyncGenerator<ProveSample> {
  for await (const { id, tensors } of samples) {
    const inputs = encodeNamed(schema, id, tensors);
    const salts = freshSalts(schema);
    started.push({ id, salts, inputs });
    yield {
      ...request,
      inputs: Object.fromEntries(inputs),
      salts: Object.fromEntries(salts),
    };
  }
}

/** `encodeSample`, its errors naming the sample too. */
export function encodeNamed(schema: Manifest['schema'], id: string, tensors: ReadonlyMap<string, Float64Array>) {
  try {
    return encodeSample(schema, tensors);
  } catch (error) {
    if (!(error instanceof ZkonnxError)) throw error;
    const { where } = error.details;
    throw new ZkonnxError(error.code, error.shortMessage, {
      ...error.details,
      where: `${where ?? 'input'}, sample ${id}`,
    });
  }
}

/**
 * Every wire's value for one sample, 32 bytes each, with fresh salts: the content of a .wtns file, for other provers. Secret where anything
 * of the statement is. Throws as `encodeSample` and `solve`.
 */
export function witnessOf(circuit: Circuit, schema: Manifest['schema'], { id, tensors }: NamedSample): Uint8Array {
  if (circuit.rounds !== undefined) {
    throw new ZkonnxError('USAGE', 'a witness of mirage is made in two rounds, the second for each proof anew', {
      expected: 'an artifact of protocol groth16',
      help: 'compile with --protocol groth16 for a .wtns file',
    });
  }
  const salts = new Map(circuit.salts.map(({ name }) => [name, freshScalar()]));
  return witnessToBytes(solve(circuit, encodeNamed(schema, id, tensors), { salts }), circuit.r1cs.nWires);
}

/** The artifact's verification key, checked against its circuit. */
async function readKey(artifactDir: string, manifest: Manifest): Promise<PreparedKey> {
  const file = artifactPaths(artifactDir).verificationKey;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ZkonnxError('FILE_UNREADABLE', 'the artifact has no keys', {
      where: file,
      help: `run \`zkonnx setup ${artifactDir} --dev\` first`,
      cause,
    });
  }
  const key = prepareKey(text);
  requireSameCircuit(manifest.circuit.hash, key.facts.circuitHash, file);
  return key;
}
