/**
 * Why a proof is refused. Everything that can be wrong in a proof is a refusal with one of these reasons; an unusable key or an
 * impossible question is a `ZkonnxError` instead.
 */

/** Stable: programs may match on them. The Solidity verifier's custom errors carry the same names in PascalCase. */
export type RefusalReason =
  | 'PROOF_TOO_LARGE'
  | 'PROOF_NOT_JSON'
  | 'PROOF_MALFORMED'
  | 'FORMAT_VERSION'
  | 'PROTOCOL_MISMATCH'
  | 'KEY_DIGEST_MISMATCH'
  | 'MODEL_MISMATCH'
  | 'SCHEMA_MISMATCH'
  | 'SETUP_MISMATCH'
  | 'PUBLIC_SIGNALS_MISMATCH'
  | 'PUBLIC_INPUT_COUNT'
  | 'CONTEXT_INVALID'
  | 'PUBLIC_INPUT_NOT_IN_FIELD'
  | 'POINT_NOT_CANONICAL'
  | 'POINT_NOT_ON_CURVE'
  | 'POINT_NOT_IN_SUBGROUP'
  | 'PAIRING_FAILED'
  | 'ROOT_MISMATCH'
  | 'ARGUMENT_FAILED'
  | 'PACKING_INVALID'
  | 'OPENING_MISMATCH'
  | 'CLAMPED_UNSAID'
  | 'CLAMPED'
  | 'OUTPUT_MISMATCH'
  | 'INPUT_MISMATCH'
  | 'CONTEXT_MISMATCH';

/** A proof that shows nothing, and why. */
export interface Refused {
  readonly valid: false;
  readonly reason: RefusalReason;
  /** One sentence for people: what, expected, got. */
  readonly message: string;
  /**
   * Which one: the signal (PUBLIC_INPUT_NOT_IN_FIELD), the coordinate 0..7, or 0..9 of a `mirage` proof, in the order of calldata
   * (POINT_NOT_CANONICAL), or the point 0 = pi_a, 1 = pi_b, 2 = pi_c or pi_c1, 3 = pi_c2 (POINT_NOT_ON_CURVE).
   */
  readonly index?: number;
}

/** Carries a refusal from the place that finds it to the verifier's boundary, which alone catches it. */
export class Refusal extends Error {
  readonly refused: Refused;

  constructor(reason: RefusalReason, message: string, index?: number) {
    super(message);
    this.name = 'Refusal';
    this.refused = { valid: false, reason, message, ...(index === undefined ? {} : { index }) };
  }
}

/** Runs `check`, turning a refusal it throws into its value. Every other error passes. */
export function refusing<T>(check: () => T): T | Refused {
  try {
    return check();
  } catch (error) {
    if (error instanceof Refusal) return error.refused;
    throw error;
  }
}
