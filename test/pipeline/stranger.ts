/** Artifacts as a stranger hands them over: of either format, with something changed in a file and every digest made anew that can be. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import { requireTwoRounds } from '../../src/constraint/kind.js';
import type { Circuit } from '../../src/constraint/program.js';
import { circuitDigest } from '../../src/formats/circuit-digest.js';
import { namesOf, readCircuitFile, writeCircuitFile } from '../../src/formats/circuit-file.js';
import { artifactPaths, provingKeyPath, readManifest, type Manifest } from '../../src/formats/manifest.js';
import type { ArtifactBytes } from '../../src/prove/prover.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { setupMirageDev } from '../../src/setup/mirage-dev.js';
import { setup } from '../../src/setup/setup.js';
import type { MirageVerificationKey, VerificationKey } from '../../src/verify/index.js';
import { schemaDigest, type FormatVersion } from '../../src/verify/schema.js';
import type { Schema } from '../../src/verify/statement.js';
import { sealed } from '../fixtures/proofs/sealed.js';
import { type CurveProtocol } from '../../src/verify/key-points.js';

type AnyKey = VerificationKey | MirageVerificationKey;

/** Compiles a model into a folder, as this version writes artifacts or as the one before did, and makes development keys. */
export async function makeArtifactOf(
  version: FormatVersion,
  folder: string,
  model: string,
  options: CompileOptions & { readonly protocol: CurveProtocol },
): Promise<void> {
  await writeArtifact(folder, await compile(model, options), model);
  const makers = { 1: () => setupAsBefore(folder), 2: () => setup(folder, { dev: true, threads: 2 }) } as const;
  await makers[version]();
}

const POINTS: { readonly [P in CurveProtocol]: (circuit: Circuit, file: string, hash: string) => Promise<object> } = {
  groth16: ({ r1cs }, zkeyPath, circuitHash) => setupDev(r1cs, { zkeyPath, circuitHash, threads: 2 }),
  mirage(circuit, keyPath, circuitHash) {
    const { r1cs, rounds } = requireTwoRounds(circuit);
    return setupMirageDev({ r1cs, rounds, circuitHash }, { keyPath, threads: 2 });
  },
};

/** formatVersion 1: the circuit's hash is its relation, circuit.bin names no schema, the schema says nothing of overflow. */
async function setupAsBefore(folder: string): Promise<void> {
  const paths = artifactPaths(folder);
  const { schemaDigest: _digest, ...circuit } = await readCircuitFile(paths.circuit);
  await writeCircuitFile(paths.circuit, circuit);
  const { relation } = namesOf(circuit);
  await editManifest(folder, (manifest) => {
    const { lowering: _lowering, choices: _choices, schemaDigest: _schema, ...rest } = manifest;
    const { relation: _relation, ...counts } = manifest.circuit;
    const { outputs, inputs } = manifest.schema;
    return { ...rest, formatVersion: 1, circuit: { ...counts, hash: relation }, schema: { outputs, inputs } };
  });
  const { protocol, model, schema } = await readManifest(folder);
  const points = await POINTS[protocol as CurveProtocol](circuit, provingKeyPath(folder, protocol), relation);
  const facts = { formatVersion: 1, setup: 'development', modelHash: model.hash, circuitHash: relation, schema };
  await writeFile(paths.verificationKey, JSON.stringify(sealed({ ...points, zkonnx: facts })));
}

/** Rewrites circuit.bin, whole again: its own checksum fits. */
export async function editCircuit(folder: string, change: (circuit: Circuit) => Circuit): Promise<void> {
  const file = artifactPaths(folder).circuit;
  await writeCircuitFile(file, change(await readCircuitFile(file)));
}

export async function editManifest(folder: string, change: (manifest: Manifest) => Manifest): Promise<void> {
  const file = artifactPaths(folder).manifest;
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
  await writeFile(file, JSON.stringify(change(manifest)));
}

/** Another schema in the manifest, and the digests that follow from it. */
export async function restateManifest(folder: string, change: (schema: Schema) => Schema): Promise<void> {
  const names = namesOf(await readCircuitFile(artifactPaths(folder).circuit));
  await editManifest(folder, (manifest) => {
    const schema = change(manifest.schema);
    const digest = schemaDigest(schema);
    const circuit = { ...manifest.circuit, hash: circuitDigest(names, digest) };
    return { ...manifest, schema, schemaDigest: digest, circuit };
  });
}

export async function readKey(folder: string): Promise<AnyKey> {
  return JSON.parse(await readFile(artifactPaths(folder).verificationKey, 'utf8')) as AnyKey;
}

/** Other facts in the verification key, sealed with the digest that they have. */
export async function editKey(folder: string, facts: object): Promise<AnyKey> {
  const key = await readKey(folder);
  const edited = sealed(key, {}, facts);
  await writeFile(artifactPaths(folder).verificationKey, JSON.stringify(edited));
  return edited;
}

/** The folder's files as a page gets them. */
export async function bytesOfArtifact(folder: string): Promise<ArtifactBytes> {
  const { protocol } = await readManifest(folder);
  const paths = artifactPaths(folder);
  const bytes = async (file: string) => new Uint8Array(await readFile(file));
  return {
    circuit: await bytes(paths.circuit),
    provingKey: await bytes(provingKeyPath(folder, protocol)),
    verificationKey: await readFile(paths.verificationKey, 'utf8'),
  };
}

/** The first wire that the program sets to a full-width value: a salt put there is overwritten, and the salt's own wire stays 0. */
export function withoutSalts(circuit: Circuit): Circuit {
  const { inputs, salts, r1cs } = circuit;
  const given = new Set([
    ...salts.map(({ wire }) => wire),
    ...inputs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i)),
  ]);
  const firstInside = 1 + r1cs.nPubOut + r1cs.nPubIn;
  const wire = r1cs.wireClass.findIndex((kind, at) => at >= firstInside && kind === FULL_WIDTH && !given.has(at));
  return { ...circuit, salts: salts.map(({ name }) => ({ name, wire })) };
}

const FULL_WIDTH = 2;

export function rotatedLabels(schema: Schema): Schema {
  const outputs = schema.outputs.map((tensor) => {
    const [first, ...others] = tensor.labels!;
    return { ...tensor, labels: [...others, first!] };
  });
  return { ...schema, outputs };
}

export function doubledScales(schema: Schema): Schema {
  const inputs = schema.inputs.map((tensor) => ({ ...tensor, scale: 2 * (tensor.scale as number) }));
  return { ...schema, inputs };
}

/** A place for a copy that a test may spoil. */
export const copyPath = (folder: string, name: string): string => path.join(path.dirname(folder), `${path.basename(folder)} ${name}`); // prettier-ignore
