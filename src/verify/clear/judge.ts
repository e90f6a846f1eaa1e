/** Judging proofs of protocol `clear` of one key: each by itself, since nothing of one serves another. */
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Judge } from '../judge.js';
import { Refusal } from '../refusal.js';
import { arithmeticOf, type ArithmeticName } from './arithmetic-choice.js';
import type { PreparedClearKey } from './key.js';
import type { ClearEvidence } from './proof-file.js';
import { verifyClear, type ClearKey } from './verify.js';

/** `keyDigest`: "0x" and 64 hexadecimal digits. */
export function clearKeyOf({ relation, parameters, weightsRoot }: PreparedClearKey, keyDigest: string): ClearKey {
  return { digest: hexToBytes(keyDigest.slice(2)), relation, parameters, weightsRoot };
}

/** Throws ZkonnxError USAGE for an arithmetic that does not run here. */
export function clearJudge(
  body: PreparedClearKey,
  keyDigest: string,
  arithmetic?: ArithmeticName,
): Judge<ClearEvidence> {
  const key = clearKeyOf(body, keyDigest);
  const loops = arithmeticOf(arithmetic);
  const judge = ({ statement, proof }: ClearEvidence) => verifyClear(key, statement, proof, body.plan, loops);
  return {
    one(evidence) {
      const refused = judge(evidence);
      if (refused !== undefined) throw new Refusal(refused.reason, refused.message, refused.index);
    },
    many: (evidence) => evidence.map(judge),
  };
}
