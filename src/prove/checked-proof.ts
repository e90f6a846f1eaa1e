/** From what a prover computed to a proof file that verifies. Uses no Node API. */
import { ZkonnxError } from '../errors.js';
import type { PreparedKey } from '../verify/key.js';
import { makeProof, type ProofFile } from '../verify/proof.js';
import { verifyBy } from '../verify/verify.js';
import type { KernelVerifier } from './kernel-verifier.js';
import type { Groth16Proof } from './tasks.js';

/**
 * The proof file, verified: whatever went wrong before, a proof that nobody accepts is not handed out. `points` is of the same key. Throws
 * KEY_MISMATCH.
 */
export function checkedProof(proven: Groth16Proof, key: PreparedKey, points: KernelVerifier): ProofFile {
  const { keyDigest, modelHash, setup } = key.facts;
  const proof = makeProof({ ...proven.proof }, proven.publicSignals, { keyDigest, modelHash, setup });
  const verdict = verifyBy((numbers) => points.check(numbers), proof, key);
  if (verdict.valid) return proof;
  throw new ZkonnxError('KEY_MISMATCH', 'the proof does not verify under the artifact’s verification key', {
    got: verdict.message,
    help: 'the proving key, its .kernels form or the verification key is damaged or of another setup: run setup again',
  });
}
