/** Activations made of clamps, LeakyRelu, and the softmaxes. */
import type { AxisGroups } from '../../real/graph.js';
import { gatherMap } from '../../real/linear-map.js';
import { isConstant, type Constant, type OpContext, type Value } from '../context.js';
import { maskedScores } from '../masks.js';
import type { OperatorTable } from '../operator.js';
import { broadcastIndex, elementCount, iota } from '../shapes.js';
import { axisGroups } from './reduction.js';

function clip(context: OpContext): Value {
  const x = context.input(0);
  const bound = (position: number, what: string, fallback: number): number => {
    const constant = context.optionalConstant(position, what);
    if (constant === undefined) return fallback;
    if (constant.values.length !== 1) throw context.mismatch(`${what} must be one number`, constant.dims);
    return constant.values[0]!;
  };
  const attributes = context.opset < 11;
  const lo = attributes ? context.attributes.float('min', -Infinity) : bound(1, 'the lower bound', -Infinity);
  const hi = attributes ? context.attributes.float('max', Infinity) : bound(2, 'the upper bound', Infinity);
  if (Number.isNaN(lo) || Number.isNaN(hi)) throw context.invalid('a bound is NaN');
  // ONNX: where min exceeds max, everything becomes max.
  return context.emit({ kind: 'clamp', lo: Math.min(lo, hi), hi }, [x], x.dims, x.dtype);
}

function softmax(context: OpContext, log: boolean): Value {
  const x = context.input(0);
  context.requireReal(x);
  const rank = x.dims.length;
  if (context.opset >= 13) {
    const axis = context.axis(context.attributes.int('axis', -1), rank);
    return softmaxOver(context, x, axisGroups(x.dims, axis), log);
  }
  // Before opset 13 the tensor is read as a matrix, cut before `axis`.
  const given = context.attributes.int('axis', 1);
  const axis = given === rank ? rank : context.axis(given, rank);
  const size = elementCount(x.dims.slice(axis));
  const groups = axisGroups([elementCount(x.dims.slice(0, axis)), size], 1);
  return softmaxOver(context, x, groups, log);
}

function softmaxOver(context: OpContext, x: Value, groups: AxisGroups, log: boolean): Value {
  const masked = isConstant(x) ? undefined : maskedScores(context, x);
  if (masked === undefined) return context.emit({ kind: 'softmax', groups, log }, [x], x.dims, x.dtype);
  if (log) throw context.unsupported('a masked logarithm, which is −∞', 'take the logarithm of what is not masked');
  const { scores, keep, empty } = masked;
  return context.emit({ kind: 'softmax', groups, log, empty }, [scores, keep], x.dims, x.dtype);
}

function leakyRelu(context: OpContext): Value {
  const x = context.input(0);
  context.requireReal(x);
  const slope = context.attributes.float('alpha', 0.01);
  if (!Number.isFinite(slope)) throw context.invalid('alpha is not finite');
  return context.emit({ kind: 'leakyRelu', slope }, [x], x.dims, x.dtype);
}

/** Slopes broadcast to x, one way: a number, one a channel ([C, 1, 1] for [N, C, H, W]), or one an element. */
function parametricRelu(context: OpContext): Value {
  const slopes: Constant = context.constant(1, 'the slope');
  const x = context.input(0);
  context.requireReal(x);
  if (!slopes.values.every(Number.isFinite)) throw context.invalid('a slope is not finite');
  const [own, to] = [slopes.dims, x.dims];
  const reaches =
    own.length <= to.length && own.every((dim, axis) => dim === 1 || dim === to[to.length - own.length + axis]);
  if (!reaches) throw context.mismatch('the slopes do not broadcast to the input', own, to);
  const [first] = slopes.values;
  const isOne = first !== undefined && slopes.values.every((value) => value === first);
  context.reserve(to);
  const slope = isOne ? first : Float64Array.from(broadcastIndex(own, to), (i) => slopes.values[i]!);
  return context.emit({ kind: 'leakyRelu', slope }, [x], x.dims, x.dtype);
}

/** max(0, min(1, α·x + β)). */
function hardSigmoid(context: OpContext): Value {
  const x = context.input(0);
  context.requireReal(x);
  const alpha = context.attributes.float('alpha', 0.2);
  const beta = context.attributes.float('beta', 0.5);
  const size = context.reserve(x.dims);
  const map = gatherMap(size, iota(size), () => alpha);
  const line = context.linear([{ value: x, map }], new Float64Array(size).fill(beta), x.dims, x.dtype, 'line');
  return context.emit({ kind: 'clamp', lo: 0, hi: 1 }, [line], x.dims, x.dtype);
}

export const activation = {
  Relu: {
    since: 7,
    inputs: [1, 1],
    notes: '',
    expand: (context) => {
      const x = context.input(0);
      return [context.emit({ kind: 'clamp', lo: 0, hi: Infinity }, [x], x.dims, x.dtype)];
    },
  },
  LeakyRelu: { since: 7, attributes: ['alpha'], inputs: [1, 1], notes: '', expand: (context) => [leakyRelu(context)] },
  PRelu: {
    since: 7,
    inputs: [2, 2],
    constantInputs: [1],
    notes: 'constant slopes: one, one a channel, or one an element',
    expand: (context) => [parametricRelu(context)],
  },
  Clip: {
    since: 7,
    attributes: ['min', 'max'],
    inputs: [1, 3],
    constantInputs: [1, 2],
    notes: 'constant bounds, as attributes (opset < 11) or inputs',
    expand: (context) => [clip(context)],
  },
  HardSigmoid: {
    since: 7,
    attributes: ['alpha', 'beta'],
    inputs: [1, 1],
    notes: 'one clamp an element',
    expand: (context) => [hardSigmoid(context)],
  },
  Softmax: {
    since: 7,
    attributes: ['axis'],
    inputs: [1, 1],
    notes: 'both meanings of axis (opset < 13 flattens)',
    expand: (context) => [softmax(context, false)],
  },
  LogSoftmax: {
    since: 7,
    attributes: ['axis'],
    inputs: [1, 1],
    notes: 'both meanings of axis (opset < 13 flattens)',
    expand: (context) => [softmax(context, true)],
  },
} satisfies OperatorTable;
