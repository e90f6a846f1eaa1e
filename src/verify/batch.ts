/**
 * Many proofs of one key at once: the equations, each to the power of a random 128-bit number, multiplied into one. N proofs cost N + 4
 * Miller loops (N + 3 for `groth16`) and one final exponentiation in place of 5·N and N.
 *
 * If an equation fails, its two sides differ by a factor other than one of the group of prime order r, and the product of all is one for
 * at most one value of its exponent, given the others: a chance of 2^-128, because the exponents are drawn after the proofs are read.
 */
import { equationHolds, pointTerms, requireEquation } from './equation.js';
import type { ProofTerms } from './equation.js';
import { isObject } from './json.js';
import type { OpenedProof } from './protocols.js';
import { refusing } from './refusal.js';
import type { Refused } from './refusal.js';
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

const WEIGHT_BYTES = 16;

type Read = OpenedProof & { readonly terms: ProofTerms };

/**
 * The verdict on each proof, in order, as `verify` gives it one by one; expectations are of every proof. Where the product is not one,
 * all proofs are verified by themselves, so one bad proof costs the batch its advantage and no more. Throws as `verify`.
 */
export function verifyBatch(proofs: readonly unknown[], keyJson: unknown, options: BatchOptions = {}): VerifyResult[] {
  requireOption('the options', options, isObject(options), 'an object');
  const { random = systemRandom, ...expectations } = options;
  requireOption('proofs', proofs, Array.isArray(proofs), 'an array');
  requireOption('random', random, typeof random === 'function', 'a function');
  const question = askQuestion(keyJson, expectations);
  const opened = proofs.map((proof): Read | Refused =>
    refusing(() => {
      const read = readProof(question, proof);
      return { ...read, terms: pointTerms(read.numbers) };
    }),
  );
  const terms = opened.flatMap((proof) => ('terms' in proof ? [proof.terms] : []));
  const allHold = terms.length > 0 && equationHolds(question.equation, terms, drawWeights(terms, random));
  return opened.map((proof) => {
    if (!('terms' in proof)) return proof;
    return refusing(() => {
      if (!allHold) requireEquation(question.equation, proof.terms);
      return answer(question, proof);
    });
  });
}

/** One number in [1, 2^128] a proof. */
function drawWeights(terms: readonly ProofTerms[], random: (bytes: Uint8Array) => void): bigint[] {
  return terms.map(() => {
    const bytes = new Uint8Array(WEIGHT_BYTES);
    random(bytes);
    return bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n) + 1n;
  });
}

function systemRandom(bytes: Uint8Array): void {
  globalThis.crypto.getRandomValues(bytes);
}
