/** A command replaces what it wrote before, and nothing else unasked. */
import { link, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isOfKind } from '../../src/cli/output-kinds.js';
import { PROOFS, expectError, scratchFolder, zkonnx } from './cli-harness.js';

const folder = await scratchFolder();
const at = (name: string) => path.join(folder, name);
const KEY = path.join(PROOFS, 'classifier/verification_key.json');
const MODEL = path.resolve('test/fixtures/models/iris-mlp-deepprove/model.onnx');
const CALIBRATION = path.resolve('test/fixtures/models/iris-mlp-deepprove/calibration.json');

describe('a file at the output', () => {
  it('of the same kind is replaced, an empty one too', async () => {
    for (const [form, name, more] of [
      ['solidity', 'V.sol', ['--allow-development-key']],
      ['page', 'v.html', []],
    ] as const) {
      const args = ['export', form, KEY, '-o', at(name), ...more];
      await writeFile(at(name), '');
      for (let i = 0; i < 2; i++) expect(await zkonnx(args)).toMatchObject({ code: 0 });
    }
    for (let i = 0; i < 2; i++)
      expect(await zkonnx(['export', 'verifier', '-o', at('v.mjs')])).toMatchObject({ code: 0 });
  });

  it('of another kind is not, but with --force', async () => {
    const key = await readFile(KEY);
    await writeFile(at('key.json'), key);
    for (const args of [
      ['export', 'page', KEY, '-o', at('key.json')],
      ['export', 'verifier', '-o', at('key.json')],
      ['export', 'solidity', KEY, '-o', at('key.json'), '--allow-development-key'],
    ]) {
      const error = await expectError(args, 'USAGE');
      expect(error['help']).toContain('--force');
      expect((await readFile(at('key.json'))).equals(key)).toBe(true);
    }
    expect(await zkonnx(['export', 'page', KEY, '-o', at('key.json'), '--force'])).toMatchObject({ code: 0 });
    expect(await readFile(at('key.json'), 'utf8')).toContain('<html');
    // Not even with --force what it is made from.
    await writeFile(at('own-key.json'), key);
    await link(at('own-key.json'), at('same.html'));
    await expectError(['export', 'page', at('own-key.json'), '-o', at('same.html'), '--force'], 'USAGE');
    expect((await readFile(at('own-key.json'))).equals(key)).toBe(true);
  });

  it('is known by what it holds', async () => {
    const proof = await readFile(path.join(PROOFS, 'classifier/proof.json'));
    expect(isOfKind(proof, 'proof')).toBe(true);
    expect(isOfKind(proof, 'opening')).toBe(false);
    expect(isOfKind(await readFile(KEY), 'proof')).toBe(false);
    expect(isOfKind(Buffer.from('{"sal'), 'opening')).toBe(false);
    expect(isOfKind(Buffer.from('zknx…'), 'circuit')).toBe(true);
    expect(isOfKind(Buffer.from('["1", 2]'), 'signals')).toBe(false);
  });
});

describe('an artifact folder', () => {
  const compile = (dir: string, ...more: string[]) => [
    'compile',
    MODEL,
    '-o',
    dir,
    '--calibrate',
    CALIBRATION,
    ...more,
  ];

  it('with files of another kind is refused before the work, and they stay', async () => {
    await mkdir(at('site'));
    await writeFile(at('site/manifest.json'), '{"name": "a web application"}');
    await expectError(compile(at('site')), 'USAGE');
    expect(await readFile(at('site/manifest.json'), 'utf8')).toContain('web application');
    await mkdir(at('models'));
    await writeFile(at('models/model.onnx'), 'another model');
    const error = await expectError(compile(at('models')), 'USAGE');
    expect(error['help']).toContain('--force');
    expect(await readFile(at('models/model.onnx'), 'utf8')).toBe('another model');
  });

  it('that would replace its own calibration data is refused, with --force too', async () => {
    await mkdir(at('data'));
    await writeFile(at('data/accuracy.json'), await readFile(CALIBRATION));
    const args = ['compile', MODEL, '-o', at('data'), '--calibrate', at('data/accuracy.json'), '--force'];
    await expectError(args, 'USAGE');
    expect((await readFile(at('data/accuracy.json'))).equals(await readFile(CALIBRATION))).toBe(true);
  });
});
