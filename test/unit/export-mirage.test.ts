import { bn254 } from '@noble/curves/bn254.js';
import { describe, expect, it } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import { exportSolidity, solidityCalldata } from '../../src/export/solidity.js';
import type { MirageKey, SetupKind } from '../../src/verify/key.js';
import { makeFixture } from '../fixtures/proofs/classifier.js';
import { sealed } from '../fixtures/proofs/sealed.js';
import { g2Text } from '../fixtures/proofs/mirage-reference.js';
import { smallMirageSet } from '../fixtures/proofs/mirage-vectors.js';
import { SMALL_PIXELS, smallModel } from '../fixtures/proofs/sets.js';

const { pair, fixture, list } = smallMirageSet();
const { key } = pair;
const groth16 = makeFixture(smallModel(), SMALL_PIXELS, 'first key', 'development');
const G2 = bn254.G2.Point;

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ZkonnxError) return error.code;
    throw error;
  }
  return 'none';
}

/** The key with other points or another setup, its digest made anew. */
function resealed(points: Partial<MirageKey>, setup: SetupKind = 'development'): object {
  return sealed(key, points, { setup });
}

describe('the Solidity export of a mirage key', () => {
  it('refuses keys no ceremony made, unless told otherwise, and says so in the contract', () => {
    expect(codeOf(() => exportSolidity(key))).toBe('DEV_KEY');
    expect(codeOf(() => exportSolidity(resealed({}, 'unknown')))).toBe('DEV_KEY');
    expect(codeOf(() => exportSolidity(resealed({}, 'ceremony' as SetupKind), { allowDevelopmentKey: true }))).toBe(
      'KEY_INVALID',
    );
    const { source } = exportSolidity(key, { allowDevelopmentKey: true, name: 'Digits' });
    expect(source).toContain('contract Digits {');
    expect(source).toContain('DEVELOPMENT KEY');
    expect(source).toContain('SETUP = "development"');
    expect(source).toContain(`SCHEMA_DIGEST = ${key.zkonnx.schemaDigest};`);
    const unknown = exportSolidity(resealed({}, 'unknown'), { allowDevelopmentKey: true }).source;
    expect(unknown).toContain('KEY OF UNKNOWN ORIGIN');
    expect(unknown).toContain('SETUP = "unknown"');
  });

  const elsewhere = G2.BASE.multiply(12345n);
  const generator = G2.BASE;
  it.each([
    ['vk_delta1_2', generator],
    ['vk_delta2_2', generator],
    ['vk_delta1_2', generator.negate()],
    ['vk_delta2_2', generator.negate()],
  ] as const)(
    'refuses %s of the generator up to sign, even where gamma differs and whatever is allowed',
    (field, point) => {
      const uncontributed = resealed({ vk_gamma_2: g2Text(elsewhere), [field]: g2Text(point) });
      expect(codeOf(() => exportSolidity(uncontributed))).toBe('KEY_INVALID');
      expect(codeOf(() => exportSolidity(uncontributed, { allowDevelopmentKey: true }))).toBe('KEY_INVALID');
      // Only for that point: the same key with its own deltas is exported.
      expect(
        codeOf(() => exportSolidity(resealed({ vk_gamma_2: g2Text(elsewhere) }), { allowDevelopmentKey: true })),
      ).toBe('none');
    },
  );

  const fields = ['vk_beta_2', 'vk_gamma_2', 'vk_delta1_2', 'vk_delta2_2'] as const;
  const pairs = fields.flatMap((left, i) => fields.slice(i + 1).map((right) => [left, right] as const));
  it.each(pairs)('refuses %s = ± %s', (left, right) => {
    for (const point of [elsewhere, elsewhere.negate()]) {
      const twins = resealed({ [left]: g2Text(elsewhere), [right]: g2Text(point) });
      expect(codeOf(() => exportSolidity(twins, { allowDevelopmentKey: true }))).toBe('KEY_INVALID');
    }
  });
});

describe('the calldata of a mirage proof', () => {
  it('is words, bytes of the public values and context', () => {
    const call = solidityCalldata(JSON.stringify(fixture.file), JSON.stringify(key));
    const { proof, values, context } = list[0]!;
    expect(call).toMatchObject({
      protocol: 'mirage',
      proof,
      values: `0x${Buffer.from(values).toString('hex')}`,
      context: `0x${Buffer.from(context).toString('hex')}`,
    });
    const empty = solidityCalldata({ ...fixture.file, context: '0x' }, key);
    expect(empty).toMatchObject({ context: '0x' });
  });

  it('needs the key of the same protocol', () => {
    expect(codeOf(() => solidityCalldata(fixture.file))).toBe('USAGE');
    expect(codeOf(() => solidityCalldata(fixture.file, groth16.key))).toBe('USAGE');
    expect(codeOf(() => solidityCalldata(groth16.proof, key))).toBe('USAGE');
    expect(codeOf(() => solidityCalldata(fixture.file, { ...key, nPublic: 7 }))).toBe('KEY_INVALID');
    expect(solidityCalldata(groth16.proof, groth16.key)).toEqual(solidityCalldata(groth16.proof));
  });

  it('does not exist for numbers that are none, too many or too wide', () => {
    const { publicSignals } = fixture.file;
    const wide = publicSignals.with(0, String(2n ** 16n));
    for (const change of [
      { publicSignals: publicSignals.slice(1) },
      { publicSignals: publicSignals.with(0, '-1') },
      { publicSignals: wide },
      { context: '0xA0' },
      { context: `0x${'00'.repeat(33)}` },
      { pi_c2: undefined },
      { valid: true, pi_a: [] },
    ]) {
      expect(codeOf(() => solidityCalldata({ ...fixture.file, ...change }, key))).toBe('INPUT_FORMAT');
    }
    expect(codeOf(() => solidityCalldata('{', key))).toBe('INPUT_FORMAT');
  });
});
