import { bn254 } from '@noble/curves/bn254.js';
import { describe, expect, it } from 'vitest';
import { prepareKeyOn, verifierKernels } from '../../src/prove/engine/kernel-verifier.js';
import { exportSolidity, solidityCalldata } from '../../src/export/solidity.js';
import { makeProof, makeVerificationKey, verify, ZkonnxError } from '../../src/verify/index.js';
import type { VerificationKey } from '../../src/verify/index.js';
import type { TensorSchema } from '../../src/verify/statement.js';
import { makeFixture } from '../fixtures/proofs/classifier.js';
import { sealed } from '../fixtures/proofs/sealed.js';
import { SMALL_PIXELS, smallModel, smallSet } from '../fixtures/proofs/sets.js';
import { g2Json, makeKey, scalarFrom, trapdoorFrom } from '../fixtures/proofs/trapdoor.js';

const model = smallModel();
const { key, proof } = makeFixture(model, SMALL_PIXELS, 'first key', 'development');

/** A key with a digest that fits, whatever else was done to it. */
const resealed = (change: object, facts: object = {}): VerificationKey => sealed(key, change, facts);
const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof ZkonnxError ? error.code : error;
  }
  return 'no error';
};
const output = (change: Partial<Record<keyof TensorSchema, unknown>>) => {
  const { schema } = key.zkonnx;
  return { schema: { ...schema, outputs: [{ ...schema.outputs[0], ...change }] } };
};
const stray = smallSet()
  .list.find((vector) => vector.reason === 'POINT_NOT_IN_SUBGROUP')!
  .proof.map(String);
const strayJson = [
  [stray[3], stray[2]],
  [stray[5], stray[4]],
  ['1', '0'],
];

const kernels = await verifierKernels();

