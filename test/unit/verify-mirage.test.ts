import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { R } from '../../src/field/bn254.js';
import {
  elementsFromBytes,
  keyDigest,
  makeVerificationKey,
  publicBytes,
  verify,
  verifyGroth16,
  ZkonnxError,
} from '../../src/verify/index.js';
import type { MirageVerificationKey, TensorSchema, VerifyOptions } from '../../src/verify/index.js';
import { pointsFor, prepareKey } from '../../src/verify/key.js';
import { pack, signalWidths, unpack } from '../../src/verify/statement.js';
import { drawChallenges } from '../../src/verify/transcript.js';
import { makeFixture } from '../fixtures/proofs/classifier.js';
import { sealed } from '../fixtures/proofs/sealed.js';
import { CONTEXT, jobOf, makeKeyPair, makeMirageFixture, mirageFacts } from '../fixtures/proofs/mirage-fixture.js';
import { fold, g1, g2Text, referenceTranscript } from '../fixtures/proofs/mirage-reference.js';
import { COMMITMENT, lookupSystem } from '../fixtures/proofs/mirage-systems.js';
import { SMALL_PIXELS, smallModel } from '../fixtures/proofs/sets.js';
import { scalarFrom } from '../fixtures/proofs/trapdoor.js';

const system = lookupSystem(2, true);
const pair = makeKeyPair(system, 'first mirage key');
const { key } = pair;
const { file: proof, proof: points } = makeMirageFixture(pair, jobOf(system, pair, [3, 1]));
const prepared = prepareKey(key);
const plain = makeFixture(smallModel(), SMALL_PIXELS, 'first key', 'development');

const refusal = (value: unknown, options: VerifyOptions = {}) => {
  const result = verify(value, prepared, options);
  return result.valid ? 'VALID' : result.reason;
};
const changed = (change: Record<string, unknown>) => ({ ...proof, ...change });
const without = (field: string) => Object.fromEntries(Object.entries(proof).filter(([name]) => name !== field));
const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof ZkonnxError ? error.code : error;
  }
  return 'no error';
};

describe('a valid mirage proof', () => {
  it('says what was proven, under which protocol and for what', () => {
    expect(verify(proof, key)).toEqual({
      valid: true,
      protocol: 'mirage',
      context: '0xa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3',
      setup: 'development',
      modelHash: key.zkonnx.modelHash,
      circuitHash: key.zkonnx.circuitHash,
      schemaDigest: key.zkonnx.schemaDigest,
      keyDigest: key.zkonnx.keyDigest,
      boundTo: 'key',
      model: {},
      clamped: null,
      overflow: 'saturate',
      inputs: { v: { dims: [2], data: [3, 1] } },
      outputs: { y: { dims: [2], data: [-3, 0] } },
      committed: { w: COMMITMENT.toString() },
      top: { y: [{ index: 1, value: 0 }] },
    });
  });

  it('is one as text, with its signals given apart, and with every expectation met', () => {
    expect(refusal(JSON.stringify(proof))).toBe('VALID');
    expect(refusal(proof, { publicSignals: JSON.stringify(proof.publicSignals) })).toBe('VALID');
    expect(refusal(proof, { publicSignals: ['1', '2', '3'] })).toBe('PUBLIC_SIGNALS_MISMATCH');
    const expectations = { expectOutputs: { y: [-3, 0] }, expectInputs: { v: [3, 1] }, expectModel: 'a'.repeat(64) };
    expect(refusal(proof, { ...expectations, expectContext: CONTEXT })).toBe('VALID');
    expect(refusal(proof, { expectOutputs: { y: [0, 0] } })).toBe('OUTPUT_MISMATCH');
  });

  it.each([1, 2])('files of formatVersion %i verify for ever', (version) => {
    const read = (name: string) =>
      readFileSync(new URL(`../fixtures/proofs/v${version}/mirage/${name}.json`, import.meta.url), 'utf8');
    expect(verify(read('proof'), read('verification_key'))).toEqual(JSON.parse(read('verified')));
  });
});

