/** Three real models through compile, setup, prove and verify, with the limits the project promises. */
import { describe, expect, it } from 'vitest';
import { measureModel, modelCases } from '../../bench/models.js';

const limits: Readonly<Record<string, number>> = {
  'acasxu-1-1': 10_500,
  'iris-mlp-deepprove': 4_000,
  'mnist-12': 250_000,
};

describe('compile, setup, prove, verify', () => {
  for (const model of modelCases.filter(({ name }) => name in limits)) {
    it(model.name, async () => {
      const measured = await measureModel(model, { proofs: 1 });
      expect(measured.proofs).toBe(1);
      expect(measured.worstError).toBeLessThan(0.02);
      expect(measured.constraints).toBeLessThanOrEqual(limits[model.name]!);
    });
  }
});
