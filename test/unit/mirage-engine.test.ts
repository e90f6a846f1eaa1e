/** The two-round engine on one thread, element for element beside the BigInt reference. */
import { describe, expect, it } from 'vitest';
import type { Rounds } from '../../src/constraint/rounds.js';
import { R } from '../../src/field/bn254.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { SoloTeam } from '../../src/kernels/team.js';
import { proveTwoRounds, type Challenge } from '../../src/prove/mirage/prover.js';
import type { OnProverProgress } from '../../src/prove/engine/protocol.js';
import type { RoundOneWitness } from '../../src/prove/mirage/rounds-witness.js';
import { brokenRows, equationHolds, mirageTrapdoor, type ReferenceKeys } from '../fixtures/proofs/mirage-reference.js';
import { scalarFrom } from '../fixtures/proofs/trapdoor.js';
import { randomNumbers } from './random-r1cs.js';
import { foldOf, randomRounds, type RandomRounds, type RoundsOptions } from './random-rounds.js';
import {
  asMirageProof,
  challengeOf,
  inOrder,
  pointsOf,
  provenByReference,
  referenceKeyIn,
  referenceKeys,
} from './rounds-support.js';

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
  ['entries looked up often', { seed: 7, tables: [{ rows: 3, columns: 1, lookups: 90 }], products: 0 }],
  ['no table at all', { seed: 4, tables: [], products: 5, publicValues: 1 }],
  ['no product, no wire unused', { seed: 5, tables: [{ rows: 2, columns: 2, lookups: 1 }], products: 0, unused: 0 }],
];

const trapdoor = mirageTrapdoor('engine');
const blinding = (seed: string) => ({
  rho: scalarFrom(seed, 'rho'),
  r: scalarFrom(seed, 'r'),
  s: scalarFrom(seed, 's'),
});

/** The reference's key in a memory of its own. */
async function engine(keys: ReferenceKeys) {
  const kernels = await instantiateKernels();
  const key = referenceKeyIn(kernels, keys);
  soil(kernels);
  const prove = (
    { rounds, witness }: Pick<RandomRounds, 'rounds' | 'witness'>,
    challenge: Challenge,
    fresh: () => bigint,
    onProgress?: OnProverProgress,
  ) => proveTwoRounds(new SoloTeam(kernels), key, rounds, witness, challenge, fresh, onProgress);
  return { kernels, prove };
}

/** What a proof finds in memory that it has not written must not matter. */
function soil({ heap }: Kernels): void {
  const mark = heap.mark();
  const random = randomNumbers(9);
  const words = heap.words(heap.allocate(2 ** 22), 2 ** 20);
  // Limbs of field elements, so that nothing hangs on them either.
  for (let i = 0; i < words.length; i++) words[i] = random(2 ** 21);
  heap.release(mark);
}

