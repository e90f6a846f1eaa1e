/** Judging proofs of protocol `clear` of one key: each by itself, since nothing of one serves another. */
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Judge } from '../judge.js';
import { Refusal } from '../refusal.js';
import type { PreparedClearKey } from './key.js';
import type { ClearEvidence } from './proof-file.js';
import { verifyClear, type ClearKey } from './verify.js';

/** `keyDigest`: "0x" and 64 hexadecimal digits. */
export function clearKeyOf({ relation, parameters, weightsRoot }: PreparedClearKey, keyDigest: string): ClearKey {
  return { digest: hexToBytes(keyDigest.slice(2)), relation, parameters, weightsRoot };
}

export function clearJudge(body: PreparedClearKey, keyDigest: string): Judge<ClearEvidence> {
  const key = clearKeyOf(body, keyDigest);
  const judge = ({ statement, proof }: ClearEvidence) => verifyClear(key, statement, proof, body.plan);
  return {
    one(evidence) {
      const refused = judge(evidence);
      if (refused !== undefined) throw new Refusal(refused.reason, refused.message, refused.index);
    },
    many: (evidence) => evidence.map(judge),
  };
}
