/**
 * The meaning of the real graph in float64: calibration runs it over hundreds of samples, the importer folds constants with it,
 * and the integer program's error is measured against it. May import the real graph only.
 */
import { internal, invariant } from '../../base/errors.js';
import type { AxisGroups, RealGraph, RealNode, RealOp } from './graph.js';
import { accumulate } from './linear-map.js';

/** Evaluates one graph many times; the buffers of the values are allocated once. */
export class RealEvaluator {
  private readonly values = new Map<string, Float64Array>();

  constructor(private readonly graph: RealGraph) {
    for (const node of graph.nodes) {
      if (node.op.kind === 'input') continue;
      this.values.set(node.name, node.op.kind === 'constant' ? node.op.values : new Float64Array(sizeOf(node)));
    }
  }

  /**
   * Values of all nodes by name. The map and its arrays are the evaluator's own: the next run overwrites them.
   * `inputs`: one array an input node, as long as its dims say; they are kept by reference.
   */
  run(inputs: ReadonlyMap<string, Float64Array>): ReadonlyMap<string, Float64Array> {
    for (const node of this.graph.nodes) {
      if (node.op.kind === 'constant') continue;
      if (node.op.kind === 'input') {
        const given = inputs.get(node.name);
        if (given?.length !== sizeOf(node)) {
          throw internal('an input is missing or has the wrong size', { input: node.name, got: given?.length });
        }
        this.values.set(node.name, given);
        continue;
      }
      const sources = node.inputs.map((name) => this.values.get(name)!);
      evaluateRealNode(node, sources, this.values.get(node.name)!);
    }
    return this.values;
  }
}

/** Values of all nodes by name, in fresh arrays. */
export function evaluateReal(
  graph: RealGraph,
  inputs: ReadonlyMap<string, Float64Array>,
): ReadonlyMap<string, Float64Array> {
  return new RealEvaluator(graph).run(inputs);
}

function sizeOf(node: Pick<RealNode, 'dims'>): number {
  return node.dims.reduce((product, dim) => product * dim, 1);
}

/** Evaluates one node, into `out` if given (it must not be one of the inputs). Input nodes have no value of their own. */
export function evaluateRealNode(
  node: Pick<RealNode, 'op' | 'dims'>,
  inputs: readonly Float64Array[],
  out: Float64Array = new Float64Array(sizeOf(node)),
): Float64Array {
  const { op } = node;
  const x = inputs[0];
  if (op.kind === 'constant') {
    out.set(op.values);
    return out;
  }
  invariant(x !== undefined, 'a node without inputs cannot be evaluated', { kind: op.kind });
  switch (op.kind) {
    case 'input':
      throw internal('an input node has no value of its own');
    case 'linear':
      out.set(op.bias);
      op.maps.forEach((map, source) => {
        accumulate(map, inputs[source]!, out);
      });
      return out;
    case 'gather':
      return gather(op, inputs.length === 1 ? x : concatenate(inputs), out);
    case 'clamp':
      return clamp(op, x, out);
    case 'leakyRelu':
      for (let i = 0; i < out.length; i++) out[i] = x[i]! >= 0 ? x[i]! : op.slope * x[i]!;
      return out;
    case 'maxWindows':
      return maxWindows(op, x, out);
    case 'bilinear':
      return bilinear(op, x, inputs[1]!, out);
    case 'unary':
      for (let i = 0; i < out.length; i++) out[i] = op.fn.apply(x[i]!);
      return out;
    case 'step':
      for (let i = 0; i < out.length; i++) out[i] = x[i]! > 0 || (x[i] === 0 && !op.strict) ? 1 : 0;
      return out;
    case 'softmax':
      return softmax(op.groups, op.log, x, out);
    case 'argmax':
      return argmax(op.groups, op.last, x, out);
  }
}

type Op<K extends RealOp['kind']> = Extract<RealOp, { kind: K }>;

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function gather({ index, fill }: Op<'gather'>, x: Float64Array, out: Float64Array): Float64Array {
  for (let i = 0; i < out.length; i++) out[i] = index[i]! < 0 ? fill : x[index[i]!]!;
  return out;
}

function clamp({ lo, hi }: Op<'clamp'>, x: Float64Array, out: Float64Array): Float64Array {
  for (let i = 0; i < out.length; i++) out[i] = Math.min(Math.max(x[i]!, lo), hi);
  return out;
}

function maxWindows({ start, index }: Op<'maxWindows'>, x: Float64Array, out: Float64Array): Float64Array {
  for (let i = 0; i < out.length; i++) {
    let best = -Infinity;
    for (let k = start[i]!; k < start[i + 1]!; k++) {
      const value = x[index[k]!]!;
      if (value > best) best = value;
    }
    out[i] = best;
  }
  return out;
}

function bilinear(op: Op<'bilinear'>, a: Float64Array, b: Float64Array, out: Float64Array): Float64Array {
  const { start, left, right } = op;
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = start[i]!; k < start[i + 1]!; k++) sum += a[left[k]!]! * b[right[k]!]!;
    out[i] = sum;
  }
  return out;
}

function softmax(groups: AxisGroups, log: boolean, x: Float64Array, out: Float64Array): Float64Array {
  const { base, size, stride } = groups;
  for (const first of base) {
    const end = first + size * stride;
    let top = -Infinity;
    for (let i = first; i < end; i += stride) top = Math.max(top, x[i]!);
    let sum = 0;
    for (let i = first; i < end; i += stride) sum += Math.exp(x[i]! - top);
    const logSum = Math.log(sum);
    for (let i = first; i < end; i += stride) out[i] = log ? x[i]! - top - logSum : Math.exp(x[i]! - top) / sum;
  }
  return out;
}

function argmax(groups: AxisGroups, last: boolean, x: Float64Array, out: Float64Array): Float64Array {
  const { base, size, stride } = groups;
  for (let g = 0; g < out.length; g++) {
    let best = 0;
    let top = x[base[g]!]!;
    for (let j = 1; j < size; j++) {
      const value = x[base[g]! + j * stride]!;
      if (value > top || (last && value === top)) {
        top = value;
        best = j;
      }
    }
    out[g] = best;
  }
  return out;
}
