/**
 * Index variables of a box: ⌈log2 d⌉ for an axis of d, the last axis lowest. The weight of an element at a point is Π_axes eq(the axis's variables, its index): for
 * boxes of powers of two eq(point, flat index). Elements of the cube outside of the box have no weight and the value 0.
 */
import { EXT_ONE, EXT_ZERO, extAdd, extMul, extScale, extSub, type Ext } from '../../field/goldilocks.js';
import type { AxisVector } from './functional.js';
import { rightFactors, type RightFactors } from './limbs.js';
import { eqTable } from './multilinear.js';

/** ⌈log2 count⌉; 0 for 1. */
export function variablesOf(count: number): number {
  let variables = 0;
  while (2 ** variables < count) variables++;
  return variables;
}

export function boxVariables(dims: readonly number[]): number {
  return dims.reduce((sum, dim) => sum + variablesOf(dim), 0);
}

/** The part of the point that belongs to each axis; the point may have more variables than the box. */
export function axisPoints(dims: readonly number[], point: readonly Ext[]): Ext[][] {
  const points: Ext[][] = [];
  let from = 0;
  for (const dim of [...dims].reverse()) {
    const to = from + variablesOf(dim);
    points.unshift(point.slice(from, to));
    from = to;
  }
  return points;
}

/** One vector an axis, whose product is the weight. */
export function boxVectors(dims: readonly number[], point: readonly Ext[]): AxisVector[] {
  return axisPoints(dims, point).map((axis): AxisVector => ({ kind: 'eq', point: axis }));
}

/** The weight of every element, flat. */
export function boxWeights(dims: readonly number[], point: readonly Ext[]): Ext[] {
  return joinedAxes(dims, point).reduce<Ext[]>((weights, { side, part }) => {
    const along = eqTable(part).slice(0, side);
    // The first axis as it is.
    return weights.length === 0 ? along : weights.flatMap((weight) => along.map((factor) => extMul(weight, factor)));
  }, []);
}

/** An axis, or some that are as one, of `side` elements, and its part of a point. */
export interface JoinedAxis {
  readonly side: number;
  readonly part: readonly Ext[];
}

/** Axes from the first to the last, each power of two as one with the axis before it: their variables are those of one flat index. */
export function joinedAxes(dims: readonly number[], point: readonly Ext[]): readonly JoinedAxis[] {
  const joined: JoinedAxis[] = [];
  axisPoints(dims, point).forEach((part, axis) => {
    const side = dims[axis]!;
    const before = joined.at(-1);
    if (before !== undefined && 2 ** part.length === side) {
      joined[joined.length - 1] = { side: before.side * side, part: [...part, ...before.part] };
    } else {
      joined.push({ side, part });
    }
  });
  return joined;
}

const MAX_KEPT = 2 ** 14;
const MAX_TABLES = 64;

/** Tables at a point, each made once. */
export class PointTables {
  private readonly made = new Map<string, readonly Ext[]>();
  private readonly factors = new Map<string, RightFactors>();

  constructor(private readonly point: readonly Ext[]) {}

  /** boxWeights. Large ones are not kept: a key may have many. */
  weights(dims: readonly number[]): readonly Ext[] {
    const elements = dims.reduce((product, dim) => product * dim, 1);
    if (elements > MAX_KEPT || this.made.size >= MAX_TABLES) return boxWeights(dims, this.point);
    return remembered(this.made, dims.join(), () => boxWeights(dims, this.point));
  }

  /** eq of the lowest variables, as factors of products. */
  eqFactors(variables: number): RightFactors {
    return remembered(this.factors, `${variables}`, () => rightFactors(this.weights([2 ** variables])));
  }
}

function remembered<T>(known: Map<string, T>, name: string, make: () => T): T {
  const value = known.get(name) ?? make();
  known.set(name, value);
  return value;
}

const known = new WeakMap<readonly Ext[], PointTables>();

/** One for each point, for as long as the point is there: constraints of a relation share theirs. */
export function tablesOf(point: readonly Ext[]): PointTables {
  const tables = known.get(point) ?? new PointTables(point);
  known.set(point, tables);
  return tables;
}

/** The weights as a vector of one axis over flat indices. */
export function flatVector(dims: readonly number[], point: readonly Ext[]): AxisVector {
  const inner = dims.slice(dims.findIndex((dim) => dim !== 1) + 1);
  const flat = dims.every((dim) => dim === 1) || inner.every((dim) => 2 ** variablesOf(dim) === dim);
  return flat
    ? { kind: 'eq', point: point.slice(0, boxVariables(dims)) }
    : { kind: 'values', values: boxWeights(dims, point) };
}

/** The sum of all weights. */
export function boxTotal(dims: readonly number[], point: readonly Ext[]): Ext {
  return axisPoints(dims, point).reduce((total, part, axis) => extMul(total, eqSums(part, dims[axis]!).count), EXT_ONE);
}

/** Flat values of a box on its cube of 2^boxVariables points. */
export function cubeOf(dims: readonly number[], values: readonly Ext[]): Ext[] {
  const cube = new Array<Ext>(2 ** boxVariables(dims)).fill(EXT_ZERO);
  values.forEach((value, flat) => {
    cube[cubeIndex(dims, flat)] = value;
  });
  return cube;
}

function cubeIndex(dims: readonly number[], flat: number): number {
  let index = 0;
  let shift = 1;
  for (const dim of [...dims].reverse()) {
    index += (flat % dim) * shift;
    flat = Math.floor(flat / dim);
    shift *= 2 ** variablesOf(dim);
  }
  return index;
}

/** Σ eq(point, i) and Σ i·eq(point, i) over i < end ≤ 2^point.length, by the bits of `end`: O(point.length). */
export function eqSums(point: readonly Ext[], end: number): { readonly count: Ext; readonly index: Ext } {
  // Σ_i i·eq over a cube of the k lowest variables.
  const means: Ext[] = [EXT_ZERO];
  point.forEach((r, k) => means.push(extAdd(means[k]!, extScale(r, 2n ** BigInt(k)))));
  if (end === 2 ** point.length) return { count: EXT_ONE, index: means[point.length]! };
  let count = EXT_ZERO;
  let index = EXT_ZERO;
  let prefix = EXT_ONE;
  let base = 0n;
  for (let k = point.length - 1; k >= 0; k--) {
    const zero = extMul(prefix, extSub(EXT_ONE, point[k]!));
    if (Math.floor(end / 2 ** k) % 2 === 0) {
      prefix = zero;
      continue;
    }
    count = extAdd(count, zero);
    index = extAdd(index, extMul(zero, extAdd(means[k]!, [base, 0n])));
    prefix = extMul(prefix, point[k]!);
    base += 2n ** BigInt(k);
  }
  return { count, index };
}
