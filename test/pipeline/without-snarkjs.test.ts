/** The GPL packages (snarkjs, ffjavascript, circomlibjs) are optional: a copy of the build beside every other package does all the work. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const root = path.resolve(import.meta.dirname, '../..');
const model = path.join(root, 'test/fixtures/models/iris-mlp-deepprove');
const GPL = ['snarkjs', 'ffjavascript', 'circomlibjs'];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-no-gpl-'));
  // A copy: modules are resolved from where a file really is.
  for (const part of ['src', 'workers', 'circuits', 'contracts', 'verifier']) {
    await cp(path.join(root, 'dist', part), path.join(folder, 'dist', part), { recursive: true });
  }
  await cp(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  await mkdir(path.join(folder, 'node_modules'));
  for (const name of await readdir(path.join(root, 'node_modules'))) {
    if (GPL.includes(name) || name.startsWith('.')) continue;
    await symlink(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = promisify(execFile);
const zkonnx = (...args: string[]) =>
  run(process.execPath, [path.join(folder, 'dist/src/cli/main.js'), ...args, '--quiet'], { cwd: folder });

it('no GPL package is a plain dependency', () => {
  expect(Object.keys(packageJson.dependencies).filter((name) => GPL.includes(name))).toEqual([]);
});

it.each(['mirage', 'groth16'])('compile, setup, prove and verify work without them: %s', async (protocol) => {
  const calibration = path.join(model, 'calibration.json');
  const flags = ['-o', 'iris', '--calibrate', calibration, '--protocol', protocol];
  await zkonnx('compile', path.join(model, 'model.onnx'), ...flags);
  await zkonnx('setup', 'iris', '--dev');
  await writeFile(path.join(folder, 'in.json'), '{"input": [-0.33, -0.66, -0.05, -0.16]}');
  await zkonnx('prove', 'iris', '--in', 'in.json', '-o', 'proof.json');
  const { stdout } = await zkonnx('verify', 'proof.json', '--key', 'iris/verification_key.json');
  expect(stdout).toContain('VALID');
});

it('the second opinion says what it needs', async () => {
  await expect(
    zkonnx('prove', 'iris', '--in', 'in.json', '-o', 'other.json', '--prover', 'snarkjs'),
  ).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('DEPENDENCY_MISSING') as string });
});
