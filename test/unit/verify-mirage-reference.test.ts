/** The oracle of the mirage tests holds by itself: honest proofs satisfy the equation, broken witnesses do not. */
import { describe, expect, it } from 'vitest';
import {
  blindingFrom,
  brokenRows,
  domainSizeOf,
  equationHolds,
  mirageTrapdoor,
  referenceProve,
  referenceSetup,
} from '../fixtures/proofs/mirage-reference.js';
import { lookupSystem } from '../fixtures/proofs/mirage-systems.js';

const job = (system: ReturnType<typeof lookupSystem>, v: readonly number[], y?: readonly number[]) => {
  const round1 = system.round1(v, y);
  return {
    round1,
    solveRound2: (challenges: Parameters<typeof system.round2>[1]) => system.round2(round1, challenges),
    blinding: blindingFrom('proof'),
    keyDigest: `0x${'ab'.repeat(32)}`,
    context: Uint8Array.of(1, 2, 3),
    publicValues: system.publicValues(v, y),
  };
};

describe('the reference of protocol mirage', () => {
  it.each([
    [32, undefined],
    [48, 48],
    [64, 64],
  ])('proves a lookup system over a domain of %i points', (points, domainSize) => {
    const system = { ...lookupSystem(2), ...(domainSize === undefined ? {} : { domainSize }) };
    expect(domainSizeOf(system)).toBe(points);
    const keys = referenceSetup(system, mirageTrapdoor('reference'));
    const { proof, challenges, witness } = referenceProve(keys, job(system, [3, 1]));
    expect(brokenRows(system, witness)).toEqual([]);
    expect(equationHolds(keys, challenges, proof)).toBe(true);
    expect(equationHolds(keys, { ...challenges, d: challenges.d + 1n }, proof)).toBe(false);
    const wrong = referenceProve(keys, job(system, [3, 1], [-3, 1]));
    expect(brokenRows(system, wrong.witness).length).toBeGreaterThan(0);
    expect(equationHolds(keys, wrong.challenges, wrong.proof)).toBe(false);
  });
});
