/** The rule of two rounds on doctored circuits: whatever lets a prover choose after the challenges are known does not leave the compiler. */
import { describe, expect, it } from 'vitest';
import { protocolCircuit } from '../../circuits/attack/protocol.js';
import { checkRounds } from '../../src/constraint/check-rounds.js';
import type { SparseMatrix } from '../../src/constraint/r1cs.js';
import { ChallengeWire, type LookupTable, type Rounds } from '../../src/constraint/rounds.js';
import { instructionOf } from '../../src/constraint/instructions.js';
import { Opcode, OPERAND_WORDS, type TwoRoundCircuit } from '../../src/constraint/program.js';

const circuit = protocolCircuit();
const { r1cs, rounds, program } = circuit;
const { firstRound2, firstTheta, firstField, firstInverse } = rounds;
type Term = readonly [wire: number, coef: number];

function termsOf({ rowStart, wires, coefs }: SparseMatrix, row: number): Term[] {
  return Array.from({ length: rowStart[row + 1]! - rowStart[row]! }, (_, i) => {
    const at = rowStart[row]! + i;
    return [wires[at]!, coefs[at]!];
  });
}

/** The matrix with one row replaced, its wires sorted. */
function withRow(matrix: SparseMatrix, row: number, change: (terms: readonly Term[]) => readonly Term[]): SparseMatrix {
  const rows = Array.from({ length: matrix.rowStart.length - 1 }, (_, i) =>
    i === row ? change(termsOf(matrix, i)).toSorted(([p], [q]) => p - q) : termsOf(matrix, i),
  );
  const starts = rows.reduce<number[]>((list, terms) => [...list, list.at(-1)! + terms.length], [0]);
  return {
    rowStart: Uint32Array.from(starts),
    wires: Uint32Array.from(rows.flatMap((terms) => terms.map(([wire]) => wire))),
    coefs: Float64Array.from(rows.flatMap((terms) => terms.map(([, coef]) => coef))),
  };
}

const withSide = (
  side: 'a' | 'b' | 'c',
  row: number,
  change: (terms: readonly Term[]) => readonly Term[],
): TwoRoundCircuit => ({ ...circuit, r1cs: { ...r1cs, [side]: withRow(r1cs[side], row, change) } });
const withHints = (row: number, change: (terms: readonly Term[]) => readonly Term[]): TwoRoundCircuit => ({
  ...circuit,
  program: { ...program, hints: withRow(program.hints, row, change) },
});
const withRounds = (change: Partial<Rounds>): TwoRoundCircuit => ({ ...circuit, rounds: { ...rounds, ...change } });
const withTable = (id: number, change: Partial<LookupTable>): TwoRoundCircuit =>
  withRounds({ tables: rounds.tables.map((table, i) => (i === id ? { ...table, ...change } : table)) });
const withProgram = (code: readonly number[]): TwoRoundCircuit => ({
  ...circuit,
  program: { ...program, code: Int32Array.from([...program.code, ...code]) },
});
const plus =
  (...more: readonly Term[]) =>
  (terms: readonly Term[]): readonly Term[] => [...terms, ...more];
const put =
  (...terms: readonly Term[]) =>
  (): readonly Term[] =>
    terms;

/** Positions of the operands that name a wire to be set, with their instruction. */
function outputsOf(code: Int32Array): { at: number; opcode: number; kind: string }[] {
  const found: { at: number; opcode: number; kind: string }[] = [];
  for (let at = 0; at < code.length;) {
    const opcode = code[at++]!;
    for (const kind of instructionOf(opcode)!.operands) {
      if (['out', 'part', 'run'].includes(kind) && code[at] !== 0) found.push({ at, opcode, kind });
      at += OPERAND_WORDS[kind];
    }
  }
  return found;
}

const range = rounds.tables.findIndex(({ values }) => values === undefined);
const square = rounds.tables.findIndex(({ values }) => values !== undefined);
const lookupIn = (table: number): number => rounds.lookupTable.indexOf(table);
const [inRange, inSquare] = [lookupIn(range), lookupIn(square)];
const rowOf = (lookup: number): number => rounds.lookupRow[lookup]!;
const { firstRow, firstQuotient, rows } = rounds.tables[square]!;
const fold = rounds.fieldRows;
const plainRow = Array.from({ length: r1cs.nConstraints }, (_, row) => row).find(
  (row) =>
    !rounds.lookupRow.includes(row) &&
    !rounds.thetaRow.includes(row) &&
    !fold.includes(row) &&
    rounds.tables.every((table) => row < table.firstRow || row > table.firstRow + table.rows),
)!;
const input = circuit.inputs[0]!.first;

