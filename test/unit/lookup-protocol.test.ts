/** The lookup argument: all rows of a circuit of two rounds for random challenges, and what a prover may try against them. */
import { describe, expect, it } from 'vitest';
import { attackProtocol, Protocol, protocolCircuit, type Challenges } from '../../circuits/attack/protocol.js';
import { protocolRows } from '../../circuits/attack/rows.js';
import { ChallengeWire } from '../../src/constraint/rounds.js';
import { mod, R } from '../../src/field/bn254.js';
import { completeWitness, foldPublic } from '../../scripts/complete-witness.js';
import { checkSatisfied, outputsOf, publicSignals, solve } from '../../src/constraint/solver.js';
import { randomNumbers } from './random-r1cs.js';

const numbers = randomNumbers(41);
const random = (): bigint => {
  let value = 0n;
  for (let i = 0; i < 17; i++) value = (value << 16n) | BigInt(numbers(2 ** 16));
  return value % R;
};
const challenges = (): Challenges => ({ x: random(), theta: random() });

const circuit = protocolCircuit();
const { rounds, r1cs } = circuit;
const protocol = new Protocol(circuit);
const inputs = new Map([['x', Float64Array.of(7, 9, 3, 12)]]);
const honest = solve(circuit, inputs);
const publicValues = publicSignals(circuit, honest);

/** Every wire, as `completeWitness` and as the rows say. */
function complete(drawn: Challenges): bigint[] {
  const { small, field } = completeWitness(circuit, honest, publicValues, drawn);
  return Array.from(small, (value, wire) => mod(field.get(wire) ?? BigInt(value)));
}

describe('the honest witness', () => {
  it('satisfies every row for random challenges, and round 2 is what the rows force', () => {
    expect(outputsOf(circuit, honest).get('y')).toEqual(Float64Array.of(15));
    expect(publicValues).toEqual([15n, 7n * 256n + 9n, 3n * 256n + 12n]);
    for (let i = 0; i < 20; i++) {
      const drawn = challenges();
      expect(checkSatisfied(r1cs, completeWitness(circuit, honest, publicValues, drawn))).toBeUndefined();
      expect(protocol.roundTwo(protocol.roundOne(inputs), drawn)).toEqual(complete(drawn));
    }
  });

  it('counts each lookup in its table', () => {
    const counted = rounds.tables.map(({ firstMultiplicity, rows }) =>
      honest.small.slice(firstMultiplicity, firstMultiplicity + rows).reduce((sum, count) => sum + count, 0),
    );
    const asked = rounds.tables.map((_, id) => rounds.lookupTable.filter((table) => table === id).length);
    expect(counted).toEqual(asked);
    expect(asked.every((count) => count > 0)).toBe(true);
  });
});

