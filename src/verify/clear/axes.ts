/**
 * Linear maps that are a product of one small matrix an axis. Σ_(o, i) w(r, o)·W[o, i]·w(ρ, i) is then *one* functional of the weights, a vector along
 * each of their axes, which is computed from the sizes of the axes alone.
 */
import { EXT_ONE, EXT_ZERO, extAdd, extMul, type Ext } from '../../field/goldilocks.js';
import { boxVariables, flatVector } from './box.js';
import type { AxisVector, FunctionalTerm } from './functional.js';
import { eqBetween, eqTable, innerProduct } from './multilinear.js';
import type { MapAxis, WeightMap } from './relation.js';

type Of<K extends MapAxis['kind']> = Extract<MapAxis, { kind: K }>;
export type AxesMap = Extract<WeightMap, { kind: 'axes' }>;

/** A point's weights on the elements of one axis: `list` them, or keep what they are. */
interface Along {
  readonly vector: AxisVector;
  list(): readonly Ext[];
}

interface AxisRule<A extends MapAxis> {
  readonly out: (axis: A) => number;
  readonly in: (axis: A) => number;
  readonly weightDims: (axis: A) => readonly number[];
  /** Whether all its numbers are in range; products stay below 2^53. */
  readonly isSound: (axis: A) => boolean;
  /** Products of extension elements that its vectors cost at most. */
  readonly work: (axis: A) => number;
  /** Of w(r, ·) and w(ρ, ·): a vector a weight axis, and what multiplies all of them. */
  readonly weigh: (axis: A, out: Along, input: Along) => { readonly vectors: readonly AxisVector[]; readonly by?: Ext };
}

const RULES: { readonly [K in MapAxis['kind']]: AxisRule<Of<K>> } = {
  shared: {
    out: ({ size }) => size,
    in: ({ size }) => size,
    weightDims: () => [],
    isSound: () => true,
    work: ({ size }) => size,
    weigh: ({ size }, out, input) => ({ vectors: [], by: meeting(size, out, input) }),
  },
  own: {
    out: ({ size }) => size,
    in: ({ size }) => size,
    weightDims: ({ size }) => [size],
    isSound: () => true,
    work: ({ size }) => size,
    weigh(_, out, input) {
      const other = input.list();
      return { vectors: [{ kind: 'values', values: out.list().map((weight, i) => extMul(weight, other[i]!)) }] };
    },
  },
  full: {
    out: (axis) => axis.out,
    in: (axis) => axis.in,
    weightDims: (axis) => [axis.out, axis.in],
    isSound: () => true,
    work: (axis) => axis.out + axis.in,
    weigh: (_, out, input) => ({ vectors: [out.vector, input.vector] }),
  },
  window: {
    out: (axis) => axis.out,
    in: (axis) => axis.in,
    weightDims: ({ kernel }) => [kernel],
    isSound: ({ out, kernel, stride, dilation, pad }) =>
      isCount(stride) && isCount(dilation) && Number.isInteger(pad) && pad >= 0 && pad < MOST &&
      (out - 1) * stride + (kernel - 1) * dilation < 2 ** 53, // prettier-ignore
    work: ({ out, in: inputs, kernel }) => out * kernel + inputs,
    weigh: (axis, out, input) => ({
      vectors: [{ kind: 'values', values: tapWeights(axis, out.list(), input.list()) }],
    }),
  },
};

/** Sizes and steps are below it. */
const MOST = 2 ** 31;

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value < MOST;
}

function ruleOf<A extends MapAxis>(axis: A): AxisRule<A> {
  return RULES[axis.kind] as unknown as AxisRule<A>;
}

export function outExtents(axes: readonly MapAxis[]): number[] {
  return axes.map((axis) => ruleOf(axis).out(axis));
}

export function inExtents(axes: readonly MapAxis[]): number[] {
  return axes.map((axis) => ruleOf(axis).in(axis));
}

/** Dims of the weight tensor: at least one. */
export function weightDims(axes: readonly MapAxis[]): number[] {
  const dims = axes.flatMap((axis) => ruleOf(axis).weightDims(axis));
  return dims.length === 0 ? [1] : dims;
}

