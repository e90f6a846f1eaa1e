/**
 * The loops that a check of a proof spends its time in, behind one interface: two who answer it, in plain JavaScript (BigInt and noble's BLAKE3) and in WebAssembly, with the
 * same values for the same arguments (test/unit/clear/arithmetic.test.ts). Whatever decides a verdict is outside: comparisons, refusals, the order of a proof.
 */
import type { Element, Ext } from '../../field/goldilocks.js';
import type { FunctionalTerm } from './functional.js';
import type { Layout } from './layout.js';
import type { FormTerm } from './relation.js';
import type { Weighting } from './weighting.js';

/** Rows of residues below p, 8 bytes each, little-endian, one row behind the other; in front of each row `salt` bytes that are no residues. */
export interface OpenedRows {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly salt: number;
  /** Residues in a row. */
  readonly width: number;
}

/** Leaves of a word on the domain of order 2^domainLog at these indices, of which the variables `bound` are bound. */
export interface Cosets {
  readonly domainLog: number;
  readonly indices: readonly number[];
  readonly bound: readonly Ext[];
}

/** Evaluations that joined a claim before the variables `bound` were: of weight ε^i at point i, i from 1. */
export interface JoinedEvaluations {
  readonly points: readonly Element[];
  readonly epsilon: Ext;
  readonly bound: readonly Ext[];
}

export type Entries = Extract<FunctionalTerm, { kind: 'entries' }>;

/** Where the elements of a tensor lie in a matrix (layout.ts), and the point of its rows. */
export interface EntriesAt {
  readonly positions: Uint32Array;
  readonly layout: Layout;
  readonly point: readonly Ext[];
}

export interface Arithmetic {
  /** BLAKE3 in the mode that derives keys of messages of `length` bytes, one behind the other: 32 bytes each, alike. */
  digests(context: string, messages: Uint8Array, length: number): Uint8Array;
  /** Σ_j coefficients[j]·row[j] of each row. */
  rowSums(rows: OpenedRows, coefficients: readonly Ext[]): Ext[];
  /** The value at x^(2^k) that each row, a coset of 2^k elements, folds to (oracle.ts). */
  foldCosets(rows: OpenedRows, cosets: Cosets): Ext[];
  /** Σ_i coefficients[i]·x^i at each point x. */
  evaluations(coefficients: readonly Ext[], points: readonly Element[]): Ext[];
  /** Σ over all of weight·Π_k (1 − r_k + r_k·x^(2^k))·f(x^(2^bound)), f of these coefficients. */
  joinedSum(coefficients: readonly Ext[], joined: readonly JoinedEvaluations[]): Ext;
  /** Σ_i weight_i·values[i], or, over the entries of a selection, Σ_e weight_to·values[from]. Values are below p. */
  weightedSum(weighting: Weighting, values: BigUint64Array, select: FormTerm['select']): Ext;
  /** Σ_e weight_e·eq(point, row of e), by the column that the entry lies in. */
  entrySums(entries: Entries, at: EntriesAt): Ext[];
  /** Σ_i eq(point, first + i)·values[i], of safe integers. */
  listedSum(point: readonly Ext[], first: number, values: Float64Array): Ext;
}
