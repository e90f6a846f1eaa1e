import { describe, expect, it } from 'vitest';
import { prepareKey } from '../../src/verify/key.js';
import { verify } from '../../src/verify/verify.js';
import { largeMirageSet, smallMirageSet, toMirageProof } from '../fixtures/proofs/mirage-vectors.js';

/** The same lists run against the contract in test/evm. */
describe.each([
  ['three public values', smallMirageSet],
  ['five public values', largeMirageSet],
])('every mirage vector gets its verdict from the TypeScript verifier: %s', (_, makeSet) => {
  const { system, pair, fixture, list } = makeSet();
  const key = prepareKey(pair.key);

  it('names are unique', () => {
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
  });

  it.each(list.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const result = verify(toMirageProof(fixture.file, system.schema, vector), key);
    if (vector.reason === undefined) expect(result).toMatchObject({ valid: true, protocol: 'mirage' });
    else expect(result).toMatchObject({ valid: false, reason: vector.reason });
    if (vector.index !== undefined) expect(result).toMatchObject({ index: vector.index });
  });
});
