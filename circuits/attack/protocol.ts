/**
 * Attacks the lookup argument itself: all rows of a circuit of two rounds, for random challenges. A prover fixes round 1, multiplicities
 * among it, then learns X and Θ; what the rows leave it in round 2 is nothing: each wire follows. So any change breaks a row, and a query
 * outside its table breaks a sum whatever the multiplicities, unless they are chosen after X is known, which is why they are of round 1.
 */
import { invariant } from '../../src/base/errors.js';
import { batchInverse, mod, R } from '../../src/field/bn254.js';
import { instructionOf, isFieldOpcode, operandWords } from '../../src/constraint/instructions.js';
import { Side, type TwoRoundCircuit } from '../../src/constraint/program.js';
import { solve, type Witness } from '../../src/constraint/solver.js';
import { OWN_ENDS, type Lc } from '../builder.js';
import { fieldCombination, toField } from '../lc.js';
import { LookupBuilder } from '../builders/lookup-builder.js';
import type { TablePlan } from '../builders/lookup-plan.js';
import { max } from '../gadgets/max.js';
import { requantise } from '../gadgets/requantise.js';
import { ChallengeWire } from '../../src/constraint/rounds.js';
import { attackedRoundTwo } from './instructions.js';
import { evaluate, formOf, isSatisfied, rowsOf, type Row } from './rows.js';

export interface Challenges {
  readonly x: bigint;
  readonly theta: bigint;
}

/** Whether a row of the circuit's holds, and what round 2 must be, from the rows alone. */
export class Protocol {
  readonly rows: readonly Row[];

  constructor(readonly circuit: TwoRoundCircuit) {
    this.rows = rowsOf(circuit.r1cs);
  }

  /** Round 1 of the honest witness; the challenges and round 2 are 0. */
  roundOne(inputs: ReadonlyMap<string, Float64Array>): bigint[] {
    return this.valuesOf(solve(this.circuit, inputs));
  }

  /** A witness as field elements. */
  valuesOf({ small, field }: Witness): bigint[] {
    return Array.from(small, (value, wire) => mod(field.get(wire) ?? BigInt(value)));
  }

  /** Round 2 as the rows force it, whether or not the queries are in their tables. */
  roundTwo(round1: readonly bigint[], { x, theta }: Challenges): bigint[] {
    const { rounds, program, r1cs } = this.circuit;
    const values = [...round1];
    const publicValues = Array.from({ length: rounds.publicValues }, (_, j) =>
      evaluate(formOf(program.hints, rounds.firstPublicRow + j, r1cs.bigCoefs), values),
    );
    values[ChallengeWire.x] = x;
    values[ChallengeWire.theta] = theta;
    values[ChallengeWire.d] = publicValues.reduceRight((sum, value) => mod((sum + value) * theta), 0n);
    rounds.thetaSource.forEach((source, j) => {
      values[rounds.firstTheta + j] = mod(values[source]! * theta);
    });
    const poles = (rows: readonly number[]): bigint[] =>
      batchInverse(rows.map((row) => evaluate(this.rows[row]!.b, values)));
    poles([...rounds.lookupRow]).forEach((inverted, k) => {
      values[rounds.firstInverse + k] = inverted;
    });
    for (const { rows, firstRow, firstQuotient, firstMultiplicity } of rounds.tables) {
      poles(Array.from({ length: rows }, (_, t) => firstRow + t)).forEach((inverted, t) => {
        values[firstQuotient + t] = mod(values[firstMultiplicity + t]! * inverted);
      });
    }
    this.runFields(values);
    return values;
  }

  private runFields(values: bigint[]): void {
    const { code } = this.circuit.rounds;
    const side = (at: number): bigint => {
      const { a, b, c } = this.rows[code[at + 1]!]!;
      return evaluate(code[at] === Side.A ? a : code[at] === Side.B ? b : c, values);
    };
    for (let at = 0; at < code.length;) {
      const known = instructionOf(code[at]!)!;
      invariant(isFieldOpcode(known.name), 'round 2 runs over field elements alone', { at });
      const end = at + 1 + operandWords(known);
      const rows: bigint[] = [];
      for (let row = at + 2; row < end; row += 2) rows.push(side(row));
      values[code[at + 1]!] = attackedRoundTwo[known.name](rows);
      at = end;
    }
  }

  /** Rows that do not hold. */
  broken(values: readonly bigint[]): number[] {
    return this.rows.flatMap((row, i) => (isSatisfied(row, values) ? [] : [i]));
  }

