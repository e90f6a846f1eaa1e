/**
 * ezkl's settings.json, as far as a verifier needs it: how many public field elements a proof has, and which of them are which
 * tensor at which scale. Settings come from whoever made the key and are trusted as the key is; they still may be damaged.
 */
import { ZkonnxError } from '../base/errors.js';
import { parseJsonFile } from '../base/strict-json.js';
import { excerpt, isObject } from '../verify/json.js';
import type { JsonObject } from '../verify/json.js';

/** A public tensor: row-major, real value = signed field element / 2^scaleBits. */
export interface EzklTensorLayout {
  readonly name: string;
  readonly dims: readonly number[];
  /** May be negative. */
  readonly scaleBits: number;
  /** Position of its first element among the instances. */
  readonly offset: number;
}

export interface EzklSettings {
  /** Version of ezkl that wrote them, as it spells it. */
  readonly version: string;
  /** Rows of the circuit are 2^logRows. */
  readonly logRows: number;
  /** Number of tensors of the model, public or not. */
  readonly inputCount: number;
  /** Public field elements of a proof: tensors and hashes together. */
  readonly instanceCount: number;
  /** Empty where not public, or where the settings do not tell which instances are theirs. ezkl keeps no tensor names: they are `input_0`, `output_0`, … */
  readonly inputs: readonly EzklTensorLayout[];
  readonly outputs: readonly EzklTensorLayout[];
}

/** Majors of ezkl whose settings, keys and proofs the engine reads (docs/ezkl.md tells what was tried). */
export const READABLE_MAJORS: readonly number[] = [20, 21, 22];

/**
 * @throws ZkonnxError KEY_INVALID if this is not ezkl's settings.json or asks for IPA commitments, FORMAT_VERSION if it comes
 * from a version of ezkl whose files the engine cannot read.
 */
export function parseSettings(bytes: Uint8Array): EzklSettings {
  const settings = parseObject(bytes);
  const version = typeof settings['version'] === 'string' ? settings['version'].slice(0, 60) : 'unknown';
  checkVersion(version);
  const runArgs = settings['run_args'];
  if (!isObject(runArgs)) throw damaged('run_args', 'an object', runArgs);
  if (runArgs['commitment'] !== 'KZG') throw damaged('run_args.commitment', '"KZG"', runArgs['commitment']);
  const logRows = integer(runArgs['logrows'], 'run_args.logrows', 1, 28);
  const shapes = list(settings['model_instance_shapes'], 'model_instance_shapes').map(readShape);
  const inputScales = readScales(settings['model_input_scales'], 'model_input_scales');
  const outputScales = readScales(settings['model_output_scales'], 'model_output_scales');
  const hashes = moduleInstances(settings['module_sizes']);
  const tensorElements = shapes.reduce((sum, dims) => sum + elements(dims), 0);
  const scales = {
    inputs: runArgs['input_visibility'] === 'Public' ? inputScales : [],
    outputs: runArgs['output_visibility'] === 'Public' ? outputScales : [],
  };
  return {
    version,
    logRows,
    inputCount: inputScales.length,
    instanceCount: integer(tensorElements + hashes, 'model_instance_shapes', 0, 2 ** 28),
    ...layOut(shapes, scales, leadingHashes(runArgs, hashes)),
  };
}

/**
 * ezkl's order: hashes of inputs and of parameters, public inputs, public outputs, hashes of outputs. The settings tell the number
 * of hashes in all; a parameter set has one. Undefined where that does not say how many come first.
 */
function leadingHashes(runArgs: JsonObject, hashes: number): number | undefined {
  if (!isPubliclyHashed(runArgs['output_visibility'])) return hashes;
  if (!isPubliclyHashed(runArgs['input_visibility']) && !isPubliclyHashed(runArgs['param_visibility'])) return 0;
  return hashes === 2 ? 1 : undefined;
}

function isPubliclyHashed(visibility: unknown): boolean {
  const hashed = isObject(visibility) ? visibility['Hashed'] : undefined;
  return isObject(hashed) && hashed['hash_is_public'] === true;
}

/** @param start index of the first tensor element among the instances; undefined: nothing can be told apart. */
function layOut(
  shapes: readonly (readonly number[])[],
  scales: { readonly inputs: readonly number[]; readonly outputs: readonly number[] },
  start: number | undefined,
): Pick<EzklSettings, 'inputs' | 'outputs'> {
  const expected = scales.inputs.length + scales.outputs.length;
  if (shapes.length !== expected) throw damaged('model_instance_shapes', `${expected} shapes`, shapes);
  if (start === undefined) return { inputs: [], outputs: [] };
  let offset = start;
  const place = (kind: string, bits: readonly number[], first: number): EzklTensorLayout[] =>
    bits.map((scaleBits, i) => {
      const dims = shapes[first + i]!;
      const tensor = { name: `${kind}_${i}`, dims, scaleBits, offset };
      offset += elements(dims);
      return tensor;
    });
  const inputs = place('input', scales.inputs, 0);
  return { inputs, outputs: place('output', scales.outputs, scales.inputs.length) };
}

function elements(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

function parseObject(bytes: Uint8Array): JsonObject {
  const value = parseJsonFile('KEY_INVALID', 'the ezkl settings', bytes, { help: SETTINGS_HELP });
  if (!isObject(value)) throw damaged('the file', 'an object', value);
  return value;
}

function checkVersion(version: string): void {
  const major = /^v?(\d+)\./.exec(version)?.[1];
  if (major === undefined || READABLE_MAJORS.includes(Number(major))) return;
  throw new ZkonnxError(
    'FORMAT_VERSION',
    'these files come from a version of ezkl that @ezkljs/engine 21 cannot read',
    {
      expected: `ezkl ${READABLE_MAJORS[0]} to ${READABLE_MAJORS.at(-1)}`,
      got: `ezkl ${version}`,
      help: 'make settings, key and proof with ezkl 21 (pip install "ezkl==21.*")',
    },
  );
}

function readShape(value: unknown, index: number): readonly number[] {
  const where = `model_instance_shapes[${index}]`;
  return list(value, where).map((dim) => integer(dim, where, 0, 2 ** 28));
}

function readScales(value: unknown, where: string): readonly number[] {
  return list(value, where).map((scale) => integer(scale, where, -64, 64));
}

/** Instances of the Poseidon modules; commitments (polycommit) open the proof bytes and are no instances. */
function moduleInstances(moduleSizes: unknown): number {
  if (!isObject(moduleSizes)) throw damaged('module_sizes', 'an object', moduleSizes);
  const counts = list(list(moduleSizes['poseidon'], 'module_sizes.poseidon')[1], 'module_sizes.poseidon[1]');
  return counts.reduce<number>((sum, count) => sum + integer(count, 'module_sizes.poseidon[1]', 0, 2 ** 28), 0);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw damaged(where, 'an array', value);
  return value as readonly unknown[];
}

function integer(value: unknown, where: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw damaged(where, `an integer from ${min} to ${max}`, value);
}

const SETTINGS_HELP = "use the settings.json that ezkl's gen_settings wrote for this key";

function damaged(where: string, expected: string, got: unknown): ZkonnxError {
  return new ZkonnxError('KEY_INVALID', 'the ezkl settings cannot be used', {
    expected,
    got: got === undefined ? 'nothing' : excerpt(got),
    where,
    help: SETTINGS_HELP,
  });
}
