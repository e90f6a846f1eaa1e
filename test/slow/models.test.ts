/** The larger fixture models through the whole pipeline; acasxu, iris and mnist-12 are in the pipeline tier. */
import { describe, expect, it } from 'vitest';
import { measureModel, modelCases } from '../../bench/models.js';

const inPipelineTier = ['acasxu-1-1', 'iris-mlp-deepprove', 'mnist-12'];

describe('compile, setup, prove, verify', () => {
  for (const model of modelCases.filter(({ name }) => !inPipelineTier.includes(name))) {
    it(model.name, async () => {
      const measured = await measureModel(model, { proofs: 1, log: (line) => process.stderr.write(`${line}\n`) });
      expect(measured.proofs).toBe(1);
      expect(measured.worstError).toBeLessThan(0.02);
    });
  }
});
