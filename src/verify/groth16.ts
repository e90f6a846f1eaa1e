/**
 * The Groth16 check over BN254: e(A, B) = e(α, β) · e(L, γ) · e(C, δ) with L = IC₀ + Σ signalᵢ · ICᵢ.
 * Order: count, range, curve, subgroup, equation. Nothing is reduced; what is out of range is refused.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { pippenger } from '@noble/curves/abstract/curve.js';
import { g1OnCurve, g2OnCurve, inSubgroup } from './curve.js';
import type { G1, G2 } from './curve.js';
import type { JsonObject } from './json.js';
import { prepareGroth16Key } from './key.js';
import type { PreparedGroth16Key } from './key.js';
import { checkSnarkjsProof, readCoordinates, readProofJson, readSignals } from './proof.js';
import type { ProofCoordinates } from './proof.js';
import { Refusal, refusing } from './refusal.js';
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
  if (typeof publicSignals !== 'string') return publicSignals;
  try {
    return JSON.parse(publicSignals);
  } catch {
    throw new Refusal('PROOF_NOT_JSON', 'the public signals are not JSON');
  }
}

/**
 * What is left of the check once signals and coordinates are read and in range: curve, subgroup, equation. Throws Refusal. A prover that
 * checks its own work brings one with faster arithmetic; a verifier uses the one here.
 */
export type PointsCheck = (signals: readonly bigint[], coordinates: ProofCoordinates) => void;

/** The whole check on an unread proof; returns the signals it holds for. Throws Refusal. */
export function checkGroth16(
  key: PreparedGroth16Key,
  publicSignals: unknown,
  proof: JsonObject,
  check: PointsCheck = (signals, coordinates) => checkPoints(key, signals, coordinates),
): bigint[] {
  const signals = readSignals(publicSignals, key.nPublic);
  check(signals, readCoordinates(proof));
  return signals;
}

function checkPoints(key: PreparedGroth16Key, signals: readonly bigint[], coordinates: ProofCoordinates): void {
  const { a, b, c } = pointsOf(coordinates);
  if (!inSubgroup(b)) throw new Refusal('POINT_NOT_IN_SUBGROUP', 'pi_b is not in the subgroup of order r');
  if (!equationHolds(key, signals, a, b, c)) {
    throw new Refusal('PAIRING_FAILED', 'the proof does not prove these public signals under this key');
  }
}

function pointsOf(coordinates: ProofCoordinates): { a: G1; b: G2; c: G1 } {
  const [ax, ay, bx1, bx0, by1, by0, cx, cy] = coordinates;
  const onCurve = <T>(point: T | undefined, name: string, index: number): T => {
    if (point === undefined) throw new Refusal('POINT_NOT_ON_CURVE', `${name} is not on its curve`, index);
    return point;
  };
  return {
    a: onCurve(g1OnCurve(ax, ay), 'pi_a', 0),
    b: onCurve(g2OnCurve(bx0, bx1, by0, by1), 'pi_b', 1),
    c: onCurve(g1OnCurve(cx, cy), 'pi_c', 2),
  };
}

function equationHolds(key: PreparedGroth16Key, signals: readonly bigint[], a: G1, b: G2, c: G1): boolean {
  const [constant, ...points] = key.ic;
  const statement = constant!.add(pippenger(bn254.G1.Point, points, [...signals]));
  const pairs = [
    { g1: a.negate(), g2: b },
    { g1: key.alpha, g2: key.beta },
    { g1: statement, g2: key.gamma },
    { g1: c, g2: key.delta },
  ];
  // noble refuses to pair the point at infinity; its pairing is one, so leaving the pair out is the same product.
  const product = bn254.pairingBatch(pairs.filter(({ g1 }) => !g1.is0()));
  return bn254.fields.Fp12.eql(product, bn254.fields.Fp12.ONE);
}
