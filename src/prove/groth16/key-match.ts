/** Whether circuit, keys and statement belong together, asked before a proof is computed in vain. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';
import { requireSameCircuit } from '../../formats/circuit.js';
import { coordinates, type ZkeyInfo, type ZkeyPoints, type ZkeyVerifierPart } from '../../formats/zkey.js';
import { affineOf1, affineOf2, g1OnCurve, g2OnCurve } from '../../verify/curve.js';
import type { PreparedGroth16Key } from '../../verify/key.js';
import type { LoadedCircuit } from '../engine/loaded-circuit.js';

/**
 * Throws KEY_MISMATCH for a proving key of another circuit: a prover compares the number of wires only, and gives a proof that nobody
 * accepts. `where` names the key.
 */
export function requireFittingKey(key: ZkeyInfo, where: string, { circuit, hash }: LoadedCircuit): void {
  const { r1cs } = circuit;
  const nPublic = r1cs.nPubOut + r1cs.nPubIn;
  if (key.nVars !== r1cs.nWires || key.nPublic !== nPublic || key.domainSize <= r1cs.nConstraints + nPublic) {
    throw new ZkonnxError('KEY_MISMATCH', 'the proving key was made for another circuit', {
      expected: `${r1cs.nWires} wires, ${nPublic} public, ${r1cs.nConstraints} constraints`,
      got: `${key.nVars} wires, ${key.nPublic} public, a domain of ${key.domainSize}`,
      where,
      help: 'run setup for this artifact',
    });
  }
  if (key.development !== undefined) requireSameCircuit(hash, key.development.circuitHash, where);
}

/**
 * Throws KEY_MISMATCH for a proving key of another setup than the verification key, KEY_INVALID for one that would not blind. A proof that
 * verifies hides its witness if both [δ]_1 and [δ]_2 are points of their groups other than infinity, whatever else a stranger wrote into the
 * key: r·[δ]_1 and s·[δ]_2 make A and B uniform, and these and the statement leave one C. With [δ]_1, [β]_1 and all of B1 at infinity
 * every proof would verify, and its A would be a function of the witness alone.
 */
export function requireSameSetup({ points }: ZkeyVerifierPart, where: string, key: PreparedGroth16Key): void {
  const pairs = [
    [points.alpha1, affineOf1(key.alpha)],
    [points.beta2, affineOf2(key.beta)],
    [points.gamma2, affineOf2(key.gamma)],
    [points.delta2, affineOf2(key.delta)],
  ] as const;
  if (pairs.some(([bytes, expected]) => coordinates(bytes).some((coordinate, i) => coordinate !== expected[i]))) {
    throw new ZkonnxError('KEY_MISMATCH', 'the proving key and the verification key are of two setups', {
      where,
      help: 'use the two files that one setup wrote',
    });
  }
  requireBlinding(points, where);
}

/** Throws KEY_INVALID where [δ]_1 or [δ]_2, which carry the blinding, are not points of their curves or at infinity. */
export function requireBlinding({ delta1, delta2 }: ZkeyPoints, where: string): void {
  const [x, y] = coordinates(delta1) as [bigint, bigint];
  const [x0, x1, y0, y1] = coordinates(delta2) as [bigint, bigint, bigint, bigint];
  if (g1OnCurve(x, y) !== undefined && g2OnCurve(x0, x1, y0, y1) !== undefined) return;
  throw new ZkonnxError('KEY_INVALID', 'the proving key would make proofs that do not hide the inputs', {
    expected: '[δ]_1 and [δ]_2 on their curves and not at infinity',
    where,
    help: 'do not use keys of this origin; run setup yourself',
  });
}
