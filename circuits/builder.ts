/**
 * The narrow interface gadgets are written against, and the data they exchange. Gadgets ask for a range, a split, a zero test or a
 * table and never spell one out in bits: `R1csBuilder` answers with bit decompositions, a lookup builder can answer with lookups.
 *
 * Integers live in the field: an `Lc` with bounds [lo, hi] stands for the integer itself because every bound is below 2^53 ≪ r/2.
 * Bounds are proven, not hoped for: an input's by its range check, every other by interval arithmetic over what it is made of.
 */

import type { GadgetName } from './origin.js';

/** Wire number; 0 is the constant 1. */
export type Wire = number;

/** constant + Σ coefs[i]·w[wires[i]], an integer in [lo, hi] for every satisfying witness. Wires are distinct, none is 0. */
export interface Lc {
  readonly wires: ArrayLike<Wire>;
  readonly coefs: ArrayLike<number>;
  readonly constant: number;
  readonly lo: number;
  readonly hi: number;
}

/** A linear combination of unbounded field elements (packing, Poseidon). */
export interface FieldLc {
  readonly wires: readonly Wire[];
  readonly coefs: readonly bigint[];
  readonly constant: bigint;
}

/** Who says which gadget the rows that follow are for: their origin (origin.ts). */
export interface GadgetScope {
  /** Rows of questions asked within are this gadget's; of the innermost where gadgets use each other. */
  gadget<T>(name: GadgetName, lay: () => T): T;
}

/** Whoever multiplies unbounded field elements: every builder of ours does, beside `Builder`. */
export interface FieldBuilder extends GadgetScope {
  /** New full-width wire a·b mod r, one row. */
  fieldProduct(a: FieldLc, b: FieldLc): FieldLc;
}

/** A function from [0, values.length) to integers, all finite; its meaning is in `name` (part of the circuit's digest). */
export interface FunctionTable {
  readonly name: string;
  readonly values: Float64Array;
}

/**
 * What lies beyond an end of a requantisation's range. `own`: the end is the model's (ReLU's zero, a Clip, a tail within its stated error), or only
 * proves a bound: a value beyond is clamped, and nothing is lost. `counted`: calibration ends there and nothing else: a value beyond is clamped, and
 * the statement says so. `refused`: the same, where a value beyond has no witness.
 */
export type End = 'own' | 'counted' | 'refused';

export interface Ends {
  readonly lo: End;
  readonly hi: End;
}

/** A range that ends where the model's values do. */
export const OWN_ENDS: Ends = { lo: 'own', hi: 'own' };

export interface Builder extends GadgetScope {
  /** Names the part of the model that the following constraints belong to (cost by layer, runtime errors), and its IR op where it is one. */
  layer(name: string, op: string, irOp?: string): void;

  /** Row `a·b = c`. */
  assertProduct(a: Lc, b: Lc, c: Lc): void;
  /** New wire a·b, one row. Bounds by interval arithmetic, or narrower ones the caller has proven. */
  product(a: Lc, b: Lc, bounds?: Bounds): Lc;
  /** New wire a·b + addend, one row, the addend on the C side: weights may sit in it. Bounds as for `product`. */
  productPlus(a: Lc, b: Lc, addend: Lc, bounds?: Bounds): Lc;
  /** The Lc itself if it is short, else a new wire equal to it: one row `wire·1 = x` with x in C. */
  materialise(x: Lc): Lc;

  /** Proves x ∈ [lo, hi] and returns x with those bounds; nothing to pay where x's own bounds already say so. */
  range(x: Lc, lo: number, hi: number): Lc;
  /**
   * Little-endian limbs of the non-negative integer x: x = Σ limb_i·2^(w_0 + … + w_(i−1)), limb_i ∈ [0, 2^w_i).
   * Constrains 0 ≤ x < 2^(Σ widths), at most 2^52: the caller has proven it, or means it as a range check.
   * Limbs whose index is in `single` are single wires (for dense consumers), at no extra row.
   */
  split(x: Lc, widths: readonly number[], single?: readonly number[]): Lc[];
  /** A wire that is 1 when x ≠ 0 and 0 when x = 0. */
  nonZero(x: Lc): Lc;
  /** 1 where x ≥ 0, else 0. */
  isNonNegative(x: Lc): Lc;
  /** max(x, 0). */
  positive(x: Lc): Lc;
  /** max(left, right). `right` is the one copied: give the shorter combination there. */
  max(left: Lc, right: Lc): Lc;
  /** clamp(floor(u / 2^shift), 0, top), values beyond refused ends excepted: see Quotient. What lies beyond counted ends is counted. */
  quotient(u: Lc, quotient: Quotient): Lc;
  /**
   * floor(u / 2^shift) < 2^bits is about to be constrained: RANGE_EXCEEDED where the witness is made, for a u that breaks it. No row.
   */
  expectBelow(u: Lc, shift: number, bits: number): void;
  /** Adds a part to the sum that says whether a value was clamped (clamped-bit.ts): an integer that is proven not to be negative. */
  countClamped(part: Lc): void;
  /** table.values[x]; proves x ∈ [0, table.values.length). */
  table(x: Lc, table: FunctionTable): Lc;
  /** Entries of the product of an m×k by a k×n matrix (lists of rows, no side empty), exact; BOUND_OVERFLOW where one may reach 2^53. */
  matrixProduct(left: readonly (readonly Lc[])[], right: readonly (readonly Lc[])[]): Lc[][];
  /** Quotient and remainder of integers: n = q·d + rem, 0 ≤ rem < d; proven. Requires n ≥ 0, d ≥ 1 by bounds. */
  divide(n: Lc, d: Lc): { readonly quotient: Lc; readonly remainder: Lc };
  /** floor(√n), proven. Requires 0 ≤ n < 2^52 by bounds. */
  squareRoot(n: Lc): Lc;
}

/** A floor, rounded and clamped. `requantise` makes it and has dealt with what the bounds alone decide. */
export interface Quotient {
  readonly shift: number;
  /** b ≥ 1; top = 2^b − 1. */
  readonly bits: number;
  /** What becomes of a floor below 0 and of one above top. */
  readonly ends: Ends;
  /** Bounds of floor(u / 2^shift) that follow from u's own. */
  readonly proven: Bounds;
  /** The same without what lies beyond refused ends: such a u has no witness. */
  readonly paid: Bounds;
}

export interface Bounds {
  readonly lo: number;
  readonly hi: number;
}

export const ONE: Lc = { wires: [], coefs: [], constant: 1, lo: 1, hi: 1 };

export function constant(value: number): Lc {
  return { wires: [], coefs: [], constant: value, lo: value, hi: value };
}
