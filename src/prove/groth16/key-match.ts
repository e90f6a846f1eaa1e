/** Whether circuit, keys and statement belong together, asked before a proof is computed in vain. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';
import type { Circuit } from '../../constraint/program.js';
import { coordinates, type ZkeyInfo, type ZkeyPoints, type ZkeyVerifierPart } from '../../formats/zkey.js';
import { affineOf1, affineOf2, g1OnCurve, g2OnCurve } from '../../verify/curve.js';
import type { KeyBlock, PreparedGroth16Key } from '../../verify/key.js';
import { requireSameOrigin } from '../engine/key-origin.js';

/**
 * Throws KEY_MISMATCH for a proving key of another circuit's sizes: a prover compares the number of wires only, and gives a proof that nobody
 * accepts. `where` names the key.
 */
export function requireFittingKey(key: ZkeyInfo, where: string, { r1cs }: Pick<Circuit, 'r1cs'>): void {
  const nPublic = r1cs.nPubOut + r1cs.nPubIn;
  if (key.nVars !== r1cs.nWires || key.nPublic !== nPublic || key.domainSize <= r1cs.nConstraints + nPublic) {
    throw new ZkonnxError('KEY_MISMATCH', 'the proving key was made for another circuit', {
      expected: `${r1cs.nWires} wires, ${nPublic} public, ${r1cs.nConstraints} constraints`,
      got: `${key.nVars} wires, ${key.nPublic} public, a domain of ${key.domainSize}`,
      where,
      help: 'run setup for this artifact',
    });
  }
}

/**
 * Throws KEY_MISMATCH for a proving key of another setup than the verification key, KEY_INVALID for one that would not blind. A proof that
 * verifies shows nothing of its witness if both [δ]_1 and [δ]_2 are points of their groups other than infinity, whatever else a stranger wrote
 * into the key: r·[δ]_1 and s·[δ]_2 make A and B uniform, and these and the statement leave one C. With [δ]_1, [β]_1 and all of B1 at infinity
 * every proof would verify, and its A would be a function of the witness alone. Whether there is a proof is another matter: the other points
 * are not checked, and a stranger can choose them so that proofs verify for some witnesses alone, so that whoever sees that a proof was made
 * learns a predicate of the private input. Only whoever checks the whole key against the circuit (`snarkjs zkey verify`) can rule that out.
 */
export function requireSameSetup(
  info: ZkeyVerifierPart,
  where: string,
  key: PreparedGroth16Key,
  facts: KeyBlock,
): void {
  const { points, development } = info;
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
  const said =
    development === undefined ? { setup: 'unknown' as const } : { setup: 'development' as const, ...development };
  requireSameOrigin(said, facts, where);
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
