/**
 * ONNX's protobuf messages as they lie in the file: decoding with bounds, and the values of a TensorProto.
 * In: bytes nobody vouches for. Out: messages (no meaning checked beyond their form) and float64 tensors.
 */
import { closeSync, fstatSync, readSync, realpathSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs/light.js';
import { bfloat16ToNumber, elementTypes, float16ToNumber, type ElementType } from '../base/element-types.js';
import { ZkonnxError, internal } from '../base/errors.js';
import { onnxDescriptor } from './onnx-descriptor.js';
import { openRegularSync } from './regular-file.js';

/** Protobuf itself ends at 2 GiB; a model whose circuit fits this tool is far below. */
export const MAX_MODEL_BYTES = 512 * 2 ** 20;
/**
 * Fields and varint elements a file may hold, a message counting for ten: an empty one is two bytes in the file and some 500 in
 * memory, so that without a bound a small file could take all of it.
 */
const MAX_OBJECTS = 8_000_000;
const MESSAGE_WEIGHT = 10;

/** An int64 as protobufjs hands it over. */
export type ProtoInt = number | { readonly low: number; readonly high: number; readonly unsigned: boolean };

/** Field names are onnx.proto's in camel case; a field that is absent reads as its default ('', 0, [], null). */
export interface TensorProto {
  readonly dims: readonly ProtoInt[];
  readonly dataType: number;
  readonly name: string;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly int64Data: readonly ProtoInt[];
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly ProtoInt[];
  readonly stringData: readonly Uint8Array[];
  readonly rawData: Uint8Array;
  readonly segment: unknown;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  /** 1: the values lie in another file. */
  readonly dataLocation: number;
}

export interface AttributeProto {
  readonly name: string;
  readonly refAttrName: string;
  readonly type: number;
  readonly f: number;
  readonly i: ProtoInt;
  readonly s: Uint8Array;
  readonly t: TensorProto | null;
  readonly floats: readonly number[];
  readonly ints: readonly ProtoInt[];
  readonly strings: readonly Uint8Array[];
}

export interface NodeProto {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly attribute: readonly AttributeProto[];
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: {
        readonly dim: readonly {
          /** Which of the two fields is set. */
          readonly value?: 'dimValue' | 'dimParam';
          readonly dimValue: ProtoInt;
          readonly dimParam: string;
        }[];
      } | null;
    } | null;
  } | null;
}

export interface GraphProto {
  readonly node: readonly NodeProto[];
  readonly name: string;
  readonly initializer: readonly TensorProto[];
  readonly sparseInitializer: readonly unknown[];
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo: readonly ValueInfoProto[];
}

export interface OnnxModel {
  readonly irVersion: ProtoInt;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly opsetImport: readonly { readonly domain: string; readonly version: ProtoInt }[];
  readonly graph: GraphProto;
  readonly functions: readonly { readonly name: string; readonly domain: string }[];
}

/** A tensor with its values widened to float64: exact for every type but int64 beyond 2^53, which is refused. */
export interface DecodedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: ElementType;
  /** Row-major. */
  readonly values: Float64Array;
}

const typesByCode: ReadonlyMap<number, ElementType> = new Map(
  (Object.keys(elementTypes) as ElementType[]).map((dtype) => [elementTypes[dtype].code, dtype]),
);

/** The name of a TensorProto.DataType code, `undefined` for strings, complex numbers and the 8-bit and smaller floats. */
export function elementTypeOf(code: number): ElementType | undefined {
  return typesByCode.get(code);
}

/** What to call a code in a message, known or not. */
export function elementTypeLabel(code: number): string {
  const all = root.lookupEnum('onnx.TensorProto.DataType').valuesById[code];
  return elementTypeOf(code) ?? all?.toLowerCase() ?? `type ${code}`;
}

const root = protobuf.Root.fromJSON(onnxDescriptor).resolveAll();
const modelType = root.lookupType('onnx.ModelProto');
const tensorType = root.lookupType('onnx.TensorProto');

/**
 * Decodes an ONNX file.
 * @throws ZkonnxError NOT_ONNX (not protobuf, or no graph inside), MODEL_INVALID (begins like a model and then breaks), FILE_TOO_LARGE.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  // Every writer serialises in field order, so a model begins with field 1, ir_version, as a small varint.
  const beginsLikeAModel = bytes.length > 1 && bytes[0] === 0x08 && bytes[1]! > 0 && bytes[1]! < 64;
  const model = decode(modelType, bytes, 'an ONNX model', beginsLikeAModel ? 'MODEL_INVALID' : 'NOT_ONNX') as OnnxModel;
  if ((model.graph as GraphProto | null) === null) {
    throw new ZkonnxError('NOT_ONNX', 'not an ONNX model: it holds no graph', {
      got: `${bytes.length} bytes`,
      help: 'give the .onnx file itself (not a checkpoint, archive or page); if it is one, it is cut short',
    });
  }
  return model;
}

/**
 * Decodes a serialised TensorProto (the `.pb` files of ONNX's test data).
 * @throws ZkonnxError INPUT_FORMAT when the bytes are none; else as `tensorValues`.
 */
