/** Messages between `setupDev` and its workers, and where in the shared memory each list of scalars lies. */
import type { SparseMatrix } from '../../circuits/r1cs.js';
import type { ZkeyShape } from '../formats/zkey-file.js';

export const SCALAR_BYTES = 32;

/** A run of scalars in the shared memory, in elements of 32 bytes. */
export interface ScalarRange {
  readonly first: number;
  readonly count: number;
}

/**
 * The shared memory: canonical little-endian scalars. `trapdoor` is τ, α, β, δ; the rest is what the key's points are multiples by.
 * All of it is secret: whoever reads it can forge proofs. `setupDev` wipes it.
 */
export interface ScalarLayout {
  readonly trapdoor: ScalarRange;
  readonly ic: ScalarRange;
  /** τ^(i+N) − τ^i, which only the key's csHash covers. */
  readonly powers: ScalarRange;
  readonly c: ScalarRange;
  readonly a: ScalarRange;
  readonly b: ScalarRange;
  readonly h: ScalarRange;
}

export function scalarLayout({ nVars, nPublic, domainSize }: ZkeyShape): { layout: ScalarLayout; total: number } {
  let total = 0;
  const range = (count: number): ScalarRange => {
    const first = total;
    total += count;
    return { first, count };
  };
  const layout = {
    trapdoor: range(4),
    ic: range(nPublic + 1),
    powers: range(domainSize - 1),
    c: range(nVars - nPublic - 1),
    a: range(nVars),
    b: range(nVars),
    h: range(domainSize),
  };
  return { layout, total };
}

/** The constraint system as the evaluation needs it; full-width coefficients as words (coefficients.ts). */
export interface EvaluationSystem {
  readonly nConstraints: number;
  readonly a: SparseMatrix;
  readonly b: SparseMatrix;
  readonly c: SparseMatrix;
  readonly bigCoefs: Uint32Array;
}

export type SetupRequest =
  /** Fills every range after `trapdoor`. */
  | {
      readonly kind: 'evaluate';
      readonly system: EvaluationSystem;
      readonly shape: ZkeyShape;
      readonly scalars: SharedArrayBuffer;
    }
  /** Multiples of a generator by a range of scalars. */
  | {
      readonly kind: 'multiply';
      readonly group: 'g1' | 'g2';
      readonly windowBits: number;
      readonly scalars: SharedArrayBuffer;
      readonly range: ScalarRange;
    }
  /** Checks a foreign key's points and pairs its α and β. */
  | {
      readonly kind: 'pair';
      readonly g1: readonly Uint8Array[];
      readonly g2: readonly Uint8Array[];
    };

export type SetupReply =
  | { readonly kind: 'evaluate' }
  | { readonly kind: 'multiply'; readonly affine: Uint8Array; readonly uncompressed: Uint8Array }
  | { readonly kind: 'pair'; readonly alphaBeta: unknown };
