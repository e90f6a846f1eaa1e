/** A circuit's constraints over BigInt, for attacks: nothing here knows bounds, hints or what a value was meant to be. */
import { mod, R } from '../../src/field/bn254.js';
import { isTwoRound } from '../../src/constraint/kind.js';
import type { Circuit } from '../../src/constraint/program.js';
import type { FieldLc } from '../builder.js';
import { fieldCombination } from '../lc.js';
import { coefficient, type R1cs, type SparseMatrix } from '../../src/constraint/r1cs.js';
import { ChallengeWire, N_CHALLENGES, type LookupTable, type Rounds } from '../../src/constraint/rounds.js';

/** Row a·b = c; the constant wire is folded into `constant`. */
export interface Row {
  readonly a: FieldLc;
  readonly b: FieldLc;
  readonly c: FieldLc;
}

/** An ideal lookup: query ∈ [0, rows), and where there is a second column, second ∈ values[query]. */
export interface Membership {
  readonly table: string;
  readonly query: FieldLc;
  readonly rows: number;
  readonly second?: FieldLc;
  /** By table row; more than one value where a table holds several pairs of one first column. */
  readonly values?: readonly (readonly bigint[])[];
  /** It says what a lookup adds to a sum of multiplicities (`Tally`), not what one finds. */
  readonly tallies?: true;
}

/**
 * A sum Σ coef_t·m_t over the multiplicities of a table, of which each is the number of lookups of row t (docs/soundness/mirage.md, section 4), is a
 * sum over the lookups: `wire` stands for what one of them adds, coefs[t] for row t.
 */
export interface Tally {
  readonly wire: number;
  readonly query: FieldLc;
  readonly coefs: readonly bigint[];
}

/** What a lookup adds by its query; 0 where that is no row. */
export function tallied({ query, coefs }: Pick<Tally, 'query' | 'coefs'>, values: readonly bigint[]): bigint {
  const q = evaluate(query, values);
  return q < BigInt(coefs.length) ? coefs[Number(q)]! : 0n;
}

/**
 * What a prover must satisfy, with the lookup argument taken as ideal: rows, and the lookups as memberships. Of a circuit of two rounds
 * the other rows make the memberships hold (tables, sums, products with Θ) or bind public values; they are attacked by protocol.ts.
 */
export interface System {
  readonly rows: readonly Row[];
  readonly memberships: readonly Membership[];
  /** Wires from 0 that the system speaks of: neither multiplicities nor round 2. The last are of `tallies`. */
  readonly nWires: number;
  /** What each lookup adds where a row speaks of multiplicities. */
  readonly tallies: readonly Tally[];
  /** Challenges, of which no row and no membership depends; 0 here. */
  readonly challenges: readonly number[];
}

/**
 * The system without some constraints. A lookup lost is a membership lost; so is a product with Θ, which leaves the second column to round 2
 * and with it the query; and with a table's row or sum every membership of that table is lost.
 */
export function systemOf(circuit: Circuit, without: ReadonlySet<number> = new Set()): System {
  const { r1cs } = circuit;
  const all = rowsOf(r1cs);
  const present = (row: number): boolean => !without.has(row);
  if (!isTwoRound(circuit))
    return {
      rows: all.filter((_, row) => present(row)),
      memberships: [],
      nWires: r1cs.nWires,
      tallies: [],
      challenges: [],
    };
  const { rounds } = circuit;
  const special = protocolRows(rounds);
  const counting = new Counting(rounds, membershipsOf(all, rounds, present));
  const rows = all.filter((_, row) => present(row) && !special.has(row)).map((row) => counting.row(row));
  const { memberships, tallies, nWires } = counting;
  return { rows, memberships, nWires, tallies, challenges: Array.from({ length: N_CHALLENGES }, (_, i) => 1 + i) };
}

/** Whether a wire is the multiplicity of a table's row. */
export function isMultiplicity({ tables }: Rounds, wire: number): boolean {
  return tables.some(({ firstMultiplicity: first, rows }) => wire >= first && wire < first + rows);
}

/** Rows that speak of multiplicities, over tallies instead. */
export class Counting {
  readonly tallies: Tally[] = [];
  readonly memberships: Membership[];
  /** Wire of the first tally. */
  readonly first: number;

  constructor(
    private readonly rounds: Rounds,
    memberships: readonly Membership[],
  ) {
    this.memberships = [...memberships];
    this.first = rounds.tables[0]?.firstMultiplicity ?? rounds.firstRound2;
  }

  get nWires(): number {
    return this.first + this.tallies.length;
  }

  row({ a, b, c }: Row): Row {
    return { a: this.form(a), b: this.form(b), c: this.form(c) };
  }

  form(form: FieldLc): FieldLc {
    if (form.wires.every((wire) => wire < this.first)) return form;
    const own = form.wires.map((wire) => wire < this.first);
    const kept = {
      wires: form.wires.filter((_, i) => own[i]),
      coefs: form.coefs.filter((_, i) => own[i]),
      constant: form.constant,
    };
    const added = this.rounds.tables.flatMap((table) => this.counted(table, form));
    return fieldCombination([kept, ...added.map(unit)], [1n, ...added.map(() => 1n)]);
  }

