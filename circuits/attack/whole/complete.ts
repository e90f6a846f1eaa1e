/**
 * Whether an assignment satisfies every row of a circuit, apart from all that reads a relation out of it. Of two rounds, multiplicities are
 * counted, challenges drawn, and round 2 is solved row by row, as a prover would who has fixed round 1: what a missing row leaves free is chosen.
 */
import { isTwoRound } from '../../../src/constraint/kind.js';
import type { Circuit, TwoRoundCircuit } from '../../../src/constraint/program.js';
import { ChallengeWire } from '../../../src/constraint/rounds.js';
import { evaluate, isSatisfied, rowsOf } from '../rows.js';
import { Knowledge } from './knowledge.js';
import type { ReadRow } from './relation.js';

/** The rows of a circuit, of those not in `without`. */
export class RowCheck {
  private readonly rows: readonly ReadRow[];
  private readonly byRow: ReadonlyMap<number, ReadRow>;
  /** All rows, with nothing known; of two rounds. */
  private readonly blank: Knowledge | undefined;

  constructor(
    private readonly circuit: Circuit,
    without: ReadonlySet<number>,
  ) {
    const rows = rowsOf(circuit.r1cs).map((row, i) => ({ ...row, row: i }));
    this.rows = rows.filter(({ row }) => !without.has(row));
    this.byRow = new Map(this.rows.map((row) => [row.row, row]));
    const { nWires } = circuit.r1cs;
    if (isTwoRound(circuit))
      this.blank = new Knowledge({ nWires, rows: this.rows, lookups: [], stated: 0, targets: [], unread: [] });
  }

  /** The first row that does not hold; `values` are wires of round 1, or all of one round. */
  broken(values: readonly bigint[], random: () => bigint): number | undefined {
    const all = isTwoRound(this.circuit) ? this.completed(this.circuit, values, random) : values;
    return this.rows.find((row) => !isSatisfied(row, all))?.row;
  }

  private completed(circuit: TwoRoundCircuit, values: readonly bigint[], random: () => bigint): bigint[] {
    const { rounds, r1cs } = circuit;
    const knowledge = this.blank!;
    const { mark } = knowledge;
    const counted = this.withMultiplicities(circuit, values);
    knowledge.set(ChallengeWire.x, random());
    knowledge.set(ChallengeWire.theta, random());
    for (let wire = ChallengeWire.d + 1; wire < rounds.firstRound2; wire++) knowledge.set(wire, counted[wire]!);
    // A contradiction is found again when rows are checked.
    knowledge.propagate();
    for (let wire = 1; wire < r1cs.nWires; wire++) {
      if (knowledge.values[wire] !== undefined) continue;
      knowledge.set(wire, 0n);
      knowledge.propagate();
    }
    const all = Array.from(knowledge.values, (value) => value!);
    knowledge.undo(mark);
    return all;
  }

  /** The values with every multiplicity counted from lookups whose row is there. */
  private withMultiplicities({ rounds, r1cs }: TwoRoundCircuit, values: readonly bigint[]): bigint[] {
    const counted = Array.from({ length: r1cs.nWires }, (_, wire) => values[wire] ?? 0n);
    for (const { rows, firstMultiplicity } of rounds.tables)
      counted.fill(0n, firstMultiplicity, firstMultiplicity + rows);
    // X and the products with Θ are 0 here: what is left of side B is the first column.
    counted.fill(0n, 0, ChallengeWire.d + 1).fill(0n, rounds.firstRound2);
    counted[0] = 1n;
    rounds.lookupRow.forEach((row, k) => {
      const lookup = this.byRow.get(row);
      if (lookup === undefined) return;
      const { rows, firstMultiplicity } = rounds.tables[rounds.lookupTable[k]!]!;
      const t = evaluate(lookup.b, counted);
      if (t < BigInt(rows)) counted[firstMultiplicity + Number(t)]! += 1n;
    });
    return counted;
  }
}
