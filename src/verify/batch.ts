/** Many proofs of one key at once, by what the protocol's judge spares in doing so (pairing-judge.ts). */
import { isObject } from './json.js';
import { refusing } from './refusal.js';
import { answer, askQuestion, readProof, requireOption } from './verify.js';
import type { VerifyOptions, VerifyResult } from './verify.js';

/** What `verifyBatch` checks of every proof beside the proof itself. */
export interface BatchOptions extends Omit<VerifyOptions, 'publicSignals' | 'opening'> {
  /**
   * Fills an array with random bytes; default `crypto.getRandomValues`. Whoever foresees them can put proofs into a batch whose errors
   * cancel out, so anything but a cryptographic generator is for tests.
   */
  readonly random?: (bytes: Uint8Array) => void;
}

/**
 * The verdict on each proof, in order, as `verify` gives it one by one; expectations are of every proof. Where they are judged together and one fails,
 * all are verified by themselves, so one bad proof costs the batch its advantage and no more. Throws as `verify`.
 */
export function verifyBatch(proofs: readonly unknown[], keyJson: unknown, options: BatchOptions = {}): VerifyResult[] {
  requireOption('the options', options, isObject(options), 'an object');
  const { random = systemRandom, ...expectations } = options;
  requireOption('proofs', proofs, Array.isArray(proofs), 'an array');
  requireOption('random', random, typeof random === 'function', 'a function');
  const question = askQuestion(keyJson, expectations);
  const opened = proofs.map((proof) => refusing(() => readProof(question, proof)));
  const evidence = opened.flatMap((proof) => ('evidence' in proof ? [proof.evidence] : []));
  const verdicts = question.judge.many(evidence, random).values();
  return opened.map((proof) => {
    if (!('evidence' in proof)) return proof;
    return verdicts.next().value ?? refusing(() => answer(question, proof));
  });
}

function systemRandom(bytes: Uint8Array): void {
  globalThis.crypto.getRandomValues(bytes);
}
