/** What models cost with lookups, pinned, and that solved witnesses satisfy their rows. The larger ones are in the slow tier. */
import { describe, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { expectGoldenRelation } from './golden-relations.js';
import { compileRounds, expectComputes, expectGoldenCost } from './mirage-models.js';

const caseOf = (name: string) => modelCases.find((model) => model.name === name)!;

describe('protocol mirage', () => {
  it.each(['acasxu-1-1', 'fraud-mlp-rhods', 'iris-mlp-deepprove', 'giza-volatility'])('%s', async (name) => {
    const compiled = await compileRounds(modelPath(name), await caseOf(name).options());
    expectGoldenCost(name, compiled.cost);
    expectGoldenRelation(name, compiled.manifest);
    for (const { inputs } of (await goldenSamples(name)).slice(0, 2)) expectComputes(compiled, inputs);
  });

  it.each([
    ['mnist-12', 36_500],
    ['lenet-zkmlbench', 24_000],
  ])('%s takes at most %i rows', async (name, limit) => {
    const compiled = await compileRounds(modelPath(name), await caseOf(name).options());
    expect(compiled.manifest.quantisation.overflow).toBe('saturate');
    expect(compiled.cost.rows).toBeLessThanOrEqual(limit);
    expectGoldenCost(name, compiled.cost);
    expectGoldenRelation(name, compiled.manifest);
    for (const { inputs } of (await goldenSamples(name)).slice(0, 2)) expectComputes(compiled, inputs);
  });

  it('mnist-12 with --overflow reject takes at most 32,700 rows', async () => {
    const options = await caseOf('mnist-12').options();
    const compiled = await compileRounds(modelPath('mnist-12'), { ...options, overflow: 'reject' });
    expect(compiled.cost.rows).toBeLessThanOrEqual(32_700);
    expectGoldenCost('mnist-12, --overflow reject', compiled.cost);
    expectComputes(compiled, (await goldenSamples('mnist-12'))[0]!.inputs);
  });
});
