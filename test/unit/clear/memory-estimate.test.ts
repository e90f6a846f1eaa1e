/** What a prover's memory comes to is known before there is one: of drawn relations, and of models. */
import { describe, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../../bench/models.js';
import { compileInside } from '../../../src/compile/compile.js';
import { lowerToRelation } from '../../../src/compile/clear/lower.js';
import { openingOf } from '../../../src/compile/clear/security.js';
import { Interpreter } from '../../../src/compile/ir/program.js';
import { instantiateClearKernels } from '../../../src/kernels/clear/module.js';
import { SoloClearTeam } from '../../../src/kernels/clear/team.js';
import { proverBytes } from '../../../src/prove/clear/memory-estimate.js';
import { RelationProver } from '../../../src/prove/clear/relation-prover.js';
import { encodeSample } from '../../../src/prove/encode.js';
import type { OpeningParameters } from '../../../src/verify/clear/parameters.js';
import type { Assignment, Relation } from '../../../src/verify/clear/relation.js';
import { planOf } from '../../../src/verify/clear/verify.js';
import { drawnToy } from './drawn.js';
import { tiny } from './opening-support.js';
import { everyKind, requantised } from './toys.js';

const nothing = { publicBytes: new Uint8Array(), context: new Uint8Array() };

/** Predicted by measured bytes of the kernels' memory at its fullest. */
async function quotient(
  relation: Relation,
  parameters: OpeningParameters,
  weights: readonly BigUint64Array[],
  assignment: Pick<Assignment, 'cells' | 'publics'>,
): Promise<number> {
  const kernels = await instantiateClearKernels();
  const plan = planOf({ relation, parameters });
  const predicted = proverBytes(plan, parameters).kernels;
  const prover = await RelationProver.open(new SoloClearTeam(kernels), plan, weights, parameters);
  await prover.prove(new Uint8Array(32), assignment, nothing, new Uint8Array(32));
  return predicted / kernels.heap.peakBytes;
}

/** What is measured may be the fourth part more or less. */
function expectNear(found: number): void {
  expect(found).toBeGreaterThan(0.8);
  expect(found).toBeLessThan(1.25);
}

describe.each([
  ['a requantised network', requantised(60, 700)],
  ['every kind of constraint', everyKind()],
  ...[1, 2, 3].map((k) => [`drawn by ${k}`, drawnToy(k).toy] as const),
] as const)('%s', (_, { relation, assignment }) => {
  it.each([
    ['few rows', tiny(12, [5, 4, 4, 3], 2, 4)],
    ['many rows', tiny(15, [5, 4, 4, 4, 3], 2, 4)],
  ] as const)('in %s', async (_name, parameters) => {
    expectNear(await quotient(relation, parameters, assignment.weights, assignment));
  });
});

it.each(['iris-mlp-deepprove', 'acasxu-1-1', 'mnist-12'])('%s', { timeout: 60_000 }, async (name) => {
  const options = await modelCases.find((model) => model.name === name)!.options();
  const { quantised, schema } = await compileInside(modelPath(name), options);
  const { ir } = quantised;
  const lowered = lowerToRelation(ir, schema);
  const { parameters } = openingOf(lowered.relation);
  const [sample] = await goldenSamples(name);
  const inputs = encodeSample(schema, sample!.inputs);
  const values = new Map(schema.inputs.map((tensor, i) => [ir.inputs[i]!, inputs.get(tensor.name)!]));
  const assignment = lowered.assign(new Interpreter(ir).run(values));
  expectNear(await quotient(lowered.relation, parameters, lowered.weights(), assignment));
});
