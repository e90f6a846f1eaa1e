/**
 * The oracles of an opening: the matrix (weights and cells, opened at the same indices) and the words of h and its folds; and what a query into
 * one says of the polynomial behind it. A word of 2^m coefficients lies on the subgroup of order 2^domainLog; its leaf i is the coset of the 2^k points x
 * with one value of x^(2^k), so that a leaf determines one value of the word folded k times.
 */
import { GL, NON_RESIDUE, rootOfUnity, type Element, type Ext } from '../../field/goldilocks.js';
import type { Layout } from './layout.js';

/** Columns at the end of the cells' matrix: two extension columns that mask the column sumcheck, one that masks h; each is c0, then c1. */
export const MASK_COLUMNS = 6;
/** The masks as columns of the extension: M1, M2, M3. */
export const MASKS = MASK_COLUMNS / 2;

export const HALF = GL.inv(2n);

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

/**
 * The coefficients by which the residues of a row sum to Σ_j combination[j]·f_j, weights' columns first; the masks' pairs of columns are elements c0 + c1·u, so the second of a
 * pair counts u times.
 */
export function rowCoefficients(combination: readonly Ext[]): Ext[] {
  const plain = combination.length - MASKS;
  return combination.flatMap((factor, j) => (j < plain ? [factor] : [factor, timesU(factor)]));
}

/** u·(c0 + c1·u). */
function timesU([c0, c1]: Ext): Ext {
  return [GL.mod(NON_RESIDUE * c1), c0];
}

const roots: Element[] = [];

/** ω of order 2^log, remembered. */
function rootOf(log: number): Element {
  return (roots[log] ??= rootOfUnity(log));
}

/** ω^−1 of the subgroup of order 2^log. */
export function inverseRoot(log: number): Element {
  return domainPoint(log, 2 ** log - 1);
}

/** ω^index of the subgroup of order 2^log: the product of its roots of order 2^(log − k) over the bits k of the index. */
export function domainPoint(log: number, index: number): Element {
  let point: Element = 1n;
  for (let k = log, rest = index; rest > 0; k--, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) point = GL.mul(point, rootOf(k));
  }
  return point;
}

/** ω^−index. */
export function inverseDomainPoint(log: number, index: number): Element {
  return domainPoint(log, (2 ** log - index) % 2 ** log);
}
