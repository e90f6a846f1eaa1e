/**
 * Rank-1 constraint systems over typed arrays: row i says ⟨A_i, w⟩·⟨B_i, w⟩ = ⟨C_i, w⟩ over F_r.
 *
 * A coefficient is a float64. Integers of absolute value below 2^53 stand for themselves (negative ones for r − |c|);
 * a full-width coefficient (Poseidon constants, powers of 256 of the packing) is an index into `bigCoefs`, coded as
 * 2^53 + 2·index, which float64 holds exactly. So a weight costs 12 bytes and no JavaScript object.
 */
import { mod } from '../field/bn254.js';

/** One side of all rows, compressed by row: row i holds entries rowStart[i] .. rowStart[i + 1]. */
export interface SparseMatrix {
  readonly rowStart: Uint32Array;
  readonly wires: Uint32Array;
  readonly coefs: Float64Array;
}

/** How wide a wire's honest value may be; known at compile time. Provers choose their multiplication by it. */
export const WireClass = { Bit: 0, Small: 1, Field: 2 } as const;
export type WireClass = (typeof WireClass)[keyof typeof WireClass];

/**
 * Wire order is iden3's: wire 0 is the constant 1, then `nPubOut` output signals, `nPubIn` input signals, then private wires.
 */
export interface R1cs {
  readonly nWires: number;
  readonly nPubOut: number;
  readonly nPubIn: number;
  readonly nConstraints: number;
  readonly a: SparseMatrix;
  readonly b: SparseMatrix;
  readonly c: SparseMatrix;
  readonly bigCoefs: readonly bigint[];
  /** One WireClass a wire. */
  readonly wireClass: Uint8Array;
}

/** First float64 that codes an index into `bigCoefs`. */
export const BIG_COEF_BASE = 2 ** 53;

/** The coefficient as a canonical residue. */
export function coefficient(coef: number, bigCoefs: readonly bigint[]): bigint {
  if (coef >= BIG_COEF_BASE) return bigCoefs[(coef - BIG_COEF_BASE) / 2]!;
  return mod(BigInt(coef));
}