  /** A wire for each lookup of a table of whose multiplicities the form speaks. */
  private counted({ name, rows, firstMultiplicity }: LookupTable, form: FieldLc): number[] {
    const coefs = new Array<bigint>(rows).fill(0n);
    form.wires.forEach((wire, i) => {
      if (wire >= firstMultiplicity && wire < firstMultiplicity + rows)
        coefs[wire - firstMultiplicity] = form.coefs[i]!;
    });
    if (coefs.every((coef) => coef === 0n)) return [];
    const values = coefs.map((coef) => [coef]);
    return this.memberships
      .filter(({ table, tallies }) => table === name && tallies !== true)
      .map(({ query }) => {
        const wire = this.nWires;
        this.tallies.push({ wire, query, coefs });
        this.memberships.push({ table: name, query, rows, second: unit(wire), values, tallies: true });
        return wire;
      });
  }
}

/** Rows that hold the lookup argument together: lookups, products with Θ, tables and their sums, and other rows of round 2. */
export function protocolRows({ lookupRow, thetaRow, fieldRows, tables }: Rounds): Set<number> {
  const table = tables.flatMap(({ firstRow, rows }) => Array.from({ length: rows + 1 }, (_, t) => firstRow + t));
  return new Set([...lookupRow, ...thetaRow, ...fieldRows, ...table]);
}

function membershipsOf(all: readonly Row[], rounds: Rounds, present: (row: number) => boolean): Membership[] {
  const { lookupRow, lookupTable, thetaRow, thetaSource, firstTheta, tables } = rounds;
  const whole = tables.map(({ firstRow, rows }) =>
    Array.from({ length: rows + 1 }, (_, t) => firstRow + t).every(present),
  );
  return Array.from(lookupRow, (row, k): Membership | undefined => {
    const id = lookupTable[k]!;
    const { name, rows, values } = tables[id]!;
    const { b } = all[row]!;
    const product = b.wires.find((wire) => wire >= firstTheta);
    const j = product === undefined ? undefined : product - firstTheta;
    if (!present(row) || !whole[id] || (j !== undefined && !present(thetaRow[j]!))) return undefined;
    const drop = [ChallengeWire.x, ...(product === undefined ? [] : [product])];
    const query = fieldCombination([b, ...drop.map(unit)], [1n, ...drop.map(() => -1n)]);
    if (j === undefined || values === undefined) return { table: name, query, rows };
    return {
      table: name,
      query,
      rows,
      second: unit(thetaSource[j]!),
      values: Array.from(values, (value) => [mod(BigInt(value))]),
    };
  }).filter((membership) => membership !== undefined);
}

export function unit(wire: number): FieldLc {
  return { wires: [wire], coefs: [1n], constant: 0n };
}

export function rowsOf(r1cs: R1cs): Row[] {
  const side = (matrix: SparseMatrix, row: number) => formOf(matrix, row, r1cs.bigCoefs);
  return Array.from({ length: r1cs.nConstraints }, (_, i) => ({
    a: side(r1cs.a, i),
    b: side(r1cs.b, i),
    c: side(r1cs.c, i),
  }));
}

/** One row of a matrix as a linear combination with canonical coefficients. */
export function formOf({ rowStart, wires, coefs }: SparseMatrix, row: number, big: readonly bigint[]): FieldLc {
  const form = { wires: [] as number[], coefs: [] as bigint[], constant: 0n };
  for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
    const coef = coefficient(coefs[k]!, big);
    if (wires[k] === 0) form.constant = mod(form.constant + coef);
    else {
      form.wires.push(wires[k]!);
      form.coefs.push(coef);
    }
  }
  return form;
}

/** Value of a form, canonical. */
export function evaluate(form: FieldLc, values: readonly bigint[]): bigint {
  let sum = form.constant;
  for (let i = 0; i < form.wires.length; i++) sum += form.coefs[i]! * values[form.wires[i]!]!;
  return mod(sum);
}

export function isSatisfied({ a, b, c }: Row, values: readonly bigint[]): boolean {
  return (evaluate(a, values) * evaluate(b, values)) % R === evaluate(c, values);
}

/** Whether a lookup finds its row. */
export function isMember({ query, rows, second, values }: Membership, wires: readonly bigint[]): boolean {
  const q = evaluate(query, wires);
  if (q >= BigInt(rows)) return false;
  return second === undefined || values![Number(q)]!.includes(evaluate(second, wires));
}

/** Whether the row reads a·(a − 1) = 0. */
export function isBooleanRow({ a, b, c }: Row): boolean {
  if (c.wires.length > 0 || c.constant !== 0n) return false;
  const difference = fieldCombination([a, b], [1n, -1n], -1n);
  return a.wires.length > 0 && difference.wires.length === 0 && difference.constant === 0n;
}