  /** What a prover would do who knew X in time: one multiplicity of each table makes its sum zero. */
  balance(round1: readonly bigint[], challenges: Challenges): bigint[] {
    const balanced = [...round1];
    const values = this.roundTwo(round1, challenges);
    for (const { rows, firstRow, firstMultiplicity } of this.circuit.rounds.tables) {
      const excess = evaluate(this.rows[firstRow + rows]!.c, values);
      const pole = evaluate(this.rows[firstRow]!.b, values);
      balanced[firstMultiplicity] = mod(balanced[firstMultiplicity]! + excess * pole);
    }
    return balanced;
  }
}

const PLAN: TablePlan = { bits: 4, spans: new Set([4]), clamps: new Map(), functions: new Set(['square']) };
const SQUARE = { name: 'square', values: Float64Array.from({ length: 16 }, (_, i) => i * i) };

/** Range tables of two sizes, a function table, products, three public values. */
export function protocolCircuit(): TwoRoundCircuit {
  const b = new LookupBuilder(PLAN);
  b.layer('protocol', 'attack');
  const x = b.input('x', 4, 0, 15) as [Lc, Lc, Lc, Lc];
  const squares = x.slice(0, 2).map((value) => b.table(value, SQUARE));
  const y = requantise(b, max(b, squares[0]!, squares[1]!), { shift: 2, lo: 0, bits: 4, ends: OWN_ENDS });
  b.output('y', [y]);
  b.expose(toField(y));
  b.expose(fieldCombination(x.slice(0, 2).map(toField), [256n, 1n]));
  b.expose(fieldCombination(x.slice(2).map(toField), [256n, 1n]));
  return b.finish();
}

export interface ProtocolSummary {
  /** Witnesses of random inputs and challenges, and those that satisfy every row. */
  readonly honest: number;
  readonly accepted: number;
  /** Changes of one value after the challenges are known, and of one multiplicity before; and those that break a row. */
  readonly changes: number;
  readonly refused: number;
  /** Queries outside their table: multiplicities tried before the challenges are known, and those that break a row. */
  readonly outside: number;
  readonly outsideRefused: number;
  /** The same with multiplicities made after X is known: all of these pass. */
  readonly late: number;
  readonly latePassed: number;
}

/** Random inputs and challenges from `random`, uniform field elements. */
export function attackProtocol(random: () => bigint, runs: number): ProtocolSummary {
  const protocol = new Protocol(protocolCircuit());
  const { rounds, r1cs } = protocol.circuit;
  const tally = {
    honest: 0,
    accepted: 0,
    changes: 0,
    refused: 0,
    outside: 0,
    outsideRefused: 0,
    late: 0,
    latePassed: 0,
  };
  const challenges = (): Challenges => ({ x: random(), theta: random() });
  for (let run = 0; run < runs; run++) {
    const inputs = new Map([['x', Float64Array.from({ length: 4 }, () => Number(random() % 16n))]]);
    const round1 = protocol.roundOne(inputs);
    const drawn = challenges();
    const values = protocol.roundTwo(round1, drawn);
    tally.honest++;
    if (protocol.broken(values).length === 0) tally.accepted++;

    // X, Θ and D are the verifier's; a public value is wires of round 1, D as it was.
    for (let wire = 1; wire < r1cs.nWires; wire++) {
      for (const step of [1n, random()]) {
        tally.changes++;
        if (protocol.broken(values.with(wire, (values[wire]! + step) % R)).length > 0) tally.refused++;
      }
    }
    for (const { rows, firstMultiplicity } of rounds.tables) {
      for (let t = 0; t < rows; t++) {
        const cheated = round1.with(firstMultiplicity + t, mod(round1[firstMultiplicity + t]! - 1n));
        tally.changes++;
        if (protocol.broken(protocol.roundTwo(cheated, drawn)).length > 0) tally.refused++;
      }
    }

    // The last input is in no row but its lookup and D: 16 is outside its table.
    const outside = round1.with(lastInput(protocol.circuit), 16n);
    const guesses = [
      outside,
      protocol.balance(outside, challenges()),
      withRandomMultiplicities(outside, protocol, random),
    ];
    for (const guess of guesses) {
      tally.outside++;
      if (protocol.broken(protocol.roundTwo(guess, drawn)).length > 0) tally.outsideRefused++;
    }
    tally.late++;
    const late = protocol.balance(outside, drawn);
    if (protocol.broken(protocol.roundTwo(late, drawn)).length === 0) tally.latePassed++;
  }
  return tally;
}

function lastInput({ inputs }: TwoRoundCircuit): number {
  const { first, count } = inputs[0]!;
  return first + count - 1;
}

function withRandomMultiplicities(round1: readonly bigint[], { circuit }: Protocol, random: () => bigint): bigint[] {
  const changed = [...round1];
  for (const { rows, firstMultiplicity } of circuit.rounds.tables) {
    for (let t = 0; t < rows; t++) changed[firstMultiplicity + t] = random();
  }
  return changed;
}
