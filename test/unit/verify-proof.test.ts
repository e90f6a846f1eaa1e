import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { R } from '../../src/field/bn254.js';
import { prepareKey, verify, verifyGroth16, ZkonnxError } from '../../src/verify/index.js';
import type { ProofFile, VerifyOptions } from '../../src/verify/index.js';
import { makeFixture } from '../fixtures/proofs/classifier.js';
import { SMALL_PIXELS, smallModel } from '../fixtures/proofs/sets.js';

const { key, proof } = makeFixture(smallModel(), SMALL_PIXELS, 'first key', 'development');
const prepared = prepareKey(key);
const refusal = (value: unknown, options: VerifyOptions = {}) => {
  const result = verify(value, prepared, options);
  return result.valid ? 'VALID' : result.reason;
};
const changed = (change: Record<string, unknown>) => ({ ...proof, ...change });
const without = (field: keyof ProofFile) =>
  Object.fromEntries(Object.entries(proof).filter(([name]) => name !== field));
const signal = (value: unknown) => changed({ publicSignals: [value, proof.publicSignals[1]] });

describe('a proof file is refused, never an exception', () => {
  it.each([
    ['not JSON', '{"pi_a":', 'PROOF_NOT_JSON'],
    ['empty', '', 'PROOF_NOT_JSON'],
    ['binary', '\u0000\u0001', 'PROOF_NOT_JSON'],
    ['deeply nested', '['.repeat(200_000), 'PROOF_NOT_JSON'],
    ['huge', ' '.repeat((16 << 20) + 1), 'PROOF_TOO_LARGE'],
    ['null', 'null', 'PROOF_MALFORMED'],
    ['an array', '[]', 'PROOF_MALFORMED'],
    ['a number', 7, 'PROOF_MALFORMED'],
    ['undefined', undefined, 'PROOF_MALFORMED'],
    ['the version of another key', changed({ formatVersion: 1 }), 'FORMAT_VERSION'],
    ['an unknown version', changed({ formatVersion: 3 }), 'FORMAT_VERSION'],
    ['a version in a string', changed({ formatVersion: '1' }), 'FORMAT_VERSION'],
    ['no version', without('formatVersion'), 'FORMAT_VERSION'],
    ['an extra field', changed({ comment: 'hello' }), 'PROOF_MALFORMED'],
    ['a field named __proto__', JSON.stringify(proof).replace('{', '{"__proto__":{},'), 'PROOF_MALFORMED'],
    ['no pi_a', without('pi_a'), 'PROOF_MALFORMED'],
    ['no public signals', without('publicSignals'), 'PROOF_MALFORMED'],
    ['signals that are no array', changed({ publicSignals: { length: 2 } }), 'PROOF_MALFORMED'],
    ['another protocol', changed({ protocol: 'plonk' }), 'PROOF_MALFORMED'],
    ['another curve', changed({ curve: 'bls12381' }), 'PROOF_MALFORMED'],
    ['a missing signal', changed({ publicSignals: proof.publicSignals.slice(1) }), 'PUBLIC_INPUT_COUNT'],
    ['a signal too many', changed({ publicSignals: [...proof.publicSignals, '0'] }), 'PUBLIC_INPUT_COUNT'],
    ['no signal', changed({ publicSignals: [] }), 'PUBLIC_INPUT_COUNT'],
    ['another key', changed({ keyDigest: `0x${'0'.repeat(64)}` }), 'KEY_DIGEST_MISMATCH'],
    ['a digest that is no string', changed({ keyDigest: 0 }), 'PROOF_MALFORMED'],
    ['another model', changed({ modelHash: `sha256:${'b'.repeat(64)}` }), 'MODEL_MISMATCH'],
    ['another setup', changed({ setup: 'unknown' }), 'SETUP_MISMATCH'],
  ])('%s', (_, value, reason) => {
    expect(refusal(value)).toBe(reason);
  });

  it.each([
    ['a sign', `-${proof.publicSignals[0]}`, 'PROOF_MALFORMED'],
    ['a plus', `+${proof.publicSignals[0]}`, 'PROOF_MALFORMED'],
    ['a leading zero', `0${proof.publicSignals[0]}`, 'PROOF_MALFORMED'],
    ['white space', ` ${proof.publicSignals[0]}`, 'PROOF_MALFORMED'],
    ['a line end', `${proof.publicSignals[0]}\n`, 'PROOF_MALFORMED'],
    ['hexadecimal', `0x${BigInt(proof.publicSignals[0]!).toString(16)}`, 'PROOF_MALFORMED'],
    ['an exponent', '1e3', 'PROOF_MALFORMED'],
    ['a fraction', '1.0', 'PROOF_MALFORMED'],
    ['other digits', '１２', 'PROOF_MALFORMED'],
    ['an empty string', '', 'PROOF_MALFORMED'],
    ['a JSON number', 5, 'PROOF_MALFORMED'],
    ['a bigint', 5n, 'PROOF_MALFORMED'],
    ['null', null, 'PROOF_MALFORMED'],
    ['an array', ['5'], 'PROOF_MALFORMED'],
    ['r', R.toString(), 'PUBLIC_INPUT_NOT_IN_FIELD'],
    ['itself plus r', String(BigInt(proof.publicSignals[0]!) + R), 'PUBLIC_INPUT_NOT_IN_FIELD'],
    ['a million digits', '9'.repeat(1_000_000), 'PUBLIC_INPUT_NOT_IN_FIELD'],
    ['a million digits and a letter', `${'9'.repeat(1_000_000)}x`, 'PROOF_MALFORMED'],
    ['r − 1', String(R - 1n), 'PAIRING_FAILED'],
  ])('a signal with %s', (_, value, reason) => {
    expect(refusal(signal(value))).toBe(reason);
  });

  const [x, y] = proof.pi_a as [string, string];
  const [bx, by] = proof.pi_b as [string[], string[]];
  it.each([
    ['infinity as snarkjs writes it', { pi_a: ['0', '1', '0'] }, 'PROOF_MALFORMED'],
    ['a projective coordinate', { pi_a: [x, y, '2'] }, 'PROOF_MALFORMED'],
    ['two coordinates', { pi_a: [x, y] }, 'PROOF_MALFORMED'],
    ['four coordinates', { pi_c: [x, y, '1', '1'] }, 'PROOF_MALFORMED'],
    ['a G1 point for pi_b', { pi_b: [x, y, '1'] }, 'PROOF_MALFORMED'],
    [
      'pi_b at infinity',
      {
        pi_b: [
          ['0', '0'],
          ['1', '0'],
          ['0', '0'],
        ],
      },
      'PROOF_MALFORMED',
    ],
    ['pi_b with three parts', { pi_b: [[...bx, '0'], by, ['1', '0']] }, 'PROOF_MALFORMED'],
    ['a negative coordinate', { pi_a: [x, `-${y}`, '1'] }, 'PROOF_MALFORMED'],
    ['a hexadecimal coordinate', { pi_a: [`0x${BigInt(x).toString(16)}`, y, '1'] }, 'PROOF_MALFORMED'],
    ['a long coordinate', { pi_a: ['1'.repeat(1_000_000), y, '1'] }, 'POINT_NOT_CANONICAL'],
  ])('a point with %s', (_, change, reason) => {
    expect(refusal(changed(change))).toBe(reason);
  });

  it('whatever the bytes are', () => {
    const text = JSON.stringify(proof);
    const mutation = fc.tuple(fc.nat(text.length - 1), fc.constantFrom(...'0123456789"[]{},:-ex '));
    fc.assert(
      fc.property(mutation, ([at, character]) => {
        const mutated = text.slice(0, at) + character + text.slice(at + 1);
        expect(refusal(mutated) === 'VALID').toBe(mutated === text);
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => refusal(value) !== 'VALID'),
      { numRuns: 200 },
    );
  });

  it('by the low-level verifier too', () => {
    const { pi_a, pi_b, pi_c, protocol, curve } = proof;
    const bare = { pi_a, pi_b, pi_c, protocol, curve };
    expect(verifyGroth16(key, proof.publicSignals, bare)).toEqual({ valid: true });
    expect(verifyGroth16(key, 'nonsense', bare)).toMatchObject({ reason: 'PROOF_NOT_JSON' });
    expect(verifyGroth16(key, proof.publicSignals, { ...bare, extra: 1 })).toMatchObject({ reason: 'PROOF_MALFORMED' });
    expect(verifyGroth16(key, [], bare)).toMatchObject({ reason: 'PUBLIC_INPUT_COUNT' });
  });
});

describe('expectations', () => {
  const [, left] = [null, [-1.0705882352941176, 0.8901960784313725]];

  it('hold for what was proven, however the reals were printed', () => {
    expect(refusal(proof, { expectOutputs: { scores: left } })).toBe('VALID');
    expect(refusal(proof, { expectOutputs: { scores: [...Float32Array.from(left)] } })).toBe('VALID');
    expect(refusal(proof, { expectInputs: { image: SMALL_PIXELS.map((pixel) => pixel / 255) } })).toBe('VALID');
    expect(refusal(proof, { expectModel: key.zkonnx.modelHash })).toBe('VALID');
    expect(refusal(proof, { expectModel: 'a'.repeat(64) })).toBe('VALID');
    expect(refusal(proof, { publicSignals: JSON.stringify(proof.publicSignals) })).toBe('VALID');
  });

  it('refuse a proof of something else', () => {
    expect(refusal(proof, { expectOutputs: { scores: [left[0]! + 1 / 255, left[1]!] } })).toBe('OUTPUT_MISMATCH');
    expect(refusal(proof, { expectInputs: { image: [0, 0, 0, 0] } })).toBe('INPUT_MISMATCH');
    expect(refusal(proof, { expectModel: 'b'.repeat(64) })).toBe('MODEL_MISMATCH');
    expect(refusal(proof, { publicSignals: ['1', '2'] })).toBe('PUBLIC_SIGNALS_MISMATCH');
  });

  it.each([
    ['an unknown name', { expectOutputs: { nothing: [1] } }],
    ['a wrong count', { expectOutputs: { scores: [1] } }],
    ['not a number', { expectOutputs: { scores: [NaN, 1] } }],
    ['a bad hash', { expectModel: 'mnist' }],
  ])('that make no sense are the caller’s error: %s', (_, options) => {
    expect(() => verify(proof, prepared, options)).toThrow(ZkonnxError);
  });
});
