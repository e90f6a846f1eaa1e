import { describe, expect, it } from 'vitest';
import { prepareKey } from '../../src/verify/key.js';
import { verify } from '../../src/verify/verify.js';
import { toProof } from '../fixtures/proofs/vectors.js';
import { smallSet } from '../fixtures/proofs/sets.js';

/** The same list runs against the contract in test/evm/verifier.test.ts. */
describe('every vector gets its verdict from the TypeScript verifier', () => {
  const { fixture, list } = smallSet();
  const key = prepareKey(fixture.key);
  it.each(list.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const result = verify(toProof(fixture.proof, vector), key);
    if (vector.reason === undefined) expect(result).toMatchObject({ valid: true });
    else expect(result).toMatchObject({ valid: false, reason: vector.reason });
    if (vector.index !== undefined) expect(result).toMatchObject({ index: vector.index });
  });
});
