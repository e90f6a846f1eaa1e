/** Whether circuit, proving key and verification key of protocol `mirage` belong together. Uses no Node API. */
import type { R1cs } from '../../constraint/r1cs.js';
import type { Rounds } from '../../constraint/rounds.js';
import { ZkonnxError } from '../../base/errors.js';
import { kernelCoordinates, type MirageKeyInfo, type MirageKeyPoints } from '../../formats/mirage-key.js';
import { affineOf1, affineOf2, g1OnCurve, g2OnCurve } from '../../verify/curve.js';
import type { KeyBlock, PreparedMirageKey } from '../../verify/key.js';
import { requireSameOrigin } from '../engine/key-origin.js';

/** What a key must fit. */
export interface RoundsShape {
  readonly r1cs: Pick<R1cs, 'nWires' | 'nConstraints'>;
  readonly rounds: Pick<Rounds, 'firstRound2'>;
}

/** Throws KEY_MISMATCH for a proving key of another circuit's sizes. `where` names the key. */
export function requireFittingMirageKey(key: MirageKeyInfo, where: string, { r1cs, rounds }: RoundsShape): void {
  const isFitting =
    key.nWires === r1cs.nWires && key.nConstraints === r1cs.nConstraints && key.firstRound2 === rounds.firstRound2;
  if (!isFitting) {
    throw new ZkonnxError('KEY_MISMATCH', 'the proving key was made for another circuit', {
      expected: `${r1cs.nWires} wires, round 2 from ${rounds.firstRound2}, ${r1cs.nConstraints} constraints`,
      got: `${key.nWires} wires, round 2 from ${key.firstRound2}, ${key.nConstraints} constraints`,
      where,
      help: 'run setup for this artifact',
    });
  }
}

/**
 * Throws KEY_MISMATCH for a proving key of another setup than the verification key, KEY_INVALID for one that would not blind. A proof that
 * verifies shows nothing of its witness if [δ2]_1 and [δ2]_2 are points of their groups other than infinity, whatever else a stranger wrote into
 * the key: ρ·[δ2]_1, r·[δ2]_1 and s·[δ2]_2 make C1, A and B uniform, the challenges follow from C1 and the statement, and all these leave one C2.
 * Whether there is a proof is another matter. The points of the lists are not checked, and a stranger can choose them so that proofs verify for
 * some witnesses alone: whoever sees that a proof was made, or was not, learns a predicate of the private input (docs/soundness/mirage.md,
 * section 6). Only whoever checks the whole key against the circuit can rule that out.
 */
export function requireSameMirageSetup(
  info: MirageKeyInfo,
  where: string,
  key: PreparedMirageKey,
  facts: KeyBlock,
): void {
  const { points } = info;
  const pairs = [
    [points.alpha1, affineOf1(key.alpha)],
    [points.beta2, affineOf2(key.beta)],
    [points.delta2G2, affineOf2(key.delta2)],
  ] as const;
  if (pairs.some(([bytes, expected]) => kernelCoordinates(bytes).some((value, i) => value !== expected[i]))) {
    throw new ZkonnxError('KEY_MISMATCH', 'the proving key and the verification key are of two setups', {
      where,
      help: 'use the two files that one setup wrote',
    });
  }
  requireSameOrigin({ setup: info.setup, circuitHash: info.circuitHash }, facts, where);
  requireMirageBlinding(points, where);
}

/** Throws KEY_INVALID where [δ1]_1, [δ2]_1 or [δ2]_2, which carry the blinding, are not points of their curves or at infinity. */
export function requireMirageBlinding({ delta1, delta2, delta2G2 }: MirageKeyPoints, where: string): void {
  const [x0, x1, y0, y1] = kernelCoordinates(delta2G2) as [bigint, bigint, bigint, bigint];
  const areOnG1 = [delta1, delta2].every((point) => {
    const [x, y] = kernelCoordinates(point) as [bigint, bigint];
    return g1OnCurve(x, y) !== undefined;
  });
  if (areOnG1 && g2OnCurve(x0, x1, y0, y1) !== undefined) return;
  throw new ZkonnxError('KEY_INVALID', 'the proving key would make proofs that do not hide the inputs', {
    expected: '[δ1]_1, [δ2]_1 and [δ2]_2 on their curves and not at infinity',
    where,
    help: 'do not use keys of this origin; run setup yourself',
  });
}