export function decodeTensorProto(bytes: Uint8Array): DecodedTensor {
  const proto = decode(tensorType, bytes, 'an ONNX TensorProto', 'INPUT_FORMAT') as unknown as TensorProto;
  return tensorValues(proto);
}

function decode(
  type: protobuf.Type,
  bytes: Uint8Array,
  what: string,
  code: 'NOT_ONNX' | 'MODEL_INVALID' | 'INPUT_FORMAT',
) {
  if (bytes.length > MAX_MODEL_BYTES) {
    throw new ZkonnxError('FILE_TOO_LARGE', `${what} of this size is not read`, {
      expected: `at most ${MAX_MODEL_BYTES} bytes`,
      got: `${bytes.length} bytes`,
    });
  }
  const refuse = (reason: string, cause?: unknown) =>
    new ZkonnxError(code, `not ${what}, or cut short: ${reason}`, {
      got: `${bytes.length} bytes`,
      help: 'check the file: download it again (Git LFS pointers are text files of about 130 bytes), or export it anew',
      ...(cause === undefined ? {} : { cause }),
    });
  if (bytes.length === 0) throw refuse('the file is empty');
  checkWire(type, bytes, refuse);
  try {
    return type.decode(bytes) as unknown;
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** Walks the wire format before anything is allocated: every length inside its parent, objects and depth bounded. */
function checkWire(type: protobuf.Type, bytes: Uint8Array, refuse: (reason: string) => ZkonnxError): void {
  let objects = 0;
  let pos = 0;
  const count = (added: number) => {
    objects += added;
    if (objects > MAX_OBJECTS) throw refuse(`more than ${MAX_OBJECTS} protobuf objects`);
  };
  const varint = (end: number): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift++) {
      if (pos >= end) break;
      const byte = bytes[pos++]!;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw refuse(`an unfinished number at byte ${pos}`);
  };
  const walk = (message: protobuf.Type | null, end: number, depth: number): void => {
    if (depth > protobuf.Reader.recursionLimit) throw refuse('messages nested too deeply');
    while (pos < end) {
      const tag = varint(end);
      const field = message?.fieldsById[Math.floor(tag / 8)];
      count(1);
      switch (tag % 8) {
        case 0:
          varint(end);
          break;
        case 1:
          pos += 8;
          break;
        case 5:
          pos += 4;
          break;
        case 2: {
          const length = varint(end);
          const stop = pos + length;
          if (stop > end) throw refuse(`byte ${pos} announces ${length} bytes, ${end - pos} are left`);
          if (field?.resolvedType instanceof protobuf.Type) {
            count(MESSAGE_WEIGHT);
            walk(field.resolvedType, stop, depth + 1);
          } else if (field !== undefined && field.repeated && field.type.includes('int')) {
            for (; pos < stop; pos++) if (bytes[pos]! < 0x80) count(1);
          }
          pos = stop;
          break;
        }
        default:
          throw refuse(`an unknown wire type at byte ${pos}`);
      }
    }
    if (pos !== end) throw refuse(`a field runs past byte ${end}`);
  };
  walk(type, bytes.length, 0);
}

/**
 * An int64 as a number.
 * @returns ±Infinity for the two ends of the range, which ONNX uses as "to the end"; `undefined` beyond ±2^53 otherwise.
 */
export function toNumber(value: ProtoInt): number | undefined {
  if (typeof value === 'number') return value;
  const real = value.high * 2 ** 32 + (value.low >>> 0) + (value.unsigned && value.high < 0 ? 2 ** 64 : 0);
  if (Math.abs(real) <= Number.MAX_SAFE_INTEGER) return real;
  if (value.unsigned) return undefined;
  return integerEnd((BigInt(value.high) << 32n) | BigInt(value.low >>> 0));
}

/** ±Infinity for INT64_MAX, INT64_MIN and −INT64_MAX (which some exporters write for "before the first"). */
function integerEnd(value: bigint): number | undefined {
  if (value === 2n ** 63n - 1n) return Infinity;
  return value <= -(2n ** 63n) + 1n ? -Infinity : undefined;
}

/**
 * The values of a tensor, from raw or typed fields or from an external file inside `externalDir` (the model's folder).
 * @throws ZkonnxError MODEL_INVALID (sizes that disagree, segments), OP_UNSUPPORTED (element type), EXTERNAL_DATA_MISSING,
 *   RANGE_EXCEEDED (an int64 beyond 2^53).
 */
export function tensorValues(proto: TensorProto, options: { readonly externalDir?: string } = {}): DecodedTensor {
  const name = proto.name;
  const where = `tensor "${name}"`;
  const dtype = elementTypeOf(proto.dataType);
  if (dtype === undefined) {
    throw new ZkonnxError('OP_UNSUPPORTED', `element type ${elementTypeLabel(proto.dataType)} is not supported`, {
      expected: Object.keys(elementTypes).join(', '),
      where,
      help: 'export the model with float32 weights',
    });
  }
  const dims = tensorDims(proto, where);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (proto.segment !== null && proto.segment !== undefined) {
    throw new ZkonnxError('MODEL_INVALID', 'tensors stored in segments are not supported', { where });
  }
  const raw =
    proto.dataLocation === 1
      ? externalBytes(proto, options.externalDir, count * elementTypes[dtype].bytes)
      : proto.rawData;
  const values = raw.length > 0 ? rawValues(raw, dtype, count, where) : typedValues(proto, dtype, count, where);
  return { name, dims, dtype, values };
}

function tensorDims(proto: TensorProto, where: string): number[] {
  const dims = proto.dims.map((dim) => toNumber(dim) ?? NaN);
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new ZkonnxError('MODEL_INVALID', 'a tensor has a dimension that is no size', {
      got: `[${dims.join(', ')}]`,
      where,
    });
  }
  return dims;
}

