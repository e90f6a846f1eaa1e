/**
 * What protocol `clear` proves: a relation between *cells*, which the prover commits to, *weights*, which the key commits to, and public
 * tensors, which the verifier knows. The lowering of an integer program writes it, the key carries it (without values of weights), prover
 * and verifier both walk it in its order.
 *
 * A tensor is a box of dims [d_0, …, d_k] (row-major; a scalar is [1]) of field elements. A *form* is a vector of one box whose elements are
 * affine in elements of tensors, with constants of the program. A constraint holds for every element of its box:
 *
 *   linear    form[i] = Σ_terms Σ_k W[i, k]·x[k]     a matrix product with committed weights; with no terms a relation between cells
 *   product   a[i]·b[i] = c[i]
 *   matmul    form[g, i, j] = Σ_k a[g, i, k]·b[g, k, j]
 *   lookup    (in[i], out[i]) is a row of the table
 *
 * Equations hold modulo p. That they hold over the integers is the lowering's to show: it bounds both sides by what lookups enforce.
 */

/** Who knows and who commits to a tensor. */
export type Side =
  /** Committed by each proof; secret. */
  | 'cell'
  /** Committed by the key; its values are public in this version. */
  | 'weight'
  /** Digits of the statement, known to the verifier. */
  | 'public'
  /** How often each row of a table is looked up: one tensor [rows] a table, in the order of `tables`; cells that no lowering fills. */
  | 'multiplicity';

/** A tensor of the relation, by its side and its index there. */
export interface Ref {
  readonly side: Side;
  readonly index: number;
}

export interface RelationTensor {
  /** Of the IR node or gadget it belongs to; for messages only, and covered by the key's digest like all else. */
  readonly name: string;
  /** At least one axis, each ≥ 1. */
  readonly dims: readonly number[];
}

/** Σ terms + constant, elementwise over the box of the constraint. */
export interface Form {
  readonly terms: readonly FormTerm[];
  /** The same for every element; |constant| < 2^63. */
  readonly constant: bigint;
}

export interface FormTerm {
  /** |coefficient| < 2^63, not 0. */
  readonly coefficient: bigint;
  readonly source: Ref;
  /**
   * Which elements (flat, row-major) of the source go where: entry e adds coefficient·source[from[e]] to element to[e] of the form. Without it the source has the
   * form's dims and goes element to element.
   */
  readonly select?: { readonly from: Uint32Array; readonly to: Uint32Array };
}

/** Σ_k W[i, k]·x[k] over all elements k of the operand, flat. */
export interface MatrixTerm {
  /** Cells or a public tensor. */
  readonly operand: Ref;
  readonly map: WeightMap;
}

/** How a committed weight tensor is a matrix of (elements of the form) × (elements of the operand). */
export type WeightMap =
  /** W[i, k] = weights[i·K + k]: dims of the weight tensor are [M, K]. */
  | { readonly kind: 'dense'; readonly weight: number }
  /**
   * Row i has W[i, base[i] + offset[e]] += weights[e] for e in start[p] .. start[p + 1], p = pattern[i] (compile/real/linear-map.ts). The weight tensor is [offset.length].
   * Prover and verifier walk it entry by entry.
   */
  | {
      readonly kind: 'patterns';
      readonly weight: number;
      readonly pattern: Uint32Array;
      readonly base: Int32Array;
      readonly start: Uint32Array;
      readonly offset: Int32Array;
    }
  /**
   * A product of one small matrix an axis (verify/clear/axes.ts): the box's flat index runs over the axes' outs, row-major, the operand's over their ins. Dims of the weight
   * tensor are the weight axes in order, [1] where there is none. Nobody walks entries of it.
   */
  | { readonly kind: 'axes'; readonly weight: number; readonly axes: readonly MapAxis[] };

/** Element o of the outs and i of the ins: where they meet, and in which weight. */
export type MapAxis =
  /** out = in; the weights do not depend on it. */
  | { readonly kind: 'shared'; readonly size: number }
  /** out = in, with weights of its own for each: a weight axis [size]. */
  | { readonly kind: 'own'; readonly size: number }
  /** Every out with every in: two weight axes [out, in]. */
  | { readonly kind: 'full'; readonly out: number; readonly in: number }
  /** Tap k of out o reads in o·stride + k·dilation − pad, where there is one: a weight axis [kernel]. */
  | {
      readonly kind: 'window';
      readonly out: number;
      readonly in: number;
      readonly kernel: number;
      readonly stride: number;
      readonly dilation: number;
      readonly pad: number;
    };

export type Constraint =
  | {
      readonly kind: 'linear';
      readonly dims: readonly number[];
      readonly form: Form;
      readonly terms: readonly MatrixTerm[];
    }
  | { readonly kind: 'product'; readonly dims: readonly number[]; readonly a: Form; readonly b: Form; readonly c: Form }
  /** dims = [groups, rows, columns]; a is [groups, rows, inner], b is [groups, inner, columns]: cells with just these dims. */
  | {
      readonly kind: 'matmul';
      readonly dims: readonly number[];
      readonly form: Form;
      readonly a: Ref;
      readonly b: Ref;
      readonly inner: number;
    }
  | {
      readonly kind: 'lookup';
      readonly dims: readonly number[];
      readonly table: number;
      readonly input: Form;
      readonly output: Form;
    };

/**
 * Rows (in, out) of a table, in order: pieces of consecutive `in`, along which `out` stays or goes with it, or listed values. Tables have distinct
 * tags: their index + 1. Of equal rows of a table only the sum of multiplicities is bound, so one whose rows are counted has distinct rows.
 */
export interface Table {
  readonly name: string;
  readonly pieces: readonly TablePiece[];
}

export type TablePiece =
  /** (first + i, out + slope·i), i < rows. */
  | {
      readonly kind: 'line';
      readonly first: number;
      readonly rows: number;
      readonly out: number;
      readonly slope: 0 | 1;
    }
  /** (first + i, values[i]). */
  | { readonly kind: 'values'; readonly first: number; readonly values: Float64Array };

export interface Relation {
  readonly cells: readonly RelationTensor[];
  readonly weights: readonly RelationTensor[];
  /** With the statement part each is: its digits less nothing, the integers q themselves. */
  readonly publics: readonly RelationTensor[];
  readonly tables: readonly Table[];
  readonly constraints: readonly Constraint[];
}

/** Values in [0, p) of every cell and weight, by the relation's order; publics as the statement says. Multiplicities are counted by the prover. */
export interface Assignment {
  readonly cells: readonly BigUint64Array[];
  readonly weights: readonly BigUint64Array[];
  readonly publics: readonly BigUint64Array[];
}

export function elementsOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function tableRows(table: Table): number {
  return table.pieces.reduce((rows, piece) => rows + (piece.kind === 'line' ? piece.rows : piece.values.length), 0);
}
