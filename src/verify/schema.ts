/** Checks that an untrusted value is an I/O schema (see statement.ts) before anything computes with its numbers; and its digest. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { ZkonnxError } from '../base/errors.js';
import { canonicalJson, excerpt, isObject, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { OVERFLOWS, SIGNAL_BYTES, digitBytes, elementCount } from './statement.js';
import type { Schema, TensorSchema } from './statement.js';

/** Versions of the format that carries schemas: keys, proofs and manifests. */
export type FormatVersion = 1 | 2;

const SCHEMA_FIELDS: { readonly [V in FormatVersion]: readonly string[] } = {
  1: ['outputs', 'inputs'],
  2: ['outputs', 'inputs', 'overflow', 'clamped'],
};

const MAX_TENSORS = 256;
const MAX_RANK = 16;
/** Elements of one tensor: what a verifier is willing to allocate because a file says so. */
const MAX_ELEMENTS = 1 << 22;
const MAX_TEXT = 1024;
const TENSOR_FIELDS_1 = 'name dims visibility lo hi bytes scale zeroPoint dtype labels reader image'.split(' ');
const TENSOR_FIELDS: { readonly [V in FormatVersion]: readonly string[] } = {
  1: TENSOR_FIELDS_1,
  2: [...TENSOR_FIELDS_1, 'axis'],
};
const IMAGE_FIELDS = 'layout resize color invert range mean std'.split(' ');

function fail(what: string, where: string, got?: unknown): never {
  throw new ZkonnxError('KEY_INVALID', `the I/O schema is unusable: ${what}`, {
    where,
    ...(got === undefined ? {} : { got: excerpt(got) }),
    help: 'use the verification_key.json that setup wrote for this circuit, unchanged',
  });
}

/** The schema, checked: every field present, in range and consistent, and no field that this version of the format does not have. KEY_INVALID. */
export function readSchema(value: unknown, version: FormatVersion): Schema {
  if (!isObject(value)) fail('it is not an object', 'schema', value ?? null);
  const stray = unknownField(value, SCHEMA_FIELDS[version]);
  if (stray !== undefined) fail('it has an unknown field', `schema.${stray.slice(0, 60)}`);
  if (version > 1) checkOverflow(value);
  for (const side of ['outputs', 'inputs'] as const) {
    const tensors = value[side];
    if (!Array.isArray(tensors) || tensors.length > MAX_TENSORS) {
      fail(`${side} must be an array of at most ${MAX_TENSORS} tensors`, `schema.${side}`);
    }
    tensors.forEach((tensor, i) => checkTensor(tensor, `schema.${side}[${i}]`, TENSOR_FIELDS[version]));
    checkNames(tensors as TensorSchema[], `schema.${side}`);
  }
  const schema = value as unknown as Schema;
  checkNames(
    [...schema.outputs, ...schema.inputs].filter((tensor) => tensor.visibility === 'committed'),
    'schema, committed tensors',
  );
  return schema;
}

/**
 * keccak256 of "zkonnx schema v2\n" and the canonical JSON of the schema without `image`: what the circuit's integers mean, and nothing of how
 * pictures are read. "0x" and 64 hexadecimal digits. A schema of formatVersion 1 has one too, over the fields that it has.
 */
export function schemaDigest(schema: Schema): string {
  const meaning = (tensors: Schema['inputs']) => tensors.map(({ image: _image, ...tensor }) => tensor);
  const { outputs, inputs } = schema;
  const text = canonicalJson({ ...schema, outputs: meaning(outputs), inputs: meaning(inputs) });
  return `0x${bytesToHex(keccak_256(new TextEncoder().encode(`zkonnx schema v2\n${text}`)))}`;
}

function checkOverflow({ overflow, clamped }: JsonObject): void {
  if (!OVERFLOWS.some((known) => known === overflow)) {
    fail(`overflow must be ${OVERFLOWS.join(', ')}`, 'schema.overflow', overflow ?? null);
  }
  if (typeof clamped !== 'boolean') fail('clamped must be true or false', 'schema.clamped', clamped ?? null);
}

function checkNames(tensors: readonly TensorSchema[], where: string): void {
  if (new Set(tensors.map((tensor) => tensor.name)).size !== tensors.length) fail('a name occurs twice', where);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT;
}

function checkTensor(tensor: unknown, where: string, known: readonly string[]): void {
  if (!isObject(tensor)) fail('a tensor must be an object', where, tensor);
  const stray = unknownField(tensor, known);
  if (stray !== undefined) fail('a tensor has an unknown field', `${where}.${stray.slice(0, 60)}`);
  if (!isText(tensor['name']) || tensor['name'] === '')
    fail('name must be a short text', where, tensor['name'] ?? null);
  if (!isText(tensor['dtype'])) fail('dtype must be a short text', where, tensor['dtype'] ?? null);
  if (!['public', 'private', 'committed'].includes(tensor['visibility'] as string)) {
    fail('visibility must be public, private or committed', where, tensor['visibility'] ?? null);
  }
  checkDims(tensor['dims'], where);
  checkNumbers(tensor, where);
  const dims = tensor['dims'] as number[];
  if (tensor['labels'] !== undefined) checkLabels(tensor['labels'], dims, where);
  if (tensor['reader'] !== undefined) checkReader(tensor['reader'], dims, where);
  if (tensor['image'] !== undefined) checkImage(tensor['image'], where);
}