describe('a mirage proof file is refused, never an exception', () => {
  it.each([
    ['not JSON', '{"pi_a":', 'PROOF_NOT_JSON'],
    ['an array', '[]', 'PROOF_MALFORMED'],
    ['the version of another key', changed({ formatVersion: 1 }), 'FORMAT_VERSION'],
    ['an unknown version', changed({ formatVersion: 3 }), 'FORMAT_VERSION'],
    ['no version', without('formatVersion'), 'FORMAT_VERSION'],
    ['an extra field', changed({ comment: '' }), 'PROOF_MALFORMED'],
    ['a pi_c beside the others', changed({ pi_c: proof.pi_c1 }), 'PROOF_MALFORMED'],
    ['no pi_c1', without('pi_c1'), 'PROOF_MALFORMED'],
    ['no context', without('context'), 'PROOF_MALFORMED'],
    ['challenges of its own', changed({ challenges: ['1', '2'] }), 'PROOF_MALFORMED'],
    ['an unknown protocol', changed({ protocol: 'ultragroth' }), 'PROOF_MALFORMED'],
    ['protocol groth16', changed({ protocol: 'groth16' }), 'PROTOCOL_MISMATCH'],
    ['a Groth16 proof', plain.proof, 'PROTOCOL_MISMATCH'],
    ['another curve', changed({ curve: 'bls12381' }), 'PROOF_MALFORMED'],
    ['another key', changed({ keyDigest: `0x${'0'.repeat(64)}` }), 'KEY_DIGEST_MISMATCH'],
    ['another model', changed({ modelHash: `sha256:${'b'.repeat(64)}` }), 'MODEL_MISMATCH'],
    ['another setup', changed({ setup: 'unknown' }), 'SETUP_MISMATCH'],
    ['a missing signal', changed({ publicSignals: proof.publicSignals.slice(1) }), 'PUBLIC_INPUT_COUNT'],
    ['a signal too many', changed({ publicSignals: [...proof.publicSignals, '0'] }), 'PUBLIC_INPUT_COUNT'],
    ['signals that are no array', changed({ publicSignals: '' }), 'PROOF_MALFORMED'],
    ['infinity as snarkjs writes it for pi_c1', changed({ pi_c1: ['0', '1', '0'] }), 'PROOF_MALFORMED'],
    ['a G2 point for pi_c2', changed({ pi_c2: proof.pi_b }), 'PROOF_MALFORMED'],
    ['a long coordinate', changed({ pi_c1: ['1'.repeat(1_000_000), '2', '1'] }), 'POINT_NOT_CANONICAL'],
  ])('%s', (_, value, reason) => {
    expect(refusal(value)).toBe(reason);
  });

  it.each([
    ['no string', 7],
    ['null', null],
    ['without 0x', 'a0a1'],
    ['half a byte', '0xa'],
    ['upper case', '0xA0'],
    ['not hexadecimal', '0xzz'],
    ['white space', '0xa0 '],
    ['a line end', '0xa0\n'],
    ['33 bytes', `0x${'a0'.repeat(33)}`],
    ['a megabyte', `0x${'a0'.repeat(1 << 20)}`],
    ['empty', ''],
  ])('a context that is %s', (_, context) => {
    expect(refusal(changed({ context }))).toBe('CONTEXT_INVALID');
  });

  const signal = (value: unknown) => changed({ publicSignals: [value, ...proof.publicSignals.slice(1)] });
  it.each([
    ['itself plus r', String(BigInt(proof.publicSignals[0]!) + R), 'PUBLIC_INPUT_NOT_IN_FIELD'],
    ['r', String(R), 'PUBLIC_INPUT_NOT_IN_FIELD'],
    ['itself plus 2^16, beyond its digits', String(BigInt(proof.publicSignals[0]!) + 65536n), 'PAIRING_FAILED'],
    ['r − 1', String(R - 1n), 'PAIRING_FAILED'],
    ['a leading zero', `0${proof.publicSignals[0]}`, 'PROOF_MALFORMED'],
    ['a number', 5, 'PROOF_MALFORMED'],
  ])('a signal of %s', (_, value, reason) => {
    expect(refusal(signal(value))).toBe(reason);
  });

  it('a bare proof, whatever signals are given with it', () => {
    const { pi_a, pi_b, pi_c1, pi_c2 } = proof;
    const bare = { pi_a, pi_b, pi_c1, pi_c2, protocol: 'mirage', curve: 'bn128' };
    expect(refusal(bare, { publicSignals: proof.publicSignals })).toBe('FORMAT_VERSION');
  });

  it('under a Groth16 key', () => {
    expect(verify(proof, plain.key)).toMatchObject({ valid: false, reason: 'PROTOCOL_MISMATCH' });
    expect(verifyGroth16(plain.key, [], proof)).toMatchObject({ reason: 'PROTOCOL_MISMATCH' });
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
  });
});

