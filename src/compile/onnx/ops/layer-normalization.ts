/** LayerNormalization and RMSNormalization: y = d/√(Σd²/n + ε)·scale + bias over the axes from `axis` on, d = x − mean or x itself. */
import { scalarMap, structuredMap, type LinearMap } from '../../real/linear-map.js';
import type { MapAxis } from '../../real/map-structure.js';
import { power } from '../../real/unary.js';
import type { OpContext, Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { elementCount, iota } from '../shapes.js';
import { multiply, weightedSum } from './arithmetic.js';
import { applyUnary } from './functions.js';

/** The groups that are normalised: `count` runs of `width` elements, one after another. */
interface Groups {
  readonly x: Value;
  readonly count: number;
  readonly width: number;
  /** Shape of one number a group: 1 in place of the axes that are gone. */
  readonly dims: readonly number[];
}

function groupsOf(context: OpContext): Groups {
  const x = context.input(0);
  context.requireReal(x);
  const axis = context.axis(context.attributes.int('axis', -1), x.dims.length);
  const width = elementCount(x.dims.slice(axis));
  if (width === 0) throw context.unsupported('the mean of nothing');
  context.reserve(x.dims);
  return {
    x,
    width,
    count: elementCount(x.dims.slice(0, axis)),
    dims: x.dims.map((dim, i) => (i < axis ? dim : 1)),
  };
}

/** x − mean. */
function centred(context: OpContext, { x, count, width }: Groups): Value {
  context.reserveEntries(width * width);
  const weights = Float64Array.from(
    iota(width * width),
    (i) => (Math.floor(i / width) === i % width ? 1 : 0) - 1 / width,
  );
  const map = overGroups(count, { kind: 'full', out: width, in: width }, weights);
  return context.linear([{ value: x, map }], new Float64Array(count * width), x.dims, x.dtype, 'centred');
}

function mean(context: OpContext, { x, count, width, dims }: Groups): Value {
  const map = overGroups(count, { kind: 'full', out: 1, in: width }, new Float64Array(width).fill(1 / width));
  return context.linear([{ value: x, map }], new Float64Array(count), dims, x.dtype, 1);
}

function overGroups(count: number, axis: MapAxis, weights: Float64Array): LinearMap {
  return structuredMap({ axes: [{ kind: 'shared', size: count }, axis], weights });
}

/** 1/√(Σd²/n + ε), one a group. `as`: the ONNX output it is, or its name. */
function inverseDeviation(context: OpContext, d: Value, { count, width, dims }: Groups, as: number | string): Value {
  const epsilon = context.attributes.float('epsilon', 1e-5);
  if (!(epsilon >= 0 && Number.isFinite(epsilon)))
    throw context.attributes.error('epsilon', 'is no small positive number');
  const members = Uint32Array.from(iota(count * width));
  const start = Uint32Array.from({ length: count + 1 }, (_, g) => g * width);
  context.reserveEntries(2 * members.length);
  const op = { kind: 'bilinear', start, left: members, right: members } as const;
  const squares = context.emit(op, [d, d], dims, d.dtype, 'squares');
  const map = scalarMap(count, 1 / width);
  const bias = new Float64Array(count).fill(epsilon);
  const variance = context.linear([{ value: squares, map }], bias, dims, d.dtype, 'variance');
  return applyUnary(context, power(-0.5), variance, as);
}

/** d·inverse, times the scale. */
function scaled(context: OpContext, d: Value, inverse: Value, as: number | string): Value {
  const unit = multiply(context, d, inverse, 'normalised');
  return multiply(context, unit, context.input(1), as);
}

function requireStash(context: OpContext): void {
  const stash = context.attributes.int('stash_type', 1);
  if (stash !== 1) throw context.unsupported(`stash_type ${stash}`, 'statistics are computed as float32: stash_type 1');
}

function layerNormalization(context: OpContext): Value[] {
  requireStash(context);
  const groups = groupsOf(context);
  const d = centred(context, groups);
  const inverse = inverseDeviation(context, d, groups, context.outputRead(2) ? 2 : 'inverse');
  const bias = context.optional(2);
  const y = scaled(context, d, inverse, bias === undefined ? 0 : 'scaled');
  requireShape(context, y, groups.x);
  const terms = [y, ...(bias === undefined ? [] : [bias])].map((value) => ({ value, factor: 1 }));
  const result = bias === undefined ? y : weightedSum(context, terms);
  requireShape(context, result, groups.x);
  return [result, ...(context.outputRead(1) || context.outputRead(2) ? [mean(context, groups), inverse] : [])];
}

/** Scale and bias broadcast to x, and never x to them. */
function requireShape(context: OpContext, result: Value, x: Value): void {
  if (elementCount(result.dims) !== elementCount(x.dims) || result.dims.length !== x.dims.length) {
    throw context.mismatch('scale and bias must broadcast to the normalised axes', result.dims, x.dims);
  }
}

function rmsNormalization(context: OpContext): Value {
  requireStash(context);
  const groups = groupsOf(context);
  const inverse = inverseDeviation(context, groups.x, groups, 'inverse');
  const y = scaled(context, groups.x, inverse, 0);
  requireShape(context, y, groups.x);
  return y;
}

const NOTES = 'squares are products, 1/√ is a table; so are decompositions into ReduceMean, Pow, Sqrt and Div';

export const layerNormalizations = {
  LayerNormalization: {
    since: 17,
    attributes: ['axis', 'epsilon', 'stash_type'],
    inputs: [2, 3],
    notes: NOTES,
    expand: layerNormalization,
  },
  RMSNormalization: {
    since: 23,
    attributes: ['axis', 'epsilon', 'stash_type'],
    inputs: [2, 2],
    notes: NOTES,
    expand: (context) => [rmsNormalization(context)],
  },
} satisfies OperatorTable;
