/**
 * What a finished circuit says, read from its rows alone: of a circuit of one round the rows themselves, of one of two rounds the rows of round 1
 * and what its rows at the challenges prove of round 1. Of `rounds` nothing is used but where round 1 ends; tables, lookups, products with Θ
 * and public values are recognised by their form, so that a builder's bookkeeping is not believed.
 *
 * Assumed, and shown elsewhere (docs/soundness/mirage.md, section 4): round 1 is fixed before X and Θ are drawn. Then
 * - a row whose sides are polynomials in Θ over round 1 holds coefficient by coefficient, but for degree/r of all Θ: so a product of matrices
 *   that is checked at Θ is that product, and D holds the public values;
 * - Σ 1/(X + q + p·Θ) = Σ m/(X + t + v·Θ) says that every (q, p) is some (t, v), and of each (t, v) that m is how many (q, p) it is, but for
 *   (lookups + 2·rows − 1)/r of all (X, Θ). So a sum Σ c·m in a row of round 1 is a sum over the lookups, of the c that each finds.
 * A row that is not understood proves nothing here and is listed; so does a sum with a term that is not understood, for a free term repairs it.
 */
import { R } from '../../../src/field/bn254.js';
import { isTwoRound } from '../../../src/constraint/kind.js';
import type { Circuit, TwoRoundCircuit } from '../../../src/constraint/program.js';
import { ChallengeWire } from '../../../src/constraint/rounds.js';
import type { FieldLc } from '../../builder.js';
import { fieldCombination } from '../../lc.js';
import { formOf, rowsOf, unit, type Row } from '../rows.js';

/** Rows 0 … values.length − 1; row t holds (t, v) for each v in values[t]. A table of one column holds (t, 0). */
export interface ReadTable {
  readonly values: readonly (readonly bigint[])[];
}

/** (first, second) is in the table. */
export interface ReadLookup {
  readonly table: ReadTable;
  readonly first: FieldLc;
  readonly second: FieldLc;
  /** Of the circuit. */
  readonly row: number;
  /** It says what the lookup of that row adds to a sum of multiplicities. */
  readonly counts?: true;
}

export interface ReadRow extends Row {
  /** Of the circuit; of an identity in Θ the row that it ends with. */
  readonly row: number;
}

export interface Relation {
  /** Products of rows at the challenge have wires of their own, behind the circuit's. */
  readonly nWires: number;
  readonly rows: readonly ReadRow[];
  readonly lookups: readonly ReadLookup[];
  /** Of the targets, those that a proof states: none where two rounds do not bind them. */
  readonly stated: number;
  /** Public signals, or public values of two rounds in the order of the fold; then the elements of output tensors. */
  readonly targets: readonly FieldLc[];
  /** Rows that were not understood: they prove nothing here. */
  readonly unread: readonly number[];
}

/** Without the rows of `without`. */
export function readRelation(circuit: Circuit, without: ReadonlySet<number> = new Set()): Relation {
  const all = rowsOf(circuit.r1cs).map((row, i): ReadRow => ({ ...row, row: i }));
  const present = all.filter(({ row }) => !without.has(row));
  if (isTwoRound(circuit)) return new Reader(circuit).read(present);
  const { nWires, nPubIn, nPubOut } = circuit.r1cs;
  const signals = Array.from({ length: nPubOut + nPubIn }, (_, i) => unit(1 + i));
  return {
    nWires,
    rows: present,
    lookups: [],
    stated: signals.length,
    targets: [...signals, ...outputForms(circuit)],
    unread: [],
  };
}

function outputForms({ outputs, program, r1cs }: Circuit): FieldLc[] {
  return outputs.flatMap(({ first, count }) =>
    Array.from({ length: count }, (_, i) => formOf(program.hints, first + i, r1cs.bigCoefs)),
  );
}

/** linear + Σ left·right over round 1. */
interface Quadratic {
  readonly linear: FieldLc;
  readonly products: readonly (readonly [FieldLc, FieldLc])[];
}

/** Coefficients of a polynomial in Θ, the constant first. */
type Polynomial = readonly Quadratic[];

const NOTHING: FieldLc = { wires: [], coefs: [], constant: 0n };
const quadratic = (linear: FieldLc): Quadratic => ({ linear, products: [] });
const ONE: Quadratic = quadratic({ wires: [], coefs: [], constant: 1n });
const isNothing = ({ wires, constant }: FieldLc): boolean => wires.length === 0 && constant === 0n;
const isConstant = ({ wires }: FieldLc): boolean => wires.length === 0;

function add(left: Polynomial, right: Polynomial, factor: bigint): Polynomial {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, j) => {
    const [p, q] = [left[j], right[j]];
    if (q === undefined) return p!;
    return {
      linear: fieldCombination([p?.linear ?? NOTHING, q.linear], [1n, factor]),
      products: [...(p?.products ?? []), ...q.products.map(([x, y]) => [fieldCombination([x], [factor]), y] as const)],
    };
  });
}