describe('the expected context', () => {
  it.each([
    ['the same, in hexadecimal', proof.context, 'VALID'],
    ['the same, in upper case', `0x${proof.context.slice(2).toUpperCase()}`, 'VALID'],
    ['none', '0x', 'CONTEXT_MISMATCH'],
    ['no bytes', new Uint8Array(), 'CONTEXT_MISMATCH'],
    ['one byte less', proof.context.slice(0, -2), 'CONTEXT_MISMATCH'],
    ['a zero byte more', `${proof.context}00`, 'CONTEXT_MISMATCH'],
  ])('%s', (_, expectContext, verdict) => {
    expect(refusal(proof, { expectContext })).toBe(verdict);
  });

  it.each([
    ['too long', `0x${'00'.repeat(33)}`],
    ['too many bytes', new Uint8Array(33)],
    ['text', 'order 17'],
    ['half a byte', '0x0'],
  ])('%s: the caller’s error', (_, expectContext) => {
    expect(codeOf(() => verify(proof, prepared, { expectContext }))).toBe('USAGE');
  });

  it('for a Groth16 key: the caller’s error', () => {
    expect(codeOf(() => verify(plain.proof, plain.key, { expectContext: '0x' }))).toBe('USAGE');
  });
});

describe('a mirage key', () => {
  const resealed = (change: object, facts: object = {}): MirageVerificationKey => sealed(key, change, facts);

  it.each([
    ['a Groth16 δ beside its own', resealed({ vk_delta_2: key.vk_delta1_2 })],
    ['protocol groth16', resealed({ protocol: 'groth16' })],
    ['an unknown protocol', resealed({ protocol: 'ultragroth' })],
    ['no δ1', resealed({ vk_delta1_2: undefined })],
    ['δ2 off the twist', resealed({ vk_delta2_2: [['1', '1'], ['1', '1'], ['1', '0']] })], // prettier-ignore
    ['δ1 and δ2 the same', resealed({ vk_delta1_2: key.vk_delta2_2 })],
    [
      'δ1 = −γ',
      resealed({ vk_delta1_2: g2Text(prepared.protocol === 'mirage' ? prepared.body.gamma.negate() : fail()) }),
    ],
    ['an IC for each public value', resealed({ IC: [...key.IC, key.IC[0]] })],
    ['three IC', resealed({ IC: key.IC.slice(1) })],
    ['IC of D at infinity: no public value would be bound', resealed({ IC: [...key.IC.slice(0, 3), ['0', '1', '0']] })],
    ['no public value', resealed({ nPublic: 0 }, { schema: { outputs: [], inputs: [] } })],
    ['another count than its schema', resealed({ nPublic: 2 })],
    ['a huge count', resealed({ nPublic: 2 ** 40 })],
    ['an edited circuit', { ...key, zkonnx: { ...key.zkonnx, circuitHash: `sha256:${'d'.repeat(64)}` } }],
    ['no zkonnx block', { ...key, zkonnx: undefined }],
  ])('with %s is an error', (_, value) => {
    expect(codeOf(() => verify(proof, value))).toBe('KEY_INVALID');
  });

  it('is of its protocol alone', () => {
    expect(pointsFor('mirage', prepared)).toBe(prepared.body);
    expect(codeOf(() => pointsFor('groth16', prepared))).toBe('KEY_INVALID');
    expect(codeOf(() => pointsFor('mirage', prepareKey(plain.key)))).toBe('KEY_INVALID');
  });

  it('names everything of itself in its digest', () => {
    const { formatVersion: _, keyDigest: digest, ...facts } = key.zkonnx;
    expect(makeVerificationKey(key, facts).zkonnx.keyDigest).toBe(digest);
    for (const change of [
      { vk_delta1_2: key.vk_delta2_2, vk_delta2_2: key.vk_delta1_2 },
      { IC: key.IC.toReversed() },
    ]) {
      expect(keyDigest({ ...key, ...change })).not.toBe(digest);
    }
    const other = makeVerificationKey(key, mirageFacts(system.schema, { circuitHash: `sha256:${'d'.repeat(64)}` }));
    expect(other.zkonnx.keyDigest).not.toBe(digest);
  });

  function fail(): never {
    throw new Error('unreachable: a mirage key');
  }
});

