/**
 * Evaluation domains over Fr: the N-th roots of unity for N = 2^k, or N = 3·2^k as three cosets ω_N^s·⟨ω_M⟩ of the M = 2^k-th roots.
 *
 * Row i = s·M + j belongs to the point ω_N^s·ω_M^j. Arrays of values hold coset after coset, each bit-reversed as in ntt.ts.
 */
import { bitReverse } from './ntt.js';

export interface Domain {
  /** k: log2 of the points of one coset. */
  readonly logSize: number;
  readonly cosets: 1 | 3;
}

/** N. */
export function domainSize({ logSize, cosets }: Domain): number {
  return cosets * 2 ** logSize;
}

/** Where the value at row i's point stands in an array of values. */
export function valuePosition({ logSize }: Domain, row: number): number {
  const j = row % 2 ** logSize;
  return row - j + bitReverse(j, logSize);
}
