/**
 * Products of two matrices of computed values by Freivalds' check at the challenge Θ, for circuits of two rounds: instead of proving each of
 * the m·k·n multiplications, C is claimed in round 1 and A·(B·v) = C·v is proven in round 2, v = (1, Θ, …, Θ^(n−1)).
 *
 * Constrained: C = A·B over the integers. Assumed: every entry of A and B is an integer combination of round-1 wires, and interval analysis
 * bounds every entry of A·B below 2^53. Nothing else bounds C's wires: they are fresh and in no range check of their own.
 *
 * Soundness. A, B and C are round-1 wires, committed before Θ is drawn. Row i of A·(B·v) − C·v is a polynomial in Θ of degree at most n − 1
 * with coefficients (A·B − C)_ij in F_r. If C ≠ A·B in F_r, some row is not the zero polynomial and vanishes at a random Θ with
 * probability at most (n − 1)/r (Schwartz–Zippel). Otherwise C = A·B in F_r; the integer (A·B)_ij is below 2^53 < r/2 in absolute value, so
 * the residue C_ij stands for exactly that integer, and it has the bounds of A·B: whatever reads C may rely on them.
 *
 * Cost, by Horner's rule: k·(n − 1) rows for B·v, m·(n − 1) for C·v and m·k for the products, against m·k·n; or the same of the transposes,
 * Bᵀ·(Aᵀ·u) = Cᵀ·u. Packing several columns into one element saves rows only where C's entries have range checks anyway; it is not done.
 */
import type { FieldLc } from '../builder.js';
import { fieldCombination } from '../lc.js';

export interface MatrixShape {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export type Matrix<T> = readonly (readonly T[])[];

/** The rows of round 2, where the challenge may be used. */
export interface RoundTwoRows {
  readonly theta: FieldLc;
  /** A new wire a·b, one row. */
  product(a: FieldLc, b: FieldLc): FieldLc;
  /** Row a·b = c. */
  assert(a: FieldLc, b: FieldLc, c: FieldLc): void;
}

/** Rows of the check of an m×k by a k×n product, and whether the transposes are the cheaper side. */
export function freivaldsRows({ m, k, n }: MatrixShape): { readonly rows: number; readonly transposed: boolean } {
  const right = k * (n - 1) + m * (n - 1) + m * k;
  const left = k * (m - 1) + n * (m - 1) + n * k;
  return { rows: Math.min(left, right), transposed: left < right };
}

/** Proves a·b = c, m×k by k×n; all entries over round-1 wires, k ≥ 1. Uses the rows of the untransposed side. */
export function proveProduct(rows: RoundTwoRows, a: Matrix<FieldLc>, b: Matrix<FieldLc>, c: Matrix<FieldLc>): void {
  const bv = b.map((row) => atTheta(rows, row));
  a.forEach((row, i) => {
    const products = row.slice(0, -1).map((entry, t) => rows.product(entry, bv[t]!));
    const rest = fieldCombination([atTheta(rows, c[i]!), ...products], [1n, ...products.map(() => -1n)]);
    rows.assert(row.at(-1)!, bv.at(-1)!, rest);
  });
}

export function transposed<T>(matrix: Matrix<T>): Matrix<T> {
  return matrix[0]!.map((_, j) => matrix.map((row) => row[j]!));
}

/** Σ row[j]·Θ^j, by Horner's rule: one row less than entries. */
function atTheta(rows: RoundTwoRows, row: readonly FieldLc[]): FieldLc {
  return row.reduceRight((sum, entry) => fieldCombination([entry, rows.product(sum, rows.theta)], [1n, 1n]));
}
