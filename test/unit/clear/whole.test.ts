/** Whole proofs of protocol `clear`: commitment, argument and opening, at tiny sizes of the opening and at those of keys. */
import { blake3 } from '@noble/hashes/blake3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { ORDER } from '../../../src/field/goldilocks.js';
import { proveClear, referenceKey } from '../../../src/prove/clear/reference/prove.js';
import { errorTerms, SECURITY_BITS, strictParameters } from '../../../src/verify/clear/parameters.js';
import { checkRelation } from '../../../src/verify/clear/relation-check.js';
import { argumentBytes, argumentSizes } from '../../../src/verify/clear/sizes.js';
import { planOf, verifyClear, type ClearKey, type ClearStatement } from '../../../src/verify/clear/verify.js';
import { tiny } from './opening-support.js';
import { everyKind, requantised, structured, type Toy } from './toys.js';

const statementOf = ({ assignment }: Toy) => ({
  publics: assignment.publics,
  publicBytes: Uint8Array.of(1, 2, 3),
  context: new Uint8Array(0),
});
const fresh = new Uint8Array(32).fill(5);
const tinyKey = ({ relation, assignment }: Toy) => referenceKey(relation, assignment.weights, tiny(8, [5, 4, 4, 3], 2));

describe('a whole proof', () => {
  it.each([
    ['a requantised network', requantised()],
    ['every kind of constraint', everyKind()],
    ['every kind of axis', structured()],
  ])('%s: accepted; bytes changed and each length but its own refused', (_, toy) => {
    checkRelation(toy.relation);
    const key = tinyKey(toy);
    const statement = statementOf(toy);
    const proof = proveClear(key, toy.assignment, statement, fresh);
    const verdict = (bytes: Uint8Array) => verifyClear(key.key, statement, bytes, key.plan)?.reason;
    expect(verdict(proof)).toBeUndefined();
    const argument = argumentBytes(key.plan);
    expect(proof.length).toBeGreaterThan(argument);
    // Each message of the argument is changed in attacks.test.ts; here its joints with the opening are.
    const places = [0, 31, 32, argument - 1, argument, argument + 15, argument + 16, proof.length - 1];
    for (let k = 0; k < 24; k++) places.push(Math.floor((proof.length * (k + 0.5)) / 24));
    for (const place of places) {
      const changed = Uint8Array.from(proof);
      changed[place]! ^= 1 << (place % 8);
      expect(verdict(changed), `byte ${place}`).toMatch(/^(PROOF_MALFORMED|ROOT_MISMATCH|ARGUMENT_FAILED)$/);
    }
    for (let at = 32; at + 8 <= argument; at += 8 * 29) {
      const changed = Uint8Array.from(proof);
      new DataView(changed.buffer).setBigUint64(at, ORDER, true);
      expect(verdict(changed), `residue at ${at}`).toBe('PROOF_MALFORMED');
    }
    expect(verdict(proof.subarray(0, argument - 1))).toBe('PROOF_MALFORMED');
    expect(verdict(proof.subarray(0, proof.length - 1))).toBe('PROOF_MALFORMED');
    expect(verdict(Uint8Array.of(...proof, 0))).toBe('PROOF_MALFORMED');
  });

  it('is of its key and its statement alone; counts and ranges come first', () => {
    const toy = requantised();
    const { key, plan } = tinyKey(toy);
    const statement = statementOf(toy);
    const proof = proveClear(tinyKey(toy), toy.assignment, statement, fresh);
    const verdict = (of: Partial<ClearKey>, said: Partial<ClearStatement>) =>
      verifyClear({ ...key, ...of }, { ...statement, ...said }, proof, plan)?.reason;
    const [x, out] = toy.assignment.publics as [BigUint64Array, BigUint64Array];
    const other = (values: BigUint64Array, value: bigint) => BigUint64Array.of(value, ...values.subarray(1));
    expect(verdict({}, {})).toBeUndefined();
    expect(verdict({ digest: new Uint8Array(32) }, {})).toBe('ARGUMENT_FAILED');
    expect(verdict({ weightsRoot: new Uint8Array(32) }, {})).toBe('ARGUMENT_FAILED');
    expect(verdict({}, { publics: [other(x, (x[0]! + 1n) % ORDER), out] })).toBe('ARGUMENT_FAILED');
    expect(verdict({}, { publics: [x, other(out, (out[0]! + 1n) % ORDER)] })).toBe('ARGUMENT_FAILED');
    expect(verdict({}, { publicBytes: Uint8Array.of(1, 2, 4) })).toBe('ARGUMENT_FAILED');
    expect(verdict({}, { context: Uint8Array.of(0) })).toBe('ARGUMENT_FAILED');
    expect(verdict({}, { publics: [x] })).toBe('PUBLIC_INPUT_COUNT');
    expect(verdict({}, { publics: [x, out.subarray(1)] })).toBe('PUBLIC_INPUT_COUNT');
    expect(verdict({}, { publics: [other(x, ORDER), out] })).toBe('PUBLIC_INPUT_NOT_IN_FIELD');
    expect(verdict({}, { publics: [other(x, ORDER), out.subarray(1)] })).toBe('PUBLIC_INPUT_COUNT');
    expect(verdict({}, { context: new Uint8Array(33) })).toBe('CONTEXT_INVALID');
    expect(() => verdict({ weightsRoot: undefined }, {})).toThrow(RangeError);
  });

  it('of a false output is refused, and of weights that the key does not have', () => {
    const toy = requantised();
    const key = tinyKey(toy);
    const [x, out] = toy.assignment.publics as [BigUint64Array, BigUint64Array];
    const publics = [x, out.map((value, i) => (i === 1 ? (value + 1n) % ORDER : value))];
    const statement = { ...statementOf(toy), publics };
    const proof = proveClear(key, { ...toy.assignment, publics }, statement, fresh);
    expect(verifyClear(key.key, statement, proof, key.plan)?.reason).toBe('ARGUMENT_FAILED');
    const weights = toy.assignment.weights.map((tensor) => tensor.map((value) => (value + 1n) % ORDER));
    const others = proveClear(key, { ...toy.assignment, weights }, statementOf(toy), fresh);
    expect(verifyClear(key.key, statementOf(toy), others, key.plan)?.reason).toBe('ARGUMENT_FAILED');
  });

  it('is the same bytes for ever', () => {
    const toy = everyKind();
    const proof = proveClear(tinyKey(toy), toy.assignment, statementOf(toy), fresh);
    expect(bytesToHex(blake3(proof))).toBe('8fb113a7d0481f767e662bc27a3d9e4bf438928626d561f45de920d9cdbc14d9');
  });

  it('has error terms of 100 bits and more at the sizes of keys', () => {
    const toy = everyKind();
    const parameters = strictParameters(11, 2);
    const plan = planOf({ relation: toy.relation, parameters });
    const { cells, weights } = plan.layouts;
    const terms = errorTerms(parameters, argumentSizes(plan, cells.columns + weights!.columns + 3));
    expect(terms.map(({ name }) => name)).toContain('fractions of layers');
    for (const { name, bits } of terms) expect(bits, name).toBeGreaterThanOrEqual(SECURITY_BITS);
  });
});
