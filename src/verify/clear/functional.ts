/**
 * Linear functionals of committed tensors: what every claim of the argument is about, and what the opening takes. A functional is a sum of terms,
 * each given so that the verifier evaluates its multilinear extension at a point of the matrix without listing its weights.
 *
 * Order of variables: variable k of a cube of 2^m elements is bit k of the index, lowest first. eq(r, i) = Π_k (i_k ? r_k : 1 − r_k).
 */
import type { Ext } from '../../field/goldilocks.js';
import type { WeightMap } from './relation.js';

/** A vector along one axis of a tensor. */
export type AxisVector =
  /** eq(point, i) for i < dim ≤ 2^point.length. */
  | { readonly kind: 'eq'; readonly point: readonly Ext[] }
  /** values[i], one for each i < dim. */
  | { readonly kind: 'values'; readonly values: readonly Ext[] };

/** `tensor` counts among the tensors of the layout the term is about. */
export type FunctionalTerm =
  /** coefficient·Π_axes vector_axis[i_axis] for every element of the tensor. */
  | {
      readonly kind: 'axes';
      readonly tensor: number;
      readonly coefficient: Ext;
      readonly vectors: readonly AxisVector[];
    }
  /** coefficient·eq(point, local index) on one block of the tensor (by its number in `ofTensor`), 0 elsewhere; point.length = Σ logs. */
  | {
      readonly kind: 'block';
      readonly tensor: number;
      readonly block: number;
      readonly coefficient: Ext;
      readonly point: readonly Ext[];
    }
  /** Σ_e weights[e] on element index[e] (flat, row-major; may repeat). */
  | {
      readonly kind: 'entries';
      readonly tensor: number;
      readonly index: Uint32Array;
      readonly weights: readonly Ext[];
      /** What the weights are made of, where they are listed only when they are asked for: who has another way does not ask. */
      readonly source?: EntrySource;
    };

/** Weights on the elements of a box. */
export type BoxWeights =
  /** Π_axes eq(the axis's part of the point, index), verify/clear/box.ts. */
  | { readonly kind: 'point'; readonly dims: readonly number[]; readonly point: readonly Ext[] }
  /** scale·eq(point, local index) on each part, which together are the box. */
  | { readonly kind: 'parts'; readonly dims: readonly number[]; readonly parts: readonly BoxPart[] };

/** An aligned power-of-two part of a box: first index and side 2^log along each axis, the last axis lowest in the point. */
export interface BoxPart {
  readonly start: readonly number[];
  readonly logs: readonly number[];
  readonly scale: Ext;
  readonly point: readonly Ext[];
}

export type EntrySource =
  /** weights[e] = factor·box[to[e]]; `elements` lists the box. */
  | {
      readonly kind: 'select';
      readonly box: BoxWeights;
      readonly elements: () => readonly Ext[];
      readonly to: Uint32Array;
      readonly factor: Ext;
    }
  /** weights[e] = Σ over rows i with entry e of rows[i]·columns[base_i + offset_e]; index[e] = e. */
  | {
      readonly kind: 'patterns';
      readonly map: Extract<WeightMap, { kind: 'patterns' }>;
      readonly rows: BoxWeights;
      readonly columns: BoxWeights;
    };

/** Entries whose weights are listed when they are first asked for. */
export function entriesFrom(
  tensor: number,
  index: Uint32Array,
  source: EntrySource,
  list: () => readonly Ext[],
): Extract<FunctionalTerm, { kind: 'entries' }> {
  let listed: readonly Ext[] | undefined;
  return {
    kind: 'entries',
    tensor,
    index,
    source,
    get weights() {
      return (listed ??= list());
    },
  };
}

/** Terms by tree: cells (with all else that a proof commits to), weights. */
export interface Functional {
  readonly cells: readonly FunctionalTerm[];
  readonly weights: readonly FunctionalTerm[];
}

/** ⟨functional, committed values⟩ = value. The list of a proof's claims is consumed, whole and once, by its opening. */
export interface Claim {
  /** For messages and tests. */
  readonly label: string;
  readonly functional: Functional;
  readonly value: Ext;
}
