/**
 * What a circuit of two rounds (src/constraint/rounds.ts) is made of, for the builder of gadgets in lookup-builder.ts: tables and their lookups, rows over
 * the challenges, the fold of the public values, and the result, in which round 2 follows round 1.
 *
 * A column of a query, a public value and the source of a product with Θ are combinations of round-1 wires: anything else is refused here, and
 * once more in the finished circuit (src/constraint/check-rounds.ts).
 */
import { invariant } from '../../src/base/errors.js';
import { ProgramWriter } from '../../src/constraint/program-writer.js';
import { Side, type TwoRoundCircuit } from '../../src/constraint/program.js';
import { constant, ONE, type Bounds, type FieldLc, type Lc } from '../builder.js';
import { checkRounds } from '../../src/constraint/check-rounds.js';
import { Growable, type SparseRows } from '../../src/constraint/growable.js';
import { boundOverflow, EXACT_LIMIT, fieldCombination, fieldWire, toField, wireLc } from '../lc.js';
import { R1csBuilder, type ClampedWires } from './r1cs-builder.js';
import { WireClass } from '../../src/constraint/r1cs.js';
import { ChallengeWire, N_CHALLENGES, type LookupTable, type Rounds } from '../../src/constraint/rounds.js';

/** Round-2 wires have numbers from here on until `finish` knows where round 1 ends. */
const FIRST_VIRTUAL = 2 ** 31;
const THETA_BASE = FIRST_VIRTUAL + 2 ** 30;
const FIELD_BASE = THETA_BASE + 2 ** 29;

/** A table while its lookups are collected. */
export interface OpenTable {
  readonly name: string;
  readonly rows: number;
  readonly values?: Float64Array;
  /** Rows whose lookups are of clamped values that count. */
  readonly counted: readonly number[];
  readonly id: number;
}

export abstract class RoundsBuilder extends R1csBuilder {
  private readonly tables = new Map<string, OpenTable>();
  private readonly lookupRow = new Growable((n) => new Uint32Array(n));
  private readonly lookupTable = new Growable((n) => new Uint32Array(n));
  private readonly thetaSource = new Growable((n) => new Uint32Array(n));
  private readonly thetaRow = new Growable((n) => new Uint32Array(n));
  private readonly fieldRows: number[] = [];
  /** Rows of the products of round 2: product i has wire FIELD_BASE + i. */
  private readonly productRows: number[] = [];
  private readonly publicValues: FieldLc[] = [];
  /** Of the statement's bit, whose rows are laid once there are multiplicities. */
  private clampedBitWires: ClampedWires | undefined;

  constructor() {
    super({ nPubOut: 0, nPubIn: N_CHALLENGES });
  }

  // ---- public values ----

  /** Adds a packed public value, over round-1 wires. Values count in the order of the calls. */
  override expose(value: FieldLc): void {
    invariant(value.wires.every(isRound1), 'a public value is fixed in round 1');
    this.publicValues.push(value);
  }

  /** As of one round; its rows come with `finish`: multiplicities count too, and are there when all lookups are. */
  override clampedBit(): FieldLc {
    invariant(this.clampedBitWires === undefined, 'the bit is asked for once');
    this.clampedBitWires = this.clampedWires();
    return toField(this.clampedBitWires.bit);
  }

  // ---- lookups ----

  /** The table of this name; `values` makes the second column when it is new, of which a lookup of the rows `counted` is of a clamped value. */
  protected openTable(
    name: string,
    rows: number,
    values?: () => Float64Array,
    counted: readonly number[] = [],
  ): OpenTable {
    const known = this.tables.get(name);
    if (known !== undefined) {
      invariant(known.rows === rows, 'tables of one name are one table', { name });
      return known;
    }
    const table = { name, rows, counted, id: this.tables.size, ...(values === undefined ? {} : { values: values() }) };
    this.tables.set(name, table);
    return table;
  }

  /** Row inverse·(X + query [+ product]) = 1. Returns the number of the lookup. */
  protected lookup(table: OpenTable, query: Lc, product?: number): number {
    invariant(Array.from(query.wires).every(isRound1), 'a column of a query depends on no challenge', {
      table: table.name,
    });
    const k = this.lookupRow.length;
    this.lookupRow.push(this.constraints);
    this.lookupTable.push(table.id);
    const side = (rows: SparseRows): void => {
      this.appendQuery(rows, query, product);
    };
    this.row(fieldWire(FIRST_VIRTUAL + k), side, ONE);
    return k;
  }