function checkDims(dims: unknown, where: string): void {
  const isDims =
    Array.isArray(dims) && dims.length <= MAX_RANK && dims.every((dim) => Number.isSafeInteger(dim) && dim >= 1);
  if (!isDims) fail('dims must be positive integers', where, dims ?? null);
  if (elementCount(dims as number[]) > MAX_ELEMENTS) fail(`a tensor may have ${MAX_ELEMENTS} elements`, where);
}

function checkNumbers(tensor: JsonObject, where: string): void {
  const { lo, hi, bytes } = tensor as Record<string, number>;
  const isInterval =
    Number.isSafeInteger(lo) && Number.isSafeInteger(hi) && lo! <= hi! && Number.isSafeInteger(hi! - lo!);
  if (!isInterval) fail('lo and hi must be safe integers, lo ≤ hi', where, `${excerpt(lo)}, ${excerpt(hi)}`);
  const needed = digitBytes(hi! - lo!);
  if (bytes !== needed || needed > SIGNAL_BYTES)
    fail(`bytes must be ${needed} for [${lo}, ${hi}]`, where, bytes ?? null);
  checkSteps(tensor, where);
}

const isScale = (value: unknown): boolean => Number.isFinite(value) && (value as number) > 0;

function checkSteps({ scale, zeroPoint, axis, dims }: JsonObject, where: string): void {
  if (axis === undefined) {
    if (!isScale(scale)) fail('scale must be a positive number', where, scale ?? null);
    if (!Number.isFinite(zeroPoint)) fail('zeroPoint must be a number', where, zeroPoint ?? null);
    return;
  }
  const size = Number.isInteger(axis) ? (dims as number[])[axis as number] : undefined;
  if (size === undefined) fail(`axis must be an axis in [0, ${(dims as number[]).length})`, where, axis ?? null);
  const isList = (list: unknown, isNumber: (value: unknown) => boolean) =>
    Array.isArray(list) && list.length === size && list.every(isNumber);
  if (!isList(scale, isScale))
    fail(`scale must be ${size} positive numbers, one for each index of axis ${axis as number}`, where, scale ?? null);
  if (!isList(zeroPoint, Number.isFinite))
    fail(`zeroPoint must be ${size} numbers, one for each index of axis ${axis as number}`, where, zeroPoint ?? null);
}

function checkLabels(labels: unknown, dims: readonly number[], where: string): void {
  const count = dims.at(-1) ?? 1;
  if (!Array.isArray(labels) || labels.length !== count || !labels.every(isText)) {
    fail(`labels must be ${count} short texts, one for each element of the last axis`, where, labels);
  }
}

function checkReader(reader: unknown, dims: readonly number[], where: string): void {
  if (!isObject(reader)) fail('reader must be an object', where, reader);
  if (unknownField(reader, ['apply', 'axis']) !== undefined) fail('reader has an unknown field', where);
  if (reader['apply'] !== 'softmax' && reader['apply'] !== 'logSoftmax') {
    fail('reader.apply must be softmax or logSoftmax', where, reader['apply'] ?? null);
  }
  const axis = reader['axis'];
  if (!Number.isInteger(axis) || (axis as number) < 0 || (axis as number) >= dims.length) {
    fail(`reader.axis must be an axis in [0, ${dims.length})`, where, axis ?? null);
  }
}

function checkImage(image: unknown, where: string): void {
  if (!isObject(image)) fail('image must be an object', where, image);
  if (unknownField(image, IMAGE_FIELDS) !== undefined) fail('image has an unknown field', where);
  const oneOf = (field: string, choices: readonly string[]) => {
    if (!choices.includes(image[field] as string)) {
      fail(`image.${field} must be ${choices.join(', ')}`, where, image[field] ?? null);
    }
  };
  oneOf('layout', ['NCHW', 'NHWC']);
  oneOf('resize', ['none', 'nearest', 'bilinear']);
  oneOf('color', ['rgb', 'bgr', 'gray']);
  const isList = (list: unknown) => Array.isArray(list) && list.length <= MAX_RANK && list.every(Number.isFinite);
  if (typeof image['invert'] !== 'boolean' || !Number.isFinite(image['range'])) {
    fail('image.invert must be true or false, image.range a number', where);
  }
  if (!isList(image['mean']) || !isList(image['std'])) fail('image.mean and image.std must be lists of numbers', where);
}
