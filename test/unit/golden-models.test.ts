/** Every fixture model as an integer program against its golden outputs: no proofs, so all nine in seconds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { expectGoldenRelation } from './golden-relations.js';

/** Constraints, pinned: a change is a change of cost that the reviewer should see. */
const constraints: Readonly<Record<string, number>> = {
  'acasxu-1-1': 11_669,
  'fraud-mlp-rhods': 4_140,
  'iris-mlp-deepprove': 2_640,
  'mnist-8': 204_906,
  'mnist-12': 207_538,
  'lenet-zkmlbench': 123_726,
  'mnist-burn-cnn': 828_800,
  'cifar-cnn-deepprove': 197_935,
  'giza-volatility': 2_155,
};

describe('golden outputs', () => {
  for (const model of modelCases) {
    it(`${model.name} stays within 2 % of the largest golden magnitude`, async () => {
      const compiled = await compile(modelPath(model.name), { ...(await model.options()), protocol: 'groth16' });
      expect(compiled.manifest.circuit.constraints).toBe(constraints[model.name]);
      expectGoldenRelation(model.name, compiled.manifest);
      const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-golden-'));
      try {
        await writeArtifact(dir, compiled, modelPath(model.name));
        const runner = await openRunner(dir);
        const goldens = await goldenSamples(model.name);
        let worst = 0;
        let magnitude = 0;
        for (const { inputs, outputs } of goldens) {
          const result = await runner.run({ tensors: inputs });
          for (const [name, expected] of outputs) {
            expected.forEach((value, i) => {
              worst = Math.max(worst, Math.abs(result.outputs[name]!.data[i]! - value));
              magnitude = Math.max(magnitude, Math.abs(value));
            });
          }
        }
        await runner.close();
        expect(goldens.length).toBe(8);
        expect(worst / magnitude).toBeLessThan(0.02);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    });
  }
});
