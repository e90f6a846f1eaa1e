/**
 * The oracles of an opening: the matrix (weights and cells, opened at the same indices) and the words of h and its folds; and what a query into
 * one says of the polynomial behind it. A word of 2^m coefficients lies on the subgroup of order 2^domainLog; its leaf i is the coset of the 2^k points x
 * with one value of x^(2^k), so that a leaf determines one value of the word folded k times.
 */
import {
  extAdd,
  extMul,
  EXT_ZERO,
  extScale,
  extSub,
  GL,
  rootOfUnity,
  type Element,
  type Ext,
} from '../../field/goldilocks.js';
import type { Layout } from './layout.js';
import { interpolate } from './multilinear.js';

/** Columns at the end of the cells' matrix: two extension columns that mask the column sumcheck, one that masks h; each is c0, then c1. */
export const MASK_COLUMNS = 6;
/** The masks as columns of the extension: M1, M2, M3. */
export const MASKS = MASK_COLUMNS / 2;

const HALF = GL.inv(2n);

/** A tree of a matrix: its root, and where tensors lie in it. The six columns of masks of the cells' tree come behind its layout's. */
export interface CommittedTree {
  /** 32 bytes. */
  readonly root: Uint8Array;
  readonly layout: Layout;
}

/** The trees that are opened together; their layouts have the same n. A program without weights has no tree of them. */
export interface OpeningTrees {
  readonly weights?: CommittedTree | undefined;
  readonly cells: CommittedTree;
}

/** Widths of rows, and how many columns f_j a row has for the opening: masks count as columns of the extension. */
export function widthsOf(trees: {
  readonly weights?: { readonly layout: Layout } | undefined;
  readonly cells: { readonly layout: Layout };
}): {
  readonly weights: number;
  readonly cells: number;
  readonly columns: number;
} {
  const weights = trees.weights?.layout.columns ?? 0;
  const data = trees.cells.layout.columns;
  return { weights, cells: data + MASK_COLUMNS, columns: weights + data + MASKS };
}

/** Variables of γ: ⌈log2 columns⌉. */
export function combinationVariables(columns: number): number {
  return columns <= 1 ? 0 : 32 - Math.clz32(columns - 1);
}

/** Variables that each fold binds: `foldLog` at a time until 2^finalLog coefficients are left. */
export function foldsOf({
  n,
  foldLog,
  finalLog,
}: {
  readonly n: number;
  readonly foldLog: number;
  readonly finalLog: number;
}): number[] {
  const folds: number[] = [];
  for (let left = n; left > finalLog; left -= folds.at(-1)!) folds.push(Math.min(foldLog, left - finalLog));
  return folds;
}

/** Σ_j combination[j]·f_j of a row, weights' columns first; the masks' pairs of columns are elements c0 + c1·u. */
export function combineRow(row: readonly Element[], combination: readonly Ext[]): Ext {
  const plain = row.length - MASK_COLUMNS;
  let sum: Ext = EXT_ZERO;
  for (let j = 0; j < plain; j++) sum = extAdd(sum, extScale(combination[j]!, row[j]!));
  for (let k = 0; k < MASKS; k++) {
    const mask: Ext = [row[plain + 2 * k]!, row[plain + 2 * k + 1]!];
    sum = extAdd(sum, extMul(combination[plain + k]!, mask));
  }
  return sum;
}

/** ω^index of the subgroup of order 2^log. */
export function domainPoint(log: number, index: number): Element {
  return GL.pow(rootOfUnity(log), BigInt(index));
}

/**
 * The value at x^(2^k), x = ω^index, of a word folded by r_0 … r_(k−1), lowest variable first, from leaf `index`: values of the word at x·ζ^q, q = 0 … 2^k − 1, ζ of order 2^k.
 * One fold: ((1 − r)·(f(x) + f(−x)) + r·(f(x) − f(−x))/x)/2 at x².
 */
export function foldCoset(leaf: readonly Ext[], domainLog: number, index: number, bound: readonly Ext[]): Ext {
  let values = leaf;
  let inverse = domainPoint(domainLog, (2 ** domainLog - index) % 2 ** domainLog);
  bound.forEach((r, k) => {
    const half = values.length / 2;
    const step = GL.inv(rootOfUnity(bound.length - k));
    let inverseOfPoint = inverse;
    const next: Ext[] = [];
    for (let q = 0; q < half; q++) {
      const [a, b] = [values[q]!, values[q + half]!];
      const even = extScale(extAdd(a, b), HALF);
      const odd = extScale(extSub(a, b), GL.mul(HALF, inverseOfPoint));
      next.push(interpolate(even, odd, r));
      inverseOfPoint = GL.mul(inverseOfPoint, step);
    }
    values = next;
    inverse = GL.mul(inverse, inverse);
  });
  return values[0]!;
}

/** Pairs of residues as elements of the extension. */
export function extensionRow(row: readonly Element[]): Ext[] {
  return Array.from({ length: row.length / 2 }, (_, q) => [row[2 * q]!, row[2 * q + 1]!] as const);
}
