/** The last step of proving with a key from anywhere: a proof is handed out only if the key's own verification data accept it. */
import { ZkonnxError } from '../../base/errors.js';
import { coordinates, G1_BYTES, type ZkeyVerifierPart } from '../../formats/zkey.js';
import { checkGroth16, groth16Equation } from '../../verify/groth16.js';
import { prepareForgeableGroth16Key, type PreparedGroth16Key } from '../../verify/key.js';
import { refusing } from '../../verify/refusal.js';
import { KernelVerifier } from '../engine/kernel-verifier.js';
import type { Groth16Proof } from './prover.js';

/** A key's verification data, ready to check proofs with. */
export interface ProofCheck {
  readonly key: PreparedGroth16Key;
  readonly points: KernelVerifier;
}

/** What a .zkey checks its proofs with. Throws as `verifierOf`. */
export async function proofCheckOf(part: ZkeyVerifierPart, zkeyPath: string): Promise<ProofCheck> {
  const key = verifierOf(part, zkeyPath);
  return { key, points: await KernelVerifier.of(groth16Equation(key)) };
}

/** What a .zkey verifies with. Throws KEY_INVALID for a point off its curve, outside of its group or at infinity. */
export function verifierOf({ nPublic, points, ic }: ZkeyVerifierPart, zkeyPath: string): PreparedGroth16Key {
  const g1 = (bytes: Uint8Array): string[] => [...coordinates(bytes).map(String), '1'];
  const g2 = (bytes: Uint8Array): string[][] => {
    const [x0, x1, y0, y1] = coordinates(bytes).map(String) as [string, string, string, string];
    return [
      [x0, x1],
      [y0, y1],
      ['1', '0'],
    ];
  };
  try {
    return prepareForgeableGroth16Key({
      protocol: 'groth16',
      curve: 'bn128',
      nPublic,
      vk_alpha_1: g1(points.alpha1),
      vk_beta_2: g2(points.beta2),
      vk_gamma_2: g2(points.gamma2),
      vk_delta_2: g2(points.delta2),
      IC: Array.from({ length: nPublic + 1 }, (_, i) => g1(ic.subarray(i * G1_BYTES, (i + 1) * G1_BYTES))),
    });
  } catch (error) {
    if (!(error instanceof ZkonnxError)) throw error;
    const { where } = error.details;
    throw new ZkonnxError('KEY_INVALID', error.shortMessage, {
      ...error.details,
      where: where === undefined ? zkeyPath : `${where} of ${zkeyPath}`,
      help: 'the key is damaged; make it again',
    });
  }
}

/** Throws KEY_MISMATCH where the verifier refuses the proof. */
export function requireValid({ key, points }: ProofCheck, { proof, publicSignals }: Groth16Proof, zkey: string): void {
  const verdict = refusing(() => {
    checkGroth16(key, publicSignals, { ...proof }, (numbers) => points.check(numbers));
    return { valid: true } as const;
  });
  if (verdict.valid) return;
  throw new ZkonnxError('KEY_MISMATCH', 'the witness does not satisfy the key’s circuit', {
    expected: 'a proof that the key’s verification data accept',
    got: `${verdict.reason}: ${verdict.message}`,
    where: zkey,
    help: 'make the witness for this very circuit (`snarkjs wtns check` names the constraint); if it is right, the key or the .kernels file beside it is damaged',
  });
}
