/**
 * Judging proofs over the curve, one by one or many of one key at once: then the equations, each to the power of a random 128-bit number, are
 * multiplied into one. N proofs cost N + 4 Miller loops (N + 3 for `groth16`) and one final exponentiation in place of 5·N and N.
 *
 * If an equation fails, its two sides differ by a factor other than one of the group of prime order r, and the product of all is one for
 * at most one value of its exponent, given the others: a chance of 2^-128, because the exponents are drawn after the proofs are read.
 */
import { checkPoints, equationHolds, pointTerms, requireEquation } from './equation.js';
import type { Equation, ProofNumbers, ProofTerms } from './equation.js';
import type { Judge } from './judge.js';
import { refusing } from './refusal.js';

const WEIGHT_BYTES = 16;

export function pairingJudge(equation: Equation): Judge<ProofNumbers> {
  return {
    one: checkPoints(equation),
    many(evidence, random) {
      const read = evidence.map((numbers) => refusing(() => ({ terms: pointTerms(numbers) })));
      const terms = read.flatMap((one) => ('terms' in one ? [one.terms] : []));
      const allHold = terms.length > 0 && equationHolds(equation, terms, drawWeights(terms, random));
      // One bad proof costs the batch its advantage and no more.
      return read.map((one) => {
        if (!('terms' in one)) return one;
        if (allHold) return undefined;
        return refusing(() => {
          requireEquation(equation, one.terms);
          return undefined;
        });
      });
    },
  };
}

/** One number in [1, 2^128] a proof. */
function drawWeights(terms: readonly ProofTerms[], random: (bytes: Uint8Array) => void): bigint[] {
  return terms.map(() => {
    const bytes = new Uint8Array(WEIGHT_BYTES);
    random(bytes);
    return bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n) + 1n;
  });
}
