/**
 * An ONNX model as a typed graph: names resolved, attributes typed, nodes in topological order, shapes of the inputs known.
 * In: decoded protobuf messages. Out: `OnnxGraph`; what is wrong with the graph as a graph is said here.
 */
import type { ElementType } from '../../base/element-types.js';
import { ZkonnxError } from '../../base/errors.js';
import {
  elementTypeLabel,
  elementTypeOf,
  tensorValues,
  toNumber,
  type DecodedTensor,
  type NodeProto,
  type OnnxModel,
  type TensorProto,
  type ValueInfoProto,
} from '../../formats/onnx-proto.js';
import { Attributes } from './attributes.js';

/** Opsets whose operators this importer knows. Versions 24 to 27 add element types to the operators here, no meaning. */
export const OPSETS = { first: 7, last: 27 } as const;

export interface OnnxNode {
  /** For messages: `conv1 (Conv, opset 13)`; nameless nodes go by their first output. */
  readonly label: string;
  readonly name: string;
  readonly opType: string;
  /** '' is ONNX's own. */
  readonly domain: string;
  /** Version of the node's domain that the model imports. */
  readonly opset: number;
  /** '' stands for an optional input that is left out. */
  readonly inputs: readonly string[];
  /** '' stands for an output nobody wants. */
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface OnnxInput {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: ElementType;
}

export interface OnnxGraph {
  readonly opset: number;
  readonly irVersion: number;
  readonly producer: string;
  /** In topological order; the file's own order where that is one. */
  readonly nodes: readonly OnnxNode[];
  /** Inputs without initialiser, in the file's order. */
  readonly inputs: readonly OnnxInput[];
  /** Inputs that cannot be used, with the reason; empty unless the reader asked to collect them. */
  readonly badInputs: readonly { readonly name: string; readonly error: ZkonnxError }[];
  readonly outputs: readonly string[];
  /** Decoded at the first call: what no node needs is never read. */
  readonly constants: ReadonlyMap<string, () => DecodedTensor>;
  /** Choices made for the user: a batch dimension set to 1, and such. */
  readonly notes: readonly string[];
}

export interface ReadOptions {
  /** Shapes of inputs by name, for dimensions the model leaves open. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
  /** Inputs fixed at compile time: they become constants. */
  readonly constants?: ReadonlyMap<string, DecodedTensor>;
  /** The model's folder, for tensors stored in other files. */
  readonly externalDir?: string;
}

/**
 * @throws ZkonnxError GRAPH_INVALID (cycle, dangling or doubly defined name), OP_UNSUPPORTED (opset, kinds of input),
 *   SHAPE_UNKNOWN, SHAPE_MISMATCH, INPUT_NAME, MODEL_INVALID.
 */
export function readGraph(
  model: OnnxModel,
  options: ReadOptions,
  onBadInput: 'throw' | 'collect' = 'throw',
): OnnxGraph {
  const { graph } = model;
  if (graph.sparseInitializer.length > 0) {
    throw new ZkonnxError('OP_UNSUPPORTED', 'sparse initialisers are not supported', {
      help: 'store the weights densely',
    });
  }
  const opsets = readOpsets(model);
  const constants = readConstants(graph.initializer, options);
  const { inputs, badInputs, notes } = readInputs(graph.input, constants, options, onBadInput);
  const nodes = graph.node.map((node) => readNode(node, opsets));
  const known = [...inputs.map(({ name }) => name), ...badInputs.map(({ name }) => name), ...constants.keys()];
  const outputs = graph.output.map(({ name }) => name);
  if (outputs.length === 0) throw new ZkonnxError('GRAPH_INVALID', 'the graph has no outputs');
  if (new Set(outputs).size < outputs.length) {
    throw new ZkonnxError('GRAPH_INVALID', 'an output is listed twice', { got: outputs.slice(0, 20).join(', ') });
  }
  return {
    opset: opsets.get('')!,
    irVersion: toNumber(model.irVersion) ?? NaN,
    producer: [model.producerName, model.producerVersion].filter((part) => part !== '').join(' '),
    nodes: sortNodes(nodes, known, outputs),
    inputs,
    badInputs,
    outputs,
    constants,
    notes,
  };
}

function readOpsets(model: OnnxModel): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of model.opsetImport) {
    opsets.set(normalDomain(domain), Math.max(toNumber(version) ?? NaN, opsets.get(normalDomain(domain)) ?? 0));
  }
  const opset = opsets.get('');
  if (opset === undefined) {
    throw new ZkonnxError('MODEL_INVALID', "the model does not say which version of ONNX's operators it uses", {
      expected: `an opset_import of ai.onnx, ${OPSETS.first} to ${OPSETS.last}`,
      help: 'export the model again',
    });
  }
  if (!(opset >= OPSETS.first && opset <= OPSETS.last)) {
    throw new ZkonnxError('OP_UNSUPPORTED', `opset ${opset} is not supported`, {
      expected: `${OPSETS.first} to ${OPSETS.last}`,
      got: String(opset),
      help: 'convert the model with onnx.version_converter.convert_version(model, 17), or export it for opset 17',
    });
  }
  return opsets;
}

function normalDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function readConstants(tensors: readonly TensorProto[], options: ReadOptions): Map<string, () => DecodedTensor> {
  const constants = new Map<string, () => DecodedTensor>();
  const dir = options.externalDir === undefined ? {} : { externalDir: options.externalDir };
  for (const tensor of tensors) {
    if (tensor.name === '' || constants.has(tensor.name)) throw doubleName('an initialiser', tensor.name);
    let decoded: DecodedTensor | undefined;
    constants.set(tensor.name, () => (decoded ??= tensorValues(tensor, dir)));
  }
  return constants;
}

function doubleName(what: string, name: string): ZkonnxError {
  return new ZkonnxError('GRAPH_INVALID', name === '' ? `${what} has no name` : `${what} is defined twice`, {
    where: `value "${name}"`,
    help: 'the graph must be in single-assignment form: export the model again, or run onnx.checker on it',
  });
}

function readInputs(
  infos: readonly ValueInfoProto[],
  constants: Map<string, () => DecodedTensor>,
  options: ReadOptions,
  onBadInput: 'throw' | 'collect',
) {
  const inputs: OnnxInput[] = [];
  const badInputs: { name: string; error: ZkonnxError }[] = [];
  const notes: string[] = [];
  const open = infos.filter(({ name }) => !constants.has(name));
  const seen = new Set<string>();
  for (const { name } of open) {
    if (name === '' || seen.has(name)) throw doubleName('an input', name);
    seen.add(name);
  }
  for (const name of [...(options.inputShapes?.keys() ?? []), ...(options.constants?.keys() ?? [])]) {
    if (!seen.has(name)) {
      throw new ZkonnxError('INPUT_NAME', 'the model has no such input', {
        expected: open.map((info) => info.name).join(', ') || 'no inputs at all',
        got: name,
      });
    }
  }
  const symbols = givenSymbols(open, options);
  for (const info of open) {
    const fixed = options.constants?.get(info.name);
    if (fixed !== undefined) {
      constants.set(info.name, () => fixed);
      notes.push(`input ${info.name} is fixed at compile time`);
      continue;
    }
    try {
      inputs.push(readInput(info, options, symbols, notes));
    } catch (error) {
      if (onBadInput === 'throw' || !(error instanceof ZkonnxError)) throw error;
      badInputs.push({ name: info.name, error });
    }
  }
  return { inputs, badInputs, notes };
}

/** What the given shapes say of symbolic dimensions, so that `N` means the same in every input. */
function givenSymbols(infos: readonly ValueInfoProto[], options: ReadOptions): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const info of infos) {
    const given = options.inputShapes?.get(info.name);
    info.type?.tensorType?.shape?.dim.forEach((dim, axis) => {
      const size = given?.[axis];
      if (size !== undefined && dim.value === 'dimParam' && dim.dimParam !== '') symbols.set(dim.dimParam, size);
    });
  }
  return symbols;
}

function readInput(
  info: ValueInfoProto,
  options: ReadOptions,
  symbols: Map<string, number>,
  notes: string[],
): OnnxInput {
  const { name } = info;
  const tensor = info.type?.tensorType;
  if (tensor === undefined || tensor === null) {
    throw new ZkonnxError('OP_UNSUPPORTED', 'an input is no tensor', {
      where: `input ${name}`,
      help: 'only tensors can be proven',
    });
  }
  const dtype = elementTypeOf(tensor.elemType);
  if (dtype === undefined) {
    throw new ZkonnxError('OP_UNSUPPORTED', `inputs of ${elementTypeLabel(tensor.elemType)} are not supported`, {
      where: `input ${name}`,
    });
  }
  const declared = tensor.shape?.dim;
  const given = options.inputShapes?.get(name);
  if (given !== undefined) checkGivenShape(name, given, declared);
  if (declared === undefined && given === undefined) throw shapeUnknown(name, '(no shape at all)', '1,…');
  const dims = (declared ?? given!).map((dim, axis) => {
    if (given !== undefined) return given[axis]!;
    if (typeof dim === 'number') return dim;
    const size = dim.value === 'dimValue' ? toNumber(dim.dimValue) : symbols.get(dim.dimParam);
    if (size !== undefined && size >= 0) return size;
    if (axis !== 0) {
      const shown = declared!.map((each) =>
        each.value === 'dimValue' ? String(toNumber(each.dimValue)) : each.dimParam || '?',
      );
      const example = declared!.map((each, i) =>
        each.value === 'dimValue' ? String(toNumber(each.dimValue)) : i === 0 ? '1' : '28',
      );
      throw shapeUnknown(name, `[${shown.join(', ')}], axis ${axis}`, example.join(','));
    }
    if (dim.value === 'dimParam' && dim.dimParam !== '') symbols.set(dim.dimParam, 1);
    notes.push(
      `input ${name}: the open batch dimension ${dim.dimParam === '' ? '' : `"${dim.dimParam}" `}is set to 1 (one sample a proof)`,
    );
    return 1;
  });
  return { name, dims, dtype };
}

