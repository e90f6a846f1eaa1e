/** The prover on the kernels makes the reference's proof, byte for byte, of the same key, values and fresh bytes. */
import { describe, expect, it } from 'vitest';
import { ZkonnxError } from '../../../src/base/errors.js';
import { runClearTask } from '../../../src/kernels/clear/calls.js';
import { instantiateClearKernels, type ClearKernels } from '../../../src/kernels/clear/module.js';
import { SoloClearTeam, type ClearTeam } from '../../../src/kernels/clear/team.js';
import { RelationProver, type RelationPhase } from '../../../src/prove/clear/relation-prover.js';
import { proveClear, referenceKey } from '../../../src/prove/clear/reference/prove.js';
import { planOf, verifyClear } from '../../../src/verify/clear/verify.js';
import { drawnToy } from './drawn.js';
import { tiny } from './opening-support.js';
import { everyKind, requantised, structured, type Toy } from './toys.js';

const digest = new Uint8Array(32).fill(9);
const said = { publicBytes: Uint8Array.of(1, 2, 3), context: Uint8Array.of(4) };
const fresh = (byte: number) => new Uint8Array(32).fill(byte);

const soloTeam = async () => new SoloClearTeam(await instantiateClearKernels());

/** A team that cuts everything up as far as it goes and does the last tasks first. */
function shreddingTeam(kernels: ClearKernels, size: number): ClearTeam {
  return {
    kernels,
    size,
    pace: { handOut: 0, longest: 40 },
    async run(tasks, between) {
      await between();
      return tasks
        .toReversed()
        .map((task) => runClearTask(kernels.exports, task))
        .reverse();
    },
  };
}

const toys: readonly (readonly [string, Toy])[] = [
  ['a requantised network', requantised()],
  ['one of other sizes', requantised(5, 7)],
  ['every kind of constraint', everyKind()],
  ['every kind of axis', structured()],
  ...Array.from({ length: 20 }, (_, k): [string, Toy] => [`drawn by ${k + 1}`, drawnToy(k + 1).toy]),
];

describe.each(toys)('%s', (_, { relation, assignment }) => {
  it('twice from one prover: the proofs of the reference, which are accepted', async () => {
    const parameters = tiny(8, [5, 4, 4, 3], 3);
    const reference = referenceKey(relation, assignment.weights, parameters, digest);
    const prover = await RelationProver.open(await soloTeam(), reference.plan, assignment.weights, parameters);
    expect(prover.weightsRoot).toEqual(reference.key.weightsRoot);
    for (const byte of [5, 6]) {
      const proof = await prover.prove(digest, assignment, said, fresh(byte));
      expect(proof).toEqual(proveClear(reference, assignment, said, fresh(byte)));
      expect(verifyClear(reference.key, { ...said, publics: assignment.publics }, proof)).toBeUndefined();
    }
  });

  it.each([2, 3, 5])('cut up for %i threads in any order: the same', async (threads) => {
    const parameters = tiny(8, [5, 4, 4, 3], 3);
    const reference = referenceKey(relation, assignment.weights, parameters, digest);
    const team = shreddingTeam(await instantiateClearKernels(), threads);
    const prover = await RelationProver.open(team, planOf({ relation, parameters }), assignment.weights, parameters);
    expect(prover.weightsRoot).toEqual(reference.key.weightsRoot);
    const proof = await prover.prove(digest, assignment, said, fresh(7));
    expect(proof).toEqual(proveClear(reference, assignment, said, fresh(7)));
  });
});

it('a lookup that is no row ends in an error, and the next proof is the reference’s as ever', async () => {
  const { relation, assignment } = requantised();
  const parameters = tiny(8, [5, 4, 4, 3], 3);
  const team = await soloTeam();
  const prover = await RelationProver.open(team, planOf({ relation, parameters }), assignment.weights, parameters);
  const before = team.kernels.heap.mark();
  const cells = assignment.cells.map((values) => values.map(() => 12345n));
  await expect(prover.prove(digest, { ...assignment, cells }, said, fresh(5))).rejects.toThrow(/no row of its table/);
  expect(team.kernels.heap.mark()).toBe(before);
  const reference = referenceKey(relation, assignment.weights, parameters, digest);
  expect(await prover.prove(digest, assignment, said, fresh(5))).toEqual(
    proveClear(reference, assignment, said, fresh(5)),
  );
});

it('reports its phases in order, and stops between any two tasks: the next proof is the reference’s as ever', async () => {
  const { relation, assignment } = everyKind();
  const parameters = tiny(8, [5, 4, 4, 3], 3);
  const team = await soloTeam();
  const prover = await RelationProver.open(team, planOf({ relation, parameters }), assignment.weights, parameters);
  const before = team.kernels.heap.mark();
  const expected = proveClear(
    referenceKey(relation, assignment.weights, parameters, digest),
    assignment,
    said,
    fresh(5),
  );
  const seen: [RelationPhase, number][] = [];
  let steps = 0;
  await prover.prove(digest, assignment, said, fresh(5), {
    between: () => void steps++,
    onProgress: (phase, fraction) => seen.push([phase, fraction]),
  });
  const begun = seen.filter(([, fraction]) => fraction === 0).map(([phase]) => phase);
  expect(begun).toEqual(['commit', 'constraints', 'lookups', 'opening']);
  expect(seen.at(-1)).toEqual(['opening', 1]);
  seen.slice(1).forEach(([phase, fraction], i) => {
    if (phase === seen[i]![0]) expect(fraction).toBeGreaterThan(seen[i]![1]);
  });
  expect(steps).toBeGreaterThan(100);
  for (let at = 0; at < steps; at += 7) {
    let left = at;
    const between = () => {
      if (left-- === 0) throw new ZkonnxError('ABORTED', 'stopped');
      return undefined;
    };
    await expect(prover.prove(digest, assignment, said, fresh(5), { between })).rejects.toThrow('stopped');
    expect(team.kernels.heap.mark()).toBe(before);
  }
  expect(await prover.prove(digest, assignment, said, fresh(5))).toEqual(expected);
});
