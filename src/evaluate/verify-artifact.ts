/**
 * `artifact verify`: is this folder what compiling this model gives? Everything in it may be a stranger's, so nothing is believed: the circuit is
 * compiled again from the model by the choices that the manifest shows, and what the folder holds is compared with that.
 */
import { ZkonnxError } from '../base/errors.js';
import { recompile, type Recompiled } from '../compile/recompile.js';
import { bodyFaults } from './key-body.js';
import type { StageOptions } from '../compile/stages.js';
import { isTwoRound } from '../constraint/kind.js';
import type { Circuit } from '../constraint/program.js';
import { exportSolidity } from '../export/solidity.js';
import { keyFiles } from '../formats/artifact-keys.js';
import { circuitDigest } from '../formats/circuit-digest.js';
import { namesOf, readCircuitFile } from '../formats/circuit-file.js';
import { artifactPaths, ownProvingKey, readManifest, type Manifest } from '../formats/manifest.js';
import { MAX_PROGRAM_BYTES, programHash } from '../prove/clear/program.js';
import { readRegular } from '../formats/regular-file.js';
import { openProver } from '../prove/open-prover.js';
import { canonicalJson } from '../verify/json.js';
import { MAX_KEY_CHARS, prepareKey, type PreparedKey } from '../verify/key.js';
import { schemaDigest } from '../verify/schema.js';
import { dequantise, elementCount, type Protocol, type Schema, type TensorSchema } from '../verify/statement.js';

/** What of an artifact was compared. */
export type ArtifactPart =
  'model' | 'schema' | 'circuit' | 'witness program' | 'verification key' | 'proving key' | 'contract';

/** `equal`; `differs`; `other`: not the same, and no harm to a proof; `absent`: there is none to compare. */
export type ArtifactVerdict = 'equal' | 'differs' | 'other' | 'absent';

/** One part of an artifact, compared. */
export interface ArtifactCheck {
  readonly part: ArtifactPart;
  readonly verdict: ArtifactVerdict;
  /** What differs, or what the verdict rests on. */
  readonly note: string;
}

/** What comparing an artifact with its model found. */
export interface ArtifactReport {
  /** Whether nothing differs. */
  readonly equal: boolean;
  readonly checks: readonly ArtifactCheck[];
  /**
   * Bits and ranges that calibration chose are shown, and follow from no model: whether they suit it is for accuracy to say. Nor do visibility,
   * labels and how pictures are read, which the publisher chose.
   */
  readonly choices: 'shown, not trusted';
}

/** What else to compare, and how to watch and stop it. */
export interface VerifyArtifactOptions extends StageOptions {
  /** A contract that was exported for the artifact's key, by its path: to be compared with the key's own. */
  readonly contract?: string | undefined;
  readonly threads?: number | undefined;
}

/**
 * Compares an artifact folder with a model: the path of the ONNX file that it should be of. Throws NOT_COMPARABLE for an artifact of another
 * lowering or of formatVersion 1, FILE_UNREADABLE, ARTIFACT_INVALID, FORMAT_VERSION for files that are none, ABORTED, and what compiling throws.
 */
export async function verifyArtifact(
  dir: string,
  modelPath: string,
  { contract, threads, ...stages }: VerifyArtifactOptions = {},
): Promise<ArtifactReport> {
  const paths = artifactPaths(dir);
  const manifest = await readManifest(dir);
  const again = await recompile(modelPath, manifest, stages).catch(impossibleChoices);
  if (again instanceof ZkonnxError) {
    const note = `by the choices that the manifest shows the model has no circuit: ${again.shortMessage}`;
    return { equal: false, checks: [differs('circuit', note)], choices: 'shown, not trusted' };
  }
  const checks: ArtifactCheck[] = [
    checkModel(manifest, again),
    checkSchema(manifest, again),
    ...(await PRODUCT_CHECKS[manifest.protocol](dir, manifest, again)),
  ];
  const isThere = await keyFiles(dir);
  const key = isThere.includes(paths.verificationKey) ? await readKey(paths.verificationKey) : undefined;
  checks.push(await checkKey(key, again));
  const own = ownProvingKey(dir, manifest.protocol);
  const canProve = own === undefined ? key !== undefined : isThere.includes(own);
  const works = own === undefined ? NO_PROVING_KEY : KEY_WORKS;
  checks.push(
    await checkProvingKey(dir, canProve ? works : undefined, again.schema, threads, stages.signal ?? undefined),
  );
  if (contract !== undefined) checks.push(await checkContract(contract, key));
  return { equal: checks.every(({ verdict }) => verdict !== 'differs'), checks, choices: 'shown, not trusted' };
}