it('accepts the circuit as it was built', () => {
  expect(() => {
    checkRounds(circuit);
  }).not.toThrow();
  expect([inRange, inSquare, plainRow].every((place) => place >= 0)).toBe(true);
  expect([firstField < r1cs.nWires, rounds.publicValues]).toEqual([true, 3]);
});

describe('refuses', () => {
  it.each<[string, TwoRoundCircuit, RegExp]>([
    // Queries.
    ['a query that depends on Θ', withSide('b', rowOf(inRange), plus([ChallengeWire.theta, 1])), /column of a query/],
    ['a query that depends on D', withSide('b', rowOf(inRange), plus([ChallengeWire.d, 1])), /column of a query/],
    [
      'a query with X twice',
      withSide('b', rowOf(inRange), () => [
        [ChallengeWire.x, 2],
        [input, 1],
      ]),
      /beside X/,
    ],
    ['a query without X', withSide('b', rowOf(inRange), put([input, 1])), /beside X/],
    [
      'a query with the inverse of another lookup',
      withSide('b', rowOf(inRange), plus([firstInverse, 1])),
      /column of a query/,
    ],
    ['a query with a quotient', withSide('b', rowOf(inRange), plus([firstQuotient, 1])), /column of a query/],
    ['a query with another wire of round 2', withSide('b', rowOf(inRange), plus([firstField, 1])), /column of a query/],
    ['a second column in a table of one', withSide('b', rowOf(inRange), plus([firstTheta, 1])), /column of a query/],
    ['two second columns', withSide('b', rowOf(inSquare), plus([firstTheta + 1, 1])), /column of a query/],
    [
      'no second column in a table of two',
      withSide('b', rowOf(inSquare), (terms) => terms.filter(([wire]) => wire < firstTheta)),
      /column of a query/,
    ],
    [
      'a second column taken twice',
      withSide('b', rowOf(inSquare), (terms) => terms.map(([wire, coef]) => [wire, wire >= firstTheta ? 2 : coef])),
      /column of a query/,
    ],
    [
      'a lookup in a table of the other kind',
      withRounds({ lookupTable: rounds.lookupTable.map((id, k) => (k === inSquare ? range : id)) }),
      /column of a query/,
    ],
    [
      'a lookup that another sum counts',
      withRounds({
        lookupTable: rounds.lookupTable.map((id, k) =>
          k === inRange ? rounds.tables.findIndex(({ values }, i) => i !== range && values === undefined) : id,
        ),
      }),
      /is not what the rounds say/,
    ],
    [
      'two lookups in one row',
      withRounds({ lookupRow: rounds.lookupRow.map((row, k) => (k === 1 ? rowOf(0) : row)) }),
      /side a of row/,
    ],
    ['a lookup that is another wire’s', withSide('a', rowOf(inRange), put([input, 1])), /side a of row/],
    ['a lookup whose inverse may be zero', withSide('c', rowOf(inRange), put()), /side c of row/],
    // Products with Θ.
    [
      'a source that is a wire of round 2',
      withRounds({ thetaSource: rounds.thetaSource.with(0, firstInverse) }),
      /column of a query/,
    ],
    [
      'a source that is Θ itself',
      withRounds({ thetaSource: rounds.thetaSource.with(0, ChallengeWire.theta) }),
      /column of a query/,
    ],
    ['a product of another wire', withSide('a', rounds.thetaRow[0]!, put([firstInverse, 1])), /side a of row/],
    ['a product with X', withSide('b', rounds.thetaRow[0]!, put([ChallengeWire.x, 1])), /side b of row/],
    ['a product with something more', withSide('c', rounds.thetaRow[0]!, plus([firstField, 1])), /side c of row/],
    // Tables.
    ['multiplicities in round 2', withTable(square, { firstMultiplicity: firstRound2 }), /multiplicities are fixed/],
    [
      'the last multiplicity in round 2',
      withTable(square, { firstMultiplicity: firstRound2 - rows + 1 }),
      /multiplicities are fixed/,
    ],
    [
      'a multiplicity that is a challenge',
      withTable(square, { firstMultiplicity: ChallengeWire.x }),
      /multiplicities are fixed/,
    ],
    [
      'a row with a wire of round 2 for its multiplicity',
      withSide('c', firstRow + 1, put([firstField, 1])),
      /side c of row/,
    ],
    ['a multiplicity and something more', withSide('c', firstRow + 1, plus([ChallengeWire.x, 1])), /side c of row/],
    [
      'a row of another index',
      withSide('b', firstRow + 1, (terms) => terms.map(([wire, coef]) => [wire, wire === 0 ? 9 : coef])),
      /side b of row/,
    ],
    [
      'a row of another value',
      withSide('b', firstRow + 2, (terms) =>
        terms.map(([wire, coef]) => [wire, wire === ChallengeWire.theta ? 5 : coef]),
      ),
      /side b of row/,
    ],
    [
      'a table of other values than its rows',
      withTable(square, { values: rounds.tables[square]!.values!.map((value) => value + 1) }),
      /side b of row/,
    ],
    ['a quotient of another row', withSide('a', firstRow, put([firstQuotient + 1, 1])), /side a of row/],
    ['quotients elsewhere', withTable(square, { firstQuotient: firstQuotient + 1 }), /quotients follow/],
    ['a sum without one lookup', withSide('c', firstRow + rows, (terms) => terms.slice(1)), /side c of row/],
    ['a sum without one row', withSide('c', firstRow + rows, (terms) => terms.slice(0, -1)), /side c of row/],
    ['a sum with something more', withSide('c', firstRow + rows, plus([firstField, 1])), /side c of row/],
    ['a sum that need not be zero', withSide('a', firstRow + rows, put([firstField, 1])), /side a of row/],
    // Public values and other rows.
    [
      'a public value that depends on a challenge',
      withHints(rounds.firstPublicRow, plus([ChallengeWire.x, 1])),
      /public value is fixed/,
    ],
    [
      'a public value with a wire of round 2',
      withHints(rounds.firstPublicRow + 1, plus([firstField, 1])),
      /public value is fixed/,
    ],
    ['a fold of something else', withSide('a', fold[1]!, plus([input, 1])), /side a of row/],
    ['a fold without Θ', withSide('b', fold[0]!, put([0, 1])), /side b of row/],
    ['a fold that does not end in D', withSide('c', fold[2]!, put([firstField, 1])), /the fold ends in D/],
    ['fewer folds than public values', withRounds({ fieldRows: fold.slice(1) }), /every public value is folded/],
    ['a row of round 1 with a challenge', withSide('a', plainRow, plus([ChallengeWire.theta, 1])), /a row of round 1/],
    ['a row of round 1 with a wire of round 2', withSide('b', plainRow, plus([firstField, 1])), /a row of round 1/],
    // Layout.
    ['a round 1 that reaches into round 2', withRounds({ firstRound2: firstRound2 + 1 }), /round 2 is inverses/],
    [
      'a round 2 that reaches into round 1',
      withRounds({ firstRound2: firstRound2 - 1 }),
      /multiplicities are fixed|round 2 is inverses/,
    ],
    ['products with Θ elsewhere', withRounds({ firstTheta: firstTheta + 1 }), /round 2 is inverses|side c/],
    ['other elements elsewhere', withRounds({ firstField: firstField - 1 }), /round 2 is inverses/],
    // Round 1's program.
    ['round 1 that sets an inverse', withProgram([Opcode.Linear, firstInverse, 3, 0]), /round 1 sets/],
    ['round 1 that sets a challenge', withProgram([Opcode.Linear, ChallengeWire.x, 3, 0]), /round 1 sets/],
    ['round 1 that sets a public fold', withProgram([Opcode.FieldLinear, ChallengeWire.d, 3, 0]), /round 1 sets/],
    ['a run of bits into round 2', withProgram([Opcode.Bits, firstRound2 - 1, 2, 0, 2, 0, 3, 0]), /round 1 sets/],
    ['a part in round 2', withProgram([Opcode.Quotient, input, firstField, 0, 1, 3, 0, 3, 0]), /round 1 sets/],
    ['the other part in round 2', withProgram([Opcode.Quotient, input, 0, firstField, 1, 3, 0, 3, 0]), /round 1 sets/],
  ])('%s', (_, doctored, message) => {
    expect(() => {
      checkRounds(doctored);
    }).toThrow(message);
  });

  it('every instruction that is made to set a wire of round 2', () => {
    const outputs = outputsOf(program.code);
    expect(outputs.length).toBeGreaterThan(5);
    for (const { at } of outputs) {
      for (const wire of [firstRound2, r1cs.nWires - 1, ChallengeWire.x, ChallengeWire.d]) {
        const code = program.code.slice();
        code[at] = wire;
        expect(() => {
          checkRounds({ ...circuit, program: { ...program, code } });
        }).toThrow(/round 1 sets/);
      }
    }
  });

  it('every side of every row of the argument with one more wire of round 2', () => {
    const argument = [...rounds.lookupRow, ...rounds.thetaRow, firstRow, firstRow + rows];
    for (const row of argument) {
      for (const side of ['a', 'c'] as const) {
        expect(() => {
          checkRounds(withSide(side, row, plus([r1cs.nWires - 1, 1])));
        }).toThrow(/INTERNAL/);
      }
    }
  });
});

it('accepts a run of no bits, which is a range check alone', () => {
  expect(() => {
    checkRounds(withProgram([Opcode.Bits, 1, 0, 0, 2, 0, 3, 0]));
  }).not.toThrow();
});