/** Whether sizes are counts, and no index that they lead to is beyond 2^53. */
export function areSound(axes: readonly MapAxis[]): boolean {
  return axes.every((axis) => {
    const { out, in: input, weightDims: dims, isSound } = ruleOf(axis);
    return [out(axis), input(axis), ...dims(axis)].every(isCount) && isSound(axis);
  });
}

/** Products of extension elements that the vectors of a map cost at most. */
export function axesWork(axes: readonly MapAxis[]): number {
  return axes.reduce((sum, axis) => sum + ruleOf(axis).work(axis), 0);
}

/**
 * Dims cut into runs of consecutive ones, a run an extent, whose product is the extent: then a flat index of the one box is a flat index of the other. Axes of
 * 1 belong anywhere. Undefined where there are no such runs.
 */
export function runsOf(dims: readonly number[], extents: readonly number[]): number[][] | undefined {
  let at = 0;
  const runs = extents.map((extent) => {
    const run: number[] = [];
    for (let product = 1; at < dims.length && product < extent; at++) {
      product *= dims[at]!;
      run.push(dims[at]!);
    }
    return run;
  });
  const isCut = runs.every((run, k) => run.reduce((product, dim) => product * dim, 1) === extents[k]);
  return isCut && dims.slice(at).every((dim) => dim === 1) ? runs : undefined;
}

/** Σ_(o, i) w(r, o)·W[o, i]·w(ρ, i) as a functional of the weights. The dims of box and operand have runs (`runsOf`). */
export function axesTerm(
  { axes, weight }: AxesMap,
  dims: readonly number[],
  r: readonly Ext[],
  operandDims: readonly number[],
  rho: readonly Ext[],
): FunctionalTerm {
  const [outs, inputs] = [alongAxes(dims, outExtents(axes), r), alongAxes(operandDims, inExtents(axes), rho)];
  let coefficient = EXT_ONE;
  const vectors = axes.flatMap((axis, a) => {
    const { vectors: own, by } = ruleOf(axis).weigh(axis, outs[a]!, inputs[a]!);
    if (by !== undefined) coefficient = extMul(coefficient, by);
    return own;
  });
  const none: AxisVector = { kind: 'values', values: [EXT_ONE] };
  return { kind: 'axes', tensor: weight, coefficient, vectors: vectors.length === 0 ? [none] : vectors };
}

/** The point's weights along each extent; the last run has the lowest variables. */
function alongAxes(dims: readonly number[], extents: readonly number[], point: readonly Ext[]): Along[] {
  const runs = runsOf(dims, extents)!;
  let from = 0;
  return runs
    .map((run, k) => ({ run: run.length === 0 ? [1] : run, size: extents[k]! }))
    .reverse()
    .map(({ run, size }): Along => {
      const vector = flatVector(run, point.slice(from));
      from += boxVariables(run);
      return { vector, list: () => listOf(vector, size) };
    })
    .reverse();
}

function listOf(vector: AxisVector, size: number): readonly Ext[] {
  return vector.kind === 'values' ? vector.values : eqTable(vector.point).slice(0, size);
}

/** Σ_i out_i·in_i. Over a whole cube that is eq of the two points. */
function meeting(size: number, out: Along, input: Along): Ext {
  const [a, b] = [out.vector, input.vector];
  if (a.kind === 'eq' && b.kind === 'eq' && 2 ** a.point.length === size) return eqBetween(a.point, b.point);
  return innerProduct(out.list(), input.list());
}

/** By tap k, Σ_o out[o]·in[o·stride + k·dilation − pad]. */
function tapWeights(
  { in: inputs, kernel, stride, dilation, pad }: Of<'window'>,
  outWeights: readonly Ext[],
  inWeights: readonly Ext[],
): Ext[] {
  return Array.from({ length: kernel }, (_, k) => {
    let sum = EXT_ZERO;
    outWeights.forEach((weight, o) => {
      const i = o * stride + k * dilation - pad;
      if (i >= 0 && i < inputs) sum = extAdd(sum, extMul(weight, inWeights[i]!));
    });
    return sum;
  });
}
