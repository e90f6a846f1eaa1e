/** From what a prover computed to a proof file that verifies. Uses no Node API. */
import { ZkonnxError } from '../base/errors.js';
import type { PreparedKey, PreparedKeyOf } from '../verify/key.js';
import type { Protocol } from '../verify/statement.js';
import { verifyBy } from '../verify/verify.js';
import type { KernelVerifier } from './engine/kernel-verifier.js';
import { PROVERS, type Parts } from './protocols.js';
import type { ProveResult } from './tasks.js';

/**
 * The proof file, verified: whatever went wrong before, a proof that nobody accepts is not handed out. `points` is of the same key; `context`
 * ("0x" and hexadecimal) of a proof that has one. Throws KEY_MISMATCH.
 */
export function checkedProof<P extends Protocol>(
  { proof, publicSignals }: Pick<ProveResult<P>, 'proof' | 'publicSignals'>,
  key: PreparedKeyOf<P>,
  points: KernelVerifier,
  context = '0x',
): Parts[P]['file'] {
  const { formatVersion, keyDigest, modelHash, setup } = key.facts;
  const file = PROVERS[key.protocol].file(proof, publicSignals, context, {
    formatVersion,
    keyDigest,
    modelHash,
    setup,
  });
  const verdict = verifyBy((numbers) => points.check(numbers), file, key as PreparedKey);
  if (verdict.valid) return file;
  throw new ZkonnxError('KEY_MISMATCH', 'the proof does not verify under the artifact’s verification key', {
    got: verdict.message,
    help: 'the proving key, its .kernels form or the verification key is damaged or of another setup: run setup again',
  });
}
