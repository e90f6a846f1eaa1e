/**
 * For a circuit and one choice of everything that a statement takes as given (inputs, salts): is there a second assignment of its wires that
 * satisfies every row and says something else? First by inference, which finds none in a sound circuit and then is a proof; where that
 * leaves a target open, by search.
 */
import { mod, R } from '../../../src/field/bn254.js';
import { isTwoRound } from '../../../src/constraint/kind.js';
import type { Circuit } from '../../../src/constraint/program.js';
import { evaluate } from '../rows.js';
import { conclude } from './cases.js';
import { RowCheck } from './complete.js';
import { Knowledge, type Case } from './knowledge.js';
import { readRelation, type Relation } from './relation.js';

export type Verdict =
  /** The rows and what is given determine all targets; wires left open are in none. */
  | { readonly kind: 'unique'; readonly open: readonly number[] }
  /** No assignment satisfies the rows, or none that is the honest one in what follows. */
  | { readonly kind: 'refused' }
  /** Every row of the circuit was checked. `targets` are those that differ, with what they are honestly and in the other assignment. */
  | {
      readonly kind: 'second';
      readonly values: readonly bigint[];
      readonly targets: readonly { readonly target: number; readonly honest: bigint; readonly other: bigint }[];
    }
  | { readonly kind: 'undecided'; readonly rows: readonly number[]; readonly wires: readonly number[] };

/** What a statement takes as given, and the honest answer. */
export interface Given {
  /** Values of inputs and salts. */
  readonly given: ReadonlyMap<number, bigint>;
  /** Round 1 of the honest witness, or all of one round; none for inputs that are to be refused. */
  readonly honest: readonly bigint[] | undefined;
}

export interface SearchOptions {
  /** Uniform in F_r. */
  readonly random: () => bigint;
  /** Clauses looked at in the search for a second assignment. */
  readonly steps?: number;
}

const STEPS = 300_000;
const RESTARTS = 60;
/** Rows of a table that are tried for a wire which has no other bound. */
const MAX_ROWS = 64n;
/** Open clauses that are asked for cases before anything is guessed: about a gadget's. */
const NEAR = 12;

export class WholeCircuit {
  readonly relation: Relation;
  readonly rows: RowCheck;

  constructor(
    readonly circuit: Circuit,
    readonly without: ReadonlySet<number> = new Set(),
  ) {
    this.relation = readRelation(circuit, without);
    this.rows = new RowCheck(circuit, without);
  }

  judge({ given, honest }: Given, { random, steps = STEPS }: SearchOptions): Verdict {
    const knowledge = new Knowledge(this.relation);
    const possible = [...given].every(([wire, value]) => knowledge.set(wire, value)) && conclude(knowledge);
    if (!possible) return { kind: 'refused' };
    const open = this.openWires(knowledge);
    const undetermined = this.relation.targets.filter((target) => knowledge.valueOf(target) === undefined);
    const wrong = honest === undefined ? [] : this.contradicted(knowledge, honest);
    if (wrong.length > 0) return { kind: 'refused' };
    // Without an honest witness any assignment at all is one too many.
    if (undetermined.length === 0 && honest !== undefined) return { kind: 'unique', open };
    const limit = knowledge.steps + steps;
    const search = new Search(this, knowledge, honest, random, limit);
    for (let restart = 0; restart < RESTARTS && knowledge.steps < limit; restart++) {
      const second = search.attempt();
      if (second !== undefined) return second;
    }
    const rows = knowledge.clauses.flatMap(({ row }, id) => (knowledge.isOpen(id) ? [row] : []));
    return { kind: 'undecided', rows: [...new Set(rows)], wires: open };
  }

  /** Wires of the circuit that follow to be another than the honest one: none, unless the inference or the witness is wrong. */
  private contradicted({ values }: Knowledge, honest: readonly bigint[]): number[] {
    const { nWires, nPubIn } = this.circuit.r1cs;
    const [from, to] = isTwoRound(this.circuit) ? [1 + nPubIn, this.circuit.rounds.firstRound2] : [1, nWires];
    return Array.from({ length: to - from }, (_, i) => from + i).filter(
      (wire) => values[wire] !== undefined && values[wire] !== honest[wire],
    );
  }

  private openWires(knowledge: Knowledge): number[] {
    const used = new Set(knowledge.clauses.flatMap(({ sums }) => sums.flatMap(({ wires }) => wires)));
    return [...used].filter((wire) => knowledge.values[wire] === undefined);
  }
}

/** Guesses values of open wires, other than the honest ones where it can, and follows each guess. */
class Search {
  /** Guesses that may fail in one attempt. */
  private patience = 0;
  /** How often, of three times, an attempt tries the honest value first: 0 changes all it can, 3 as little. */
  private caution = 0;

  constructor(
    private readonly whole: WholeCircuit,
    private readonly knowledge: Knowledge,
    private readonly honest: readonly bigint[] | undefined,
    private readonly random: () => bigint,
    private readonly limit: number,
  ) {}

