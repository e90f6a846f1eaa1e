/** Operators that make or convert constants. Casts between float types of computed values change nothing. */
import { isFloatType, type ElementType } from '../../../base/element-types.js';
import { elementTypeLabel, elementTypeOf } from '../../../formats/onnx-proto.js';
import { isConstant, type Constant, type OpContext, type Value } from '../context.js';
import { holdsAll, integerRange } from '../integers.js';
import type { OperatorTable } from '../operator.js';
import { copy } from './shape.js';

function constant(context: OpContext): Value {
  const { attributes } = context;
  const kinds = attributes.names();
  const [kind] = kinds;
  if (kind === undefined || kinds.length !== 1) throw context.invalid(`one value is expected, got ${kinds.length}`);
  switch (kind) {
    case 'value': {
      const { values, dims, dtype } = context.tensorAttribute('value')!;
      context.reserve(dims);
      return context.known(values, dims, dtype);
    }
    case 'value_float':
      return context.known(Float64Array.of(attributes.float('value_float', 0)), [], 'float32');
    case 'value_int':
      return context.known(Float64Array.of(attributes.int('value_int', 0)), [], 'int64');
    case 'value_floats':
      return list(context, attributes.floats('value_floats')!, 'float32');
    case 'value_ints':
      return list(context, attributes.ints('value_ints')!, 'int64');
    default:
      throw context.unsupported(`constants given as ${kind}`, 'use a dense tensor of numbers');
  }
}

function list(context: OpContext, values: readonly number[], dtype: ElementType): Value {
  context.reserve([values.length]);
  return context.known(Float64Array.from(values), [values.length], dtype);
}

function constantOfShape(context: OpContext): Value {
  const dims = Array.from(context.constant(0, 'the shape').values);
  const value = context.tensorAttribute('value');
  if (value !== undefined && value.values.length !== 1)
    throw context.attributes.error('value', 'must hold one element');
  const values = new Float64Array(context.reserve(dims)).fill(value?.values[0] ?? 0);
  return context.known(values, dims, value?.dtype ?? 'float32');
}

function range(context: OpContext): Value {
  const scalar = (position: number, what: string): Constant => {
    const value = context.constant(position, what);
    if (value.values.length !== 1) throw context.mismatch(`${what} must be one number`, value.dims);
    return value;
  };
  const [start, limit, delta] = [scalar(0, 'the start'), scalar(1, 'the limit'), scalar(2, 'the step')];
  const [from, to, step] = [start.values[0]!, limit.values[0]!, delta.values[0]!];
  if (step === 0) throw context.invalid('a step of 0');
  const count = Math.max(0, Math.ceil((to - from) / step));
  context.reserve([count]);
  return context.known(
    Float64Array.from({ length: count }, (_, i) => from + i * step),
    [count],
    start.dtype,
  );
}

function cast(context: OpContext, to: ElementType): Value {
  const x = context.input(0);
  if (isConstant(x)) {
    context.reserve(x.dims);
    return context.known(convert(x, to), x.dims, to);
  }
  const indices = x.below !== undefined && x.below - 1 <= (integerRange(to)?.hi ?? -1);
  if ((isFloatType(x.dtype) && isFloatType(to)) || holdsAll(to, x.dtype) || indices)
    return copy(context, x, x.dims, to);
  throw context.unsupported(
    `a cast of the computed ${x.dtype} value "${x.name}" to ${to}`,
    isFloatType(x.dtype)
      ? 'keep computed values in float; remove the rounding'
      : 'cast to a type that holds every value of the source',
  );
}

/** Values as the target holds them before wrapping and rounding: truncated for integers, 0 or 1 for bool. */
function convert(x: Constant, to: ElementType): Float64Array {
  if (to === 'bool') return x.values.map((value) => (value === 0 ? 0 : 1));
  return isFloatType(to) ? x.values.slice() : x.values.map(Math.trunc);
}

function targetType(context: OpContext): ElementType {
  const code = context.attributes.requiredInt('to');
  const to = elementTypeOf(code);
  if (to === undefined) throw context.unsupported(`casts to ${elementTypeLabel(code)}`, 'cast to float32');
  return to;
}

/** Halves to the even neighbour, as ONNX rounds. */
function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  if (value - down !== 0.5) return Math.round(value);
  return down % 2 === 0 ? down : down + 1;
}

const CONSTANTS_ONLY = 'constants only';

/** An elementwise function that exists only to fold. */
function folding(fn: (a: number) => number) {
  return {
    since: 7,
    inputs: [1, 1] as const,
    constantInputs: [0],
    notes: CONSTANTS_ONLY,
    expand: (context: OpContext): Value[] => {
      const { values, dims, dtype } = context.constant(0, 'input 0');
      context.reserve(dims);
      return [context.known(values.map(fn), dims, dtype)];
    },
  };
}

export const constants = {
  Constant: {
    since: 7,
    attributes: [
      'value',
      'sparse_value',
      'value_float',
      'value_floats',
      'value_int',
      'value_ints',
      'value_string',
      'value_strings',
    ],
    inputs: [0, 0],
    notes: 'numbers, not strings',
    expand: (context) => [constant(context)],
  },
  ConstantOfShape: {
    since: 9,
    attributes: ['value'],
    inputs: [1, 1],
    constantInputs: [0],
    notes: 'folds',
    expand: (context) => [constantOfShape(context)],
  },
  Range: {
    since: 11,
    attributes: ['stash_type'],
    inputs: [3, 3],
    constantInputs: [0, 1, 2],
    notes: 'folds',
    expand: (context) => [range(context)],
  },
  Cast: {
    since: 7,
    attributes: ['to', 'saturate', 'round_mode'],
    inputs: [1, 1],
    notes:
      'computed values: between float types (no rounding is modelled) and to wider types; constants: every numeric type',
    expand: (context) => [cast(context, targetType(context))],
  },
  CastLike: {
    since: 15,
    attributes: ['saturate', 'round_mode'],
    inputs: [2, 2],
    notes: 'as Cast',
    expand: (context) => [cast(context, context.input(1).dtype)],
  },
  Ceil: folding(Math.ceil),
  Floor: folding(Math.floor),
  Round: folding(roundHalfEven),
} satisfies OperatorTable;