describe('the transcript', () => {
  const parts = {
    keyDigest: `0x${'17'.repeat(32)}`,
    publicValues: [1n, 2n, R - 1n],
    context: Uint8Array.of(0, 255),
    c1: { x: 1n, y: 2n },
  };

  it('does not change', () => {
    // keccak256 of the ten words that its header names, by the reference.
    const { x, theta } = drawChallenges(parts);
    expect([x, theta].map((value) => value.toString(16))).toEqual([
      '108c3f5c9e8e0771fad40f79b945b4cf5a295b594083583992d93c4c7cd1804f',
      '2393edaa33fd09752e0b94808074a493f38584ec3a9fa3d57657ed094ef895a7',
    ]);
  });

  it('is the reference’s, for all values', () => {
    const word = fc.bigInt({ min: 0n, max: R - 1n });
    const context = fc.uint8Array({ maxLength: 32 });
    const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 9 }), context, digest, (publicValues, bytes, hash) => {
        const own = `0x${Buffer.from(hash).toString('hex')}`;
        const expected = referenceTranscript({ keyDigest: own, publicValues, context: bytes, c1: points.c1 });
        const d = fold(publicValues, expected.theta);
        const c1 = points.c1.toAffine();
        expect(drawChallenges({ keyDigest: own, publicValues, context: bytes, c1 })).toEqual({ ...expected, d });
      }),
      { numRuns: 60 },
    );
  });

  it('depends on everything in it', () => {
    const variants = [
      parts,
      { ...parts, keyDigest: `0x${'18'.repeat(32)}` },
      { ...parts, publicValues: [2n, 1n, R - 1n] },
      { ...parts, publicValues: [1n, 2n] },
      { ...parts, publicValues: [...parts.publicValues, 0n] },
      { ...parts, context: Uint8Array.of(0) },
      { ...parts, context: Uint8Array.of(0, 255, 0) },
      { ...parts, context: new Uint8Array() },
      { ...parts, c1: { x: 2n, y: 1n } },
    ];
    const challenges = variants.flatMap((variant) => {
      const { x, theta } = drawChallenges(variant);
      return [x, theta];
    });
    expect(new Set(challenges).size).toBe(2 * variants.length);
  });

  it('is of nothing that no proof has', () => {
    expect(() => drawChallenges({ ...parts, publicValues: [] })).toThrow(RangeError);
    expect(() => drawChallenges({ ...parts, publicValues: [R] })).toThrow(RangeError);
    expect(() => drawChallenges({ ...parts, publicValues: [-1n] })).toThrow(RangeError);
    expect(() => drawChallenges({ ...parts, context: new Uint8Array(33) })).toThrow(RangeError);
  });

  it('folds as the equation of D says', () => {
    const { theta, d } = drawChallenges({ ...parts, c1: g1(scalarFrom('transcript', 'c1')).toAffine() });
    expect(d).toBe((theta + 2n * theta ** 2n + (R - 1n) * theta ** 3n) % R);
  });
});

