/** Whether a value was clamped: what verify says, and what a caller may require of it. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  prepareKey,
  verify,
  verifyBatch,
  type Overflow,
  type Schema,
  type VerifyOptions,
} from '../../src/verify/index.js';
import { clampedWord } from '../../src/verify/clamped.js';
import { OVERFLOWS, pack, PACKING_ORDER } from '../../src/verify/statement.js';
import { freeKey } from '../fixtures/proofs/free-statement.js';
import { expectError, PROOFS, scratchFolder, zkonnx, zkonnxJson } from './cli-harness.js';
import { CURVE_PROTOCOLS, type CurveProtocol } from '../../src/verify/key-points.js';
import { errorOf, tensor } from './statement-support.js';

const scratch = await scratchFolder();

const schemaOf = (overflow: Overflow, clamped: boolean): Schema => ({
  outputs: [tensor('y')],
  inputs: [tensor('x')],
  overflow,
  clamped,
});

/** A key of that schema, and a proof that states the bit, where the schema has one. */
function made(protocol: CurveProtocol, overflow: Overflow, bit?: 0n | 1n) {
  const { key, prove } = freeKey[protocol](schemaOf(overflow, bit !== undefined));
  const order = PACKING_ORDER[protocol];
  const bits = bit === undefined ? [] : [bit];
  const proof = prove([...pack(tensor('y'), [3, 4], order), ...bits, ...pack(tensor('x'), [1, 2], order)]);
  return { key, proof, digest: key.zkonnx.keyDigest };
}

const unclamped: VerifyOptions = { expectUnclamped: true };

describe('the word of statement and key', () => {
  it('is the bit where there is one, whatever the key says; else the key’s', () => {
    const words = [true, false, null].map((bit) => [...OVERFLOWS, null].map((overflow) => clampedWord(bit, overflow)));
    expect(words).toEqual([
      ['yes', 'yes', 'yes', 'yes'],
      ['no', 'no', 'no', 'no'],
      ['unsaid', 'rejected', 'excluded', 'unsaid'],
    ]);
  });
});

describe.each(CURVE_PROTOCOLS)('expectUnclamped, %s', (protocol) => {
  it('holds for bit 0, and is CLAMPED for bit 1, which is valid otherwise', () => {
    for (const overflow of OVERFLOWS) {
      const none = made(protocol, overflow, 0n);
      expect(verify(none.proof, none.key, unclamped)).toMatchObject({ valid: true, clamped: false, overflow });
      const some = made(protocol, overflow, 1n);
      expect(verify(some.proof, some.key, unclamped)).toMatchObject({ valid: false, reason: 'CLAMPED' });
      expect(verify(some.proof, some.key)).toMatchObject({ valid: true, clamped: true, overflow });
      expect(verify(some.proof, some.key, { expectUnclamped: false })).toMatchObject({ valid: true });
    }
  });

  it('is CLAMPED_UNSAID, saying what to do, for a saturating key without the bit, pinned or not', () => {
    const { key, proof, digest } = made(protocol, 'saturate');
    for (const options of [unclamped, { ...unclamped, expectKey: digest }]) {
      const refused = verify(proof, key, options);
      expect(refused).toMatchObject({ valid: false, reason: 'CLAMPED_UNSAID' });
      expect(refused.valid ? '' : refused.message).toMatch(/saturate.*compile the model again and run setup/i);
    }
    expect(verify(proof, key)).toMatchObject({ valid: true, clamped: null, overflow: 'saturate' });
  });

  it.each(['reject', 'never'] as const)(
    'takes the word of a key of overflow %s only where that key is pinned',
    (overflow) => {
      const { key, proof, digest } = made(protocol, overflow);
      expect(verify(proof, key, { ...unclamped, expectKey: digest })).toMatchObject({
        valid: true,
        clamped: null,
        overflow,
      });
      const upper = `0x${digest.slice(2).toUpperCase()}`;
      expect(verify(proof, key, { ...unclamped, expectKey: upper })).toMatchObject({ valid: true });
      for (const other of [{}, { expectSchema: key.zkonnx.schemaDigest }, { expectModel: key.zkonnx.modelHash }]) {
        const error = errorOf(() => verify(proof, key, { ...unclamped, ...other }));
        expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
        expect(error.message).toMatch(/word of this key alone/);
        expect(error.message).toContain('--expect-key');
        expect(errorOf(() => verifyBatch([proof], key, { ...unclamped, ...other })).code).toBe('USAGE');
      }
    },
  );

  it('is asked of every proof of a batch', () => {
    const { key, prove } = freeKey[protocol](schemaOf('saturate', true));
    const order = PACKING_ORDER[protocol];
    const stating = (bit: bigint) =>
      prove([...pack(tensor('y'), [3, 4], order), bit, ...pack(tensor('x'), [1, 2], order)]);
    const proofs = [stating(0n), stating(1n), stating(2n), stating(0n)];
    const verdicts = verifyBatch(proofs, prepareKey(key), unclamped).map((result) =>
      result.valid ? 'VALID' : result.reason,
    );
    expect(verdicts).toEqual(['VALID', 'CLAMPED', 'PACKING_INVALID', 'VALID']);
    const old = made(protocol, 'saturate');
    expect(verifyBatch([old.proof], old.key, unclamped)).toMatchObject([{ reason: 'CLAMPED_UNSAID' }]);
  });

  it('finds the bit bound: flipped after the proof it has none', () => {
    for (const [bit, other] of [
      [0n, '1'],
      [1n, '0'],
    ] as const) {
      const { key, proof } = made(protocol, 'saturate', bit);
      const flipped = { ...proof, publicSignals: proof.publicSignals.with(1, other) };
      expect(verify(flipped, key)).toMatchObject({ valid: false, reason: 'PAIRING_FAILED' });
      expect(verify(flipped, key, unclamped)).toMatchObject({ valid: false, reason: 'PAIRING_FAILED' });
    }
  });

  it('must be true or false', () => {
    const { key, proof } = made(protocol, 'saturate', 0n);
    for (const expectUnclamped of [1, 'false', null])
      expect(errorOf(() => verify(proof, key, { expectUnclamped } as unknown as VerifyOptions)).code).toBe('USAGE');
  });
});