function sizeError(where: string, expected: string, got: string): ZkonnxError {
  return new ZkonnxError('MODEL_INVALID', 'a tensor does not hold what its dimensions announce', {
    expected,
    got,
    where,
    help: 'the file is damaged: export the model again',
  });
}

function rawValues(raw: Uint8Array, dtype: ElementType, count: number, where: string): Float64Array {
  if (raw.length !== count * elementTypes[dtype].bytes) {
    throw sizeError(where, `${count} × ${dtype} = ${count * elementTypes[dtype].bytes} bytes`, `${raw.length} bytes`);
  }
  // Copied so that typed-array views are aligned; ONNX raw data is little-endian, as are the machines Node runs on (s390x aside).
  const buffer = new Uint8Array(raw).buffer;
  switch (dtype) {
    case 'float32':
      return Float64Array.from(new Float32Array(buffer));
    case 'float64':
      return new Float64Array(buffer);
    case 'uint8':
    case 'bool':
      return Float64Array.from(new Uint8Array(buffer));
    case 'int8':
      return Float64Array.from(new Int8Array(buffer));
    case 'uint16':
      return Float64Array.from(new Uint16Array(buffer));
    case 'int16':
      return Float64Array.from(new Int16Array(buffer));
    case 'int32':
      return Float64Array.from(new Int32Array(buffer));
    case 'uint32':
      return Float64Array.from(new Uint32Array(buffer));
    case 'int64':
      return bigValues(new BigInt64Array(buffer), where);
    case 'uint64':
      return bigValues(new BigUint64Array(buffer), where);
    case 'float16':
      return Float64Array.from(new Uint16Array(buffer), float16ToNumber);
    case 'bfloat16':
      return Float64Array.from(new Uint16Array(buffer), bfloat16ToNumber);
  }
}

function bigValues(source: BigInt64Array | BigUint64Array, where: string): Float64Array {
  const values = new Float64Array(source.length);
  for (let i = 0; i < source.length; i++) {
    const real = Number(source[i]!);
    values[i] =
      Math.abs(real) <= Number.MAX_SAFE_INTEGER ? real : (integerEnd(source[i]!) ?? tooLarge(source[i]!, i, where));
  }
  return values;
}

function tooLarge(value: bigint | string, element: number, where: string): never {
  throw new ZkonnxError('RANGE_EXCEEDED', 'an integer beyond 2^53 cannot be held exactly', {
    got: String(value),
    where: `${where}, element ${element}`,
  });
}

