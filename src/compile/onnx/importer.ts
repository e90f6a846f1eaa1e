/** The expansion of a typed ONNX graph: what each value became, and which nodes an output needs. Constants fold on the way. */
import { ZkonnxError } from '../../base/errors.js';
import { tensorValues, type TensorProto } from '../../formats/onnx-proto.js';
import type { RealGraph, RealNode } from '../real/graph.js';
import { GraphBuilder, OpContext, type Value } from './context.js';
import type { OnnxGraph, OnnxNode, ReadOptions } from './model.js';
import type { Operator } from './operator.js';
import { adviceFor, findOperator } from './registry.js';

export class Importer {
  private readonly values = new Map<string, Value>();
  private readonly builder: GraphBuilder;
  private readonly needed: ReadonlySet<OnnxNode>;
  private readonly read: ReadonlySet<string>;

  constructor(
    private readonly onnx: OnnxGraph,
    private readonly options: ReadOptions,
  ) {
    this.needed = neededNodes(onnx);
    this.read = new Set([...onnx.outputs, ...[...this.needed].flatMap(({ inputs }) => inputs)]);
    const names = [
      ...onnx.inputs.map(({ name }) => name),
      ...onnx.constants.keys(),
      ...onnx.nodes.flatMap(({ outputs }) => outputs),
    ];
    this.builder = new GraphBuilder(new Set(names));
    for (const { name, dims, dtype } of onnx.inputs) {
      this.builder.reserve(dims, `input ${name}`);
      this.builder.push({ name, op: { kind: 'input' }, inputs: [], dims, dtype, origin: 'input' });
      this.values.set(name, { name, dims, dtype });
    }
  }

  isNeeded(node: OnnxNode): boolean {
    return this.needed.has(node);
  }

  isKnown(name: string): boolean {
    return this.values.has(name) || this.onnx.constants.has(name);
  }

  /** The node's operator, with what the registry says of its form checked. */
  lookUp(node: OnnxNode): Operator {
    const operator = findOperator(node.domain, node.opType);
    const refuse = (reason: string, help: string) =>
      new ZkonnxError('OP_UNSUPPORTED', reason, { where: node.label, help });
    if (operator === undefined) {
      const shown = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
      throw refuse(`operator ${shown} is not supported`, adviceFor(node.domain, node.opType));
    }
    if (node.opset < operator.since) {
      throw refuse(
        `${node.opType} before opset ${operator.since} is not supported`,
        'convert the model to a later opset',
      );
    }
    const strange = node.attributes.names().find((name) => operator.attributes?.includes(name) !== true);
    if (strange !== undefined) {
      throw refuse(
        `${node.opType}: attribute ${strange} is not known`,
        'it might change the meaning: export the model for another opset',
      );
    }
    const [least, most] = operator.inputs;
    if (node.inputs.length < least || node.inputs.length > most) {
      throw new ZkonnxError('MODEL_INVALID', `${node.opType} has ${node.inputs.length} inputs`, {
        expected: least === most ? String(least) : `${least} to ${most}`,
        where: node.label,
      });
    }
    return operator;
  }

  expand(node: OnnxNode): void {
    const operator = this.lookUp(node);
    const inputs = node.inputs.map((name) => (name === '' ? undefined : this.value(name)));
    const decode = (tensor: TensorProto) => tensorValues(tensor, this.externalDir());
    const context = new OpContext(node, inputs, this.builder, (output) => this.read.has(output), decode);
    const outputs = operator.expand(context);
    node.outputs.forEach((name, i) => {
      const value = outputs[i];
      if (value !== undefined && name !== '') this.values.set(name, value);
      else if (value === undefined && context.outputRead(i)) throw context.unsupported(`output ${i} ("${name}")`);
    });
  }

  finish(): RealGraph {
    const outputs = this.onnx.outputs.map((name) => {
      const value = this.value(name);
      return { name, node: this.builder.nodeOf(value, 'output'), dims: value.dims, dtype: value.dtype };
    });
    const inputs = this.onnx.inputs.map(({ name }) => name);
    return {
      nodes: reachable(this.builder.nodes, [...outputs.map(({ node }) => node), ...inputs]),
      inputs,
      outputs,
    };
  }

  private value(name: string): Value {
    let value = this.values.get(name);
    if (value === undefined) {
      const { dims, dtype, values } = this.onnx.constants.get(name)!();
      this.builder.reserve(dims, `initialiser ${name}`);
      value = { name, dims, dtype, values };
      this.values.set(name, value);
    }
    return value;
  }

  private externalDir(): { externalDir?: string } {
    return this.options.externalDir === undefined ? {} : { externalDir: this.options.externalDir };
  }
}

/** Nodes that an output depends on. */
function neededNodes(onnx: OnnxGraph): Set<OnnxNode> {
  const wanted = new Set(onnx.outputs);
  const needed = new Set<OnnxNode>();
  for (const node of onnx.nodes.toReversed()) {
    if (!node.outputs.some((output) => wanted.has(output))) continue;
    needed.add(node);
    for (const input of node.inputs) if (input !== '') wanted.add(input);
  }
  return needed;
}

/** The named nodes and what they need. */
function reachable(nodes: readonly RealNode[], names: readonly string[]): RealNode[] {
  const wanted = new Set(names);
  const kept: RealNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!wanted.has(node.name)) continue;
    kept.push(node);
    for (const input of node.inputs) wanted.add(input);
  }
  return kept.reverse();
}
