/** The JSON that snarkjs writes and reads; numbers are decimal strings. */

/** [x, y, "1"], or ["0", "1", "0"] for infinity. */
export type G1Json = [string, string, string];
/** [[x0, x1], [y0, y1], ["1", "0"]] with x = x0 + x1·u. */
export type G2Json = [[string, string], [string, string], [string, string]];
/** An element of F_q¹² over F_q⁶ over F_q². */
export type GtJson = [[string, string], [string, string], [string, string]][];

export interface SnarkjsVerificationKey {
  readonly protocol: 'groth16';
  readonly curve: 'bn128';
  readonly nPublic: number;
  readonly vk_alpha_1: G1Json;
  readonly vk_beta_2: G2Json;
  readonly vk_gamma_2: G2Json;
  readonly vk_delta_2: G2Json;
  /** e(α, β): redundant, snarkjs writes it. */
  readonly vk_alphabeta_12: GtJson;
  /** nPublic + 1 points. */
  readonly IC: G1Json[];
}

export interface SnarkjsProof {
  readonly pi_a: G1Json;
  readonly pi_b: G2Json;
  readonly pi_c: G1Json;
  readonly protocol: 'groth16';
  readonly curve: 'bn128';
}
