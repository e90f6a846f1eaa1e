import type { Refused } from './refusal.js';

/** Judges the evidence of proofs of one key. */
export interface Judge<E> {
  /** Throws Refusal. */
  readonly one: (evidence: E) => void;
  /** The verdict on each, in order; undefined: it holds. `random` fills an array with bytes that no prover could foresee. */
  readonly many: (evidence: readonly E[], random: (bytes: Uint8Array) => void) => readonly (Refused | undefined)[];
}
