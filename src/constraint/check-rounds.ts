/**
 * The rule of two rounds, read off a finished circuit and trusting no bookkeeping of its builder: what a lookup asks for, and what is
 * public, is fixed before the challenges are drawn. A query that a challenge can reach would let a prover choose it afterwards.
 */
import { invariant } from '../base/errors.js';
import { instructionOf, wiresSet } from './instructions.js';
import { OPERAND_WORDS, type Circuit, type TwoRoundCircuit } from './program.js';
import type { SparseMatrix } from './r1cs.js';
import { ChallengeWire, FIRST_ROUND1_WIRE, type LookupTable, type Rounds } from './rounds.js';

interface Term {
  readonly wire: number;
  readonly coef: number;
}

function termsOf({ rowStart, wires, coefs }: SparseMatrix, row: number): Term[] {
  const [from, to] = [rowStart[row]!, rowStart[row + 1]!];
  return Array.from(wires.subarray(from, to), (wire, i) => ({ wire, coef: coefs[from + i]! }));
}

/** Throws INTERNAL where the circuit breaks the rule: no such circuit may leave the compiler. */
export function checkRounds(circuit: TwoRoundCircuit): void {
  new RoundsCheck(circuit, circuit.rounds).run();
}

class RoundsCheck {
  constructor(
    private readonly circuit: Circuit,
    private readonly rounds: Rounds,
  ) {}

  run(): void {
    const { rounds } = this;
    this.requireLayout();
    rounds.thetaRow.forEach((row, j) => {
      this.requireTheta(row, j);
    });
    rounds.lookupRow.forEach((row, k) => {
      this.requireLookup(row, k);
    });
    for (const table of rounds.tables) this.requireTable(table);
    const { hints } = this.circuit.program;
    for (let j = 0; j < rounds.publicValues; j++) {
      for (const { wire } of termsOf(hints, rounds.firstPublicRow + j)) {
        invariant(wire === 0 || this.isRound1(wire), 'a public value is fixed in round 1', { value: j, wire });
      }
    }
    this.requireFold();
    this.requireOthers();
    this.requireFieldRows();
    this.requireProgram();
  }

  private isRound1(wire: number): boolean {
    return wire >= FIRST_ROUND1_WIRE && wire < this.rounds.firstRound2;
  }

  /** Multiplicities in round 1; inverses, quotients, products with Θ and other elements behind it, without gaps. */
  private requireLayout(): void {
    const { tables, firstInverse, firstRound2, firstTheta, firstField, lookupRow, thetaSource } = this.rounds;
    let next = firstInverse + lookupRow.length;
    for (const { rows, firstMultiplicity, firstQuotient } of tables) {
      invariant(
        this.isRound1(firstMultiplicity) && this.isRound1(firstMultiplicity + rows - 1),
        'multiplicities are fixed in round 1',
        { firstMultiplicity },
      );
      invariant(firstQuotient === next, 'quotients follow one another', { firstQuotient, next });
      next += rows;
    }
    const sound = firstInverse === firstRound2 && firstTheta === next && firstField === next + thetaSource.length;
    invariant(sound, 'round 2 is inverses, quotients, products with Θ, other elements', { firstTheta, firstField });
  }

  /** source·Θ = product, the source fixed in round 1. */
  private requireTheta(row: number, j: number): void {
    const source = this.rounds.thetaSource[j]!;
    invariant(this.isRound1(source), 'a column of a query depends on no challenge', { source });
    this.require('a', row, [{ wire: source, coef: 1 }]);
    this.require('b', row, [{ wire: ChallengeWire.theta, coef: 1 }]);
    this.require('c', row, [{ wire: this.rounds.firstTheta + j, coef: 1 }]);
  }

  /** inverse·(X + query [+ product]) = 1: the product where the table has two columns, and everything else fixed in round 1. */
  private requireLookup(row: number, k: number): void {
    const { firstInverse, firstTheta, firstField, tables, lookupTable } = this.rounds;
    this.require('a', row, [{ wire: firstInverse + k, coef: 1 }]);
    this.require('c', row, [{ wire: 0, coef: 1 }]);
    const query = termsOf(this.circuit.r1cs.b, row);
    const x = query.find(({ wire }) => wire === ChallengeWire.x);
    invariant(x?.coef === 1, 'a query stands beside X', { lookup: k });
    const others = query.filter(({ wire }) => wire !== 0 && wire !== ChallengeWire.x && !this.isRound1(wire));
    const products = others.filter(({ wire, coef }) => wire >= firstTheta && wire < firstField && coef === 1);
    const table = tables[lookupTable[k]!];
    invariant(
      products.length === others.length && products.length === (table?.values === undefined ? 0 : 1),
      'a column of a query depends on no challenge',
      { lookup: k, table: table?.name },
    );
  }

