/** Small ONNX models for tests, written with the importer's own descriptor. */
import protobuf from 'protobufjs/light.js';
import { onnxDescriptor } from '../../src/formats/onnx-descriptor.js';

const modelType = protobuf.Root.fromJSON(onnxDescriptor).lookupType('onnx.ModelProto');

export interface TestNode {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, number | string | readonly number[]>>;
}

export interface TestTensor {
  readonly dims: readonly number[];
  readonly values?: readonly number[] | Float32Array;
  /** TensorProto.DataType; 1 is float32, 7 int64. */
  readonly type?: number;
  /** Fields of TensorProto that replace the values. */
  readonly raw?: object;
}

export interface TestModel {
  readonly nodes: readonly TestNode[];
  /** Dimensions: numbers, names of symbols, or null for an open one. */
  readonly inputs?: Readonly<Record<string, readonly (number | string | null)[]>>;
  /** Element type of every input; 1 is float32. */
  readonly inputType?: number;
  /** Element types of inputs that have another. */
  readonly inputTypes?: Readonly<Record<string, number>>;
  /** Element type of every output; float32 unless given, which onnxruntime checks and we do not. */
  readonly outputType?: number;
  readonly outputs: readonly string[];
  readonly constants?: Readonly<Record<string, TestTensor>>;
  readonly opset?: number;
}

/** The model as bytes. Integer attributes are ints, other numbers floats. */
export function buildModel(model: TestModel): Uint8Array {
  const {
    nodes,
    inputs = {},
    outputs,
    constants = {},
    opset = 13,
    inputType = 1,
    inputTypes = {},
    outputType = 1,
  } = model;
  const graph = {
    name: 'test',
    node: nodes.map(({ op, inputs: input = [], outputs: output, name = '', domain = '', attributes = {} }) => ({
      opType: op,
      input,
      output,
      name,
      domain,
      attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    })),
    initializer: Object.entries(constants).map(([name, tensor]) => initializer(name, tensor)),
    input: Object.entries(inputs).map(([name, dims]) => ({
      name,
      type: { tensorType: { elemType: inputTypes[name] ?? inputType, shape: { dim: dims.map(dimension) } } },
    })),
    output: outputs.map((name) => ({ name, type: { tensorType: { elemType: outputType } } })),
  };
  const message = { irVersion: 8, producerName: 'test', opsetImport: [{ domain: '', version: opset }], graph };
  return modelType.encode(modelType.fromObject(message)).finish();
}

function dimension(dim: number | string | null): object {
  if (dim === null) return {};
  return typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim };
}

function initializer(name: string, { dims, values = [], type = 1, raw }: TestTensor): object {
  if (raw !== undefined) return { name, dims, dataType: type, ...raw };
  if (values instanceof Float32Array) {
    return { name, dims, dataType: type, rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
  }
  return { name, dims, dataType: type, ...(type === 7 ? { int64Data: values } : { floatData: values }) };
}

function attribute(name: string, value: number | string | readonly number[]): object {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value !== 'number') return { name, type: 7, ints: value };
  return Number.isInteger(value) ? { name, type: 2, i: value } : { name, type: 1, f: value };
}
