/** Reductions along axes: sums and means are linear, maxima windows, ArgMax positions. */
import { isFloatType } from '../../../base/element-types.js';
import type { AxisGroups } from '../../real/graph.js';
import { structuredMap } from '../../real/linear-map.js';
import type { MapAxis } from '../../real/map-structure.js';
import { isConstant, type OpContext, type Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { stridedIndex, stridesOf, type Dims } from '../shapes.js';
import { copy } from './shape.js';

/** One group for every position of the other axes, in row-major order. */
export function axisGroups(dims: Dims, axis: number): AxisGroups {
  const strides = stridesOf(dims);
  const others = dims.filter((_, i) => i !== axis);
  const base = stridedIndex(
    others,
    strides.filter((_, i) => i !== axis),
  );
  return { base: Uint32Array.from(base), size: dims[axis]!, stride: strides[axis]! };
}

interface Reduction {
  readonly x: Value;
  readonly dims: number[];
  /** First element of every group, and the offsets of its members. */
  readonly base: Int32Array;
  readonly offsets: Int32Array;
  /** Of the sum over each group as a linear map. */
  readonly axes: readonly MapAxis[];
}

/** Axes by attribute, or by input from opset `inputSince` on. Undefined: nothing is to be reduced. */
function reduction(context: OpContext, inputSince: number): Reduction | undefined {
  const x = context.input(0);
  const rank = x.dims.length;
  const given =
    context.opset >= inputSince ? context.optionalConstant(1, 'the axes')?.values : context.attributes.ints('axes');
  if ((given === undefined || given.length === 0) && context.attributes.flag('noop_with_empty_axes')) return undefined;
  const axes = new Set(
    given === undefined || given.length === 0 ? x.dims.keys() : Array.from(given, (axis) => context.axis(axis, rank)),
  );
  const keep = context.attributes.flag('keepdims', true);
  const strides = stridesOf(x.dims);
  const kept = [...x.dims.keys()].filter((axis) => !axes.has(axis));
  const gone = [...x.dims.keys()].filter((axis) => axes.has(axis));
  const pick = (from: Dims, which: readonly number[]) => which.map((axis) => from[axis]!);
  const dims = keep ? x.dims.map((dim, axis) => (axes.has(axis) ? 1 : dim)) : pick(x.dims, kept);
  context.reserve(dims);
  return {
    x,
    dims,
    base: stridedIndex(pick(x.dims, kept), pick(strides, kept)),
    offsets: stridedIndex(pick(x.dims, gone), pick(strides, gone)),
    axes: x.dims.map((dim, axis) =>
      axes.has(axis) ? { kind: 'full', out: 1, in: dim } : { kind: 'shared', size: dim },
    ),
  };
}

function total(context: OpContext, inputSince: number, mean: boolean): Value {
  const reduced = reduction(context, inputSince);
  if (reduced === undefined) return copy(context, context.input(0), context.input(0).dims);
  const { x, dims, base, offsets, axes } = reduced;
  context.requireReal(x);
  if (mean && (offsets.length === 0 || (isConstant(x) && !isFloatType(x.dtype)))) {
    throw context.unsupported(offsets.length === 0 ? 'the mean of nothing' : `the mean of ${x.dtype} values`);
  }
  const weights = new Float64Array(offsets.length).fill(mean ? 1 / offsets.length : 1);
  const map = structuredMap({ axes, weights });
  return context.linear([{ value: x, map }], new Float64Array(base.length), dims, x.dtype);
}

function maximum(context: OpContext): Value {
  const reduced = reduction(context, 18);
  if (reduced === undefined) return copy(context, context.input(0), context.input(0).dims);
  const { x, dims, base, offsets } = reduced;
  if (offsets.length === 0) throw context.unsupported('the maximum of nothing');
  context.reserveEntries(base.length * offsets.length);
  const start = Uint32Array.from({ length: base.length + 1 }, (_, i) => i * offsets.length);
  const index = new Uint32Array(base.length * offsets.length);
  base.forEach((first, i) => {
    for (let k = 0; k < offsets.length; k++) index[i * offsets.length + k] = first + offsets[k]!;
  });
  return context.emit({ kind: 'maxWindows', start, index }, [x], dims, x.dtype);
}

function argmax(context: OpContext): Value {
  const x = context.input(0);
  const axis = context.axis(context.attributes.int('axis', 0), x.dims.length);
  const groups = axisGroups(x.dims, axis);
  if (groups.size === 0) throw context.unsupported('the largest of nothing');
  const keep = context.attributes.flag('keepdims', true);
  const dims = keep ? x.dims.map((dim, i) => (i === axis ? 1 : dim)) : x.dims.filter((_, i) => i !== axis);
  const last = context.attributes.flag('select_last_index');
  return context.emit({ kind: 'argmax', groups, last }, [x], dims, 'int64');
}

const reduceAttributes = ['axes', 'keepdims', 'noop_with_empty_axes'];

export const reductions = {
  ReduceSum: {
    since: 7,
    attributes: reduceAttributes,
    inputs: [1, 2],
    constantInputs: [1],
    notes: 'free in the circuit',
    expand: (context) => [total(context, 13, false)],
  },
  ReduceMean: {
    since: 7,
    attributes: reduceAttributes,
    inputs: [1, 2],
    constantInputs: [1],
    notes: 'free in the circuit',
    expand: (context) => [total(context, 18, true)],
  },
  ReduceMax: {
    since: 7,
    attributes: reduceAttributes,
    inputs: [1, 2],
    constantInputs: [1],
    notes: '',
    expand: (context) => [maximum(context)],
  },
  ArgMax: {
    since: 7,
    attributes: ['axis', 'keepdims', 'select_last_index'],
    inputs: [1, 1],
    notes: 'ties as ONNX says, first or last',
    expand: (context) => [argmax(context)],
  },
} satisfies OperatorTable;
