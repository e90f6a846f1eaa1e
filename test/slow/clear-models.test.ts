/** The larger models as relations of protocol `clear`: what they cost, pinned, and that runs satisfy them. */
import { expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { lowerToRelation } from '../../src/compile/clear/lower.js';
import { compileInside } from '../../src/compile/compile.js';
import { expectLowered } from '../unit/clear-lowering/models.js';

const caseOf = (name: string) => modelCases.find((model) => model.name === name)!;

it.each([
  ['mnist-8', 29_000],
  ['lenet-zkmlbench', 17_000],
  ['cifar-cnn-deepprove', 26_000],
])('%s has at most %i cells', async (name, limit) => {
  const compiled = await compileInside(modelPath(name), await caseOf(name).options());
  const samples = (await goldenSamples(name)).slice(0, 2).map(({ inputs }) => inputs);
  const { cells, mapEntries } = expectLowered(compiled, samples).statistics;
  expect(cells).toBeLessThanOrEqual(limit);
  expect(mapEntries).toBeGreaterThan(0);
});

it('mnist-burn-cnn has too many entries without structure', async () => {
  const compiled = await compileInside(modelPath('mnist-burn-cnn'), await caseOf('mnist-burn-cnn').options());
  expect(() => lowerToRelation(compiled.quantised.ir, compiled.schema)).toThrow(/CIRCUIT_TOO_LARGE[^]*conv3/);
});