describe('a changed value breaks a row that is there for it', () => {
  const drawn = challenges();
  const values = complete(drawn);
  const changed = (wire: number, by = 1n): number[] => protocol.broken(values.with(wire, mod(values[wire]! + by)));
  const tableRow = (id: number, t: number): number => rounds.tables[id]!.firstRow + t;

  it('an inverse: its lookup and its table’s sum', () => {
    rounds.lookupRow.forEach((row, k) => {
      const { firstRow, rows } = rounds.tables[rounds.lookupTable[k]!]!;
      expect(changed(rounds.firstInverse + k).toSorted((p, q) => p - q)).toEqual([row, firstRow + rows]);
    });
  });

  it('a quotient: its row and its table’s sum', () => {
    rounds.tables.forEach(({ rows, firstQuotient }, id) => {
      for (let t = 0; t < rows; t++) expect(changed(firstQuotient + t)).toEqual([tableRow(id, t), tableRow(id, rows)]);
    });
  });

  it('a multiplicity: its row; with its quotient, the sum', () => {
    rounds.tables.forEach(({ rows, firstMultiplicity }, id) => {
      for (let t = 0; t < rows; t++) {
        expect(changed(firstMultiplicity + t)).toEqual([tableRow(id, t)]);
        const cheated = values.with(firstMultiplicity + t, mod(values[firstMultiplicity + t]! + 1n));
        expect(protocol.broken(protocol.roundTwo(cheated, drawn))).toEqual([tableRow(id, rows)]);
      }
    });
  });

  it('a product with Θ: its row and the lookups that hold it', () => {
    expect(rounds.thetaSource.length).toBe(2);
    rounds.thetaRow.forEach((row, j) => {
      expect(changed(rounds.firstTheta + j)).toContain(row);
      expect(changed(rounds.firstTheta + j)).toHaveLength(2);
    });
  });

  it('the table row of a lookup: the lookup', () => {
    rounds.lookupRow.forEach((row, k) => {
      const lookups = honest.lookups!.slice();
      lookups[k] = (lookups[k]! + 1) % rounds.tables[rounds.lookupTable[k]!]!.rows;
      const failed = checkSatisfied(r1cs, completeWitness(circuit, { ...honest, lookups }, publicValues, drawn));
      expect(failed?.row).toBe(row);
    });
  });

  it('D, Θ, X and the wires between: the rows of public values', () => {
    const fold = [...rounds.fieldRows];
    expect(fold).toHaveLength(rounds.publicValues);
    expect(fold).toEqual(expect.arrayContaining(changed(ChallengeWire.d)));
    for (const wire of [ChallengeWire.d, ChallengeWire.theta, ChallengeWire.x])
      expect(changed(wire).length).toBeGreaterThan(0);
    for (let wire = rounds.firstField; wire < r1cs.nWires; wire++) expect(changed(wire)).toHaveLength(2);
  });

  it('a public value, +1 or permuted: D is another', () => {
    const others = [
      publicValues.with(0, publicValues[0]! + 1n),
      publicValues.with(2, publicValues[2]! + 1n),
      publicValues.toReversed(),
      publicValues.slice(0, -1),
      [...publicValues, 1n],
    ];
    for (const other of others) {
      const d = foldPublic(other, drawn.theta);
      expect(d).not.toBe(values[ChallengeWire.d]);
      expect(protocol.broken(values.with(ChallengeWire.d, d))).toEqual([rounds.fieldRows.at(-1)]);
    }
    // A trailing zero folds to the same D: the number of public values is the verifier's, in the transcript and the key.
    expect(foldPublic([...publicValues, 0n], drawn.theta)).toBe(values[ChallengeWire.d]);
  });

  it('every wire, by anything: some row', () => {
    for (let wire = 1; wire < r1cs.nWires; wire++) expect(changed(wire, random()).length).toBeGreaterThan(0);
  });
});

describe('a query outside its table', () => {
  const last = circuit.inputs[0]!.first + 3;
  const outside = protocol.roundOne(inputs).with(last, 16n);
  const sums = rounds.tables.map(({ firstRow, rows }) => firstRow + rows);

  it('breaks the sum of that table alone, for whatever multiplicities are fixed before the challenges', () => {
    for (let i = 0; i < 10; i++) {
      const early = protocol.balance(outside, challenges());
      for (const round1 of [outside, early]) {
        const broken = protocol.broken(protocol.roundTwo(round1, challenges()));
        expect(broken.length).toBeGreaterThan(0);
        expect(broken.every((row) => sums.includes(row))).toBe(true);
      }
    }
  });

  it('passes every row with multiplicities made after X is known: so they are wires of round 1', () => {
    const drawn = challenges();
    const late = protocol.balance(outside, drawn);
    expect(protocol.broken(protocol.roundTwo(late, drawn))).toEqual([]);
    for (const { firstMultiplicity, rows } of rounds.tables)
      expect(firstMultiplicity + rows).toBeLessThanOrEqual(rounds.firstRound2);
    // The same wires, and other challenges: refused.
    expect(protocol.broken(protocol.roundTwo(late, challenges())).length).toBeGreaterThan(0);
  });

  it('passes where a row of its table, or its sum, is left out', () => {
    const { firstRow, rows, firstQuotient } = rounds.tables[rounds.lookupTable[3]!]!;
    const values = protocol.roundTwo(outside, challenges());
    const [sum] = protocol.broken(values);
    expect(sum).toBe(firstRow + rows);
    const { c } = protocol.rows[sum!]!;
    const excess = c.wires.reduce((total, wire, i) => total + c.coefs[i]! * values[wire]!, 0n);
    const forged = values.with(firstQuotient + 1, mod(values[firstQuotient + 1]! + excess));
    expect(protocol.broken(forged)).toEqual([firstRow + 1]);
    expect(protocolRows(rounds).has(firstRow + 1)).toBe(true);
  });
});

it('attackProtocol refuses all and accepts all it should', () => {
  const tally = attackProtocol(random, 3);
  expect(tally.accepted).toBe(tally.honest);
  expect(tally.refused).toBe(tally.changes);
  expect(tally.outsideRefused).toBe(tally.outside);
  expect(tally.latePassed).toBe(tally.late);
  expect([tally.honest, tally.outside, tally.late]).toEqual([3, 9, 3]);
  expect(tally.changes).toBeGreaterThan(500);
});
