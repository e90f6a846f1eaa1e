/**
 * The equation of both protocols, e(A, B) = e(α, β)·e(Σ scalar_j·IC_j, γ)·Π e(C_k, δ_k), for one proof or for a random combination of
 * many: one product of pairings, one final exponentiation. `groth16` has one C and one δ, `mirage` two.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { pippenger } from '@noble/curves/abstract/curve.js';
import { R, g1OnCurve, g2OnCurve, inSubgroup } from './curve.js';
import type { G1, G2 } from './curve.js';
import { Refusal } from './refusal.js';

/** The key's side. */
export interface Equation {
  readonly alpha: G1;
  readonly beta: G2;
  readonly gamma: G2;
  readonly deltas: readonly G2[];
  readonly ic: readonly G1[];
}

/** A proof that is read and in range, its points not looked at yet. */
export interface ProofNumbers {
  /** In calldata's order, in [0, q). */
  readonly coordinates: readonly bigint[];
  /** Of the points, in the same order. */
  readonly names: readonly string[];
  /** Of IC after the constant's 1, in [0, r). */
  readonly scalars: readonly bigint[];
}

/**
 * What is left of a check: curves, subgroup, equation. Throws Refusal. A prover that checks its own work brings one with faster arithmetic; a
 * verifier uses `checkPoints`.
 */
export type PointsCheck = (proof: ProofNumbers) => void;

/** The proof's side: its points in their groups, and the scalars of IC, the first of them 1. */
export interface ProofTerms {
  readonly a: G1;
  readonly b: G2;
  readonly c: readonly G1[];
  readonly scalars: readonly bigint[];
}

export interface Pair {
  readonly g1: G1;
  readonly g2: G2;
}

const G1Point = bn254.G1.Point;

/** The points of a proof. Throws Refusal: curve of every point first, then the subgroup of B. */
export function pointTerms({ coordinates, names, scalars }: ProofNumbers): ProofTerms {
  const [ax, ay, bx1, bx0, by1, by0, ...rest] = coordinates;
  const onCurve = <T>(point: T | undefined, index: number): T => {
    if (point === undefined) throw new Refusal('POINT_NOT_ON_CURVE', `${names[index]!} is not on its curve`, index);
    return point;
  };
  const a = onCurve(g1OnCurve(ax!, ay!), 0);
  const b = onCurve(g2OnCurve(bx0!, bx1!, by0!, by1!), 1);
  const c = names.slice(2).map((_, k) => onCurve(g1OnCurve(rest[2 * k]!, rest[2 * k + 1]!), 2 + k));
  if (!inSubgroup(b)) throw new Refusal('POINT_NOT_IN_SUBGROUP', 'pi_b is not in the subgroup of order r');
  return { a, b, c, scalars: [1n, ...scalars] };
}

/**
 * The pairs whose product is one if the equation holds for every proof; and, with weights that the provers could not foresee, only
 * if so, but for a chance of 1 in the number of possible weights. N proofs: N + 2 + (number of δ) pairs. Weights are in [1, r).
 */
export function pairsOf(key: Equation, proofs: readonly ProofTerms[], weights: readonly bigint[]): Pair[] {
  const scaled = (point: G1, weight: bigint) => (weight === 1n ? point : point.multiplyUnsafe(weight));
  const sum = (scalars: readonly bigint[]) => scalars.reduce((total, scalar) => (total + scalar) % R, 0n);
  const statement = key.ic.map((_, j) => sum(proofs.map(({ scalars }, i) => weights[i]! * scalars[j]!)));
  return [
    ...proofs.map(({ a, b }, i) => ({ g1: scaled(a, weights[i]!).negate(), g2: b })),
    { g1: scaled(key.alpha, sum(weights)), g2: key.beta },
    { g1: combination(key.ic, statement), g2: key.gamma },
    ...key.deltas.map((delta, k) => ({
      g1: combination(
        proofs.map(({ c }) => c[k]!),
        weights,
      ),
      g2: delta,
    })),
  ];
}

/** Σ scalar·point. */
function combination(points: readonly G1[], scalars: readonly bigint[]): G1 {
  // A scalar of one is the constant's of a statement, or a single proof's weight.
  const plain = points.filter((_, i) => scalars[i] === 1n);
  const others = points.flatMap((point, i) => (scalars[i] === 1n ? [] : [[point, scalars[i]!] as const]));
  const sum = plain.reduce((total, point) => total.add(point), G1Point.ZERO);
  if (others.length === 0) return sum;
  const product = pippenger(
    G1Point,
    others.map(([point]) => point),
    others.map(([, scalar]) => scalar),
  );
  return sum.add(product);
}

/** Whether the product of `pairsOf` is one. */
export function equationHolds(
  key: Equation,
  proofs: readonly ProofTerms[],
  weights: readonly bigint[] = proofs.map(() => 1n),
): boolean {
  // noble refuses to pair the point at infinity; its pairing is one, so leaving the pair out is the same product.
  const product = bn254.pairingBatch(pairsOf(key, proofs, weights).filter(({ g1 }) => !g1.is0()));
  return bn254.fields.Fp12.eql(product, bn254.fields.Fp12.ONE);
}

/** Throws Refusal PAIRING_FAILED. */
export function requireEquation(key: Equation, terms: ProofTerms): void {
  if (equationHolds(key, [terms])) return;
  throw new Refusal('PAIRING_FAILED', 'the proof does not prove these public signals under this key');
}

/** Of a verifier. */
export function checkPoints(key: Equation): PointsCheck {
  return (proof) => {
    requireEquation(key, pointTerms(proof));
  };
}
