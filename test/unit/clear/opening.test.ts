/** The opening of protocol clear at tiny sizes: honest proofs are accepted, and whatever is changed in one is refused. */
import { describe, expect, it } from 'vitest';
import { committed, Draws, proved, SHAPES, verdictOn } from './opening-support.js';
import { extAdd } from '../../../src/field/goldilocks.js';

describe.each(Object.entries(SHAPES))('%s', (name, shape) => {
  const setting = committed(shape, name);
  const proof = proved(setting);

  it('an honest proof is accepted', () => {
    expect(verdictOn(setting, proof)).toBe('accepted');
  });

  it('a false claim is refused, whichever it is', () => {
    setting.claims.forEach((_, wrong) => {
      const claims = setting.claims.map((claim, i) =>
        i === wrong ? { ...claim, value: extAdd(claim.value, [1n, 0n]) } : claim,
      );
      expect(verdictOn(setting, proved(setting, claims), claims)).toBe('ARGUMENT_FAILED');
      expect(verdictOn(setting, proof, claims)).not.toBe('accepted');
    });
  });

  it('a changed byte is refused wherever it is', () => {
    const draws = new Draws(name);
    for (let run = 0; run < 40; run++) {
      const changed = proof.slice();
      changed[draws.below(proof.length)]! ^= 1 << draws.below(8);
      expect(verdictOn(setting, changed)).not.toBe('accepted');
    }
  });
});