/** Undefined where the product is of a higher degree in round 1 than two. */
function multiply(left: Polynomial, right: Polynomial): Polynomial | undefined {
  let product: Polynomial = [];
  for (const [i, p] of left.entries()) {
    for (const [j, q] of right.entries()) {
      const term = multiplyTerms(p, q);
      if (term === undefined) return undefined;
      product = add(product, [...Array.from({ length: i + j }, () => quadratic(NOTHING)), term], 1n);
    }
  }
  return product;
}

function multiplyTerms(p: Quadratic, q: Quadratic): Quadratic | undefined {
  for (const [number, other] of [
    [p, q],
    [q, p],
  ] as const) {
    if (!isConstant(number.linear) || number.products.length > 0) continue;
    const factor = number.linear.constant;
    if (factor === 0n) return quadratic(NOTHING);
    return {
      linear: fieldCombination([other.linear], [factor]),
      products: other.products.map(([x, y]) => [fieldCombination([x], [factor]), y] as const),
    };
  }
  if (p.products.length > 0 || q.products.length > 0) return undefined;
  return { linear: NOTHING, products: [[p.linear, q.linear]] };
}

/** X + q + p·Θ. */
interface Pole {
  readonly first: FieldLc;
  readonly second: FieldLc;
  readonly row: number;
}

/** A row (t, v) of a table, and the wire that counts its lookups, with a factor. */
interface Entry {
  readonly t: bigint;
  readonly v: bigint;
  readonly multiplicity: number;
  readonly factor: bigint;
}

class Reader {
  private readonly polynomials = new Map<number, Polynomial>([[ChallengeWire.theta, [quadratic(NOTHING), ONE]]]);
  /** Of wires w with w·(X + …) = 1, and of those with w·(X + t + v·Θ) = multiplicity. */
  private readonly inverses = new Map<number, Pole>();
  private readonly quotients = new Map<number, Entry>();
  /** Understood sums: which multiplicities they count by, and which lookups they count. */
  private readonly sums: { readonly entries: readonly Entry[]; readonly poles: readonly Pole[] }[] = [];
  private readonly rows: ReadRow[] = [];
  private readonly lookups: ReadLookup[] = [];
  private readonly unread: number[] = [];
  private publicValues: readonly FieldLc[] = [];
  private nWires: number;

  constructor(private readonly circuit: TwoRoundCircuit) {
    this.nWires = circuit.r1cs.nWires;
  }

  read(present: readonly ReadRow[]): Relation {
    for (const row of present) if (!this.readRow(row)) this.unread.push(row.row);
    const rows = this.rows.map((row) => ({
      ...row,
      a: this.counted(row.a),
      b: this.counted(row.b),
      c: this.counted(row.c),
    }));
    return {
      nWires: this.nWires,
      rows,
      lookups: this.lookups,
      stated: this.publicValues.length,
      targets: [...this.publicValues, ...outputForms(this.circuit)],
      unread: this.unread,
    };
  }

  private isLate(wire: number): boolean {
    return wire <= ChallengeWire.d || wire >= this.circuit.rounds.firstRound2;
  }

  private readRow(row: ReadRow): boolean {
    const { a, b, c } = row;
    if (![a, b, c].some(({ wires }) => wires.some((wire) => this.isLate(wire)))) {
      this.rows.push(row);
      return true;
    }
    if (isNothing(a) && isNothing(b)) return this.sum(c);
    if (b.wires.includes(ChallengeWire.x)) return this.pole(row);
    const sides = [a, b, c.wires.length === 1 && this.isNew(c.wires[0]!) ? NOTHING : c].map((form) =>
      this.polynomial(form),
    );
    const [left, right, rest] = sides;
    if (left === undefined || right === undefined || rest === undefined) return false;
    const product = multiply(left, right);
    if (product === undefined) return false;
    const defined = c.wires[0];
    if (defined === undefined || !this.isNew(defined)) return this.identity(add(product, rest, R - 1n), row.row);
    if (c.coefs[0] !== 1n || c.constant !== 0n) return false;
    if (defined === ChallengeWire.d) return this.fold(product);
    this.polynomials.set(defined, product);
    return true;
  }

  /** A wire of round 2 of which nothing is known yet; D. */
  private isNew(wire: number): boolean {
    const known = this.polynomials.has(wire) || this.inverses.has(wire) || this.quotients.has(wire);
    return this.isLate(wire) && wire !== ChallengeWire.x && !known;
  }

  private polynomial(form: FieldLc): Polynomial | undefined {
    const early = { wires: [] as number[], coefs: [] as bigint[], constant: form.constant };
    let sum: Polynomial = [];
    for (const [i, wire] of form.wires.entries()) {
      if (!this.isLate(wire)) {
        early.wires.push(wire);
        early.coefs.push(form.coefs[i]!);
        continue;
      }
      const known = this.polynomials.get(wire);
      if (known === undefined) return undefined;
      sum = add(sum, known, form.coefs[i]!);
    }
    return add(sum, [quadratic(early)], 1n);
  }