  attempt(): Verdict | undefined {
    const { mark } = this.knowledge;
    this.patience = 200;
    this.caution = this.below(4);
    const verdict = this.descend(true);
    this.knowledge.undo(mark);
    return verdict;
  }

  private descend(first: boolean): Verdict | undefined {
    const { knowledge } = this;
    const ways = first && this.below(4) > 0 ? this.anyWire() : this.nextWays();
    if (ways === undefined) return this.leaf();
    for (const way of ways) {
      const { mark } = knowledge;
      if (way.every(([wire, value]) => knowledge.set(wire, value)) && knowledge.propagate()) {
        const verdict = this.descend(false);
        if (verdict !== undefined) return verdict;
      }
      knowledge.undo(mark);
      if (--this.patience < 0 || knowledge.steps > this.limit) return undefined;
    }
    return undefined;
  }

  /** A guess about some open wire, so that attempts differ. */
  private anyWire(): readonly Case[] | undefined {
    const { knowledge } = this;
    const open = knowledge.clauses.flatMap((_, id) => (knowledge.isOpen(id) ? knowledge.openWires(id) : []));
    const wires = [...new Set([...open, ...this.openTargets()])].sort((p, q) => p - q);
    if (wires.length === 0) return undefined;
    // Earlier ones more often: what follows has to follow from them.
    return this.guesses(wires[this.below(1 + this.below(wires.length))]!);
  }

  /**
   * Cases of one of the first open clauses, as gadgets follow one another; where none of them has cases a guess; at last guesses about
   * targets that no clause speaks of.
   */
  private nextWays(): readonly Case[] | undefined {
    const { knowledge } = this;
    const near: number[] = [];
    for (let id = 0; id < knowledge.clauses.length && near.length < NEAR; id++) if (knowledge.isOpen(id)) near.push(id);
    for (const id of near) {
      const cases = knowledge.casesOf(id) ?? knowledge.rowCases(id, MAX_ROWS);
      if (cases !== undefined) return this.shuffled(cases);
    }
    const [first] = near;
    if (first !== undefined) return this.guesses(this.narrowest(knowledge.openWires(first))!, this.isCautious());
    const [wire] = this.openTargets();
    return wire === undefined ? undefined : this.guesses(wire, this.isCautious());
  }

  private openTargets(): number[] {
    return this.whole.relation.targets.flatMap(({ wires }) =>
      wires.filter((wire) => this.knowledge.values[wire] === undefined),
    );
  }

  private narrowest(wires: readonly number[]): number | undefined {
    const width = (wire: number): bigint => {
      const interval = this.knowledge.intervals[wire];
      return interval === undefined ? R : interval.hi - interval.lo;
    };
    return wires.reduce<number | undefined>(
      (best, wire) => (best === undefined || width(wire) < width(best) ? wire : best),
      undefined,
    );
  }

  /** Values of a wire, the honest one last; or, that few values are other ones, now and then first. */
  private guesses(wire: number, honestFirst = false): readonly Case[] {
    const interval = this.knowledge.intervals[wire];
    const honest = this.honest?.[wire];
    const near = honest === undefined ? [] : [honest + 1n, honest - 1n];
    const some =
      interval === undefined
        ? [...near, 0n, 1n, this.random()]
        : [...near, interval.lo, interval.hi, interval.lo + (this.random() % (interval.hi - interval.lo + 1n))];
    const others = [...new Set(some.map((value) => mod(value)))].filter((value) => value !== honest);
    const ways = this.shuffled(others.map((value) => [[wire, value]]));
    if (honest === undefined) return ways;
    const same: Case = [[wire, honest]];
    return honestFirst ? [same, ...ways] : [...ways, same];
  }

  private shuffled(cases: readonly Case[]): Case[] {
    return cases
      .map((one) => [this.random(), one] as const)
      .toSorted(([p], [q]) => (p < q ? -1 : 1))
      .map(([, one]) => one);
  }

  private isCautious(): boolean {
    return this.below(3) < this.caution;
  }

  private below(n: number): number {
    return n <= 0 ? 0 : Number(this.random() % BigInt(n));
  }

  /** An assignment of everything that clauses speak of: it counts where it says something else and every row of the circuit holds. */
  private leaf(): Verdict | undefined {
    const { knowledge, whole, honest } = this;
    const { nWires } = whole.circuit.r1cs;
    const values = knowledge.values.slice(0, nWires).map((value, wire) => value ?? honest?.[wire] ?? 0n);
    const targets = whole.relation.targets.flatMap((form, target) => {
      const [before, after] = [honest === undefined ? undefined : evaluate(form, honest), evaluate(form, values)];
      return before === after ? [] : [{ target, honest: before ?? 0n, other: after }];
    });
    if (targets.length === 0) return undefined;
    knowledge.steps += whole.circuit.r1cs.nConstraints;
    if (whole.rows.broken(values, this.random) !== undefined) return undefined;
    return { kind: 'second', values, targets };
  }
}
