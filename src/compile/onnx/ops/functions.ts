/** Functions of one variable. Each becomes one table, alone or together with the elementwise steps around it (passes/fuse-unary.ts). */
import * as functions from '../../real/unary.js';
import type { UnaryFunction } from '../../real/unary.js';
import type { OpContext, Value } from '../context.js';
import type { Operator, OperatorTable } from '../operator.js';
import { iota } from '../shapes.js';
import { gatherMap } from '../../real/linear-map.js';

/** fn of a value. */
export function applyUnary(context: OpContext, fn: UnaryFunction, x: Value, as: number | string = 0): Value {
  context.requireReal(x);
  context.reserve(x.dims);
  return context.emit({ kind: 'unary', fn }, [x], x.dims, x.dtype, as);
}

function finite(context: OpContext, name: string, fallback: number): number {
  const value = context.attributes.float(name, fallback);
  if (!Number.isFinite(value)) throw context.attributes.error(name, 'is not finite');
  return value;
}

function operator(since: number, fn: UnaryFunction, notes = 'by a table'): Operator {
  return { since, inputs: [1, 1], notes, expand: (context) => [applyUnary(context, fn, context.input(0))] };
}

/** A function with one or two attributes. */
function family(
  since: number,
  attributes: Readonly<Record<string, number>>,
  make: (first: number, second: number) => UnaryFunction,
): Operator {
  return {
    since,
    attributes: Object.keys(attributes),
    inputs: [1, 1],
    notes: 'by a table',
    expand: (context) => {
      const [first = 0, second = 0] = Object.entries(attributes).map((entry) => finite(context, ...entry));
      return [applyUnary(context, make(first, second), context.input(0))];
    },
  };
}

function gelu(context: OpContext): Value {
  const form = context.attributes.string('approximate', 'none');
  if (form !== 'none' && form !== 'tanh') throw context.attributes.error('approximate', `is ${form}, not none or tanh`);
  return applyUnary(context, form === 'tanh' ? functions.geluTanh : functions.gelu, context.input(0));
}

/** |x|: exact, a LeakyRelu of slope −1. */
function absolute(context: OpContext): Value {
  const x = context.input(0);
  context.requireReal(x);
  return context.emit({ kind: 'leakyRelu', slope: -1 }, [x], x.dims, x.dtype);
}

/** [x > 0] − [−x > 0]. */
function sign(context: OpContext): Value {
  const x = context.input(0);
  context.requireReal(x);
  const size = context.reserve(x.dims);
  const minus = gatherMap(size, iota(size), () => -1);
  const zero = new Float64Array(size);
  const above = context.emit({ kind: 'step', strict: true }, [x], x.dims, x.dtype, 'positive');
  const negated = context.linear([{ value: x, map: minus }], zero, x.dims, x.dtype, 'negated');
  const below = context.emit({ kind: 'step', strict: true }, [negated], x.dims, x.dtype, 'negative');
  const plus = gatherMap(size, iota(size));
  return context.linear(
    [
      { value: above, map: plus },
      { value: below, map: minus },
    ],
    zero,
    x.dims,
    x.dtype,
  );
}

export const functionTables = {
  Sigmoid: operator(7, functions.sigmoid),
  Tanh: operator(7, functions.tanh),
  Exp: operator(7, functions.exp),
  Log: operator(7, functions.log, 'by a table; arguments are kept in the calibrated range'),
  Sqrt: operator(7, functions.sqrt),
  Reciprocal: operator(7, functions.reciprocal, 'by an exact division; the argument keeps one sign'),
  Erf: operator(9, functions.erfFunction),
  Gelu: {
    since: 20,
    attributes: ['approximate'],
    inputs: [1, 1],
    notes: 'by a table, both forms; so is the decomposition into Erf or Tanh',
    expand: (context) => [gelu(context)],
  },
  Softplus: operator(7, functions.softplus),
  Softsign: operator(7, functions.softsign),
  Mish: operator(18, functions.mish),
  HardSwish: operator(14, functions.hardSwish),
  Elu: family(7, { alpha: 1 }, functions.elu),
  Celu: family(12, { alpha: 1 }, functions.celu),
  Selu: family(7, { alpha: 1.67326319217681884765625, gamma: 1.05070102214813232421875 }, functions.selu),
  Swish: family(24, { alpha: 1 }, functions.swish),
  Abs: { since: 7, inputs: [1, 1], notes: 'exact', expand: (context) => [absolute(context)] },
  Sign: {
    since: 9,
    inputs: [1, 1],
    notes: 'of the quantised value: zero must be one of its steps',
    expand: (context) => [sign(context)],
  },
} satisfies OperatorTable;