  /** w·(X + …) = 1 or = a wire of round 1. */
  private pole({ a, b, c, row }: ReadRow): boolean {
    const [wire] = a.wires;
    const x = b.wires.indexOf(ChallengeWire.x);
    if (a.wires.length !== 1 || a.coefs[0] !== 1n || a.constant !== 0n || b.coefs[x] !== 1n) return false;
    const [q, p, ...more] = this.polynomial(fieldCombination([b, unit(ChallengeWire.x)], [1n, -1n])) ?? [];
    if (q === undefined || more.length > 0 || q.products.length > 0 || !this.isNew(wire!)) return false;
    if (p !== undefined && p.products.length > 0) return false;
    const [first, second] = [q.linear, p?.linear ?? NOTHING];
    if (isConstant(c) && c.constant === 1n) {
      this.inverses.set(wire!, { first, second, row });
      return true;
    }
    const isMultiplicity = c.wires.length === 1 && c.constant === 0n && !this.isLate(c.wires[0]!);
    if (!isMultiplicity || !isConstant(first) || !isConstant(second)) return false;
    this.quotients.set(wire!, {
      t: first.constant,
      v: second.constant,
      multiplicity: c.wires[0]!,
      factor: c.coefs[0]!,
    });
    return true;
  }

  /** 0 = Σ inverses − Σ quotients. */
  private sum({ wires, coefs, constant }: FieldLc): boolean {
    const poles = wires.flatMap((wire, i) => (coefs[i] === 1n ? [this.inverses.get(wire)] : []));
    const entries = wires.flatMap((wire, i) => (coefs[i] === R - 1n ? [this.quotients.get(wire)] : []));
    const understood = poles.every((pole) => pole !== undefined) && entries.every((entry) => entry !== undefined);
    if (!understood || constant !== 0n || poles.length + entries.length !== wires.length) return false;
    const values: bigint[][] = [];
    for (const { t, v } of entries.toSorted((p, q) => (p.t < q.t ? -1 : 1))) {
      if (t > BigInt(values.length)) return false;
      (values[Number(t)] ??= []).push(v);
    }
    const table: ReadTable = { values };
    for (const pole of poles) this.lookups.push({ table, ...pole });
    this.sums.push({ entries, poles });
    return true;
  }

  /**
   * The form with its multiplicities counted: a wire of its own for what each lookup of the table adds. Only of tables whose rows have a first
   * column each, and a multiplicity that no other row has; others stay unknown.
   */
  private counted(form: FieldLc): FieldLc {
    let rest = form;
    for (const { entries, poles } of this.sums) {
      const multiplicities = entries.map(({ multiplicity }) => multiplicity);
      if (!form.wires.some((wire) => multiplicities.includes(wire)) || !this.countsOnce(entries)) continue;
      const coefs = multiplicities.map((wire) => form.coefs[form.wires.indexOf(wire)] ?? 0n);
      const values: bigint[][] = [];
      entries.forEach(({ t }, i) => (values[Number(t)] = [coefs[i]!]));
      const added = poles.map(({ first, row }) => {
        const second = unit(this.nWires++);
        this.lookups.push({ table: { values }, first, second, row, counts: true });
        return second;
      });
      const own = multiplicities.map(unit);
      rest = fieldCombination([rest, ...own, ...added], [1n, ...coefs.map((coef) => -coef), ...added.map(() => 1n)]);
    }
    return rest;
  }

  private countsOnce(entries: readonly Entry[]): boolean {
    const all = this.sums.flatMap((sum) => sum.entries.map(({ multiplicity }) => multiplicity));
    const alone = (wire: number): boolean => all.indexOf(wire) === all.lastIndexOf(wire);
    const firsts = new Set(entries.map(({ t }) => t));
    return (
      firsts.size === entries.length &&
      entries.every(({ multiplicity, factor }) => factor === 1n && alone(multiplicity))
    );
  }

  /** D = Σ P_j·Θ^j, j from 1. */
  private fold([constant, ...values]: Polynomial): boolean {
    const sound =
      constant !== undefined && isNothing(constant.linear) && values.every(({ products }) => products.length === 0);
    if (sound) this.publicValues = values.map(({ linear }) => linear);
    return sound;
  }

  /** Every coefficient is zero. */
  private identity(polynomial: Polynomial, row: number): boolean {
    for (const { linear, products } of polynomial) {
      const rest = products.slice(1).map(([a, b]) => {
        const wire = this.nWires++;
        this.rows.push({ a, b, c: unit(wire), row });
        return unit(wire);
      });
      const others = fieldCombination([linear, ...rest], [-1n, ...rest.map(() => -1n)]);
      const [a, b] = products[0] ?? [NOTHING, NOTHING];
      if (products.length > 0 || !isNothing(others)) this.rows.push({ a, b, c: others, row });
    }
    return true;
  }
}
