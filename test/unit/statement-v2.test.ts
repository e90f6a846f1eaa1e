/** What formatVersion 2 states: clamped, scales along an axis, digests that a contract can compute, and openings. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import fc from 'fast-check';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { poseidonChain } from '../../src/field/poseidon.js';
import {
  elementsFromBytes,
  prepareKey,
  publicBytes,
  schemaDigest,
  verify,
  type Opening,
  type Schema,
  type TensorSchema,
  type VerifyOptions,
} from '../../src/verify/index.js';
import { readSchema } from '../../src/verify/schema.js';
import {
  dequantise,
  pack,
  PACKING_ORDER,
  publicCount,
  quantise,
  signalWidths,
  statementParts,
  unpack,
} from '../../src/verify/statement.js';
import { freeKey } from '../fixtures/proofs/free-statement.js';
import { expectError, scratchFolder, zkonnx, zkonnxJson } from './cli-harness.js';
import { CURVE_PROTOCOLS, type CurveProtocol } from '../../src/verify/key-points.js';
import { errorOf, tensor } from './statement-support.js';

const scratch = await scratchFolder();

const y = tensor('y', { lo: -3, hi: 7 });
const x = tensor('x', { hi: 300, bytes: 2, scale: 0.5 });
const clampedSchema: Schema = { outputs: [y], inputs: [x], overflow: 'saturate', clamped: true };

describe('a schema that says whether a value was clamped', () => {
  it('has one signal more, between outputs and inputs, one byte wide', () => {
    expect(readSchema(clampedSchema, 2)).toBe(clampedSchema);
    expect(statementParts(clampedSchema).map(({ side, tensor: { name } }) => `${side} ${name}`)).toEqual([
      'output y',
      'clamped clamped',
      'input x',
    ]);
    expect(publicCount(clampedSchema)).toEqual({ outputs: 2, inputs: 1 });
    expect(publicCount({ ...clampedSchema, clamped: false })).toEqual({ outputs: 1, inputs: 1 });
    expect(signalWidths(clampedSchema)).toEqual([2, 1, 4]);
    expect(schemaDigest(clampedSchema)).not.toBe(schemaDigest({ ...clampedSchema, clamped: false }));
  });

  it('is packed and read back as bytes of a contract', () => {
    const signals = [...pack(y, [-3, 7], 'big'), 1n, ...pack(x, [1, 300], 'big')];
    const bytes = publicBytes(clampedSchema, signals);
    expect([...bytes]).toEqual([0, 10, 1, 0, 1, 1, 44]);
    expect(elementsFromBytes(clampedSchema, bytes)).toEqual(signals);
    expect(() => publicBytes(clampedSchema, [signals[0]!, 256n, signals[2]!])).toThrow(RangeError);
    expect(() => elementsFromBytes({ ...clampedSchema, clamped: false }, bytes)).toThrow(RangeError);
  });

  it('is no longer a schema of formatVersion 1, and needs both fields', () => {
    expect(errorOf(() => readSchema(clampedSchema, 1)).code).toBe('KEY_INVALID');
    for (const change of [{ clamped: undefined }, { clamped: 1 }, { overflow: 'wrap' }])
      expect(errorOf(() => readSchema({ ...clampedSchema, ...change }, 2)).code).toBe('KEY_INVALID');
  });

  it.each(CURVE_PROTOCOLS)('is verified, and verify says which, %s', (protocol) => {
    const order = PACKING_ORDER[protocol];
    const { key, prove } = freeKey[protocol](clampedSchema);
    const stating = (clamped: bigint) => [...pack(y, [-3, 7], order), clamped, ...pack(x, [1, 300], order)];
    for (const [signal, clamped] of [
      [0n, false],
      [1n, true],
    ] as const) {
      expect(verify(prove(stating(signal)), key)).toMatchObject({
        valid: true,
        clamped,
        outputs: { y: { data: [-3, 7] } },
        inputs: { x: { data: [0.5, 150] } },
      });
    }
    expect(verify(prove(stating(2n)), key)).toMatchObject({ valid: false, reason: 'PACKING_INVALID' });
    expect(verify(prove([...pack(y, [-3, 7], order), 1n, 2n ** 200n]), key)).toMatchObject({
      reason: 'PACKING_INVALID',
    });
    const plain = freeKey[protocol]({ ...clampedSchema, clamped: false });
    const [first, , last] = stating(0n);
    expect(verify(plain.prove([first!, last!]), plain.key)).toMatchObject({ valid: true, clamped: null });
  });

  it('has no expectation of that name: it is no output', () => {
    const { key, prove } = freeKey.groth16(clampedSchema);
    const proof = prove([...pack(y, [0, 0]), 1n, ...pack(x, [0, 0])]);
    expect(errorOf(() => verify(proof, key, { expectOutputs: { clamped: [1] } })).code).toBe('USAGE');
  });
});

describe('scales and zero points along an axis', () => {
  const byColumn = tensor('z', { dims: [2, 3], axis: 1, scale: [0.5, 0.25, 2], zeroPoint: [0, 1, -0.5] });
  const byRow = tensor('z', { dims: [2, 3], axis: 0, scale: [0.5, 0.25], zeroPoint: [0, 128] });
  const inside = tensor('z', { dims: [2, 3, 2], axis: 1, scale: [1, 10, 100], zeroPoint: [0, 0, 0] });

  it('are the column’s own', () => {
    expect(dequantise(byColumn, [0, 1, 2, 3, 4, 5])).toEqual([0, 0, 5, 1.5, 0.75, 11]);
    expect(dequantise(byRow, [0, 1, 2, 128, 129, 132])).toEqual([0, 0.5, 1, 0, 0.25, 1]);
    expect(dequantise(inside, new Array<number>(12).fill(1))).toEqual([1, 1, 10, 10, 100, 100, 1, 1, 10, 10, 100, 100]);
  });

  it.each([
    ['by column', byColumn],
    ['by row', byRow],
    ['in the middle', inside],
  ])('quantise undoes dequantise, %s', (_, one) => {
    const count = one.dims.reduce((product, dim) => product * dim, 1);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 255 }), { minLength: count, maxLength: count }), (integers) => {
        expect(quantise(one, dequantise(one, integers))).toEqual(integers);
        expect([...unpack(one, pack(one, integers))!]).toEqual(integers);
      }),
    );
  });

  it.each(CURVE_PROTOCOLS)('verify shows the reals and compares with them, %s', (protocol) => {
    const order = PACKING_ORDER[protocol];
    const schema: Schema = { outputs: [byColumn], inputs: [x], overflow: 'never', clamped: false };
    const { key, prove } = freeKey[protocol](schema);
    const proof = prove([...pack(byColumn, [0, 1, 2, 3, 4, 5], order), ...pack(x, [1, 2], order)]);
    const reals = [0, 0, 5, 1.5, 0.75, 11];
    expect(verify(proof, key)).toMatchObject({ valid: true, outputs: { z: { dims: [2, 3], data: reals } } });
    expect(verify(proof, key, { expectOutputs: { z: reals } })).toMatchObject({ valid: true });
    // A quarter is a whole step of the second column, and half of one of the first.
    const other = reals.with(1, 0.25);
    expect(verify(proof, key, { expectOutputs: { z: other } })).toMatchObject({
      valid: false,
      reason: 'OUTPUT_MISMATCH',
    });
    expect(verify(proof, key, { expectOutputs: { z: reals.with(0, 0.1) } })).toMatchObject({ valid: true });
  });
});

type Pair = readonly [string, string];
type Twist = readonly [Pair, Pair, Pair];

/** Fields of δ, or δ1 and δ2. */
const DELTAS: { readonly [P in CurveProtocol]: readonly string[] } = {
  groth16: ['vk_delta_2'],
  mirage: ['vk_delta1_2', 'vk_delta2_2'],
};