describe('an unusable key is an error', () => {
  it.each([
    ['not JSON', '{'],
    ['not an object', '[]'],
    ['no zkonnx block', { ...key, zkonnx: undefined }],
    ['an unknown field', { ...key, comment: '' }],
    ['another version', resealed({}, { formatVersion: 3 })],
    ['the version before, with the fields of this one', resealed({}, { formatVersion: 1 })],
    ['a ceremony that nothing shows', resealed({}, { setup: 'ceremony' })],
    ['a schema digest of another schema', resealed({}, { schemaDigest: `0x${'1'.repeat(64)}` })],
    ['an empty name', resealed({}, { name: '' })],
    ['a card that is no text', resealed({}, { card: 7 })],
    [
      'a schema that does not say what overflows',
      resealed({}, { schema: { ...key.zkonnx.schema, overflow: undefined } }),
    ],
    [
      'a schema of the version before',
      resealed({}, { schema: { outputs: key.zkonnx.schema.outputs, inputs: key.zkonnx.schema.inputs } }),
    ],
    ['scales along no axis', resealed({}, output({ scale: [1, 2], zeroPoint: [0, 0] }))],
    ['one scale along an axis', resealed({}, output({ axis: 1 }))],
    ['fewer scales than the axis is long', resealed({}, output({ axis: 1, scale: [1], zeroPoint: [0] }))],
    ['an axis that is not there', resealed({}, output({ axis: 2, scale: [1, 2], zeroPoint: [0, 0] }))],
    ['another setup', resealed({}, { setup: 'trust me' })],
    ['a short hash', resealed({}, { modelHash: 'sha256:ab' })],
    ['an unknown fact', resealed({}, { note: 1 })],
    ['edited labels', { ...key, zkonnx: { ...key.zkonnx, ...output({ labels: ['right', 'left'] }) } }],
    ['edited scale', { ...key, zkonnx: { ...key.zkonnx, ...output({ scale: 1 }) } }],
    ['another protocol', resealed({ protocol: 'plonk' })],
    ['another curve', resealed({ curve: 'bls12381' })],
    ['a wrong nPublic', resealed({ nPublic: 3 })],
    ['a fractional nPublic', resealed({ nPublic: 1.5 })],
    ['a huge nPublic', resealed({ nPublic: 2 ** 40 })],
    ['a missing IC', resealed({ IC: key.IC.slice(1) })],
    [
      'an IC at infinity: its signal would be bound by nothing',
      resealed({ IC: [...key.IC.slice(0, 2), ['0', '1', '0']] }),
    ],
    ['an IC of zeros', resealed({ IC: [...key.IC.slice(0, 2), ['0', '0', '1']] })],
    ['alpha off the curve', resealed({ vk_alpha_1: ['1', '1', '1'] })],
    ['alpha with a leading zero', resealed({ vk_alpha_1: [`0${key.vk_alpha_1[0]}`, key.vk_alpha_1[1], '1'] })],
    [
      'beta off the twist',
      resealed({
        vk_beta_2: [
          ['1', '1'],
          ['1', '1'],
          ['1', '0'],
        ],
      }),
    ],
    ['delta outside the subgroup', resealed({ vk_delta_2: strayJson })],
    ['delta equal to gamma (forgeable)', resealed({ vk_delta_2: key.vk_gamma_2 })],
    ['delta equal to minus gamma (forgeable)', resealed({ vk_delta_2: g2Json(-1n) })],
    ['beta equal to delta (forgeable)', resealed({ vk_beta_2: key.vk_delta_2 })],
    ['a schema of other signals', resealed({}, output({ visibility: 'private' }))],
    ['a schema with an unknown field', resealed({}, output({ lo: -1020, offset: 1 } as object))],
    ['bytes that do not fit the bounds', resealed({}, output({ bytes: 3 }))],
    ['bounds the wrong way round', resealed({}, output({ lo: 5, hi: 4 }))],
    ['bounds past 2^53', resealed({}, output({ lo: -(2 ** 53), hi: 2 ** 53 }))],
    ['a scale of zero', resealed({}, output({ scale: 0 }))],
    ['labels of another count', resealed({}, output({ labels: ['one'] }))],
    ['a dimension of zero', resealed({}, output({ dims: [1, 0] }))],
    ['a tensor of 2^40 elements', resealed({}, output({ dims: [2 ** 20, 2 ** 20] }))],
    ['a reader along no axis', resealed({}, output({ reader: { apply: 'softmax', axis: 2 } }))],
    ['an unknown reader', resealed({}, output({ reader: { apply: 'eval', axis: 1 } }))],
  ])('%s', (_, value) => {
    expect(codeOf(() => verify(proof, value))).toBe('KEY_INVALID');
    // A prover reads its own key with the kernels' arithmetic: the same verdict.
    expect(codeOf(() => prepareKeyOn(kernels, value))).toBe('KEY_INVALID');
  });

  it('though its derived field is nobody’s business', () => {
    expect(verify(proof, { ...key, vk_alphabeta_12: 'anything' })).toMatchObject({ valid: true });
  });

  it('and no JSON passes for a prepared key', () => {
    const forged = JSON.parse('{"groth16":{"nPublic":0},"facts":{},"prepared":true}') as unknown;
    expect(codeOf(() => verify(proof, forged))).toBe('KEY_INVALID');
  });
});

it('swapped labels make another key, which old proofs are refused under', () => {
  const relabelled = makeVerificationKey(key, {
    ...key.zkonnx,
    ...output({ labels: ['right', 'left'] }),
  } as VerificationKey['zkonnx']);
  expect(relabelled.zkonnx.keyDigest).not.toBe(key.zkonnx.keyDigest);
  expect(verify(proof, relabelled)).toMatchObject({ valid: false, reason: 'KEY_DIGEST_MISMATCH' });
});

it('why delta = gamma is refused: without knowing anything, a proof of any statement follows from such a key', () => {
  const trapdoor = { ...trapdoorFrom('careless'), delta: 1n };
  const careless = makeKey(model.circuit, trapdoor);
  const g1 = ([x, y]: readonly string[]) => bn254.G1.Point.fromAffine({ x: BigInt(x!), y: BigInt(y!) });
  const signals = [12345n, 67890n];
  const statement = signals.reduce(
    (sum, signal, i) => sum.add(g1(careless.IC[i + 1]!).multiply(signal)),
    g1(careless.IC[0]!),
  );
  const forged = statement.negate().toAffine();
  const proofOfAnything = {
    pi_a: careless.vk_alpha_1,
    pi_b: careless.vk_beta_2,
    pi_c: [forged.x.toString(), forged.y.toString(), '1'],
    protocol: 'groth16',
    curve: 'bn128',
  };
  const { pairing, fields } = bn254;
  const { x, y } = { x: careless.vk_beta_2[0]!, y: careless.vk_beta_2[1]! };
  const beta = bn254.G2.Point.fromAffine({
    x: fields.Fp2.fromBigTuple([BigInt(x[0]!), BigInt(x[1]!)]),
    y: fields.Fp2.fromBigTuple([BigInt(y[0]!), BigInt(y[1]!)]),
  });
  const left = pairing(g1(proofOfAnything.pi_a), beta);
  const gamma = bn254.G2.Point.BASE;
  const right = fields.Fp12.mul(
    pairing(g1(careless.vk_alpha_1), beta),
    fields.Fp12.mul(pairing(statement, gamma), pairing(g1(proofOfAnything.pi_c), gamma)),
  );
  expect(fields.Fp12.eql(left, right)).toBe(true);
  expect(codeOf(() => makeVerificationKey(careless, key.zkonnx))).toBe('KEY_INVALID');
});

