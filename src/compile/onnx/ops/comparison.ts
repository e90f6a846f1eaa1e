/** Comparisons, truth values and the choice between two values. Computed ones compare integers: exact after quantisation. */
import { gatherMap } from '../../real/linear-map.js';
import { isConstant, type Constant, type LinearTerm, type OpContext, type Value } from '../context.js';
import type { Operator, OperatorTable } from '../operator.js';
import { broadcastDims, broadcastIndex, elementCount, iota, type Dims } from '../shapes.js';
import { commonShape, spread } from './arithmetic.js';

/** Σ factor·value + offset over values of any type, broadcast to `dims`: truth values and indices too, whose sums never wrap here. */
function combination(
  context: OpContext,
  terms: readonly { readonly value: Value; readonly factor: number }[],
  offset: number,
  result: { readonly dims: Dims; readonly dtype: Value['dtype']; readonly as?: number | string },
): Value {
  const { dims, dtype, as } = result;
  const bias = new Float64Array(elementCount(dims)).fill(offset);
  const linear: LinearTerm[] = [];
  for (const { value, factor } of terms) {
    if (isConstant(value)) spread(value, dims).forEach((each, i) => (bias[i]! += factor * each));
    else
      linear.push({ value, map: gatherMap(elementCount(value.dims), broadcastIndex(value.dims, dims), () => factor) });
  }
  if (linear.length === 0) return context.known(bias, dims, dtype, as);
  return context.linear(linear, bias, dims, dtype, as);
}

/** 1 where left − right > 0 (or ≥ 0). */
function exceeds(context: OpContext, left: Value, right: Value, strict: boolean, as?: string): Value {
  const { dims } = commonShape(context, [left, right]);
  const terms = [
    { value: left, factor: 1 },
    { value: right, factor: -1 },
  ];
  const suffix = as === undefined ? 'difference' : `${as}.difference`;
  const difference = combination(context, terms, 0, { dims, dtype: left.dtype, as: suffix });
  return context.emit({ kind: 'step', strict }, [difference], dims, 'bool', as ?? 0);
}

/** [a ≥ b] + [b ≥ a] − 1. */
function equal(context: OpContext, a: Value, b: Value): Value {
  const atLeast = exceeds(context, a, b, false, 'atLeast');
  const atMost = exceeds(context, b, a, false, 'atMost');
  const terms = [atLeast, atMost].map((value) => ({ value, factor: 1 }));
  return combination(context, terms, -1, { dims: atLeast.dims, dtype: 'bool' });
}

type Decide = (a: number, b: number) => boolean;

/** An operator on two values that folds where both are known. */
function binary(
  decide: Decide,
  computed: (context: OpContext, a: Value, b: Value) => Value,
  notes: string,
  since = 7,
): Operator {
  return {
    since,
    inputs: [2, 2],
    notes,
    expand: (context) => {
      const [a, b] = [context.input(0), context.input(1)];
      if (!isConstant(a) || !isConstant(b)) return [computed(context, a, b)];
      const { dims } = commonShape(context, [a, b]);
      const [left, right] = [spread(a, dims), spread(b, dims)];
      return [
        context.known(
          left.map((value, i) => (decide(value, right[i]!) ? 1 : 0)),
          dims,
          'bool',
        ),
      ];
    },
  };
}

/** a·b of truth values, as one term of the result. */
function both(context: OpContext, a: Value, b: Value, dims: Dims): Value {
  if (isConstant(a) || isConstant(b)) {
    const [known, other] = isConstant(a) ? [a, b] : [b as Constant, a];
    const mask = spread(known, dims);
    const map = gatherMap(elementCount(other.dims), broadcastIndex(other.dims, dims), (i) => mask[i]!);
    return context.linear([{ value: other, map }], new Float64Array(mask.length), dims, 'bool', 'both');
  }
  const start = Uint32Array.from(iota(elementCount(dims) + 1));
  const left = Uint32Array.from(broadcastIndex(a.dims, dims));
  const right = Uint32Array.from(broadcastIndex(b.dims, dims));
  return context.emit({ kind: 'bilinear', start, left, right }, [a, b], dims, 'bool', 'both');
}