  private requireTable(table: LookupTable): void {
    for (let t = 0; t < table.rows; t++) {
      const row = table.firstRow + t;
      const value = table.values?.[t] ?? 0;
      this.require('a', row, [{ wire: table.firstQuotient + t, coef: 1 }]);
      this.require('b', row, [
        ...(t === 0 ? [] : [{ wire: 0, coef: t }]),
        { wire: ChallengeWire.x, coef: 1 },
        ...(value === 0 ? [] : [{ wire: ChallengeWire.theta, coef: value }]),
      ]);
      this.require('c', row, [{ wire: table.firstMultiplicity + t, coef: 1 }]);
    }
    const sum = table.firstRow + table.rows;
    const id = this.rounds.tables.indexOf(table);
    const inverses = Array.from(this.rounds.lookupTable.keys()).filter((k) => this.rounds.lookupTable[k] === id);
    this.require('c', sum, [
      ...inverses.map((k) => ({ wire: this.rounds.firstInverse + k, coef: 1 })),
      ...Array.from({ length: table.rows }, (_, t) => ({ wire: table.firstQuotient + t, coef: -1 })),
    ]);
    this.require('a', sum, []);
  }

  /** Rows that are of neither the lookup argument nor round 2 multiply what is fixed in round 1. */
  private requireOthers(): void {
    const { lookupRow, thetaRow, fieldRows, tables } = this.rounds;
    const { r1cs } = this.circuit;
    const special = new Uint8Array(r1cs.nConstraints);
    for (const rows of [lookupRow, thetaRow, fieldRows]) for (const row of rows) special[row] = 1;
    for (const { firstRow, rows } of tables) special.fill(1, firstRow, firstRow + rows + 1);
    for (const { rowStart, wires } of [r1cs.a, r1cs.b, r1cs.c]) {
      for (let row = 0; row < r1cs.nConstraints; row++) {
        if (special[row] === 1) continue;
        const sound = wires
          .subarray(rowStart[row]!, rowStart[row + 1]!)
          .every((wire) => wire === 0 || this.isRound1(wire));
        invariant(sound, 'a row of round 1 has no challenge and no wire of round 2', { row });
      }
    }
  }

  /** The fold and Freivalds' checks: nothing of the lookup argument is in them, and D is the fold's alone. */
  private requireFieldRows(): void {
    const { fieldRows, firstField } = this.rounds;
    const { a, b, c } = this.circuit.r1cs;
    fieldRows.forEach((row, i) => {
      for (const side of [a, b, c]) {
        for (const { wire } of termsOf(side, row)) {
          const ends = wire === ChallengeWire.d && side === c && i === fieldRows.length - 1;
          const sound = wire === 0 || wire === ChallengeWire.theta || wire >= firstField || this.isRound1(wire) || ends;
          invariant(sound, 'a row at the challenge holds Θ, round 1 and its own elements', { row, wire });
        }
      }
    });
  }

  /** The last rows of round 2: D = Θ·(P_1 + Θ·(P_2 + … )) over exactly the values that the hints give the transcript, P_n first. */
  private requireFold(): void {
    const { publicValues, firstPublicRow, fieldRows, firstField } = this.rounds;
    const theta = [{ wire: ChallengeWire.theta, coef: 1 }];
    invariant(publicValues >= 1 && fieldRows.length >= publicValues, 'every public value is folded', { publicValues });
    let tail: Term[] = [];
    fieldRows.slice(-publicValues).forEach((row, i) => {
      const j = publicValues - 1 - i;
      this.require('a', row, [...termsOf(this.circuit.program.hints, firstPublicRow + j), ...tail]);
      this.require('b', row, theta);
      const [sum, ...more] = termsOf(this.circuit.r1cs.c, row);
      const isNext = j === 0 ? sum?.wire === ChallengeWire.d : sum !== undefined && sum.wire >= firstField;
      invariant(isNext && sum?.coef === 1 && more.length === 0, 'the fold ends in D', { row });
      tail = [sum];
    });
  }

  private require(side: 'a' | 'b' | 'c', row: number, expected: readonly Term[]): void {
    const got = termsOf(this.circuit.r1cs[side], row);
    const same =
      got.length === expected.length &&
      got.every(({ wire, coef }, i) => wire === expected[i]!.wire && coef === expected[i]!.coef);
    invariant(same, `side ${side} of row ${row} is not what the rounds say it is`);
  }

  /** Whatever the witness program sets before the challenges is a round-1 wire. */
  private requireProgram(): void {
    const { code } = this.circuit.program;
    for (let at = 0; at < code.length;) {
      for (const kind of instructionOf(code[at++]!)!.operands) {
        const [first, count] = wiresSet(code, kind, at) ?? [0, 0];
        const sound = count === 0 || (this.isRound1(first) && this.isRound1(first + count - 1));
        invariant(sound, 'round 1 sets a wire of round 2', { at, first, count });
        at += OPERAND_WORDS[kind];
      }
    }
  }
}
