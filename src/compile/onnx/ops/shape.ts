/** Operators that keep the elements and their order, and those that read shapes. */
import type { OpContext, Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { elementCount, iota, type Dims } from '../shapes.js';

/** The same elements under another shape (and element type, where the values are the same). */
export function copy(context: OpContext, x: Value, dims: Dims, dtype = x.dtype): Value {
  context.reserve(dims);
  return context.gather(x, iota(elementCount(dims)), dims, 0, dtype);
}

function flatten(context: OpContext): Value {
  const x = context.input(0);
  const rank = x.dims.length;
  const given = context.attributes.int('axis', 1);
  const axis = given === rank ? rank : context.axis(given, rank);
  return copy(context, x, [elementCount(x.dims.slice(0, axis)), elementCount(x.dims.slice(axis))]);
}

function reshape(context: OpContext): Value {
  const x = context.input(0);
  const shape = Array.from(context.constant(1, 'the shape').values);
  const allowZero = context.attributes.flag('allowzero');
  const dims = shape.map((dim, axis) => {
    if (dim !== 0 || allowZero) return dim;
    const kept = x.dims[axis];
    if (kept === undefined)
      throw context.mismatch(`a 0 keeps axis ${axis}, which the input does not have`, x.dims, shape);
    return kept;
  });
  const open = dims.flatMap((dim, axis) => (dim === -1 ? [axis] : []));
  if (open.length > 1 || dims.some((dim) => !Number.isSafeInteger(dim) || dim < -1)) {
    throw context.mismatch('the shape is not valid', x.dims, shape);
  }
  if (open.length === 1) {
    const rest = elementCount(dims.filter((dim) => dim !== -1));
    dims[open[0]!] = rest === 0 ? 0 : elementCount(x.dims) / rest;
  }
  if (elementCount(dims) !== elementCount(x.dims) || !dims.every((dim) => Number.isInteger(dim))) {
    throw context.mismatch('the shapes have different numbers of elements', x.dims, shape);
  }
  return copy(context, x, dims);
}

/** Axes by attribute before opset 13, by input since. */
function axesOf(context: OpContext): readonly number[] | undefined {
  if (context.opset < 13) return context.attributes.ints('axes');
  const input = context.optionalConstant(1, 'the axes');
  return input === undefined ? undefined : Array.from(input.values);
}

function squeeze(context: OpContext): Value {
  const x = context.input(0);
  const given = axesOf(context)?.map((axis) => context.axis(axis, x.dims.length));
  const axes = new Set(given ?? [...x.dims.keys()].filter((axis) => x.dims[axis] === 1));
  for (const axis of axes) if (x.dims[axis] !== 1) throw context.mismatch(`axis ${axis} is not 1`, x.dims);
  return copy(
    context,
    x,
    x.dims.filter((_, axis) => !axes.has(axis)),
  );
}

function unsqueeze(context: OpContext): Value {
  const x = context.input(0);
  const given = axesOf(context);
  if (given === undefined) throw context.attributes.error('axes', 'is missing');
  const rank = x.dims.length + given.length;
  const axes = new Set(given.map((axis) => context.axis(axis, rank)));
  if (axes.size !== given.length) throw context.invalid(`axes are repeated: ${given.join(', ')}`);
  const rest = [...x.dims];
  const dims = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.shift()!));
  return copy(context, x, dims);
}

function shape(context: OpContext): Value {
  const { dims } = context.input(0);
  const rank = dims.length;
  const clamp = (value: number) => Math.min(Math.max(value < 0 ? value + rank : value, 0), rank);
  const part = dims.slice(clamp(context.attributes.int('start', 0)), clamp(context.attributes.int('end', rank)));
  return context.known(Float64Array.from(part), [part.length], 'int64');
}

export const shapes = {
  Flatten: { since: 7, attributes: ['axis'], inputs: [1, 1], notes: '', expand: (context) => [flatten(context)] },
  Reshape: {
    since: 7,
    attributes: ['allowzero'],
    inputs: [2, 2],
    constantInputs: [1],
    notes: 'constant shape; 0, -1 and allowzero',
    expand: (context) => [reshape(context)],
  },
  Squeeze: {
    since: 7,
    attributes: ['axes'],
    inputs: [1, 2],
    constantInputs: [1],
    notes: '',
    expand: (context) => [squeeze(context)],
  },
  Unsqueeze: {
    since: 7,
    attributes: ['axes'],
    inputs: [1, 2],
    constantInputs: [1],
    notes: '',
    expand: (context) => [unsqueeze(context)],
  },
  Identity: {
    since: 7,
    inputs: [1, 1],
    notes: '',
    expand: (context) => [copy(context, context.input(0), context.input(0).dims)],
  },
  Shape: {
    since: 7,
    attributes: ['start', 'end'],
    inputs: [1, 1],
    notes: 'folds',
    expand: (context) => [shape(context)],
  },
  Size: {
    since: 7,
    inputs: [1, 1],
    notes: 'folds',
    expand: (context) => [context.known(Float64Array.of(elementCount(context.input(0).dims)), [], 'int64')],
  },
} satisfies OperatorTable;