function shapeUnknown(name: string, got: string, example: string): ZkonnxError {
  return new ZkonnxError('SHAPE_UNKNOWN', "a circuit has one size: an input's shape must be known", {
    got,
    where: `input ${name}`,
    help: `say it with --input-shape ${name}=${example}`,
  });
}

function checkGivenShape(
  name: string,
  given: readonly number[],
  declared: NonNullable<NonNullable<NonNullable<ValueInfoProto['type']>['tensorType']>['shape']>['dim'] | undefined,
): void {
  const fits =
    given.every((size) => Number.isSafeInteger(size) && size > 0) &&
    (declared === undefined ||
      (declared.length === given.length &&
        declared.every((dim, axis) => dim.value !== 'dimValue' || toNumber(dim.dimValue) === given[axis])));
  if (fits) return;
  const shown = declared?.map((dim) =>
    dim.value === 'dimValue' ? String(toNumber(dim.dimValue)) : dim.dimParam || '?',
  );
  throw new ZkonnxError('SHAPE_MISMATCH', "the given shape does not fit the model's input", {
    expected: shown === undefined ? 'positive sizes' : `[${shown.join(', ')}]`,
    got: `[${given.join(', ')}]`,
    where: `input ${name}`,
  });
}

function readNode(proto: NodeProto, opsets: ReadonlyMap<string, number>): OnnxNode {
  const domain = normalDomain(proto.domain);
  const opset = opsets.get(domain) ?? 0;
  const title = proto.name || proto.output.find((output) => output !== '') || '(nameless)';
  const label = `${title} (${domain === '' ? '' : `${domain}.`}${proto.opType}, opset ${opset})`;
  return {
    label,
    name: proto.name,
    opType: proto.opType,
    domain,
    opset,
    inputs: proto.input,
    outputs: proto.output,
    attributes: new Attributes(proto.attribute, label),
  };
}

/** Kahn's algorithm, keeping the file's order among nodes that are ready. */
function sortNodes(nodes: readonly OnnxNode[], known: readonly string[], outputs: readonly string[]): OnnxNode[] {
  const producer = new Map<string, number>();
  const given = new Set(known);
  nodes.forEach((node, i) => {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (producer.has(output) || given.has(output)) throw doubleName('a value', output);
      producer.set(output, i);
    }
  });
  const missing = (name: string, where: string) =>
    new ZkonnxError('GRAPH_INVALID', 'a value is read that nothing produces', { got: `"${name}"`, where });
  for (const output of outputs) {
    if (!producer.has(output) && !given.has(output)) throw missing(output, 'outputs of the graph');
  }
  const waiting = new Uint32Array(nodes.length);
  const readers: number[][] = nodes.map(() => []);
  nodes.forEach((node, i) => {
    for (const input of node.inputs) {
      if (input === '' || given.has(input)) continue;
      const from = producer.get(input);
      if (from === undefined) throw missing(input, node.label);
      readers[from]!.push(i);
      waiting[i]!++;
    }
  });
  const sorted = readyOrder(readers, waiting);
  if (sorted.length < nodes.length) {
    const stuck = nodes.findIndex((_, i) => waiting[i]! > 0);
    throw new ZkonnxError('GRAPH_INVALID', 'the graph has a cycle', { where: `at or before ${nodes[stuck]!.label}` });
  }
  return sorted.map((i) => nodes[i]!);
}

function readyOrder(readers: readonly (readonly number[])[], waiting: Uint32Array): number[] {
  const sorted: number[] = [];
  for (let first = 0; first < waiting.length; first++) {
    if (waiting[first] !== 0) continue;
    const ready = [first];
    while (ready.length > 0) {
      const i = ready.pop()!;
      sorted.push(i);
      // Nodes later in the file are met by the outer loop; only those it has passed must be released here.
      for (const reader of readers[i]!) if (--waiting[reader]! === 0 && reader < first) ready.push(reader);
    }
  }
  return sorted;
}