describe('what a circuit proves must be what its schema says', () => {
  /** An honest proof, read through a schema with narrower bounds than the circuit enforces. */
  const narrow = (change: Partial<TensorSchema>) => {
    const { schema } = key.zkonnx;
    const other = { ...schema, outputs: [{ ...schema.outputs[0]!, ...change }] };
    const lying = makeVerificationKey(key, { ...key.zkonnx, schema: other });
    return verify(makeProof(proof, proof.publicSignals, lying.zkonnx), lying);
  };

  it('signals that are no packing within the bounds are refused', () => {
    expect(narrow({ lo: -1020, hi: 0 })).toMatchObject({ valid: false, reason: 'PACKING_INVALID' });
  });

  it('a softmax left to the reader is applied, and compared as reals', () => {
    const result = narrow({ reader: { apply: 'softmax', axis: 1 } });
    if (!result.valid) throw new Error(result.message);
    const [left, right] = result.outputs['scores']!.data as [number, number];
    expect(left + right).toBeCloseTo(1, 12);
    expect(Math.log(right / left)).toBeCloseTo(500 / 255, 12);
    const logs = narrow({ reader: { apply: 'logSoftmax', axis: 1 } });
    if (!logs.valid) throw new Error(logs.message);
    expect(logs.outputs['scores']!.data.map(Math.exp)[0]).toBeCloseTo(left, 12);
  });
});

describe('the Solidity export', () => {
  it('refuses keys no ceremony made, unless told otherwise, and says so in the contract', () => {
    expect(codeOf(() => exportSolidity(key))).toBe('DEV_KEY');
    expect(codeOf(() => exportSolidity(resealed({}, { setup: 'unknown' })))).toBe('DEV_KEY');
    const { source } = exportSolidity(key, { allowDevelopmentKey: true, name: 'Digits' });
    expect(source).toContain('contract Digits {');
    expect(source).toContain('DEVELOPMENT KEY');
    const unknown = exportSolidity(resealed({}, { setup: 'unknown' }), { allowDevelopmentKey: true }).source;
    expect(unknown).toContain('KEY OF UNKNOWN ORIGIN');
    expect(codeOf(() => exportSolidity(resealed({}, { setup: 'ceremony' }), { allowDevelopmentKey: true }))).toBe(
      'KEY_INVALID',
    );
  });

  it('refuses a key without a phase 2 contribution even where gamma differs', () => {
    const trapdoor = { ...trapdoorFrom('first key'), gamma: scalarFrom('first key', 'gamma'), delta: 1n };
    const uncontributed = makeVerificationKey(makeKey(model.circuit, trapdoor), { ...key.zkonnx, setup: 'unknown' });
    expect(codeOf(() => exportSolidity(uncontributed, { allowDevelopmentKey: true }))).toBe('KEY_INVALID');
  });

  it.each(['', 'lower', 'Has Space', 'Quote"', `A${'a'.repeat(64)}`])('refuses the contract name %j', (name) => {
    expect(codeOf(() => exportSolidity(key, { allowDevelopmentKey: true, name }))).toBe('USAGE');
  });

  it('puts the imaginary part of pi_b first', () => {
    const { proof: words } = solidityCalldata(proof);
    const [[x0, x1], [y0, y1]] = proof.pi_b as [[string, string], [string, string]];
    expect(words.slice(2, 6).map(String)).toEqual([x1, x0, y1, y0]);
  });

  it('gives no calldata for numbers that are none', () => {
    expect(codeOf(() => solidityCalldata({ ...proof, publicSignals: ['-1', '2'] }))).toBe('INPUT_FORMAT');
    expect(codeOf(() => solidityCalldata('{'))).toBe('INPUT_FORMAT');
  });
});
