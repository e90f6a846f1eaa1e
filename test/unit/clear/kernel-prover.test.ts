/** The prover on the kernels makes the reference's proof, byte for byte, of the same key, values and fresh bytes. */
import { describe, expect, it } from 'vitest';
import { instantiateClearKernels } from '../../../src/kernels/clear/module.js';
import { RelationProver } from '../../../src/prove/clear/relation-prover.js';
import { proveClear, referenceKey } from '../../../src/prove/clear/reference/prove.js';
import { verifyClear } from '../../../src/verify/clear/verify.js';
import { drawnToy } from './drawn.js';
import { tiny } from './opening-support.js';
import { everyKind, requantised, structured, type Toy } from './toys.js';

const digest = new Uint8Array(32).fill(9);
const said = { publicBytes: Uint8Array.of(1, 2, 3), context: Uint8Array.of(4) };
const fresh = (byte: number) => new Uint8Array(32).fill(byte);

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
    const prover = new RelationProver(await instantiateClearKernels(), relation, assignment.weights, parameters);
    expect(prover.weightsRoot).toEqual(reference.key.weightsRoot);
    for (const byte of [5, 6]) {
      const proof = prover.prove(digest, assignment, said, fresh(byte));
      expect(proof).toEqual(proveClear(reference, assignment, said, fresh(byte)));
      expect(verifyClear(reference.key, { ...said, publics: assignment.publics }, proof)).toBeUndefined();
    }
  });
});

it('a lookup that is no row ends in an error, and the next proof is the reference’s as ever', async () => {
  const { relation, assignment } = requantised();
  const parameters = tiny(8, [5, 4, 4, 3], 3);
  const kernels = await instantiateClearKernels();
  const prover = new RelationProver(kernels, relation, assignment.weights, parameters);
  const before = kernels.heap.mark();
  const cells = assignment.cells.map((values) => values.map(() => 12345n));
  expect(() => prover.prove(digest, { ...assignment, cells }, said, fresh(5))).toThrow(/no row of its table/);
  expect(kernels.heap.mark()).toBe(before);
  const reference = referenceKey(relation, assignment.weights, parameters, digest);
  expect(prover.prove(digest, assignment, said, fresh(5))).toEqual(proveClear(reference, assignment, said, fresh(5)));
});