describe('expectKey', () => {
  const { key, proof, digest } = made('mirage', 'saturate', 0n);

  it('refuses every other key, and must be a digest', () => {
    expect(verify(proof, key, { expectKey: digest })).toMatchObject({ valid: true });
    const other = `0x${'1'.repeat(64)}`;
    expect(verify(proof, key, { expectKey: other })).toMatchObject({ valid: false, reason: 'KEY_DIGEST_MISMATCH' });
    for (const expectKey of ['', digest.slice(2), digest.slice(0, -1), `${digest}0`])
      expect(errorOf(() => verify(proof, key, { expectKey })).code).toBe('USAGE');
  });
});

describe('on the command line', () => {
  async function files(name: string, { key, proof }: { readonly key: object; readonly proof: object }) {
    const folder = path.join(scratch, name);
    await mkdir(folder);
    await writeFile(path.join(folder, 'proof.json'), JSON.stringify(proof));
    await writeFile(path.join(folder, 'verification_key.json'), JSON.stringify(key));
    return {
      folder,
      command: ['verify', path.join(folder, 'proof.json'), '--key', path.join(folder, 'verification_key.json')],
    };
  }

  it.each([
    ['saturate', 0n, 'no value left its calibrated range', false],
    ['saturate', 1n, 'YES: a value left its calibrated range', true],
    ['saturate', undefined, 'not said', null],
    ['reject', undefined, 'overflow reject', null],
    ['never', undefined, 'overflow never', null],
  ] as const)('verify says so in words and in JSON: overflow %s, bit %s', async (overflow, bit, words, clamped) => {
    const { command } = await files(`words ${overflow} ${bit}`, made('mirage', overflow, bit));
    const { stdout, code } = await zkonnx(command);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`clamped +.*${words}`));
    expect(await zkonnxJson(command)).toMatchObject({ code: 0, json: { valid: true, clamped, overflow } });
  });

  it('--expect-unclamped: exit 0, 1 and 2', async () => {
    const none = await files('none', made('groth16', 'saturate', 0n));
    expect((await zkonnx([...none.command, '--expect-unclamped'])).code).toBe(0);
    const some = await files('some', made('groth16', 'saturate', 1n));
    expect(await zkonnxJson([...some.command, '--expect-unclamped'])).toMatchObject({
      code: 1,
      json: { reason: 'CLAMPED' },
    });
    const never = made('groth16', 'never');
    const { command } = await files('never', never);
    const error = await expectError([...command, '--expect-unclamped'], 'USAGE');
    expect(error['help']).toContain('--expect-key');
    expect((await zkonnx([...command, '--expect-unclamped', '--expect-key', never.digest])).code).toBe(0);
    const other = [...command, '--expect-unclamped', '--expect-key', `0x${'2'.repeat(64)}`];
    expect(await zkonnxJson(other)).toMatchObject({ code: 1, json: { reason: 'KEY_DIGEST_MISMATCH' } });
  });

  it('refuses keys of before, which do not say', async () => {
    for (const old of [path.join(PROOFS, 'classifier'), path.join(PROOFS, '../v2/mirage')]) {
      const command = ['verify', path.join(old, 'proof.json'), '--key', path.join(old, 'verification_key.json')];
      expect(await zkonnxJson([...command, '--expect-unclamped'])).toMatchObject({
        code: 1,
        json: { valid: false, reason: 'CLAMPED_UNSAID' },
      });
      expect((await zkonnx(command)).stdout).toMatch(/clamped +not said/);
    }
  });

  it('--batch counts the clamped ones, and refuses them where asked', async () => {
    const { key, prove } = freeKey.mirage(schemaOf('saturate', true));
    const stating = (bit: bigint) =>
      prove([...pack(tensor('y'), [3, 4], 'big'), bit, ...pack(tensor('x'), [1, 2], 'big')]);
    const { folder } = await files('batch', { key, proof: stating(1n) });
    await writeFile(path.join(folder, 'second.json'), JSON.stringify(stating(0n)));
    const command = ['verify', folder, '--batch', '--key', path.join(folder, 'verification_key.json')];
    const { stdout, code } = await zkonnx(command);
    expect(code).toBe(0);
    expect(stdout).toMatch(/valid {4}.*proof\.json.*CLAMPED/);
    expect(stdout).toContain('1 of them CLAMPED');
    const refused = await zkonnxJson([...command, '--expect-unclamped']);
    expect(refused).toMatchObject({ code: 1, json: { valid: false, count: 2, refused: 1 } });
  });

  it('an expectation that ezkl’s proofs cannot meet is an error, not a pass', async () => {
    const ezkl = [
      'verify',
      'proof.json',
      '--backend',
      'ezkl',
      '--key',
      'vk.key',
      '--settings',
      's.json',
      '--srs',
      'k.srs',
    ];
    for (const flags of [
      ['--expect-unclamped'],
      ['--expect-key', `0x${'1'.repeat(64)}`],
      ['--expect-schema', `0x${'1'.repeat(64)}`],
      ['--expect-context', '0x01'],
    ])
      await expectError([...ezkl, ...flags], 'USAGE');
  });
});
