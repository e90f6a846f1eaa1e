/** The larger models as relations of protocol `clear`: what they cost, pinned, and that runs satisfy them. */
import { expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { lowerToRelation } from '../../src/compile/clear/lower.js';
import { openingOf } from '../../src/compile/clear/security.js';
import { compileInside } from '../../src/compile/compile.js';
import { instantiateClearKernels } from '../../src/kernels/clear/module.js';
import { SoloClearTeam } from '../../src/kernels/clear/team.js';
import { RelationProver } from '../../src/prove/clear/relation-prover.js';
import { encodeSample } from '../../src/prove/encode.js';
import { planOf, verifyClear } from '../../src/verify/clear/verify.js';
import { expectLowered } from '../unit/clear-lowering/models.js';
import { valuesOf } from '../unit/clear-lowering/programs.js';

const caseOf = (name: string) => modelCases.find((model) => model.name === name)!;

it.each([
  ['mnist-8', 30_000],
  ['lenet-zkmlbench', 17_000],
  ['cifar-cnn-deepprove', 26_000],
  ['mnist-burn-cnn', 105_000],
])('%s has at most %i cells, and its maps have structure', async (name, limit) => {
  const compiled = await compileInside(modelPath(name), await caseOf(name).options());
  const samples = (await goldenSamples(name)).slice(0, 2).map(({ inputs }) => inputs);
  const { cells, mapEntries } = expectLowered(compiled, samples).statistics;
  expect(cells).toBeLessThanOrEqual(limit);
  // Positions of the bit, of maps nothing.
  expect(mapEntries).toBeLessThan(64);
});

it('mnist-burn-cnn, whose maps have 2^20 entries and more, is proven by its structure', async () => {
  const { quantised, schema } = await compileInside(
    modelPath('mnist-burn-cnn'),
    await caseOf('mnist-burn-cnn').options(),
  );
  const { relation, weights, assign } = lowerToRelation(quantised.ir, schema);
  const { parameters } = openingOf(relation);
  const team = new SoloClearTeam(await instantiateClearKernels());
  const prover = await RelationProver.open(team, planOf({ relation, parameters }), weights(), parameters);
  const [sample] = await goldenSamples('mnist-burn-cnn');
  const assignment = assign(valuesOf({ ir: quantised.ir, schema }, encodeSample(schema, sample!.inputs)));
  const said = { publicBytes: new Uint8Array(), context: new Uint8Array() };
  const key = { digest: new Uint8Array(32), relation, parameters, weightsRoot: prover.weightsRoot };
  const proof = await prover.prove(key.digest, assignment, said, new Uint8Array(32));
  expect(verifyClear(key, { ...said, publics: assignment.publics }, proof)).toBeUndefined();
  const output = assignment.publics[0]!.map((value, i) => (i === 0 ? value + 1n : value));
  expect(verifyClear(key, { ...said, publics: assignment.publics.with(0, output) }, proof)).toBeDefined();
});