  /** X + query [+ product], wires ascending. */
  private appendQuery(rows: SparseRows, query: Lc, product: number | undefined): void {
    if (query.constant !== 0) rows.push(0, query.constant);
    rows.push(ChallengeWire.x, 1);
    let magnitude = Math.abs(query.constant);
    for (let i = 0; i < query.wires.length; i++) {
      const [wire, coef] = [query.wires[i]!, query.coefs[i]!];
      magnitude += Math.abs(coef) * this.wireMax.at(wire);
      rows.push(wire, coef);
    }
    if (magnitude >= EXACT_LIMIT)
      throw boundOverflow('a lookup may leave the exact range', String(magnitude), this.where());
    if (product !== undefined) rows.push(product, 1);
  }

  /** Two-column lookup of (index, y), y a fresh wire that the table determines; `bounds` are those of the values that index can reach. */
  protected evaluate(table: OpenTable, index: Lc, bounds: Bounds): Lc {
    const y = this.integerWire(bounds);
    const j = this.thetaSource.length;
    this.thetaSource.push(y.wires[0]!);
    this.thetaRow.push(this.constraints);
    this.row(y, fieldWire(ChallengeWire.theta), fieldWire(THETA_BASE + j));
    const hint = this.hintRow(index);
    const k = this.lookup(table, index, THETA_BASE + j);
    this.program.emit('Evaluate', y.wires[0]!, k, this.layerIndex(), [Side.H, hint]);
    return y;
  }

  // ---- the result ----

  override finish(): TwoRoundCircuit {
    this.layer('public values', 'Fold');
    this.asked('fold', 'lookups', () => {
      this.fold();
    });
    const tables = this.closeTables();
    this.closeClamped(tables);
    const { firstRound2, firstTheta, firstField, nWires } = this.placeRound2(tables);
    const firstPublicRow = this.hints.rows;
    for (const value of this.publicValues) this.hintRow(value);
    const circuit = this.build();
    const rounds: Rounds = {
      publicValues: this.publicValues.length,
      firstPublicRow,
      firstRound2,
      tables,
      firstInverse: firstRound2,
      lookupRow: this.lookupRow.finish(),
      lookupTable: Uint16Array.from(this.lookupTable.finish()),
      firstTheta,
      thetaSource: this.thetaSource.finish(),
      thetaRow: this.thetaRow.finish(),
      firstField,
      code: this.roundTwoCode(firstField),
      fieldRows: Uint32Array.from(this.fieldRows),
    };
    invariant(circuit.r1cs.nWires === nWires, 'every wire has its place', { nWires });
    const result = { ...circuit, rounds };
    checkRounds(result);
    return result;
  }

  /** A row's multiplicity is exactly the number of its lookups (docs/soundness/mirage.md, section 4), so it is an integer like the other parts. */
  private closeClamped(tables: readonly LookupTable[]): void {
    const lookups = this.lookupRow.length;
    const multiplicities = [...this.tables.values()].flatMap(({ counted, id }) =>
      counted.map((t) => wireLc(tables[id]!.firstMultiplicity + t, { lo: 0, hi: lookups })),
    );
    const wires = this.clampedBitWires;
    invariant(wires !== undefined || multiplicities.length === 0, 'what was clamped is stated');
    if (wires === undefined) return;
    this.layer('public values', 'Clamped');
    this.layClampedBit(wires, [...this.clamped, ...multiplicities]);
  }

  /** D = Θ·(P_1 + Θ·(P_2 + … )): one row a public value. */
  private fold(): void {
    const theta = fieldWire(ChallengeWire.theta);
    const d = fieldWire(ChallengeWire.d);
    const n = this.publicValues.length;
    invariant(n > 0, 'something is public: see assembleMirage');
    let tail: FieldLc = { wires: [], coefs: [], constant: 0n };
    for (let j = n - 1; j >= 0; j--) {
      const inner = fieldCombination([this.publicValues[j]!, tail], [1n, 1n]);
      if (j === 0) this.roundTwoRow(inner, theta, d);
      else tail = this.roundTwoProduct(inner, theta);
    }
  }

