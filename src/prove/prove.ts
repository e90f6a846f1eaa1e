/** prove: samples of an artifact in, proof files out, in order, proven side by side by a worker pool. */
import { randomFillSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ZkonnxError } from '../errors.js';
import { requireSameCircuit } from '../formats/circuit-file.js';
import { artifactPaths, readManifest, type Manifest } from '../formats/manifest.js';
import { prepareKey, type PreparedKey } from '../verify/key.js';
import { makeProof, type ProofFile } from '../verify/proof.js';
import { verify } from '../verify/verify.js';
import { encodeSample } from './encode.js';
import { randomScalar } from './engine/prover.js';
import { ProverPool, type ProveSample } from './pool.js';
import type { Circuit } from './program.js';
import type { ProveProgress, ProveResult, ProverName } from './tasks.js';
import { solve, witnessToBytes } from './witness.js';

export interface NamedSample {
  /** Names the sample in messages and file names. */
  readonly id: string;
  /** Real values by input name. */
  readonly tensors: ReadonlyMap<string, Float64Array>;
}

export interface ProveOptions {
  /** Workers; each proves one sample at a time. Default min(cores, 8). */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Our kernels (default), or snarkjs. */
  readonly prover?: ProverName | undefined;
  /** Progress of one sample, by its place in the batch. */
  readonly onProgress?: ((index: number, progress: ProveProgress) => void) | undefined;
}

/** What opens a committed tensor's hash. Secret: with it, anybody can check guesses of the values. */
export interface Opening {
  readonly formatVersion: 1;
  readonly keyDigest: string;
  /** Decimal salt by tensor name. */
  readonly salts: Readonly<Record<string, string>>;
  /** Integers of the committed tensors by name. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

export interface ProvenSample {
  readonly id: string;
  readonly proof: ProofFile;
  readonly opening?: Opening;
  readonly timingsMs: ProveResult['timingsMs'];
  readonly peakMemoryBytes: number;
}

/**
 * Proves every sample and yields in order. The first sample that cannot be proven ends the batch with its error (INPUT_…,
 * RANGE_EXCEEDED, naming the sample), after the proofs before it. Throws KEY_MISMATCH where the artifact's keys are another circuit's.
 */
export async function* prove(
  artifactDir: string,
  samples: Iterable<NamedSample> | AsyncIterable<NamedSample>,
  options: ProveOptions = {},
): AsyncGenerator<ProvenSample, void, undefined> {
  const manifest = await readManifest(artifactDir);
  const key = await readKey(artifactDir, manifest);
  const started: Started[] = [];
  await using pool = new ProverPool({ threads: options.threads });
  const { signal, onProgress } = options;
  for await (const result of pool.proveMany(requests(artifactDir, manifest, samples, started, options.prover), {
    signal,
    onProgress,
  })) {
    const { id, salts, inputs } = started.shift()!;
    yield {
      id,
      proof: checkedProof(result, key),
      ...(salts.size === 0 ? {} : { opening: openingOf(key.facts.keyDigest, salts, inputs, result.outputs) }),
      timingsMs: result.timingsMs,
      peakMemoryBytes: result.peakMemoryBytes,
    };
  }
}

/** The proof file, verified: whatever went wrong in a worker, a proof that nobody accepts is not handed out. */
function checkedProof(result: ProveResult, key: PreparedKey): ProofFile {
  const { keyDigest, modelHash, setup } = key.facts;
  const proof = makeProof({ ...result.proof }, result.publicSignals, { keyDigest, modelHash, setup });
  const verdict = verify(proof, key);
  if (verdict.valid) return proof;
  throw new ZkonnxError('KEY_MISMATCH', 'the proof does not verify under the artifact’s verification key', {
    got: verdict.message,
    help: 'the proving key does not belong to the verification key, or one of them is damaged: run setup again',
  });
}

/** A sample that has been handed to the pool. */
interface Started {
  readonly id: string;
  readonly salts: ReadonlyMap<string, bigint>;
  readonly inputs: ReadonlyMap<string, Float64Array>;
}

async function* requests(
  artifactDir: string,
  { schema }: Manifest,
  samples: Iterable<NamedSample> | AsyncIterable<NamedSample>,
  started: Started[],
  prover: ProverName | undefined,
): AsyncGenerator<ProveSample> {
  const { circuit, provingKey } = artifactPaths(artifactDir);
  const committed = [...schema.outputs, ...schema.inputs].filter(({ visibility }) => visibility === 'committed');
  for await (const { id, tensors } of samples) {
    const inputs = encodeNamed(schema, id, tensors);
    const salts = new Map(committed.map(({ name }) => [name, randomScalar(randomFillSync)]));
    started.push({ id, salts, inputs });
    yield {
      prover,
      circuitPath: circuit,
      zkeyPath: provingKey,
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
  const salts = new Map(circuit.salts.map(({ name }) => [name, randomScalar(randomFillSync)]));
  return witnessToBytes(solve(circuit, encodeNamed(schema, id, tensors), { salts }), circuit.r1cs.nWires);
}

function openingOf(
  keyDigest: string,
  salts: ReadonlyMap<string, bigint>,
  inputs: ReadonlyMap<string, Float64Array>,
  outputs: Readonly<Record<string, Float64Array>>,
): Opening {
  const valuesOf = (name: string) => Array.from(inputs.get(name) ?? outputs[name]!);
  return {
    formatVersion: 1,
    keyDigest,
    salts: Object.fromEntries([...salts].map(([name, salt]) => [name, salt.toString()])),
    values: Object.fromEntries([...salts.keys()].map((name) => [name, valuesOf(name)])),
  };
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