/** Choices by which integers leave their bounds: no compiler made them. Throws every other error. */
function impossibleChoices(error: unknown): ZkonnxError {
  if (error instanceof ZkonnxError && error.code === 'BOUND_OVERFLOW') return error;
  throw error;
}

const equal = (part: ArtifactPart, note: string): ArtifactCheck => ({ part, verdict: 'equal', note });
const differs = (part: ArtifactPart, note: string): ArtifactCheck => ({ part, verdict: 'differs', note });
const absent = (part: ArtifactPart, note: string): ArtifactCheck => ({ part, verdict: 'absent', note });

function checkModel({ model }: Manifest, { modelHash }: Recompiled): ArtifactCheck {
  if (model.hash === modelHash) return equal('model', modelHash);
  return differs('model', `the manifest names ${model.hash}, the model given is ${modelHash}`);
}

function checkSchema({ schema, schemaDigest: said }: Manifest, again: Recompiled): ArtifactCheck {
  const digest = schemaDigest(again.schema);
  const where = firstDifference(schema, again.schema);
  if (where !== undefined) return differs('schema', `the manifest’s ${where} is not what the model gives`);
  return said === digest
    ? equal('schema', digest)
    : differs('schema', `the manifest’s digest is ${said ?? 'none'}, the schema’s ${digest}`);
}

/** The first field that differs, in words; undefined where none does. */
function firstDifference(got: Schema, expected: Schema): string | undefined {
  for (const side of ['outputs', 'inputs'] as const) {
    for (const [i, tensor] of expected[side].entries()) {
      const other = got[side][i];
      if (other === undefined) return `list of ${side}`;
      for (const field of new Set([...Object.keys(tensor), ...Object.keys(other)])) {
        const [left, right] = [tensor, other].map((one) => one[field as keyof TensorSchema] ?? null);
        if (canonicalJson(left) !== canonicalJson(right))
          return `${field} of ${side.slice(0, -1)} ${JSON.stringify(tensor.name)}`;
      }
    }
  }
  return canonicalJson(got) === canonicalJson(expected) ? undefined : 'overflow, or its list of tensors';
}

type ProductChecks = (dir: string, manifest: Manifest, again: Recompiled) => Promise<ArtifactCheck[]>;

/** What the folder has to be proven, beside what compiling again gives. */
const PRODUCT_CHECKS: { readonly [P in Protocol]: ProductChecks } = {
  groth16: checkCircuitFile,
  mirage: checkCircuitFile,
  async clear(dir, { circuit: said }, { product: { names } }) {
    const bytes = await readRegular(artifactPaths(dir).program, MAX_PROGRAM_BYTES);
    const found = programHash(bytes);
    const faults = [
      ...(found === names.hash ? [] : ['program.bin is another program than the model gives by these choices']),
      ...(said.hash === names.hash ? [] : [`the manifest names ${said.hash}, compiling again gives ${names.hash}`]),
      ...(said.relation === names.relation ? [] : ['the manifest names another relation']),
    ];
    return [faults.length === 0 ? equal('circuit', names.hash) : differs('circuit', faults.join('; '))];
  },
};

async function checkCircuitFile(dir: string, manifest: Manifest, again: Recompiled): Promise<ArtifactCheck[]> {
  const circuit = await readCircuitFile(artifactPaths(dir).circuit);
  return [checkCircuit(manifest, circuit, again), checkProgram(circuit, again)];
}

function checkCircuit(manifest: Manifest, circuit: Circuit, again: Recompiled): ArtifactCheck {
  const [found, expected] = [namesOf(circuit), namesOf(again.product.circuit)];
  const digest = schemaDigest(again.schema);
  const hash = circuitDigest(expected, digest);
  const faults = [
    ...(found.relation === expected.relation
      ? []
      : ['circuit.bin has other constraints than the model gives by these choices']),
    ...(found.bindings === expected.bindings ? [] : ['circuit.bin has inputs, outputs or salts on other wires']),
    ...(circuit.schemaDigest === digest ? [] : ['circuit.bin was compiled for another schema']),
    ...(manifest.circuit.hash === hash
      ? []
      : [`the manifest names ${manifest.circuit.hash}, compiling again gives ${hash}`]),
    ...(manifest.circuit.relation === expected.relation ? [] : ['the manifest names another relation']),
  ];
  return faults.length === 0 ? equal('circuit', hash) : differs('circuit', faults.join('; '));
}

