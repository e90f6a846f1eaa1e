/** As test/unit/mirage-models.test.ts, of the models that take longest to compile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { PERCEPTRON, perceptronOptions, perceptronSamples, writePerceptron } from '../../bench/perceptron.js';
import { expectGoldenRelation } from '../unit/golden-relations.js';
import { compileRounds, expectComputes, expectGoldenCost } from '../unit/mirage-models.js';

describe('protocol mirage', () => {
  it.each(['mnist-burn-cnn', 'cifar-cnn-deepprove'])('%s', async (name) => {
    const model = modelCases.find((candidate) => candidate.name === name)!;
    const compiled = await compileRounds(modelPath(name), await model.options());
    expectGoldenCost(name, compiled.cost);
    expectGoldenRelation(name, compiled.manifest);
    for (const { inputs } of (await goldenSamples(name)).slice(0, 2)) expectComputes(compiled, inputs);
  });

  it('the perceptron of two million weights takes at most 32,700 rows: 2^15 holds it', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-perceptron-'));
    try {
      const file = path.join(dir, 'model.onnx');
      await writePerceptron(file);
      const compiled = await compileRounds(file, await perceptronOptions());
      expect(compiled.cost.rows).toBeLessThanOrEqual(32_700);
      expectGoldenCost(PERCEPTRON, compiled.cost);
      for (const sample of await perceptronSamples(2)) expectComputes(compiled, sample);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});
