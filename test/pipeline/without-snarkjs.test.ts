/** The GPL packages (snarkjs, ffjavascript, circomlibjs) are optional: a copy of the build beside every other package does all the work. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { copyWithout, type Copy } from './copy-without.js';

const model = path.resolve(import.meta.dirname, '../fixtures/models/iris-mlp-deepprove');
const GPL = ['snarkjs', 'ffjavascript', 'circomlibjs'];
let copy: Copy;

beforeAll(async () => {
  copy = await copyWithout(GPL);
});
afterAll(() => copy.remove());

const zkonnx = (...args: string[]) => copy.zkonnx(...args, '--quiet');

it('no GPL package is a plain dependency', () => {
  expect(Object.keys(packageJson.dependencies).filter((name) => GPL.includes(name))).toEqual([]);
});

it.each(['mirage', 'groth16'])('compile, setup, prove and verify work without them: %s', async (protocol) => {
  const calibration = path.join(model, 'calibration.json');
  const flags = ['-o', protocol, '--calibrate', calibration, '--protocol', protocol];
  await zkonnx('compile', path.join(model, 'model.onnx'), ...flags);
  await zkonnx('setup', protocol, '--dev');
  await writeFile(path.join(copy.folder, 'in.json'), '{"input": [-0.33, -0.66, -0.05, -0.16]}');
  await zkonnx('prove', protocol, '--in', 'in.json', '-o', `${protocol}.json`);
  const { stdout } = await zkonnx('verify', `${protocol}.json`, '--key', `${protocol}/verification_key.json`);
  expect(stdout).toContain('VALID');
});

it('the second opinion says what to install', async () => {
  await expect(
    zkonnx('prove', 'groth16', '--in', 'in.json', '-o', 'other.json', '--prover', 'snarkjs'),
  ).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/DEPENDENCY_MISSING[^]*npm install snarkjs@0\.7\.6/) as string,
  });
});
