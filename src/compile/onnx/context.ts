/**
 * What an operator's expansion works with: its inputs as values with known shapes, and `emit`, which appends a real node, or,
 * where every input is a constant, computes it on the spot. Constant subgraphs of any operator fold that way, with no pass of their own.
 */
import { isFloatType, type ElementType } from '../../base/element-types.js';
import { ZkonnxError, invariant, type ErrorCode } from '../../base/errors.js';
import type { DecodedTensor, TensorProto } from '../../formats/onnx-proto.js';
import { evaluateRealNode } from '../real/evaluate.js';
import type { RealNode, RealOp } from '../real/graph.js';
import type { LinearMap } from '../real/linear-map.js';
import { realOpOf } from '../real/ops.js';
import type { Attributes } from './attributes.js';
import { settle } from './integers.js';
import type { OnnxNode } from './model.js';
import { elementCount, type Dims } from './shapes.js';

/** A tensor during import: a real node, or a constant that becomes one when a computed node reads it. */
export interface Value {
  readonly name: string;
  readonly dims: Dims;
  readonly dtype: ElementType;
  /** Present for constants. */
  readonly values?: Float64Array;
  /** Exclusive upper bound of a computed non-negative integer (an ArgMax's result). */
  readonly below?: number;
}

export interface Constant extends Value {
  readonly values: Float64Array;
}

export function isConstant(value: Value): value is Constant {
  return value.values !== undefined;
}

/** One more than any circuit of this tool could hold; hostile dimensions end here, before anything is allocated. */
const MAX_ELEMENTS = 2 ** 26;
/** Elements, weights and window entries of one import, all together. */
const MAX_WORK = 2 ** 27;
const MAX_RANK = 32;

/** The real nodes made so far; shared by the contexts of all nodes of one import. */
export class GraphBuilder {
  readonly nodes: RealNode[] = [];
  private readonly materialised = new Set<string>();
  private work = 0;

  /** `names`: the model's own value names, which inner steps must not take. */
  constructor(private readonly names: Set<string>) {}

  freshName(base: string): string {
    let name = base;
    for (let i = 2; this.names.has(name); i++) name = `${base}.${i}`;
    this.names.add(name);
    return name;
  }

  push(node: RealNode): void {
    this.nodes.push(node);
  }

  /** The name of the real node that holds the value. */
  nodeOf(value: Value, origin: string): string {
    if (isConstant(value) && !this.materialised.has(value.name)) {
      this.materialised.add(value.name);
      const { name, dims, dtype, values } = value;
      this.push({ name, op: { kind: 'constant', values }, inputs: [], dims, dtype, origin });
    }
    return value.name;
  }

  /** Checks a shape and charges its elements. @throws ZkonnxError MODEL_INVALID when it is no size for a circuit. */
  reserve(dims: Dims, where: string): number {
    if (dims.length > MAX_RANK || !dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
      throw new ZkonnxError('SHAPE_MISMATCH', 'this is no valid shape', {
        got: `[${dims.slice(0, MAX_RANK).join(', ')}]`,
        where,
      });
    }
    const count = elementCount(dims);
    if (count > MAX_ELEMENTS) {
      throw new ZkonnxError('MODEL_INVALID', 'a tensor is too large for any circuit', {
        expected: `at most ${MAX_ELEMENTS} elements`,
        got: `[${dims.join(', ')}]`,
        where,
        help: 'this tool is for small models; check the input shape',
      });
    }
    this.reserveEntries(count, where);
    return count;
  }

  /** Charges `count` weights or window entries before they are allocated. */
  reserveEntries(count: number, where: string): void {
    this.work += count;
    if (this.work > MAX_WORK) {
      throw new ZkonnxError('MODEL_INVALID', 'the model is too large for any circuit', {
        expected: `at most ${MAX_WORK} elements, weights and window entries`,
        where,
        help: 'this tool is for small models; check the input shape',
      });
    }
  }
}

export interface LinearTerm {
  readonly value: Value;
  readonly map: LinearMap;
}

export class OpContext {
  readonly attributes: Attributes;
  readonly opset: number;

  constructor(
    readonly node: OnnxNode,
    readonly inputs: readonly (Value | undefined)[],
    private readonly builder: GraphBuilder,
    private readonly isRead: (output: string) => boolean,
    private readonly decode: (tensor: TensorProto) => DecodedTensor,
  ) {
    this.attributes = node.attributes;
    this.opset = node.opset;
  }

  /** A required input. */
  input(position: number): Value {
    const value = this.inputs[position];
    if (value === undefined) throw this.invalid(`input ${position} is missing`);
    return value;
  }

  optional(position: number): Value | undefined {
    return this.inputs[position];
  }

  /** An input this tool must know at compile time. */
  constant(position: number, what: string): Constant {
    const value = this.input(position);
    if (isConstant(value)) return value;
    throw this.unsupported(
      `${what} must be a constant, but "${value.name}" is computed from the model's inputs`,
      `make ${what} an initialiser, or fold the graph first (onnxsim does)`,
    );
  }

