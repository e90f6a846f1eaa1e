/** Witnesses of two-round circuits as the prover takes them: what is fixed before the challenges, and what follows from them. */
import type { ClassifiedWitness } from '../engine/classified-witness.js';

export interface RoundOneWitness {
  /** Wires 0 … firstRound2 − 1, 0 at the three challenge wires. */
  readonly wires: ClassifiedWitness;
  /** The table row of each lookup, in lookup order. */
  readonly lookups: Int32Array;
  /**
   * A·w and B·w, one entry a constraint: 0 at lookups, table rows and `rounds.fieldRows`; of products with Θ, A is there and B is 0.
   */
  readonly a: ClassifiedWitness;
  readonly b: ClassifiedWitness;
}

/** What follows from the challenges; residues are canonical. */
export interface RoundTwo {
  readonly x: bigint;
  readonly theta: bigint;
  readonly d: bigint;
  /** Wires firstField … nWires − 1. */
  readonly fields: readonly bigint[];
  /** A·w and B·w of `rounds.fieldRows`. */
  readonly rowsA: readonly bigint[];
  readonly rowsB: readonly bigint[];
}
