/** Two witnesses of one statement give the same distribution of each revealed element, and no randomness is used twice. */
import { describe, expect, it } from 'vitest';
import type { Ext } from '../../../src/field/goldilocks.js';
import { proveArgument } from '../../../src/prove/clear/reference/argument.js';
import { proofSeed, SecretStream } from '../../../src/prove/clear/reference/randomness.js';
import { Sender, type ProverTranscript } from '../../../src/prove/clear/reference/sender.js';
import { drawBlinding, valuesOf } from '../../../src/prove/clear/reference/values.js';
import type { Assignment, Relation } from '../../../src/verify/clear/relation.js';
import { extensionDraws, plainPlan } from './plain.js';
import { just, rangeTable, residues, zero } from './toys.js';

/** x·y = z for a public z, x and y digits. */
const relation: Relation = {
  cells: [
    { name: 'x', dims: [1] },
    { name: 'y', dims: [1] },
  ],
  weights: [],
  publics: [{ name: 'z', dims: [1] }],
  tables: [rangeTable('digit', 6)],
  constraints: [
    { kind: 'product', dims: [1], a: just('cell', 0), b: just('cell', 1), c: just('public', 0) },
    { kind: 'lookup', dims: [1], table: 0, input: just('cell', 0), output: zero },
    { kind: 'lookup', dims: [1], table: 0, input: just('cell', 1), output: zero },
  ],
};
const witness = (x: number, y: number): Assignment => ({
  cells: [residues([x]), residues([y])],
  weights: [],
  publics: [residues([4])],
});
const witnesses = [witness(2, 2), witness(1, 4)];
const plan = plainPlan(relation);
const statement = { keyDigest: new Uint8Array(32), publicBytes: Uint8Array.of(4), context: new Uint8Array(0) };

function blindingOf(run: number, assignment: Assignment): Ext[] {
  const fresh = new Uint8Array(32);
  new DataView(fresh.buffer).setUint32(0, run);
  const stream = new SecretStream(proofSeed(fresh, statement, assignment.cells), 'blinding');
  return drawBlinding(plan.blinding, () => [stream.element(), stream.element()]);
}

/** What is sent under challenges that are the same for every proof: else a difference would hide in them. */
function sent(assignment: Assignment, blinding: readonly Ext[]): bigint[] {
  const next = extensionDraws(3);
  const values: bigint[] = [];
  const transcript: ProverTranscript = {
    draw: (_, count) => Array.from({ length: count }, next),
    exchange(_, message, draws) {
      values.push(...message.flat());
      return { values: message, challenges: Array.from({ length: draws }, next) };
    },
  };
  proveArgument(plan, valuesOf(relation, assignment, blinding), transcript);
  return values;
}

const RUNS = 300;
const CELLS = 8;
const bucket = (value: bigint) => Number(value >> 61n);

/** χ² of two samples in 8 cells, 7 degrees of freedom, of each residue that is sent. */
function differences(blind: (run: number, assignment: Assignment) => Ext[]): number[] {
  const counts = witnesses.map((assignment) => {
    let table: number[][] = [];
    for (let run = 0; run < RUNS; run++) {
      const values = sent(assignment, blind(run, assignment));
      if (run === 0) table = values.map(() => new Array<number>(CELLS).fill(0));
      values.forEach((value, i) => (table[i]![bucket(value)]! += 1));
    }
    return table;
  });
  return counts[0]!.map((first, i) =>
    first.reduce((sum, a, k) => {
      const b = counts[1]![i]![k]!;
      return sum + (a + b === 0 ? 0 : (a - b) ** 2 / (a + b));
    }, 0),
  );
}

describe('two witnesses of one statement', () => {
  it('give one distribution of each residue that is sent', () => {
    const found = differences(blindingOf);
    expect(found.length).toBeGreaterThan(60);
    // 7 degrees of freedom: above 45 with probability 1.4·10^−7.
    expect(Math.max(...found)).toBeLessThan(45);
  });

  it('are told apart where one pad is a constant', () => {
    const found = differences((run, assignment) =>
      blindingOf(run, assignment).map((x, i) => (i === plan.blinding.pads - 1 ? [1n, 1n] : x)),
    );
    expect(Math.max(...found)).toBeGreaterThan(400);
  });
});

describe('randomness', () => {
  it('is not used twice: within a proof, by another proof, by another witness with the same fresh bytes', () => {
    const drawn = [blindingOf(1, witnesses[0]!), blindingOf(2, witnesses[0]!), blindingOf(1, witnesses[1]!)].flatMap(
      (own) => own.filter((_, i) => i < plan.blinding.firstProduct || i >= plan.blinding.firstFree),
    );
    expect(new Set(drawn.flat()).size).toBe(2 * drawn.length);
  });

  it('gives each padded value the next pad', () => {
    const pads = Array.from({ length: 6 }, (_, i): Ext => [BigInt(i + 1), 0n]);
    const values: (readonly Ext[])[] = [];
    const sender = new Sender(
      {
        draw: () => [],
        exchange: (_, message) => {
          values.push(message);
          return { values: message, challenges: [] };
        },
      },
      pads,
    );
    sender.exchange(
      'a',
      [
        [100n, 0n],
        [100n, 0n],
      ],
      0,
    );
    sender.exchange('b', [[100n, 0n]], 0);
    expect(values.flat()).toEqual([
      [99n, 0n],
      [98n, 0n],
      [97n, 0n],
    ]);
  });
});
