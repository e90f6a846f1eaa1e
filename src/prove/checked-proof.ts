/** From what a prover computed to a proof file that verifies. Uses no Node API. */
import { ZkonnxError } from '../base/errors.js';
import type { PreparedKey, PreparedKeyOf } from '../verify/key.js';
import type { Evidences } from '../verify/protocols.js';
import type { Protocol } from '../verify/statement.js';
import { verifyBy } from '../verify/verify.js';
import { PROVERS, type Proofs } from './protocols.js';
import type { ProveResult } from './tasks.js';

/**
 * The proof file, verified: whatever went wrong before, a proof that nobody accepts is not handed out. `check` judges evidence of the same key,
 * in place of the verifier's own judge; `context` ("0x" and hexadecimal) is of a proof that has one. Throws KEY_MISMATCH.
 */
export function checkedProof<P extends Protocol>(
  { proof, publicSignals }: Pick<ProveResult<P>, 'proof' | 'publicSignals'>,
  key: PreparedKeyOf<P>,
  check: ((evidence: Evidences[P]) => void) | undefined,
  context = '0x',
): Proofs[P]['file'] {
  const { formatVersion, keyDigest, modelHash, setup } = key.facts;
  const file = PROVERS[key.protocol].file(proof, publicSignals, context, {
    formatVersion,
    keyDigest,
    modelHash,
    setup,
  });
  const verdict = verifyBy<P>(check, file, key as PreparedKey);
  if (verdict.valid) return file;
  throw new ZkonnxError('KEY_MISMATCH', 'the proof does not verify under the artifact’s verification key', {
    got: verdict.message,
    help: 'the proving key, its .kernels form, weights.clear or the verification key is damaged or of another setup: run setup again',
  });
}
