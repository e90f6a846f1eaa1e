/** artifacts/NAME/manifest.json: what was compiled, from what, by what, and how its inputs and outputs read. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { parseJsonFile } from '../base/strict-json.js';
import { writtenNames } from '../base/unsupported.js';
import { excerpt, isObject } from '../verify/json.js';
import { isProtocol, PROTOCOLS, type Protocol, type Schema } from '../verify/statement.js';
import { count, integer, list, number, object, oneOf, optional, schema, text } from './manifest-fields.js';
import type { Fields } from './manifest-fields.js';

export const MANIFEST_VERSION = 1;
const MAX_MANIFEST_CHARS = 64 << 20;

/** A layer of a circuit: what it costs and, where it is a tensor, its bounds and scale. */
export interface LayerCost {
  readonly name: string;
  readonly op: string;
  readonly constraints: number;
  readonly dims?: readonly number[];
  /** Proven inclusive integer bounds over all elements. */
  readonly lo?: number;
  readonly hi?: number;
  /** real = integer·scale + offset. */
  readonly scale?: number;
  readonly offset?: number;
  /** Declared error of a function's table, in real units: for arguments in the table's range. */
  readonly error?: number;
}

/** manifest.json: what was compiled, from what, by what, and how its inputs and outputs read. */
export interface Manifest {
  readonly formatVersion: number;
  readonly tool: string;
  readonly protocol: Protocol;
  readonly model: { readonly file: string; readonly hash: string; readonly opset: number; readonly producer: string };
  readonly circuit: {
    readonly hash: string;
    readonly constraints: number;
    readonly wires: number;
    readonly publicInputs: number;
    readonly nonZeros: number;
  };
  readonly quantisation: {
    readonly bits: number;
    readonly overflow: 'saturate' | 'reject';
    readonly tolerance: number;
    readonly softmax: 'circuit' | 'reader';
  };
  readonly schema: Schema;
  readonly layers: readonly LayerCost[];
  /** Defaults that were taken and what they mean, in sentences. */
  readonly notes: readonly string[];
}

/** What each field must be: the compiler holds the table complete. */
const FIELDS: Fields<Manifest> = {
  formatVersion: integer,
  tool: text,
  protocol: oneOf(...PROTOCOLS),
  model: object<Manifest['model']>({ file: text, hash: text, opset: count, producer: text }),
  circuit: object<Manifest['circuit']>({
    hash: text,
    constraints: count,
    wires: count,
    publicInputs: count,
    nonZeros: count,
  }),
  quantisation: object<Manifest['quantisation']>({
    bits: count,
    overflow: oneOf('saturate', 'reject'),
    tolerance: number,
    softmax: oneOf('circuit', 'reader'),
  }),
  schema,
  layers: list(
    object<LayerCost>({
      name: text,
      op: text,
      constraints: count,
      dims: optional(list(count)),
      lo: optional(number),
      hi: optional(number),
      scale: optional(number),
      offset: optional(number),
      error: optional(number),
    }),
  ),
  notes: list(text),
};

/** Files of an artifact folder. */
export function artifactPaths(dir: string) {
  return {
    manifest: path.join(dir, 'manifest.json'),
    circuit: path.join(dir, 'circuit.bin'),
    accuracy: path.join(dir, 'accuracy.json'),
    model: path.join(dir, 'model.onnx'),
    verificationKey: path.join(dir, 'verification_key.json'),
  } as const;
}

/** Proving keys by name: the key itself, and files that only make it load faster. */
export const PROVING_KEYS: { readonly [P in Protocol]: { readonly file: string; readonly stored: readonly string[] } } =
  {
    groth16: { file: 'proving_key.zkey', stored: ['proving_key.zkey.kernels'] },
    mirage: { file: 'proving_key.mirage', stored: [] },
  };

/** The artifact's own proving key. */
export function provingKeyPath(dir: string, protocol: Protocol): string {
  return path.join(dir, PROVING_KEYS[protocol].file);
}

/** Every file that a setup of any protocol may have left in an artifact folder, the verification key first. */
export function keyPaths(dir: string): string[] {
  const names = writtenNames(PROVING_KEYS).flatMap((name) => [PROVING_KEYS[name].file, ...PROVING_KEYS[name].stored]);
  return [artifactPaths(dir).verificationKey, ...names.map((name) => path.join(dir, name))];
}

/** Reads and checks a manifest. Throws FILE_UNREADABLE, FILE_TOO_LARGE, ARTIFACT_INVALID, FORMAT_VERSION, PROTOCOL_UNSUPPORTED. */
export async function readManifest(dir: string): Promise<Manifest> {
  const file = artifactPaths(dir).manifest;
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ZkonnxError('FILE_UNREADABLE', 'cannot read the artifact', {
      where: file,
      help: 'name the folder that `zkonnx compile … -o FOLDER` wrote',
      cause,
    });
  }
  const help = 'use the version of zkonnx that wrote it, or compile again';
  if (content.length > MAX_MANIFEST_CHARS) {
    throw new ZkonnxError('FILE_TOO_LARGE', 'the manifest is too large', {
      expected: `at most ${MAX_MANIFEST_CHARS} characters`,
      got: String(content.length),
      where: file,
    });
  }
  const manifest = parseJsonFile('ARTIFACT_INVALID', 'the manifest', content, { where: file, help: 'compile again' });
  const { formatVersion, protocol }: Record<string, unknown> = isObject(manifest) ? manifest : {};
  if (formatVersion !== MANIFEST_VERSION) {
    throw new ZkonnxError('FORMAT_VERSION', 'the artifact has an unknown format version', {
      expected: String(MANIFEST_VERSION),
      got: formatVersion === undefined ? 'none' : excerpt(formatVersion),
      where: file,
      help,
    });
  }
  if (protocol !== undefined && !isProtocol(protocol)) {
    throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest names an unknown protocol', {
      expected: PROTOCOLS.join(' or '),
      got: excerpt(protocol),
      where: file,
      help,
    });
  }
  object(FIELDS)(manifest, '', file);
  const whole = manifest as Manifest;
  // A protocol that is not written yet is refused here, before anything is believed of its artifact.
  provingKeyPath(dir, whole.protocol);
  return whole;
}
