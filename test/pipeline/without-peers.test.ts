/** What a default install is: none of the optional peers. Everything that can be done without them is, and what cannot says what to install. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { ENGINE_HELP } from '../../src/ezkl/engine.js';
import { RUNTIME_INSTALL } from '../../src/reference/onnxruntime.js';
import { copyWithout, type Copy } from './copy-without.js';

const fixtures = path.resolve(import.meta.dirname, '../fixtures');
const iris = path.join(fixtures, 'models/iris-mlp-deepprove');
const peers = Object.keys(packageJson.peerDependencies);
let copy: Copy;

beforeAll(async () => {
  copy = await copyWithout([...peers, '@ezkljs']);
  await writeFile(path.join(copy.folder, 'in.json'), '{"input": [-0.33, -0.66, -0.05, -0.16]}');
});
afterAll(() => copy.remove());

it('what the user may add is an optional peer, pinned for the repository itself, and named in what misses it', () => {
  expect(peers.sort()).toEqual(['@ezkljs/engine', 'onnxruntime-node', 'snarkjs']);
  const pinned: Readonly<Record<string, string>> = packageJson.devDependencies;
  for (const name of peers) {
    expect(packageJson.peerDependenciesMeta).toMatchObject({ [name]: { optional: true } });
    expect(pinned[name]).toMatch(/^\d+\.\d+\.\d+$/);
  }
  expect(RUNTIME_INSTALL).toContain(`onnxruntime-node@${pinned['onnxruntime-node']}`);
  expect(ENGINE_HELP).toContain(`@ezkljs/engine@${pinned['@ezkljs/engine']}`);
});

it('compile and run fall back to our own evaluation, and say why', async () => {
  const calibration = path.join(iris, 'calibration.json');
  const compiled = await copy.zkonnx(
    'compile',
    path.join(iris, 'model.onnx'),
    '-o',
    'iris',
    '--calibrate',
    calibration,
  );
  expect(compiled.stdout).toContain('Accuracy against zkonnx float64 evaluation');
  const missing = /onnxruntime-node is not installed.*npm install --ignore-scripts onnxruntime-node@1\.30\.0/;
  expect(compiled.stdout).toMatch(missing);

  const ran = await copy.zkonnx('run', 'iris', '--in', 'in.json');
  expect(ran.stderr).toMatch(missing);
  expect(ran.stdout).toMatch(/integer [^]*float [^]*largest difference/);
});

it('run --json carries the fallback’s answer, its name and the reason', async () => {
  const { stdout } = await copy.zkonnx('run', 'iris', '--in', 'in.json', '--json');
  const answer = JSON.parse(stdout) as Record<string, unknown> & { reference: { output: { data: number[] } } };
  expect(answer).toMatchObject({
    referenceName: 'zkonnx float64 evaluation',
    referenceMissing: expect.stringContaining('npm install --ignore-scripts onnxruntime-node@1.30.0') as string,
  });
  expect(answer.reference.output.data).toHaveLength(3);
  expect(answer['maxAbsError']).toBeGreaterThan(0);
  expect(answer['maxAbsError']).toBeLessThan(0.01);
});

it('the backend ezkl says what to install', async () => {
  const file = (name: string) => path.join(fixtures, 'ezkl', name);
  const flags = ['--key', file('vk.key'), '--settings', file('settings.json'), '--srs', file('kzg.srs')];
  await expect(copy.zkonnx('verify', '--backend', 'ezkl', file('proof.json'), ...flags)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm install @ezkljs/engine@21.0.0') as string,
  });
});
