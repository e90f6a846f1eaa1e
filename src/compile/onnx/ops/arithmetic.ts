/** Elementwise arithmetic with NumPy broadcasting: sums and products by constants are linear, products of computed values bilinear. */
import { isFloatType, type ElementType } from '../../../base/element-types.js';
import { gatherMap, scalarMap, structuredMap, type LinearMap } from '../../real/linear-map.js';
import type { MapAxis } from '../../real/map-structure.js';
import { isConstant, type Constant, type LinearTerm, type OpContext, type Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { reciprocal, power as powerOf, sqrt } from '../../real/unary.js';
import { broadcastDims, broadcastIndex, elementCount, iota, sameDims, type Dims } from '../shapes.js';
import { applyUnary } from './functions.js';

/** The broadcast shape of some values of one element type. */
export function commonShape(
  context: OpContext,
  values: readonly Value[],
): { dims: number[]; dtype: ElementType; size: number } {
  const dims = broadcastDims(values.map((value) => value.dims));
  if (dims === undefined)
    throw context.mismatch('the shapes do not broadcast', ...values.slice(0, 8).map((value) => value.dims));
  const dtype = values[0]!.dtype;
  if (values.some((value) => value.dtype !== dtype)) {
    throw context.invalid(`inputs of different types: ${values.map((value) => value.dtype).join(', ')}`);
  }
  return { dims, dtype, size: context.reserve(dims) };
}

/** The values of a constant, spread to `dims`. */
export function spread(constant: Constant, dims: Dims): Float64Array {
  if (sameDims(constant.dims, dims)) return constant.values;
  const index = broadcastIndex(constant.dims, dims);
  return Float64Array.from(index, (from) => constant.values[from]!);
}

export interface Term {
  readonly value: Value;
  readonly factor: number;
}

/** Σ factor·value, broadcast; constant terms become the bias. */
export function weightedSum(context: OpContext, terms: readonly Term[]): Value {
  const { dims, dtype, size } = commonShape(
    context,
    terms.map(({ value }) => value),
  );
  const bias = new Float64Array(size);
  const linear: LinearTerm[] = [];
  for (const { value, factor } of terms) {
    context.requireReal(value);
    if (isConstant(value)) {
      const values = spread(value, dims);
      for (let i = 0; i < size; i++) bias[i]! += factor * values[i]!;
    } else {
      linear.push({ value, map: broadcastMap(value.dims, dims, factor) });
    }
  }
  return linear.length === 0 ? context.known(bias, dims, dtype) : context.linear(linear, bias, dims, dtype);
}

/** factor·x, broadcast. */
export function broadcastMap(from: Dims, to: Dims, factor: number): LinearMap {
  if (sameDims(from, to)) return scalarMap(elementCount(to), factor);
  return gatherMap(elementCount(from), broadcastIndex(from, to), () => factor);
}

/** a·b, broadcast. */
export function multiply(context: OpContext, a: Value, b: Value, as: number | string = 0): Value {
  const { dims, dtype, size } = commonShape(context, [a, b]);
  if (isConstant(a) && isConstant(b)) {
    const [left, right] = [spread(a, dims), spread(b, dims)];
    return context.known(
      left.map((value, i) => value * right[i]!),
      dims,
      dtype,
      as,
    );
  }
  if (isConstant(a)) return scale(context, b, a, dims, as);
  if (isConstant(b)) return scale(context, a, b, dims, as);
  context.requireReal(a);
  const start = Uint32Array.from(iota(size + 1));
  const left = Uint32Array.from(broadcastIndex(a.dims, dims));
  const right = Uint32Array.from(broadcastIndex(b.dims, dims));
  return context.emit({ kind: 'bilinear', start, left, right }, [a, b], dims, dtype, as);
}

/** factors·x, both broadcast to `dims`. */
function scale(context: OpContext, value: Value, factors: Constant, dims: Dims, as: number | string = 0): Value {
  context.requireReal(value);
  const map = sameDims(value.dims, dims)
    ? structuredMap({ axes: factorAxes(factors.dims, dims), weights: factors.values })
    : spreadFactors(value.dims, spread(factors, dims), dims);
  return context.linear([{ value, map }], new Float64Array(elementCount(dims)), dims, value.dtype, as);
}

/** Of a constant's axes those where it has one element are shared. */
function factorAxes(from: Dims, to: Dims): MapAxis[] {
  return to.map((size, axis) => ({ kind: (from[from.length - to.length + axis] ?? 1) === 1 ? 'shared' : 'own', size }));
}

function spreadFactors(from: Dims, factors: Float64Array, to: Dims): LinearMap {
  return gatherMap(elementCount(from), broadcastIndex(from, to), (i) => factors[i]!);
}

function divide(context: OpContext): Value {
  const [a, b] = [context.input(0), context.input(1)];
  if (!isConstant(b)) return byComputed(context, a, b);
  const { dims, dtype } = commonShape(context, [a, b]);
  if (!isConstant(a)) {
    if (b.values.includes(0)) throw context.invalid('division by a constant zero');
    return scale(context, a, { ...b, values: b.values.map((value) => 1 / value) }, dims);
  }
  const divisor = spread(b, dims);
  const dividend = spread(a, dims);
  if (isFloatType(dtype))
    return context.known(
      dividend.map((value, i) => value / divisor[i]!),
      dims,
      dtype,
    );
  if (divisor.includes(0)) throw context.invalid('integer division by zero');
  return context.known(
    dividend.map((value, i) => Math.trunc(value / divisor[i]!)),
    dims,
    dtype,
  );
}

/** a·(1/b): one reciprocal an element of b, however often it is broadcast. */
function byComputed(context: OpContext, a: Value, b: Value): Value {
  context.requireReal(b);
  context.requireReal(a);
  if (isConstant(a) && a.dtype !== b.dtype) throw context.invalid(`inputs of different types: ${a.dtype}, ${b.dtype}`);
  return multiply(context, a, applyUnary(context, reciprocal, b, 'reciprocal'));
}

/** max (sign 1) or min (sign −1) over the inputs. */
function extremum(context: OpContext, sign: 1 | -1): Value {
  const values = context.node.inputs.map((_, i) => context.input(i));
  const { dims, dtype, size } = commonShape(context, values);
  const pick = sign === 1 ? Math.max : Math.min;
  const constants = values.filter(isConstant);
  const computed = values.filter((value) => !isConstant(value));
  let bound: Float64Array | undefined;
  for (const constant of constants) {
    const spreadOut = spread(constant, dims);
    bound = bound === undefined ? spreadOut : bound.map((value, i) => pick(value, spreadOut[i]!));
  }
  if (computed.length === 0) return context.known(bound!.slice(), dims, dtype);
  const first = computed[0]!;
  if (
    computed.length === 1 &&
    sameDims(first.dims, dims) &&
    (bound === undefined || bound.every((v) => v === bound[0]))
  ) {
    const limit = bound?.[0] ?? -sign * Infinity;
    return context.emit(
      { kind: 'clamp', lo: sign === 1 ? limit : -Infinity, hi: sign === 1 ? Infinity : limit },
      [first],
      dims,
      dtype,
    );
  }
  if (sign === -1)
    computed.forEach((value) => {
      context.requireReal(value);
    });
  const parts = bound === undefined ? computed : [...computed, context.known(bound.slice(), dims, dtype, 'bound')];
  const top = maximumOf(context, parts, dims, size, sign);
  if (sign === 1) return top;
  return context.linear(
    [{ value: top, map: gatherMap(size, iota(size), () => -1) }],
    new Float64Array(size),
    dims,
    dtype,
  );
}

/** Elementwise maximum of sign·part; min(a, b) = −max(−a, −b). */
function maximumOf(context: OpContext, parts: readonly Value[], dims: Dims, size: number, sign: 1 | -1): Value {
  const dtype = parts[0]!.dtype;
  const count = parts.length;
  context.reserveEntries(2 * count * size);
  const joined = new Int32Array(count * size);
  let base = 0;
  parts.forEach((part, p) => {
    broadcastIndex(part.dims, dims).forEach((from, i) => (joined[i * count + p] = base + from));
    base += elementCount(part.dims);
  });
  const all = [...dims, count];
  let together = context.emit({ kind: 'gather', index: joined, fill: 0 }, parts, all, dtype, 'joined');
  if (sign === -1) {
    const map = gatherMap(joined.length, iota(joined.length), () => -1);
    together = context.linear([{ value: together, map }], new Float64Array(joined.length), all, dtype, 'negated');
  }
  const start = Uint32Array.from({ length: size + 1 }, (_, i) => i * count);
  const index = Uint32Array.from(iota(joined.length));
  return context.emit({ kind: 'maxWindows', start, index }, [together], dims, dtype, sign === 1 ? 0 : 'max');
}

function power(context: OpContext): Value {
  const [x, exponent] = [context.input(0), context.constant(1, 'the exponent')];
  const dims = broadcastDims([x.dims, exponent.dims]);
  if (dims === undefined) throw context.mismatch('the shapes do not broadcast', x.dims, exponent.dims);
  context.reserve(dims);
  if (isConstant(x)) {
    const [base, power_] = [spread(x, dims), spread(exponent, dims)];
    return context.known(
      base.map((value, i) => value ** power_[i]!),
      dims,
      x.dtype,
    );
  }
  const [to] = exponent.values;
  if (to === undefined || !Number.isFinite(to) || exponent.values.some((value) => value !== to)) {
    throw context.unsupported('exponents that differ by element', 'use one constant exponent for all elements');
  }
  context.requireReal(x);
  const wide = sameDims(x.dims, dims) ? x : context.gather(x, broadcastIndex(x.dims, dims), dims, 'base');
  if (to === 2) return multiply(context, wide, wide);
  if (to === 3) return multiply(context, multiply(context, wide, wide, 'square'), wide);
  if (to === 0) return context.known(new Float64Array(elementCount(dims)).fill(1), dims, x.dtype);
  if (to === 1) return context.gather(wide, iota(elementCount(dims)), dims);
  const known = to === 0.5 ? sqrt : to === -1 ? reciprocal : powerOf(to);
  return applyUnary(context, known, wide);
}

const all = (context: OpContext) => context.node.inputs.map((_, i) => context.input(i));

export const arithmetic = {
  Add: {
    since: 7,
    inputs: [2, 2],
    notes: 'NumPy broadcasting; free in the circuit',
    expand: (context) => [
      weightedSum(context, [
        { value: context.input(0), factor: 1 },
        { value: context.input(1), factor: 1 },
      ]),
    ],
  },
  Sub: {
    since: 7,
    inputs: [2, 2],
    notes: 'NumPy broadcasting; free in the circuit',
    expand: (context) => [
      weightedSum(context, [
        { value: context.input(0), factor: 1 },
        { value: context.input(1), factor: -1 },
      ]),
    ],
  },
  Mul: {
    since: 7,
    inputs: [2, 2],
    notes: 'NumPy broadcasting; free with a constant, one product an element with two computed inputs',
    expand: (context) => [multiply(context, context.input(0), context.input(1))],
  },
  Div: {
    since: 7,
    inputs: [2, 2],
    notes:
      'free by a constant; by a computed value of one sign: an exact division an element of the divisor, and a product',
    expand: (context) => [divide(context)],
  },
  Neg: {
    since: 7,
    inputs: [1, 1],
    notes: '',
    expand: (context) => [weightedSum(context, [{ value: context.input(0), factor: -1 }])],
  },
  Sum: {
    since: 7,
    inputs: [1, Infinity],
    notes: 'any number of inputs, broadcast',
    expand: (context) => [
      weightedSum(
        context,
        all(context).map((value) => ({ value, factor: 1 })),
      ),
    ],
  },
  Mean: {
    since: 7,
    inputs: [1, Infinity],
    notes: 'any number of inputs, broadcast',
    expand: (context) => [
      weightedSum(
        context,
        all(context).map((value, _, { length }) => ({ value, factor: 1 / length })),
      ),
    ],
  },
  Max: {
    since: 7,
    inputs: [1, Infinity],
    notes: 'one computed input and a uniform constant are a clamp',
    expand: (context) => [extremum(context, 1)],
  },
  Min: {
    since: 7,
    inputs: [1, Infinity],
    notes: 'one computed input and a uniform constant are a clamp',
    expand: (context) => [extremum(context, -1)],
  },
  Pow: {
    since: 7,
    inputs: [2, 2],
    constantInputs: [1],
    notes: 'one constant exponent: products for 2 and 3, else by a table; any power of a constant',
    expand: (context) => [power(context)],
  },
} satisfies OperatorTable;
