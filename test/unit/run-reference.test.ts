/** Who computes the float values that `run` shows beside the integer program's. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { openOwnReference } from '../../src/compile/own-reference.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { buildModel } from './onnx-build.js';

let dir: string;
let model: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-reference-'));
  model = path.join(dir, 'model.onnx');
  const nodes = [{ op: 'Softmax', inputs: ['x'], outputs: ['y'] }];
  await writeFile(model, buildModel({ nodes, inputs: { x: [1, 3] }, outputs: ['y'] }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function ran(softmax: 'circuit' | 'reader') {
  const artifact = path.join(dir, softmax);
  await writeArtifact(artifact, await compile(model, { domain: { lo: -1, hi: 1 }, softmax }), model);
  const runner = await openRunner(artifact);
  const result = await runner.run({ tensors: new Map([['x', Float64Array.of(0.5, -0.5, 0.25)]]) });
  await runner.close();
  return { ...runner, ...result };
}

it.each(['circuit', 'reader'] as const)('onnxruntime, which needs no excuse; softmax by the %s', async (softmax) => {
  const { referenceName, referenceMissing, maxAbsError } = await ran(softmax);
  expect(referenceName).toMatch(/^onnxruntime /);
  expect(referenceMissing).toBeUndefined();
  expect(maxAbsError).toBeLessThan(0.01);
});

it('our own evaluation gives the same', async () => {
  const { reference } = await ran('reader');
  const own = await openOwnReference(model, new Map([['x', [1, 3]]]));
  const values = await own.run(new Map([['x', Float64Array.of(0.5, -0.5, 0.25)]]));
  await own.close();
  expect(own.name).toBe('zkonnx float64 evaluation');
  values.get('y')!.values.forEach((value, i) => {
    expect(value).toBeCloseTo(reference['y']!.data[i]!, 6);
  });
});

it('another model in the folder is refused: its floats would read as the error of this one', async () => {
  const artifact = path.join(dir, 'swapped');
  await writeArtifact(artifact, await compile(model, { domain: { lo: -1, hi: 1 } }), model);
  const nodes = [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }];
  await writeFile(path.join(artifact, 'model.onnx'), buildModel({ nodes, inputs: { x: [1, 4] }, outputs: ['y'] }));
  await expect(openRunner(artifact)).rejects.toMatchObject({
    code: 'ARTIFACT_INVALID',
    exitCode: 2,
    details: { where: path.join(artifact, 'model.onnx') },
  });
});