function typedValues(proto: TensorProto, dtype: ElementType, count: number, where: string): Float64Array {
  const source = typedField(proto, dtype);
  if (source.length !== count) throw sizeError(where, `${count} elements`, `${source.length} elements of ${dtype}`);
  if (dtype === 'int64' || dtype === 'uint64' || dtype === 'uint32') {
    const integers = source as readonly ProtoInt[];
    return Float64Array.from(
      integers,
      (value, i) => toNumber(value) ?? tooLarge(`about ${approximate(value)}`, i, where),
    );
  }
  const numbers = source as readonly number[];
  if (dtype === 'float16') return Float64Array.from(numbers, float16ToNumber);
  if (dtype === 'bfloat16') return Float64Array.from(numbers, bfloat16ToNumber);
  return Float64Array.from(numbers);
}

function approximate(value: ProtoInt): number {
  return typeof value === 'number' ? value : value.high * 2 ** 32;
}

function typedField(proto: TensorProto, dtype: ElementType): readonly number[] | readonly ProtoInt[] {
  switch (dtype) {
    case 'float32':
      return proto.floatData;
    case 'float64':
      return proto.doubleData;
    case 'int64':
      return proto.int64Data;
    case 'uint64':
    case 'uint32':
      return proto.uint64Data;
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint16':
    case 'uint8':
    case 'bool':
    case 'float16':
    case 'bfloat16':
      return proto.int32Data;
  }
}

type Missing = (reason: string, cause?: unknown) => ZkonnxError;

function missingExternal(where: string): Missing {
  return (reason, cause) =>
    new ZkonnxError('EXTERNAL_DATA_MISSING', `a tensor's values lie in another file, and ${reason}`, {
      where,
      help: 'put the file beside the model, or save the model as one file (onnx.save(..., save_as_external_data=False))',
      ...(cause === undefined ? {} : { cause }),
    });
}

/** The real path of an external file; refuses whatever is not inside the model's folder. */
function resolveExternal(location: string, externalDir: string | undefined, missing: Missing): string {
  if (externalDir === undefined) throw missing('no folder was given to read it from');
  if (location === '' || path.isAbsolute(location) || location.includes('\\') || location.split('/').includes('..')) {
    throw missing("its path leaves the model's folder");
  }
  try {
    const folder = realpathSync(externalDir);
    const file = realpathSync(path.join(folder, location));
    if (!file.startsWith(folder + path.sep)) throw missing("it links out of the model's folder");
    return file;
  } catch (cause) {
    throw cause instanceof ZkonnxError ? cause : missing('that file cannot be read', cause);
  }
}

function locationOf(proto: TensorProto): string {
  return proto.externalData.find(({ key }) => key === 'location')?.value ?? '';
}

/**
 * The files beside the model that hold values of its graph's tensors, each once, in the order of their locations.
 * Throws EXTERNAL_DATA_MISSING for one that is not inside `externalDir`.
 */
export function externalFiles(
  model: OnnxModel,
  externalDir: string,
): { readonly location: string; readonly file: string }[] {
  return externalLocations(model).map((location) => ({
    location,
    file: resolveExternal(location, externalDir, missingExternal(location)),
  }));
}

/** Where values of the graph's tensors lie outside of the model's file, each location once, sorted; as the model says it. */
export function externalLocations({ graph }: OnnxModel): string[] {
  const attributes = graph.node.flatMap((node) => node.attribute.flatMap(({ t }) => (t ? [t] : [])));
  const outside = [...graph.initializer, ...attributes].filter(({ dataLocation }) => dataLocation === 1);
  return [...new Set(outside.map(locationOf))].sort();
}

function externalBytes(proto: TensorProto, externalDir: string | undefined, byteLength: number): Uint8Array {
  const entries = new Map(proto.externalData.map(({ key, value }) => [key, value]));
  const location = locationOf(proto);
  const where = `tensor "${proto.name}", external file "${location}"`;
  const missing = missingExternal(where);
  const file = resolveExternal(location, externalDir, missing);
  let descriptor: number;
  try {
    descriptor = openRegularSync(file);
  } catch (cause) {
    throw missing('that file cannot be read', cause);
  }
  try {
    const offset = Number(entries.get('offset') ?? 0);
    const length = Number(entries.get('length') ?? byteLength);
    const size = fstatSync(descriptor).size;
    if (!Number.isSafeInteger(offset) || offset < 0 || length !== byteLength || offset + byteLength > size) {
      throw sizeError(where, `${byteLength} bytes`, `offset ${offset}, length ${length} in a file of ${size} bytes`);
    }
    const bytes = new Uint8Array(byteLength);
    for (let done = 0; done < byteLength;) {
      const read = readSync(descriptor, bytes, done, byteLength - done, offset + done);
      if (read === 0) throw internal('external data ended early', { location });
      done += read;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
