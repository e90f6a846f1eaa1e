/**
 * The Groth16 check over BN254: e(A, B) = e(α, β) · e(L, γ) · e(C, δ) with L = IC₀ + Σ signalᵢ · ICᵢ.
 * Order: count, range, curve, subgroup, equation. Nothing is reduced; what is out of range is refused.
 */
import { checkPoints } from './equation.js';
import type { Equation, PointsCheck, ProofNumbers } from './equation.js';
import type { JsonObject } from './json.js';
import { prepareGroth16Key } from './key.js';
import type { PreparedGroth16Key } from './key-points.js';
import {
  PROOF_POINTS,
  checkSnarkjsProof,
  parseProofText,
  readCoordinates,
  readProofJson,
  readSignals,
} from './proof.js';
import { refusing } from './refusal.js';
import type { Refused } from './refusal.js';

/**
 * Verifies a proof as snarkjs writes it (`proof.json`, `public.json`, `verification_key.json`), each as JSON text or parsed.
 * Says nothing of what the signals mean. Throws KEY_INVALID for an unusable key and for nothing else.
 */
export function verifyGroth16(
  keyJson: unknown,
  publicSignals: unknown,
  proofJson: unknown,
): { readonly valid: true } | Refused {
  const key = prepareGroth16Key(keyJson);
  return refusing(() => {
    const proof = readProofJson(proofJson);
    checkSnarkjsProof(proof);
    checkGroth16(key, parseSignals(publicSignals), proof);
    return { valid: true as const };
  });
}

/** public.json's text, parsed; anything else as it is. Throws Refusal. */
export function parseSignals(publicSignals: unknown): unknown {
  return typeof publicSignals === 'string' ? parseProofText('a list of public signals', publicSignals) : publicSignals;
}

/** The whole check on an unread proof; returns the signals it holds for. Throws Refusal. */
export function checkGroth16(
  key: PreparedGroth16Key,
  publicSignals: unknown,
  proof: JsonObject,
  check: PointsCheck = checkPoints(groth16Equation(key)),
): bigint[] {
  const { signals, numbers } = readGroth16(key, publicSignals, proof);
  check(numbers);
  return signals;
}

/** Everything before the points. Throws Refusal. */
export function readGroth16(
  key: PreparedGroth16Key,
  publicSignals: unknown,
  proof: JsonObject,
): { readonly signals: bigint[]; readonly numbers: ProofNumbers } {
  const signals = readSignals(publicSignals, key.nPublic);
  const coordinates = readCoordinates(proof);
  return { signals, numbers: { coordinates, names: PROOF_POINTS.groth16, scalars: signals } };
}

export function groth16Equation({ alpha, beta, gamma, delta, ic }: PreparedGroth16Key): Equation {
  return { alpha, beta, gamma, deltas: [delta], ic };
}