/** Other hints are no other circuit: what they compute is released only if it is what the sample says. */
function checkProgram(circuit: Circuit, again: Recompiled): ArtifactCheck {
  const [found, expected] = [hintsOf(circuit), hintsOf(again.product.circuit)];
  if (found.every((words, i) => isEqual(words, expected[i]!))) {
    return equal('witness program', 'how wires are computed is the same');
  }
  const note =
    'wires are computed in another way; no proof depends on it, and none is released that says anything but the sample';
  return { part: 'witness program', verdict: 'other', note };
}

/** What computes wires, of both rounds where there are two. */
function hintsOf(circuit: Circuit): readonly ArrayLike<number>[] {
  const { code, hints } = circuit.program;
  const roundTwo = isTwoRound(circuit) ? circuit.rounds.code : [];
  return [code, hints.rowStart, hints.wires, hints.coefs, roundTwo];
}

function isEqual(left: ArrayLike<number>, right: ArrayLike<number>): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}

/** The key, or why it is none. */
export async function readKey(file: string): Promise<PreparedKey | ZkonnxError> {
  const text = (await readRegular(file, MAX_KEY_CHARS)).toString('utf8');
  try {
    return prepareKey(text);
  } catch (error) {
    if (error instanceof ZkonnxError) return error;
    throw error;
  }
}

export async function checkKey(key: PreparedKey | ZkonnxError | undefined, again: Recompiled): Promise<ArtifactCheck> {
  if (key === undefined) return absent('verification key', 'none yet: zkonnx setup');
  if (key instanceof ZkonnxError)
    return differs('verification key', `${key.shortMessage} (${key.details.where ?? key.code})`);
  const { modelHash, circuitHash, schema, keyDigest, formatVersion } = key.facts;
  const { hash } = again.product.names;
  const faults = [
    ...(formatVersion === 1 ? ['it is of formatVersion 1, whose circuit hash leaves bindings and schema out'] : []),
    ...(modelHash === again.modelHash ? [] : [`it is of model ${modelHash}`]),
    ...(circuitHash === hash ? [] : [`it is of circuit ${circuitHash}`]),
    ...(canonicalJson(schema) === canonicalJson(again.schema)
      ? []
      : [`its schema differs: ${firstDifference(schema, again.schema) ?? ''}`]),
    ...(await bodyFaults(key, again)),
  ];
  return faults.length === 0 ? equal('verification key', keyDigest) : differs('verification key', faults.join('; '));
}

const KEY_WORKS =
  'it is of this circuit and setup, and a proof made with it verifies; its single points are not checked';
const NO_PROVING_KEY = 'the protocol has none: the program serves, and a proof made with it verifies';

/** That the pair works is shown by a proof: of the middle of every input's domain. */
async function checkProvingKey(
  dir: string,
  works: string | undefined,
  schema: Schema,
  threads: number | undefined,
  signal: AbortSignal | undefined,
): Promise<ArtifactCheck> {
  if (works === undefined) return absent('proving key', 'none yet: zkonnx setup');
  try {
    await using prover = await openProver(dir, { threads, signal });
    await prover.prove(new Map(schema.inputs.map((tensor) => [tensor.name, middle(tensor)])), { signal });
    return equal('proving key', works);
  } catch (error) {
    if (!(error instanceof ZkonnxError) || error.code === 'ABORTED' || error.code === 'INTERNAL') throw error;
    if (error.code === 'RANGE_EXCEEDED')
      return equal(
        'proving key',
        'it is of this circuit and setup; the sample tried has no witness, so no proof was made',
      );
    return differs('proving key', `${error.shortMessage} (${error.code})`);
  }
}

function middle(tensor: TensorSchema): number[] {
  const q = Math.floor((tensor.lo + tensor.hi) / 2);
  return dequantise(tensor, new Array<number>(elementCount(tensor.dims)).fill(q));
}

async function checkContract(file: string, key: PreparedKey | ZkonnxError | undefined): Promise<ArtifactCheck> {
  if (key === undefined || key instanceof ZkonnxError)
    return differs('contract', 'there is no usable key that it could be of');
  const text = await readContract(file);
  const name = /^contract ([A-Za-z0-9_]+) \{$/m.exec(text)?.[1] ?? 'ZkonnxVerifier';
  const { source } = exportSolidity(key, { name, allowDevelopmentKey: true });
  return source === text
    ? equal('contract', name)
    : differs('contract', `${file} is not what this version exports for the key`);
}

const MAX_CONTRACT_BYTES = 2 ** 20;

async function readContract(file: string): Promise<string> {
  return (await readRegular(file, MAX_CONTRACT_BYTES)).toString('utf8');
}