describe('big-endian packing', () => {
  const tensor = (count: number, bytes: number, change: Partial<TensorSchema> = {}): TensorSchema => ({
    name: 't',
    dims: [count],
    visibility: 'public',
    lo: -5,
    hi: 256 ** bytes - 6,
    bytes,
    scale: 1,
    zeroPoint: 0,
    dtype: 'float32',
    ...change,
  });
  const integers = (count: number, bytes: number) =>
    Array.from({ length: count }, (_, i) => ((i * 7919 + 13) % 256 ** bytes) - 5);
  const bytesOf = (values: readonly number[], bytes: number) =>
    values.flatMap((q) => Array.from({ length: bytes }, (_, i) => Math.floor((q + 5) / 256 ** (bytes - 1 - i)) % 256));

  it('puts the first digit into the highest of the bytes that are there', () => {
    expect(pack(tensor(3, 1), [-4, -3, -2], 'big')).toEqual([0x010203n]);
    expect(pack(tensor(2, 2), [-4, 253], 'big')).toEqual([0x00010102n]);
    expect(pack(tensor(3, 1), [-4, -3, -2])).toEqual([0x030201n]);
    const [full, rest] = pack(tensor(32, 1), integers(32, 1), 'big') as [bigint, bigint];
    expect(full >> 240n).toBe(BigInt(integers(32, 1)[0]! + 5));
    expect(rest).toBe(BigInt(integers(32, 1)[31]! + 5));
  });

  it.each([
    [1, 1],
    [31, 1],
    [33, 1],
    [15, 2],
    [17, 2],
    [23, 3],
    [9, 6],
  ])('%i digits of %i bytes: read back, and their bytes are the values of calldata', (count, bytes) => {
    const schema = tensor(count, bytes);
    const values = integers(count, bytes);
    const signals = pack(schema, values, 'big');
    expect([...unpack(schema, signals, 'big')!]).toEqual(values);
    const both = { outputs: [schema], inputs: [{ ...schema, name: 'u' }] };
    const concatenated = publicBytes(both, [...signals, ...signals]);
    expect([...concatenated]).toEqual([...bytesOf(values, bytes), ...bytesOf(values, bytes)]);
    expect(elementsFromBytes(both, concatenated)).toEqual([...signals, ...signals]);
  });

  it('has one spelling', () => {
    const schema = tensor(3, 1, { hi: 10 });
    expect(unpack(schema, [0x010203n + (1n << 24n)], 'big')).toBeUndefined();
    expect(unpack(schema, [0x100203n], 'big')).toBeUndefined();
    expect(unpack(schema, [0x010203n, 0n], 'big')).toBeUndefined();
    expect([...unpack(schema, [0x0f0203n], 'big')!]).toEqual([10, -3, -2]);
    expect(() => pack(schema, [11, 0, 0], 'big')).toThrow(RangeError);
    expect(() => pack(schema, [0.5, 0, 0], 'big')).toThrow(RangeError);
  });

  it('leaves private tensors out and gives commitments a word', () => {
    const schema = {
      outputs: [tensor(33, 1), tensor(4, 2, { name: 'hidden', visibility: 'private' })],
      inputs: [tensor(99, 1, { name: 'hash', visibility: 'committed' })],
    };
    expect(signalWidths(schema)).toEqual([31, 2, 32]);
    const bytes = publicBytes(schema, [1n, 2n, R - 1n]);
    expect(bytes.length).toBe(65);
    expect(elementsFromBytes(schema, bytes)).toEqual([1n, 2n, R - 1n]);
    for (const signals of [
      [1n, 2n],
      [1n, 65536n, 3n],
      [-1n, 2n, 3n],
      [1n, 2n, 3n, 4n],
    ]) {
      // prettier-ignore
      expect(() => publicBytes(schema, signals)).toThrow(RangeError);
    }
    expect(() => elementsFromBytes(schema, bytes.subarray(1))).toThrow(RangeError);
  });
});
