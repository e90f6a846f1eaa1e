/** A model whose weights lie in another file: the hash covers them, and an artifact keeps what `run` needs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { buildModel } from './onnx-build.js';

let dir: string;
let model: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-weights-'));
  model = path.join(dir, 'model.onnx');
  const externalData = [{ key: 'location', value: 'weights.bin' }];
  const bytes = buildModel({
    nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: { x: [2] },
    constants: { w: { dims: [2], raw: { dataLocation: 1, externalData } } },
    outputs: ['y'],
  });
  await writeFile(model, bytes);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function compileWith(weights: readonly number[]) {
  await writeFile(path.join(dir, 'weights.bin'), new Uint8Array(new Float32Array(weights).buffer));
  return compile(model, { domain: { lo: -1, hi: 1 } });
}

it('the model hash covers external weights', async () => {
  const [first, second] = [await compileWith([1, 2]), await compileWith([1, 3])];
  expect(first.manifest.model.hash).not.toBe(second.manifest.model.hash);
  expect((await compileWith([1, 2])).manifest.model.hash).toBe(first.manifest.model.hash);
});

it('an artifact runs without the folder it came from', async () => {
  const compiled = await compileWith([1, -2]);
  const artifact = path.join(dir, 'artifact');
  await writeArtifact(artifact, compiled, model);
  await rm(path.join(dir, 'weights.bin'));
  const runner = await openRunner(artifact);
  const { outputs } = await runner.run({ tensors: new Map([['x', Float64Array.of(0.5, 0.25)]]) });
  await runner.close();
  expect(outputs['y']!.data[0]).toBeCloseTo(0.5, 3);
  expect(outputs['y']!.data[1]).toBeCloseTo(-0.5, 3);
});
