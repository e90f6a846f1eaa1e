/** What two verifiers of protocol `clear` say of the same proofs, ours in plain JavaScript and in WebAssembly. */
import { arithmeticOf } from '../../../src/verify/clear/arithmetic-choice.js';
import { planOf, verifyClear } from '../../../src/verify/clear/verify.js';
import { verdict } from '../../second-verifier/clear.js';
import type { Judged } from './mutated-proofs.js';

export interface Agreement {
  proofs: number;
  agreements: number;
  /** By both. */
  accepted: number;
  /** By both, by the reason that both name. */
  readonly refused: Record<string, number>;
  /** Other verdicts, or another reason. */
  readonly disagreements: string[];
}

export function compare(judged: Iterable<{ readonly kind: string; readonly whole: Judged }>): Agreement {
  const result: Agreement = { proofs: 0, agreements: 0, accepted: 0, refused: {}, disagreements: [] };
  for (const { kind, whole } of judged) {
    const { key, statement, proof } = whole;
    const plan = planOf(key);
    const [refused, inWebAssembly] = (['javascript', 'webassembly'] as const).map((name) =>
      verifyClear(key, statement, proof, plan, arithmeticOf(name)),
    );
    if (JSON.stringify(refused) !== JSON.stringify(inWebAssembly)) {
      result.disagreements.push(`${kind}: ${JSON.stringify([refused, inWebAssembly])}`);
    }
    const first = refused?.reason ?? 'accepted';
    const second = verdict(key, statement, proof);
    result.proofs++;
    if (first !== second) result.disagreements.push(`${kind}: ${first}, ${second}`);
    else {
      result.agreements++;
      if (first === 'accepted') result.accepted++;
      else result.refused[first] = (result.refused[first] ?? 0) + 1;
    }
  }
  return result;
}
