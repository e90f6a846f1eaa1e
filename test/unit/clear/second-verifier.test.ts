/** A verifier written from the page alone (test/second-verifier) and ours say the same of honest, mutated and cheating proofs. `npm run attack:clear` takes 10^4. */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compare } from './agreement.js';
import { drawnToy } from './drawn.js';
import { cheat, mutated, prove, type Judged } from './mutated-proofs.js';
import { tiny } from './opening-support.js';
import { draws, everyKind, requantised, structured, type Toy } from './toys.js';

const parameters = tiny(8, [5, 4, 4, 3], 3);
const toys: readonly Toy[] = [
  requantised(),
  requantised(2, 3),
  everyKind(),
  structured(),
  ...[1, 2, 3, 5, 6, 9, 18].map((seed) => drawnToy(seed).toy),
];

describe('both verifiers', () => {
  const honest = toys.map((toy, i) => prove(toy, parameters, i + 1));

  it('accept honest proofs of every toy', () => {
    expect(compare(honest.map((whole) => ({ kind: 'honest', whole })))).toMatchObject({ accepted: toys.length });
  });

  it('accept what has no fold, and tensors that are cut to a matrix of few rows', () => {
    const shapes = [tiny(7, [4], 7), tiny(6, [4, 3], 2, 4), tiny(5, [4, 3, 3])];
    const proofs = shapes.map((shape) => ({ kind: 'honest', whole: prove(everyKind(), shape, 40) }));
    expect(compare(proofs)).toMatchObject({ accepted: shapes.length });
  });

  it('agree on mutated proofs, statements and keys, and on why they are refused', () => {
    const result = compare(mutated(honest, 200, 20261130));
    expect(result.disagreements).toEqual([]);
    expect(result.accepted).toBeGreaterThan(0);
    expect(Object.keys(result.refused)).toEqual(
      expect.arrayContaining(['PROOF_MALFORMED', 'ROOT_MISMATCH', 'ARGUMENT_FAILED', 'PUBLIC_INPUT_COUNT']),
    );
  });

  it('refuse proofs of assignments that are false', () => {
    const draw = draws(12);
    const proofs = Array.from({ length: 10 }, (_, i) => cheat(toys[i % toys.length]!, parameters, draw)).filter(
      (whole): whole is Judged => whole !== undefined,
    );
    const result = compare(proofs.map((whole) => ({ kind: 'cheating', whole })));
    expect(result.disagreements).toEqual([]);
    expect(result.proofs).toBeGreaterThan(3);
    expect(result.accepted).toBe(0);
  });
});

it('the second verifier has nothing of the first one but the types of a relation', () => {
  const folder = new URL('../../second-verifier/', import.meta.url);
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/import ([^;]*?) from '([^']*)'/g)].map(
      ([, what, from]) =>
        from!.startsWith('./') ? undefined : `${what!.startsWith('type ') ? 'type' : 'value'} ${from}`,
    ),
  );
  expect([...new Set(imports.filter((line) => line !== undefined))].sort()).toEqual([
    'type ../../src/verify/clear/relation.js',
    'value @noble/hashes/blake3.js',
  ]);
});
