/** The two-round engine on one thread, element for element beside the BigInt reference. */
import { describe, expect, it } from 'vitest';
import { mod, R } from '../../src/field/bn254.js';
import { instantiateKernels } from '../../src/kernels/module.js';
import { SoloTeam } from '../../src/kernels/team.js';
import { proveTwoRounds } from '../../src/prove/engine/rounds-prover.js';
import {
  brokenRows,
  equationHolds,
  mirageTrapdoor,
  referenceSetup,
  type ReferenceKeys,
} from '../fixtures/proofs/mirage-reference.js';
import { scalarFrom } from '../fixtures/proofs/trapdoor.js';
import { randomRounds, type RandomRounds, type RoundsOptions } from './random-rounds.js';
import { asMirageProof, challengeOf, inOrder, provenByReference, referenceKeyIn } from './rounds-support.js';

const SYSTEMS: readonly (readonly [string, RoundsOptions])[] = [
  ['one table of one column', { tables: [{ rows: 4, columns: 1, lookups: 5 }], thetas: 0 }],
  ['one table of two columns', { seed: 2, tables: [{ rows: 5, columns: 2, lookups: 7 }] }],
  [
    'several tables, one of them unused, one of a single row',
    {
      seed: 3,
      tables: [
        { rows: 8, columns: 2, lookups: 9 },
        { rows: 3, columns: 1, lookups: 0 },
        { rows: 1, columns: 2, lookups: 2 },
        { rows: 6, columns: 1, lookups: 20 },
      ],
      thetas: 6,
      publicValues: 3,
    },
  ],
  ['no table at all', { seed: 4, tables: [], products: 5, publicValues: 1 }],
  ['no product, no wire unused', { seed: 5, tables: [{ rows: 2, columns: 2, lookups: 1 }], products: 0, unused: 0 }],
];

const setup = (system: RandomRounds, domainSize?: number): ReferenceKeys =>
  referenceSetup(
    {
      r1cs: system.r1cs,
      firstRound2: system.rounds.firstRound2,
      n: system.publicValues.length,
      ...(domainSize === undefined ? {} : { domainSize }),
    },
    mirageTrapdoor('engine'),
  );
const blinding = (seed: string) => ({
  rho: scalarFrom(seed, 'rho'),
  r: scalarFrom(seed, 'r'),
  s: scalarFrom(seed, 's'),
});

describe.each(SYSTEMS)('%s', (name, options) => {
  const system = randomRounds(options);
  const keys = setup(system);

  it('proves as the reference does, and the equation holds', async () => {
    const values = blinding(name);
    const expected = provenByReference(keys, system, values);
    expect(brokenRows(keys.system, expected.witness)).toEqual([]);
    const kernels = await instantiateKernels();
    const team = new SoloTeam(kernels);
    const key = referenceKeyIn(kernels, keys);
    const mark = kernels.heap.mark();
    const progress: [string, number][] = [];
    const proof = await proveTwoRounds(
      team,
      key,
      system.rounds,
      system.witness,
      challengeOf(system),
      inOrder(values.rho, values.r, values.s),
      (...step) => progress.push(step),
    );
    expect(proof).toEqual(asMirageProof(expected));
    expect(equationHolds(keys, expected.challenges, expected.proof)).toBe(true);
    expect(kernels.heap.mark()).toBe(mark);
    for (const phase of ['commit', 'quotient', 'sums']) {
      const fractions = progress.filter(([of]) => of === phase).map(([, fraction]) => fraction);
      expect(fractions[0]).toBe(0);
      expect(fractions).toEqual(fractions.toSorted((left, right) => left - right));
      expect(fractions.at(-1)).toBeLessThanOrEqual(1 + 1e-9);
    }
    expect([...new Set(progress.map(([phase]) => phase))]).toEqual(['commit', 'quotient', 'sums']);
  });
});
