/**
 * The check of protocol `mirage` over BN254: e(A, B) = e(α, β)·e(IC₀ + X·IC₁ + Θ·IC₂ + D·IC₃, γ)·e(C1, δ1)·e(C2, δ2), where X, Θ and D
 * come from the transcript (transcript.ts) and never from the prover.
 * Order: counts, range, curve, subgroup, equation. Nothing is reduced; what is out of range is refused.
 */
import { checkPoints } from './equation.js';
import type { Equation, ProofNumbers } from './equation.js';
import type { JsonObject } from './json.js';
import type { PreparedMirageKey } from './key-points.js';
import { PROOF_POINTS, countSignals, readContext, readMirageCoordinates, readSignals } from './proof.js';
import { drawChallenges } from './transcript.js';

export interface MirageStatement {
  /** P_1 … P_n. */
  readonly signals: readonly bigint[];
  readonly context: Uint8Array;
}

/**
 * The whole check on an unread proof; returns what it holds for. `keyDigest` is the key's own, "0x" and 64 hexadecimal digits.
 * Throws Refusal.
 */
export function checkMirage(
  key: PreparedMirageKey,
  keyDigest: string,
  publicSignals: unknown,
  proof: JsonObject,
): MirageStatement {
  const { signals, context, numbers } = readMirage(key, keyDigest, publicSignals, proof);
  checkPoints(mirageEquation(key))(numbers);
  return { signals, context };
}

/** Everything before the points. Throws Refusal. */
export function readMirage(
  key: PreparedMirageKey,
  keyDigest: string,
  publicSignals: unknown,
  proof: JsonObject,
): MirageStatement & { readonly numbers: ProofNumbers } {
  countSignals(publicSignals, key.nPublic);
  const context = readContext(proof['context']);
  const signals = readSignals(publicSignals, key.nPublic);
  const coordinates = readMirageCoordinates(proof);
  const c1 = { x: coordinates[6], y: coordinates[7] };
  const { x, theta, d } = drawChallenges({ keyDigest, publicValues: signals, context, c1 });
  return { signals, context, numbers: { coordinates, names: PROOF_POINTS.mirage, scalars: [x, theta, d] } };
}

export function mirageEquation({ alpha, beta, gamma, delta1, delta2, ic }: PreparedMirageKey): Equation {
  return { alpha, beta, gamma, deltas: [delta1, delta2], ic };
}