describe('the digest of a key', () => {
  const labels = { name: 'net', version: '2', card: 'https://example.org/net' };

  it.each(CURVE_PROTOCOLS)('is what a contract computes: keccak256(points ‖ keccak256(facts)), %s', (protocol) => {
    const { key } = freeKey[protocol](clampedSchema, 'digest', labels);
    const word = (decimal: string) => Buffer.from(BigInt(decimal).toString(16).padStart(64, '0'), 'hex');
    const g1 = ([px, py]: readonly string[]) => [word(px!), word(py!)];
    const g2 = ([[x0, x1], [y0, y1]]: Twist) => [x1, x0, y1, y0].map(word);
    const points = key as unknown as Record<string, readonly string[] & Twist & readonly (readonly string[])[]>;
    const words = [
      ...g1(points['vk_alpha_1']!),
      ...['vk_beta_2', 'vk_gamma_2', ...DELTAS[protocol]].flatMap((field) => g2(points[field]!)),
      ...points['IC']!.flatMap(g1),
    ];
    const { keyDigest, ...facts } = key.zkonnx;
    const said = { protocol: key.protocol, curve: key.curve, nPublic: key.nPublic, zkonnx: facts };
    const facts32 = keccak_256(Buffer.from(`zkonnx key v2\n${JSON.stringify(sorted(said))}`));
    expect(keyDigest).toBe(`0x${Buffer.from(keccak_256(Buffer.concat([...words, facts32]))).toString('hex')}`);
  });

  it.each(CURVE_PROTOCOLS)('is another with another name, version, card, schema or point, %s', (protocol) => {
    const of = (schema: Schema, seed: string, about: object) =>
      freeKey[protocol](schema, seed, about).key.zkonnx.keyDigest;
    const digests = [
      of(clampedSchema, 'digest', labels),
      of(clampedSchema, 'digest', { ...labels, name: 'other' }),
      of(clampedSchema, 'digest', { ...labels, version: '3' }),
      of(clampedSchema, 'digest', { ...labels, card: 'sha256:…' }),
      of(clampedSchema, 'digest', {}),
      of(clampedSchema, 'another setup', labels),
      of({ ...clampedSchema, inputs: [{ ...x, scale: 1 }] }, 'digest', labels),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('and verify shows what the publisher says', () => {
    const { key, prove } = freeKey.mirage(clampedSchema, 'digest', labels);
    const proof = prove([...pack(y, [0, 0], 'big'), 0n, ...pack(x, [0, 0], 'big')]);
    expect(verify(proof, key)).toMatchObject({ valid: true, model: labels, boundTo: 'key' });
  });
});

/** Fields in the order of their names, all the way down: JSON.stringify then writes RFC 8785's text of what is here. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, sorted(field)]));
}

describe.each(CURVE_PROTOCOLS)('an opening, %s', (protocol) => {
  const order = PACKING_ORDER[protocol];
  const secret = tensor('x', { hi: 300, bytes: 2, scale: 0.5, visibility: 'committed' });
  const hidden = tensor('h', { dims: [1], lo: -1000, hi: 1000, bytes: 2, visibility: 'committed' });
  const schema: Schema = { outputs: [y, hidden], inputs: [secret], overflow: 'saturate', clamped: false };
  const salts = { x: '1234567890123456789012345678901234567890', h: '98765432109876543210' };
  const values = { x: [271, 88], h: [-777] };
  const commit = (one: TensorSchema, integers: readonly number[], salt: string) =>
    poseidonChain([...pack(one, integers, order), BigInt(salt)]);
  const { key, prove } = freeKey[protocol](schema);
  const prepared = prepareKey(key);
  const signals = [...pack(y, [-3, 7], order), commit(hidden, values.h, salts.h), commit(secret, values.x, salts.x)];
  const proof = prove(signals);
  const opening: Opening = { formatVersion: 1, keyDigest: key.zkonnx.keyDigest, salts, values };
  /** What no message may hold: integers, reals and salts. */
  const secrets = [...Object.values(salts), '271', '88', '777', '135.5'];
  const expectSilent = (text: string) => {
    for (const one of secrets) expect(text).not.toContain(one);
  };
  const reasonOf = (options: VerifyOptions) => {
    const result = verify(proof, prepared, options);
    if (result.valid) return 'VALID';
    expectSilent(JSON.stringify(result));
    return result.reason;
  };

  it('shows what was committed to, and nothing of the salts', () => {
    const result = verify(proof, prepared, { opening });
    expect(result).toMatchObject({
      valid: true,
      committed: { h: String(signals[1]), x: String(signals[2]) },
      opened: { h: { dims: [1], data: [-777] }, x: { dims: [2], data: [135.5, 44] } },
      inputs: {},
    });
    expect(JSON.stringify(result)).not.toContain(salts.x);
    expect(verify(proof, prepared, { opening: JSON.stringify(opening) })).toEqual(result);
    expect(verify(proof, prepared)).not.toHaveProperty('opened');
  });

  it.each<[string, Partial<Opening>]>([
    ['another salt', { salts: { ...salts, x: '1' } }],
    ['another value', { values: { ...values, x: [271, 89] } }],
    ['values in another order', { values: { ...values, x: [88, 271] } }],
    ['a value outside the bounds', { values: { ...values, h: [2000] } }],
    ['another key', { keyDigest: `0x${'1'.repeat(64)}` }],
  ])('with %s opens nothing', (_, change) => {
    expect(reasonOf({ opening: { ...opening, ...change } })).toBe('OPENING_MISMATCH');
  });

  it('of another key of the same schema opens nothing', () => {
    const other = freeKey[protocol](schema, 'another setup');
    expect(verify(other.prove(signals), other.key, { opening })).toMatchObject({ reason: 'OPENING_MISMATCH' });
  });

  it.each<[string, unknown]>([
    ['no JSON', `{"salts": {"x": "${salts.x}"`],
    ['a list', [salts.x]],
    ['null', null],
    ['another version', { ...opening, formatVersion: 2 }],
    ['a field more', { ...opening, note: salts.x }],
    ['no key digest', { ...opening, keyDigest: undefined }],
    ['no salts', { ...opening, salts: undefined }],
    ['a salt missing', { ...opening, salts: { x: salts.x } }],
    ['a salt more', { ...opening, salts: { ...salts, y: '5' } }],
    ['a salt with a leading zero', { ...opening, salts: { ...salts, x: `0${salts.x}` } }],
    ['a salt that is a number', { ...opening, salts: { ...salts, h: 98765432109 } }],
    ['a salt beyond r', { ...opening, salts: { ...salts, x: salts.x.repeat(3) } }],
    ['values missing', { ...opening, values: { x: values.x } }],
    ['a value missing', { ...opening, values: { ...values, x: [271] } }],
    ['a value more', { ...opening, values: { ...values, x: [271, 88, 0] } }],
    ['a fraction', { ...opening, values: { ...values, x: [271, 88.5] } }],
    ['a text for a value', { ...opening, values: { ...values, x: ['271', 88] } }],
    ['values of a public tensor', { ...opening, values: { ...values, y: [-3, 7] } }],
    ['values that are inherited', { ...opening, values: Object.create(values) as object }],
  ])('that is %s is an error that shows nothing', (_, malformed) => {
    const error = errorOf(() => verify(proof, prepared, { opening: malformed }));
    expect(error).toMatchObject({ code: 'INPUT_FORMAT', exitCode: 2 });
    expectSilent(`${error.message} ${JSON.stringify(error.details)}`);
  });

  it('of a key that commits to nothing is the caller’s mistake', () => {
    const open = freeKey[protocol]({ outputs: [y], inputs: [x], overflow: 'never', clamped: false });
    const plain = open.prove([...pack(y, [0, 0], order), ...pack(x, [0, 0], order)]);
    expect(errorOf(() => verify(plain, open.key, { opening })).code).toBe('USAGE');
  });

  it('lets committed tensors be expected', () => {
    expect(reasonOf({ opening, expectInputs: { x: [135.5, 44] }, expectOutputs: { h: [-777] } })).toBe('VALID');
    expect(reasonOf({ opening, expectInputs: { x: [135.5, 43] } })).toBe('INPUT_MISMATCH');
    expect(reasonOf({ opening, expectOutputs: { h: [0], y: [-3, 7] } })).toBe('OUTPUT_MISMATCH');
    expect(errorOf(() => verify(proof, prepared, { expectInputs: { x: [135.5, 44] } })).code).toBe('USAGE');
  });

  it('is refused where the proof is, whatever it opens', () => {
    const forged = { ...proof, publicSignals: proof.publicSignals.with(0, '0') };
    expect(verify(forged, prepared, { opening })).toMatchObject({ valid: false, reason: 'PAIRING_FAILED' });
  });

  it('on the command line: open, and verify --opening with expectations', async () => {
    const folder = path.join(scratch, protocol);
    await mkdir(folder);
    const file = async (name: string, content: unknown) => {
      await writeFile(path.join(folder, name), JSON.stringify(content));
      return path.join(folder, name);
    };
    const proofFile = await file('proof.json', proof);
    const keyFile = await file('verification_key.json', key);
    const openingFile = await file('proof.opening.json', opening);
    const wrong = await file('wrong.opening.json', { ...opening, salts: { ...salts, x: '7' } });
    const broken = await file('broken.opening.json', { ...opening, values: { x: [271] } });
    const met = await file('met.json', { x: [135.5, 44] });
    const missed = await file('missed.json', { x: [0, 44] });

    const opened = await zkonnx(['open', proofFile, '--opening', openingFile]);
    expect(opened).toMatchObject({ code: 0, stderr: '' });
    expect(opened.stdout).toContain('OPENED');
    expect(opened.stdout).toContain('x [2]: 135.5, 44');
    expect(opened.stdout).toContain('DEVELOPMENT KEY');
    expect(opened.stdout).not.toContain(salts.x);
    const openedJson = await zkonnxJson(['open', proofFile, '--opening', openingFile, '--key', keyFile]);
    expect(openedJson).toMatchObject({ code: 0, json: { valid: true, opened: { x: { data: [135.5, 44] } } } });
    for (const command of [
      ['open', proofFile],
      ['verify', proofFile, '--key', keyFile],
    ]) {
      const refused = await zkonnxJson([...command, '--opening', wrong]);
      expect(refused).toMatchObject({ code: 1, json: { valid: false, reason: 'OPENING_MISMATCH' } });
      expectSilent(JSON.stringify(await expectError([...command, '--opening', broken], 'INPUT_FORMAT')));
    }
    const verifying = ['verify', proofFile, '--key', keyFile];
    const expecting = (...flags: string[]) => zkonnxJson([...verifying, ...flags]);
    expect(await expecting('--opening', openingFile, '--expect-input', met)).toMatchObject({ code: 0 });
    const refused = await expecting('--opening', openingFile, '--expect-input', missed);
    expect(refused).toMatchObject({ code: 1, json: { reason: 'INPUT_MISMATCH' } });
    expectSilent(JSON.stringify(refused.json));
    await expectError([...verifying, '--expect-input', met], 'USAGE');
    await expectError(['open', proofFile, '--opening', path.join(folder, 'none.json')], 'FILE_UNREADABLE');
    expect(await zkonnx(['open', proofFile])).toMatchObject({ code: 2, stdout: '' });
  });
});
