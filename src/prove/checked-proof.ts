/** From what a prover computed to a proof file that verifies. Uses no Node API. */
import { ZkonnxError } from '../errors.js';
import type { PreparedKey } from '../verify/key.js';
import { makeMirageProof, makeProof, type MirageProofFile, type ProofFile } from '../verify/proof.js';
import { verifyBy } from '../verify/verify.js';
import type { KernelVerifier } from './kernel-verifier.js';
import type { ProveResult } from './tasks.js';

/** proof.json of either protocol. */
export type AnyProofFile = ProofFile | MirageProofFile;

/**
 * The proof file, verified: whatever went wrong before, a proof that nobody accepts is not handed out. `points` is of the same key; `context`
 * ("0x" and hexadecimal) of a proof of mirage. Throws KEY_MISMATCH.
 */
export function checkedProof(
  proven: Pick<ProveResult, 'proof' | 'publicSignals'>,
  key: PreparedKey,
  points: KernelVerifier,
  context = '0x',
): AnyProofFile {
  const proof = fileOf(proven, key, context);
  const verdict = verifyBy((numbers) => points.check(numbers), proof, key);
  if (verdict.valid) return proof;
  throw new ZkonnxError('KEY_MISMATCH', 'the proof does not verify under the artifact’s verification key', {
    got: verdict.message,
    help: 'the proving key, its .kernels form or the verification key is damaged or of another setup: run setup again',
  });
}

function fileOf(
  { proof, publicSignals }: Pick<ProveResult, 'proof' | 'publicSignals'>,
  key: PreparedKey,
  context: string,
): AnyProofFile {
  const { keyDigest, modelHash, setup } = key.facts;
  const facts = { keyDigest, modelHash, setup };
  if ('pi_c1' in proof) return makeMirageProof(proof, publicSignals, context, facts);
  return makeProof({ ...proof }, publicSignals, facts);
}
