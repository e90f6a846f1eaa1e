/**
 * Attacks the statement's bit over all rows of a circuit of two rounds: what it counts are multiplicities of a clamp table's clamped rows, and a
 * prover fixes them before X and Θ are drawn. Moved between rows, or left out, they break the table's sum; chosen once X is known they would
 * pass, which is why they are of round 1.
 */
import { invariant } from '../../src/base/errors.js';
import { inverse, mod } from '../../src/field/bn254.js';
import type { TwoRoundCircuit } from '../../src/constraint/program.js';
import type { Ends } from '../builder.js';
import { LookupBuilder } from '../builders/lookup-builder.js';
import { clampKey } from '../builders/lookup-plan.js';
import { requantise } from '../gadgets/requantise.js';
import { fieldCombination, toField } from '../lc.js';
import { Protocol, type Challenges } from './protocol.js';
import { Resolver } from './resolve.js';
import { evaluate } from './rows.js';

const BOTH: Ends = { lo: 'counted', hi: 'counted' };
const TOP = 15;
/** Quotients that the table covers: those of inputs in [-64, 127], shifted by 2. */
const COVERED = { lo: -16, hi: 32 };

/** Three values, clamped to [0, 15] by a table; public are they and the bit. */
export function countingCircuit(): TwoRoundCircuit {
  const clamps = new Map([[clampKey(TOP, BOTH), COVERED]]);
  const b = new LookupBuilder({ bits: 4, spans: new Set([4]), clamps, functions: new Set() });
  b.layer('counted', 'attack');
  const values = b.input('x', 3, -64, 127).map((x) => requantise(b, x, { shift: 2, lo: 0, bits: 4, ends: BOTH }));
  b.output('y', values);
  b.expose(fieldCombination(values.map(toField), [1n, 256n, 65536n]));
  b.expose(b.clampedBit());
  return b.finish();
}

export interface CountedSummary {
  /** Round 1 with another bit, or other multiplicities, before the challenges are known; and those that break a row. */
  readonly lies: number;
  readonly refused: number;
  /** Multiplicities moved as X asks for, once it is known: all of these pass. */
  readonly late: number;
  readonly latePassed: number;
}

/** Random inputs, with a clamp and without, and challenges from `random`, uniform field elements. */
export function attackCounted(random: () => bigint, runs: number): CountedSummary {
  const attack = new CountedAttack(random);
  for (let run = 0; run < runs; run++) {
    attack.run(Array.from({ length: 3 }, () => Number(random() % 192n) - 64));
    attack.run(Array.from({ length: 3 }, () => Number(random() % 60n)));
  }
  return attack.tally;
}

class CountedAttack {
  readonly tally = { lies: 0, refused: 0, late: 0, latePassed: 0 };
  private readonly protocol = new Protocol(countingCircuit());
  private readonly sum: number;
  private readonly inverse: number;
  private readonly bit: number;

  constructor(private readonly random: () => bigint) {
    const hint = new Resolver(this.protocol.circuit).hints.find(({ name }) => name === 'nonZeroSum');
    invariant(hint !== undefined, 'the bit has an instruction');
    [this.sum, this.inverse, this.bit] = hint.wires as [number, number, number];
  }

  run(inputs: readonly number[]): void {
    const { protocol, bit, sum } = this;
    const round1 = protocol.roundOne(new Map([['x', Float64Array.from(inputs)]]));
    const isClamped = inputs.some((x) => x < -2 || x >= 62);
    invariant(round1[bit] === (isClamped ? 1n : 0n), 'the honest bit', { inputs: inputs.join() });
    for (const inv of [round1[this.inverse]!, 0n, this.random()])
      this.refuse(round1.with(bit, 1n - round1[bit]).with(this.inverse, inv));
    // A sum of the liar's, with the bit that belongs to it.
    this.refuse(this.stating(round1, isClamped ? 0n : 1n));
    this.refuse(this.stating(round1, round1[sum]! + 1n));
    for (const moved of this.moves(round1, isClamped)) {
      this.refuse(moved);
      this.refuse(protocol.balance(moved, this.challenges()));
      const drawn = this.challenges();
      this.tally.late++;
      if (protocol.broken(protocol.roundTwo(this.lateBalance(moved, drawn), drawn)).length === 0)
        this.tally.latePassed++;
    }
  }

  private challenges(): Challenges {
    return { x: this.random(), theta: this.random() };
  }

  private refuse(round1: readonly bigint[]): void {
    this.tally.lies++;
    const { protocol } = this;
    if (protocol.broken(protocol.roundTwo(round1, this.challenges())).length > 0) this.tally.refused++;
  }

  private stating(round1: readonly bigint[], value: bigint): bigint[] {
    const sum = mod(value);
    return round1
      .with(this.sum, sum)
      .with(this.inverse, sum === 0n ? 0n : inverse(sum))
      .with(this.bit, sum === 0n ? 0n : 1n);
  }

  private get clampTable(): { readonly first: number; readonly rows: number } {
    const { firstMultiplicity: first, rows } = this.protocol.circuit.rounds.tables.find(
      ({ values }) => values !== undefined,
    )!;
    return { first, rows };
  }

  /** Whether row t is of a value that is clamped. */
  private isCounted(t: number): boolean {
    const v = t + COVERED.lo;
    return v < 0 || v > TOP;
  }

  /** Where a value is clamped, its lookups counted in a row that is not, so that the bit is 0; else one lookup counted in a row that is. */
  private *moves(round1: readonly bigint[], isClamped: boolean): Generator<bigint[]> {
    const { first, rows } = this.clampTable;
    for (const target of isClamped ? [-COVERED.lo, TOP - COVERED.lo] : [0, rows - 1]) {
      const moved = [...round1];
      for (let t = 0; t < rows; t++) {
        if (this.isCounted(t) !== isClamped) continue;
        moved[first + target] = moved[first + target]! + moved[first + t]!;
        moved[first + t] = 0n;
      }
      const counted = Array.from({ length: rows }, (_, t) => (this.isCounted(t) ? moved[first + t]! : 0n));
      yield this.stating(
        moved,
        counted.reduce((total, one) => total + one, 0n),
      );
    }
  }

  /** What a prover would do who knew X in time: one multiplicity that nothing counts makes the sum zero. */
  private lateBalance(round1: readonly bigint[], drawn: Challenges): bigint[] {
    const { protocol } = this;
    const { firstRow, rows } = protocol.circuit.rounds.tables.find(({ values }) => values !== undefined)!;
    const values = protocol.roundTwo(round1, drawn);
    const at = -COVERED.lo + 1;
    const excess = evaluate(protocol.rows[firstRow + rows]!.c, values);
    const pole = evaluate(protocol.rows[firstRow + at]!.b, values);
    const wire = this.clampTable.first + at;
    return round1.with(wire, mod(round1[wire]! + excess * pole));
  }
}
