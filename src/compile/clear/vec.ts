/**
 * Vectors whose elements are affine in elements of a relation's tensors, with integer bounds of each element: what IR tensors are to the
 * lowering. An element that nothing reads is *absent*: its bounds are NaN.
 */
import { invariant } from '../../base/errors.js';
import type { Ref } from '../../verify/clear/relation.js';

export interface VecTerm {
  /** A safe integer or a power of two times one; not 0. */
  readonly coefficient: number;
  readonly source: Ref;
  /** Which element of the source adds to each element, −1: none. Without it: its own, and the source has as many elements. */
  readonly index?: Int32Array;
}

export interface Vec {
  readonly size: number;
  readonly terms: readonly VecTerm[];
  readonly constant: Float64Array;
  /** Inclusive integer bounds, enforced by the relation. */
  readonly lo: Float64Array;
  readonly hi: Float64Array;
}

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

/** All of a tensor with `size` elements, within bounds. */
export function whole(source: Ref, size: number, { lo, hi }: Range): Vec {
  return {
    size,
    terms: [{ coefficient: 1, source }],
    constant: new Float64Array(size),
    lo: new Float64Array(size).fill(lo),
    hi: new Float64Array(size).fill(hi),
  };
}

export function constants(values: Float64Array): Vec {
  return { size: values.length, terms: [], constant: values, lo: values, hi: values };
}

export function uniform(size: number, value: number): Vec {
  return constants(new Float64Array(size).fill(value));
}

/** Σ coefficient·vec + constant. */
export function combine(parts: readonly (readonly [coefficient: number, vec: Vec])[], constant = 0): Vec {
  const size = parts[0]![1].size;
  const [sum, lo, hi] = [0, 1, 2].map(() => new Float64Array(size).fill(constant)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const terms: VecTerm[] = [];
  for (const [by, vec] of parts) {
    invariant(vec.size === size, 'vectors of one sum have one size', { size, got: vec.size });
    for (let i = 0; i < size; i++) {
      sum[i]! += by * vec.constant[i]!;
      lo[i]! += by * (by > 0 ? vec.lo[i]! : vec.hi[i]!);
      hi[i]! += by * (by > 0 ? vec.hi[i]! : vec.lo[i]!);
    }
    terms.push(...vec.terms.map((term) => ({ ...term, coefficient: by * term.coefficient })));
  }
  return { size, terms, constant: sum, lo, hi };
}

/** Element i is element index[i] of the vector; the same vector where that is all of it, in order. */
export function select(vec: Vec, index: ArrayLike<number>): Vec {
  if (isIdentity(index, vec.size)) return vec;
  const size = index.length;
  const terms = vec.terms.map((term) => ({
    ...term,
    index: Int32Array.from(index, (i) => (term.index === undefined ? i : term.index[i]!)),
  }));
  const pick = (values: Float64Array) => Float64Array.from({ length: size }, (_, i) => values[index[i]!]!);
  return {
    size,
    terms: terms.filter((term) => term.index.some((i) => i >= 0)),
    constant: pick(vec.constant),
    lo: pick(vec.lo),
    hi: pick(vec.hi),
  };
}

/** A vector of `size` elements: element at[k] is element k of a part; what no part has is absent. */
export function place(size: number, parts: readonly { readonly vec: Vec; readonly at: ArrayLike<number> }[]): Vec {
  const [first] = parts;
  if (parts.length === 1 && isIdentity(first!.at, size)) return first!.vec;
  const constant = new Float64Array(size);
  const lo = new Float64Array(size).fill(NaN);
  const hi = new Float64Array(size).fill(NaN);
  const terms = parts.flatMap(({ vec, at }) => {
    for (let k = 0; k < at.length; k++) {
      const i = at[k]!;
      constant[i] = vec.constant[k]!;
      lo[i] = vec.lo[k]!;
      hi[i] = vec.hi[k]!;
    }
    return vec.terms.map((term) => {
      const index = new Int32Array(size).fill(-1);
      for (let k = 0; k < at.length; k++) index[at[k]!] = term.index === undefined ? k : term.index[k]!;
      return { ...term, index };
    });
  });
  return { size, terms, constant, lo, hi };
}

/** The same elements, known to lie within these bounds, which are of as many elements. */
export function within(vec: Vec, lo: Float64Array, hi: Float64Array): Vec {
  const tighter = (mine: Float64Array, other: Float64Array, pick: (a: number, b: number) => number) =>
    mine.map((value, i) => (Number.isNaN(value) ? value : pick(value, other[i]!)));
  return { ...vec, lo: tighter(vec.lo, lo, Math.max), hi: tighter(vec.hi, hi, Math.min) };
}

/** Bounds over all elements. */
export function rangeOf({ lo, hi }: Pick<Vec, 'lo' | 'hi'>): Range {
  return { lo: lo.reduce((a, b) => Math.min(a, b), Infinity), hi: hi.reduce((a, b) => Math.max(a, b), -Infinity) };
}

/** The tensor of which the vector is every element, in order, and nothing else. */
export function plainRef({ terms, constant }: Vec): Ref | undefined {
  const [term] = terms;
  if (terms.length !== 1 || term!.coefficient !== 1 || term!.index !== undefined) return undefined;
  return constant.every((value) => value === 0) ? term!.source : undefined;
}

/** Whether every element is one element of a tensor, or a constant, or absent: what a matrix may read. */
export function isSimple({ size, terms, constant }: Vec): boolean {
  if (terms.some(({ coefficient }) => coefficient !== 1)) return false;
  for (let i = 0; i < size; i++) {
    let sources = 0;
    for (const { index } of terms) if (index === undefined || index[i]! >= 0) sources++;
    if (sources > 1 || (sources === 1 && constant[i] !== 0)) return false;
  }
  return true;
}

export function isIdentity(index: ArrayLike<number>, size: number): boolean {
  if (index.length !== size) return false;
  for (let i = 0; i < size; i++) if (index[i] !== i) return false;
  return true;
}