describe.each(SYSTEMS)('%s', (name, options) => {
  const system = randomRounds(options);
  const values = blinding(name);
  // Both kinds of domain.
  let size = 3;
  while (size < system.r1cs.nConstraints + 4) size *= 2;

  it.each([undefined, size])('proves as the reference does, and the equation holds (domain of %s)', async (points) => {
    const keys = referenceKeys(system, trapdoor, points);
    const expected = provenByReference(keys, system, values);
    expect(brokenRows(keys.system, expected.witness)).toEqual([]);
    const { kernels, prove } = await engine(keys);
    const mark = kernels.heap.mark();
    const progress: [string, number][] = [];
    const fresh = inOrder(values.rho, values.r, values.s);
    const proof = await prove(system, challengeOf(system), fresh, (...step) => progress.push(step));
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

const system = randomRounds({
  seed: 6,
  tables: [
    { rows: 4, columns: 1, lookups: 6 },
    { rows: 3, columns: 2, lookups: 4 },
  ],
  products: 4,
});
const keys = referenceKeys(system, trapdoor);
const { rho, r, s } = blinding('one');

/** The challenges of the last C1 beside what the engine made of them. */
async function equation(challenged: Pick<RandomRounds, 'rounds' | 'witness'>): Promise<boolean> {
  const { prove } = await engine(keys);
  let last = { x: 0n, theta: 0n, d: 0n };
  const challenge: Challenge = async (c1) => (last = await challengeOf(system)(c1));
  const proof = await prove(challenged, challenge, inOrder(rho, r, s));
  return equationHolds(keys, last, pointsOf(proof));
}

describe('what does not satisfy the rows', () => {
  const { witness } = system;
  const changed = (part: Partial<RoundOneWitness>) => ({ ...system, witness: { ...witness, ...part } });
  const integers = (part: 'wires' | 'a', index: number, change = 1) => {
    const small = witness[part].small.slice();
    small[index]! += change;
    return changed({ [part]: { ...witness[part], small } });
  };

  it.each<[string, () => Pick<RandomRounds, 'rounds' | 'witness'>]>([
    ['nothing is wrong', () => system],
    ['a lookup of another row', () => changed({ lookups: witness.lookups.map((row, k) => (k === 0 ? 3 - row : row)) })],
    ['another multiplicity', () => integers('wires', system.rounds.tables[0]!.firstMultiplicity)],
    ['a negative multiplicity', () => integers('wires', system.rounds.tables[0]!.firstMultiplicity, -(2 ** 20))],
    ['another wire of round 1', () => integers('wires', 8)],
    ['another value of a row', () => integers('a', 0)],
    ['another table', () => withTable({ values: Float64Array.of(1, 2, 3) })],
  ])('%s', async (what, make) => {
    expect(await equation(make())).toBe(what === 'nothing is wrong');
  });
});

const withTable = (change: object) => ({
  ...system,
  rounds: { ...system.rounds, tables: system.rounds.tables.map((table, i) => (i === 1 ? { ...table, ...change } : table)) },
}); // prettier-ignore

describe('a commitment that will not do', () => {
  it('is drawn again where X hits a pole of either kind of table', async () => {
    const { prove } = await engine(keys);
    const commitments: bigint[] = [];
    const theta = 77n;
    const pole = system.rounds.tables[1]!.values![2]!;
    // X + 2 and X + 2 + values[2]·Θ.
    const poles = [R - 2n, R - ((2n + BigInt(pole) * theta + R * 2n ** 60n) % R)];
    const challenge: Challenge = (c1) => {
      const x = poles[commitments.length];
      commitments.push(c1.x);
      if (x === undefined) return challengeOf(system)(c1);
      return system.second({ x, theta, d: foldOf(system.publicValues, theta) });
    };
    const proof = await prove(system, challenge, inOrder(1n, 2n, rho, r, s));
    expect(new Set(commitments).size).toBe(3);
    expect(proof).toEqual(asMirageProof(provenByReference(keys, system, { rho, r, s })));
  });

  it('is drawn again where it is the point at infinity', async () => {
    const { prove } = await engine(keys);
    const wires = {
      small: system.witness.wires.small.map(() => 0),
      wide: new Uint32Array(),
      scalars: new Uint8Array(),
    };
    let calls = 0;
    const challenge: Challenge = (c1) => {
      calls++;
      expect(c1).toEqual(keys.pk.delta2.toAffine());
      return challengeOf(system)(c1);
    };
    await prove({ ...system, witness: { ...system.witness, wires } }, challenge, inOrder(0n, 1n, r, s));
    expect(calls).toBe(1);
  });
});

describe('key, rounds and witness that do not belong together', () => {
  const { rounds, witness } = system;
  const cases: [string, Partial<Rounds>, Partial<RoundOneWitness>][] = [
    ['a lookup of a row that is not there', {}, { lookups: witness.lookups.map(() => 4) }],
    ['a lookup of a negative row', {}, { lookups: witness.lookups.map(() => -1) }],
    ['a lookup of no table', { lookupTable: rounds.lookupTable.map(() => 2) }, {}],
    ['a lookup in no row', { lookupRow: rounds.lookupRow.map(() => system.r1cs.nConstraints) }, {}],
    ['too few lookups', {}, { lookups: witness.lookups.subarray(1) }],
    ['a product in no row', { thetaRow: rounds.thetaRow.map(() => 2 ** 31) }, {}],
    ['a product of no wire', { thetaSource: rounds.thetaSource.map(() => rounds.firstRound2) }, {}],
    ['a field row that is not there', { fieldRows: rounds.fieldRows.map(() => 1e9) }, {}],
    ['another round 2', { firstRound2: rounds.firstRound2 + 1, firstInverse: rounds.firstInverse + 1 }, {}],
    ['wires behind the last', { firstField: system.r1cs.nWires + 1 }, {}],
    ['rows of another number', {}, { a: { ...witness.a, small: witness.a.small.subarray(1) } }],
    ['wires of another number', {}, { wires: { ...witness.wires, small: witness.wires.small.subarray(1) } }],
    ['a table of other multiplicities', { tables: withTable({ firstMultiplicity: 3 }).rounds.tables }, {}],
    ['a table of other quotients', { tables: withTable({ firstQuotient: rounds.firstTheta }).rounds.tables }, {}],
    ['a table in no row', { tables: withTable({ firstRow: system.r1cs.nConstraints - 2 }).rounds.tables }, {}],
    ['a table of other values', { tables: withTable({ values: new Float64Array(2) }).rounds.tables }, {}],
  ];
  it.each(cases)('%s: INTERNAL', async (_, otherRounds, otherWitness) => {
    const { prove, kernels } = await engine(keys);
    const before = contentOf(kernels);
    const other = { rounds: { ...rounds, ...otherRounds }, witness: { ...witness, ...otherWitness } };
    await expect(prove(other, challengeOf(system), inOrder(rho, r, s))).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(contentOf(kernels).equals(before)).toBe(true);
  });
});

const contentOf = ({ memory }: Kernels): Buffer => Buffer.from(new Uint8Array(memory.buffer));