  optionalConstant(position: number, what: string): Constant | undefined {
    return this.inputs[position] === undefined ? undefined : this.constant(position, what);
  }

  /** Whether anything reads output number `position`. */
  outputRead(position: number): boolean {
    const name = this.node.outputs[position];
    return name !== undefined && name !== '' && this.isRead(name);
  }

  tensorAttribute(name: string): DecodedTensor | undefined {
    const tensor = this.attributes.tensor(name);
    return tensor === undefined ? undefined : this.decode(tensor);
  }

  /** Checks and charges the shape of a result; returns its element count. */
  reserve(dims: Dims): number {
    return this.builder.reserve(dims, this.node.label);
  }

  reserveEntries(count: number): void {
    this.builder.reserveEntries(count, this.node.label);
  }

  /**
   * Appends a real node, or evaluates it when its inputs are constants.
   * `as`: the number of the ONNX output this is, or the suffix of an inner step's name.
   */
  emit(op: RealOp, inputs: readonly Value[], dims: Dims, dtype: ElementType, as: number | string = 0): Value {
    const name = this.nameOf(as);
    if (inputs.every(isConstant)) {
      const values = evaluateRealNode(
        { op, dims },
        inputs.map((input) => input.values),
      );
      return { name, dims, dtype, values: settle(values, dtype, this.node.label) };
    }
    const record = realOpOf(op);
    if (record.isFinite?.(op) === false) throw this.invalid('a weight or constant is NaN or infinite');
    const sources = inputs.map((input) => this.builder.nodeOf(input, this.node.label));
    this.builder.push({ name, op, inputs: sources, dims, dtype, origin: this.node.label });
    const below = record.below?.(
      op,
      inputs.map((input) => input.below),
    );
    return below === undefined ? { name, dims, dtype } : { name, dims, dtype, below };
  }

  /** y = bias + Σ maps(values); constant terms go into the bias. */
  linear(
    terms: readonly LinearTerm[],
    bias: Float64Array,
    dims: Dims,
    dtype: ElementType,
    as: number | string = 0,
  ): Value {
    return this.emit(
      { kind: 'linear', maps: terms.map(({ map }) => map), bias },
      terms.map(({ value }) => value),
      dims,
      dtype,
      as,
    );
  }

  /** y[i] = x[index[i]]. */
  gather(value: Value, index: Int32Array, dims: Dims, as: number | string = 0, dtype = value.dtype): Value {
    return this.emit({ kind: 'gather', index, fill: 0 }, [value], dims, dtype, as);
  }

  /** A result known at compile time; arithmetic on integers has wrapped in `settle`. */
  known(values: Float64Array, dims: Dims, dtype: ElementType, as: number | string = 0): Constant {
    invariant(values.length === elementCount(dims), 'a constant does not fill its shape', { node: this.node.label });
    return { name: this.nameOf(as), dims, dtype, values: settle(values, dtype, this.node.label) };
  }

  /** Arithmetic on computed integers wraps around in ONNX; the circuit's does not, so it is refused. */
  requireReal(value: Value): void {
    if (isConstant(value) || isFloatType(value.dtype)) return;
    throw this.unsupported(
      `arithmetic on computed ${value.dtype} values ("${value.name}")`,
      'cast to float32 before this node: integer types wrap around in ONNX',
    );
  }

  unsupported(reason: string, help?: string): ZkonnxError {
    return this.error('OP_UNSUPPORTED', `${this.node.opType}: not supported: ${reason}`, help);
  }

  invalid(reason: string): ZkonnxError {
    return this.error('MODEL_INVALID', `${this.node.opType}: ${reason}`);
  }

  mismatch(reason: string, ...shapes: readonly Dims[]): ZkonnxError {
    const got = shapes.map((dims) => `[${dims.join(', ')}]`).join(' and ');
    return new ZkonnxError('SHAPE_MISMATCH', `${this.node.opType}: ${reason}`, { got, where: this.node.label });
  }

  /** An axis counted from the front; negative ones count from the end. */
  axis(axis: number, rank: number): number {
    const from = axis < 0 ? axis + rank : axis;
    if (Number.isInteger(axis) && from >= 0 && from < rank) return from;
    throw this.mismatch(`axis ${axis} does not exist in rank ${rank}`);
  }

  private error(code: ErrorCode, message: string, help?: string): ZkonnxError {
    return new ZkonnxError(code, message, { where: this.node.label, ...(help === undefined ? {} : { help }) });
  }

  private nameOf(as: number | string): string {
    if (typeof as === 'string') {
      const base = this.node.outputs.find((output) => output !== '') ?? 'unnamed';
      return this.builder.freshName(`${base}.${as}`);
    }
    const output = this.node.outputs[as];
    return output !== undefined && output !== '' ? output : this.builder.freshName(`${this.node.opType}.unread`);
  }
}