  protected roundTwoRow(a: Lc | FieldLc, b: Lc | FieldLc, c: Lc | FieldLc): number {
    const row = this.row(a, b, c);
    this.fieldRows.push(row);
    return row;
  }

  /** New round-2 wire a·b, one row. */
  protected roundTwoProduct(a: FieldLc, b: FieldLc): FieldLc {
    const out = fieldWire(FIELD_BASE + this.productRows.length);
    this.productRows.push(this.roundTwoRow(a, b, out));
    return out;
  }

  private roundTwoCode(firstField: number): Int32Array {
    const program = new ProgramWriter();
    this.productRows.forEach((row, i) => {
      program.emit('FieldProduct', firstField + i, [Side.A, row], [Side.B, row]);
    });
    return program.finish();
  }

  /** Multiplicities, at the end of round 1, and the rows of tables; quotients follow the inverses in round 2. */
  private closeTables(): LookupTable[] {
    let firstMultiplicity = this.wires;
    const open = [...this.tables.values()];
    const totalRows = open.reduce((sum, { rows }) => sum + rows, 0);
    for (let i = 0; i < totalRows; i++) this.newWire(WireClass.Small, this.lookupRow.length);
    let firstQuotient = this.wires + this.lookupRow.length;
    return open.map(({ name, rows, values, id }) => {
      this.layer(name, 'Table');
      const table: LookupTable = {
        name,
        rows,
        firstMultiplicity,
        firstQuotient,
        firstRow: this.constraints,
        ...(values === undefined ? {} : { values }),
      };
      this.asked('tableRow', 'lookups', () => {
        for (let t = 0; t < rows; t++) this.tableRow(table, t);
      });
      this.asked('tableSum', 'lookups', () => {
        this.tableSum(table, id);
      });
      firstMultiplicity += rows;
      firstQuotient += rows;
      return table;
    });
  }

  /** quotient·(X + t + value·Θ) = multiplicity. */
  private tableRow({ firstQuotient, firstMultiplicity, values }: LookupTable, t: number): void {
    const side = (rows: SparseRows): void => {
      if (t !== 0) rows.push(0, t);
      rows.push(ChallengeWire.x, 1);
      const value = values?.[t] ?? 0;
      if (value !== 0) rows.push(ChallengeWire.theta, value);
    };
    this.row(fieldWire(firstQuotient + t), side, fieldWire(firstMultiplicity + t));
  }

  /** 0·0 = Σ inverses − Σ quotients. */
  private tableSum({ rows: nRows, firstQuotient }: LookupTable, id: number): void {
    const side = (rows: SparseRows): void => {
      for (let k = 0; k < this.lookupRow.length; k++) {
        if (this.lookupTable.at(k) === id) rows.push(FIRST_VIRTUAL + k, 1);
      }
      for (let t = 0; t < nRows; t++) rows.push(firstQuotient + t, -1);
    };
    this.row(constant(0), constant(0), side);
  }

  /** Gives the virtual wires their numbers behind round 1. */
  private placeRound2(tables: readonly LookupTable[]): {
    readonly firstRound2: number;
    readonly firstTheta: number;
    readonly firstField: number;
    readonly nWires: number;
  } {
    const firstRound2 = this.wires;
    const firstTheta = firstRound2 + this.lookupRow.length + tables.reduce((sum, { rows }) => sum + rows, 0);
    const firstField = firstTheta + this.thetaSource.length;
    const nWires = firstField + this.productRows.length;
    invariant(nWires < FIRST_VIRTUAL, 'wires are fewer than 2^31', { nWires });
    while (this.wires < nWires) this.newWire(WireClass.Field, Infinity);
    const place = (wire: number): number => {
      if (wire < FIRST_VIRTUAL) return wire;
      if (wire < THETA_BASE) return firstRound2 + wire - FIRST_VIRTUAL;
      return wire < FIELD_BASE ? firstTheta + wire - THETA_BASE : firstField + wire - FIELD_BASE;
    };
    for (const side of [this.a, this.b, this.c]) side.renumber(place);
    return { firstRound2, firstTheta, firstField, nWires };
  }
}

/** Fixed before the challenges are drawn. */
export function isRound1(wire: number): boolean {
  return wire > N_CHALLENGES && wire < FIRST_VIRTUAL;
}