/** sum·(a + b) + product·a·b. */
const logical =
  (sum: number, product: number) =>
  (context: OpContext, a: Value, b: Value): Value => {
    const { dims, dtype } = commonShape(context, [a, b]);
    if (dtype !== 'bool') throw context.invalid(`truth values are expected, got ${dtype}`);
    const terms = [
      { value: a, factor: sum },
      { value: b, factor: sum },
      { value: both(context, a, b, dims), factor: product },
    ];
    return combination(
      context,
      terms.filter(({ factor }) => factor !== 0),
      0,
      { dims, dtype: 'bool' },
    );
  };

function not(context: OpContext): Value {
  const x = context.input(0);
  if (x.dtype !== 'bool') throw context.invalid(`a truth value is expected, got ${x.dtype}`);
  context.reserve(x.dims);
  return combination(context, [{ value: x, factor: -1 }], 1, { dims: x.dims, dtype: 'bool' });
}

function where(context: OpContext): Value {
  const condition = context.input(0);
  const [a, b] = [context.input(1), context.input(2)];
  const { dtype } = commonShape(context, [a, b]);
  const dims = broadcastDims([condition.dims, a.dims, b.dims]);
  if (dims === undefined) throw context.mismatch('the shapes do not broadcast', condition.dims, a.dims, b.dims);
  context.reserve(dims);
  if (!isConstant(condition)) return chosen(context, condition, a, b, { dims, dtype });
  const flags = broadcastIndex(condition.dims, dims);
  const [left, right] = [broadcastIndex(a.dims, dims), broadcastIndex(b.dims, dims)];
  const offset = elementCount(a.dims);
  const index = flags.map((c, i) => (condition.values[c] === 0 ? offset + right[i]! : left[i]!));
  return context.emit({ kind: 'gather', index, fill: 0 }, [a, b], dims, dtype);
}

/** b + c·(a − b). */
function chosen(
  context: OpContext,
  condition: Value,
  a: Value,
  b: Value,
  result: { readonly dims: Dims; readonly dtype: Value['dtype'] },
): Value {
  const { dims, dtype } = result;
  if (condition.dtype !== 'bool') throw context.invalid(`a truth value is expected, got ${condition.dtype}`);
  const size = elementCount(dims);
  const gap = combination(
    context,
    [
      { value: a, factor: 1 },
      { value: b, factor: -1 },
    ],
    0,
    { dims, dtype, as: 'gap' },
  );
  const flags = broadcastIndex(condition.dims, dims);
  let taken: Value;
  if (isConstant(gap)) {
    const map = gatherMap(elementCount(condition.dims), flags, (i) => gap.values[i]!);
    taken = context.linear([{ value: condition, map }], new Float64Array(size), dims, dtype, 'taken');
  } else {
    const start = Uint32Array.from(iota(size + 1));
    const op = { kind: 'bilinear', start, left: Uint32Array.from(flags), right: Uint32Array.from(iota(size)) } as const;
    taken = context.emit(op, [condition, gap], dims, dtype, 'taken');
  }
  const terms = [b, taken].map((value) => ({ value, factor: 1 }));
  const choice = combination(context, terms, 0, result);
  context.graph.choices.set(choice.name, { condition, then: a, otherwise: b });
  return choice;
}

const QUANTISED = 'computed values: exact, of the quantised values';

export const comparisons = {
  Greater: binary(
    (a, b) => a > b,
    (context, a, b) => exceeds(context, a, b, true),
    QUANTISED,
  ),
  Less: binary(
    (a, b) => a < b,
    (context, a, b) => exceeds(context, b, a, true),
    QUANTISED,
  ),
  GreaterOrEqual: binary(
    (a, b) => a >= b,
    (context, a, b) => exceeds(context, a, b, false),
    QUANTISED,
    12,
  ),
  LessOrEqual: binary(
    (a, b) => a <= b,
    (context, a, b) => exceeds(context, b, a, false),
    QUANTISED,
    12,
  ),
  Equal: binary((a, b) => a === b, equal, QUANTISED),
  And: binary((a, b) => a * b !== 0, logical(0, 1), ''),
  Or: binary((a, b) => a + b !== 0, logical(1, -1), ''),
  Xor: binary((a, b) => a !== b, logical(1, -2), ''),
  Not: { since: 7, inputs: [1, 1], notes: '', expand: (context) => [not(context)] },
  Where: { since: 9, inputs: [3, 3], notes: 'constant or computed condition', expand: (context) => [where(context)] },
} satisfies OperatorTable;
