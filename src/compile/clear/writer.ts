/**
 * Writes a relation, constraint by constraint, and with every cell how a run of the interpreter gives its value. No equation is written whose
 * two sides, as integers within their bounds, could differ by a multiple of the modulus: BOUND_OVERFLOW instead.
 */
import { invariant, ZkonnxError } from '../../base/errors.js';
import { elementsOf } from '../../verify/clear/relation.js';
import type {
  Constraint,
  Form,
  FormTerm,
  MatrixTerm,
  Ref,
  RelationTensor,
  Table,
} from '../../verify/clear/relation.js';
import type { Planner, TableNeed } from './plan.js';
import { rangeFunction, valuesOver, type TableFunction } from './table-functions.js';
import { combine, isIdentity, uniform, whole, type Range, type Vec } from './vec.js';

/** A run of the interpreter, and what was computed from it so far. */
export interface Run {
  /** All elements of an IR tensor. */
  of(node: string): Float64Array;
  /** Elements of a vector of cells made before, publics, weights. */
  value(vec: Vec): Float64Array;
}

/** Values of a new cell tensor: integers, negative ones too; or residues. */
export type Values = (run: Run) => Float64Array | BigUint64Array;

export interface CellTensor extends RelationTensor {
  dims: readonly number[];
  readonly values: Values;
}

export interface WeightTensor extends RelationTensor {
  readonly values: Float64Array;
}

export interface PublicTensor extends RelationTensor {
  /** Known before anything is computed: an input. */
  readonly isGiven: boolean;
}

interface OpenTable {
  readonly index: number;
  readonly fn: TableFunction;
  readonly domain: Range;
}

/** What counts in the statement's bit: the inputs of lookups in a table some of whose rows count; or a cell that is 0 where nothing is clamped. */
export type CountedPart =
  | {
      readonly kind: 'lookups';
      readonly table: number;
      readonly rows: readonly Range[];
      readonly first: number;
      readonly input: Vec;
    }
  | { readonly kind: 'cells'; readonly vec: Vec };

export interface WriterOptions {
  readonly modulus: bigint;
  readonly planner: Planner;
  /** A survey writes nothing that has to hold: its tables may be of any size. */
  readonly isSurvey: boolean;
}

/** Bounds beyond 2^53 are sums in float64, right to far less than this part of them. */
const ROUNDING = 2 ** -40;

export class RelationWriter {
  readonly cells: CellTensor[] = [];
  readonly weights: WeightTensor[] = [];
  readonly publics: PublicTensor[] = [];
  /** Written once the dims of all tensors are known. */
  private readonly constraints: { readonly make: () => Constraint; readonly layer: string }[] = [];
  readonly counted: CountedPart[] = [];
  private readonly tables = new Map<string, OpenTable>();
  private readonly limit: number;
  private layer = 'statement';
  /** Distinct constants of vectors whose constants differ, and the weight tensor that they are. */
  private readonly constantIndex = new Map<number, number>();
  private constantTensor = -1;

  constructor(private readonly options: WriterOptions) {
    const modulus = Number(options.modulus);
    this.limit = options.modulus < 2n ** 53n ? modulus : modulus * (1 - ROUNDING);
  }

  get planner(): Planner {
    return this.options.planner;
  }

  /** What is written is thrown away: only what gadgets ask for counts. */
  get isSurvey(): boolean {
    return this.options.isSurvey;
  }

  get modulus(): bigint {
    return this.options.modulus;
  }

  /** Names what follows, in messages. */
  at(layer: string): void {
    this.layer = layer;
  }

  /** New cells. The bounds are what the caller's constraints enforce. */
  cell(name: string, size: number, bounds: Range, values: Values, dims: readonly number[] = [size]): Vec {
    this.cells.push({ name: `${this.layer}: ${name}`, dims, values });
    return whole({ side: 'cell', index: this.cells.length - 1 }, size, bounds);
  }

  weight(name: string, dims: readonly number[], values: Float64Array): number {
    this.weights.push({ name: `${this.layer}: ${name}`, dims, values });
    return this.weights.length - 1;
  }

  public(name: string, size: number, bounds: Range, isGiven: boolean): Vec {
    this.publics.push({ name, dims: [size], isGiven });
    return whole({ side: 'public', index: this.publics.length - 1 }, size, bounds);
  }

  /** Gives a tensor of cells the dims that a matrix product needs; false where it has others already. */
  reshape({ side, index }: Ref, dims: readonly number[]): boolean {
    const tensor = side === 'cell' ? this.cells[index]! : undefined;
    if (tensor === undefined || elementsOf(tensor.dims) !== elementsOf(dims)) return false;
    if (tensor.dims.length === 1) tensor.dims = dims;
    return sameDims(tensor.dims, dims);
  }

  /** A tensor of weights that a box reads whole has its dims. */
  private adopt({ side, index }: Ref, dims: readonly number[]): void {
    const isWeight = side === 'weight';
    invariant(isWeight || sameDims(this.dimsOf({ side, index }), dims), 'a whole term of another box', { side, index });
    if (isWeight) this.weights[index] = { ...this.weights[index]!, dims };
  }

  /** form − extra = Σ terms, whose value is an integer within `bounds`. */
  linear(
    form: Vec,
    terms: readonly MatrixTerm[],
    bounds: Pick<Vec, 'lo' | 'hi'>,
    extra: readonly FormTerm[] = [],
  ): void {
    this.assertEqual('linear map', form, bounds);
    this.write([form], (dims) => {
      const { terms: own, constant } = this.form(form, dims);
      for (const { source, select } of extra) if (select === undefined) this.adopt(source, dims);
      return { kind: 'linear', dims, form: { terms: [...own, ...extra], constant }, terms };
    });
  }

  /** left = right, between cells and publics. */
  equal(left: Vec, right: Vec): void {
    this.assertEqual('equation', left, right);
    const difference = combine([
      [1, left],
      [-1, right],
    ]);
    this.write([difference], (dims) => ({ kind: 'linear', dims, form: this.form(difference, dims), terms: [] }));
  }

  /** a·b = c, between integers. */
  product(a: Vec, b: Vec, c: Vec): void {
    this.assertProduct(a, b, c);
    this.writeProduct(a, b, c);
  }

  /** a = 0 or b = 0: so say products in a field, however large a·b may be. */
  oneIsZero(a: Vec, b: Vec): void {
    const zero = uniform(a.size, 0);
    for (const factor of [a, b]) this.assertEqual('factor', factor, zero);
    this.writeProduct(a, b, zero);
  }

  private writeProduct(a: Vec, b: Vec, c: Vec): void {
    this.write([a, b, c], (dims) => {
      const [fa, fb, fc] = [a, b, c].map((vec) => this.form(vec, dims)) as [Form, Form, Form];
      return { kind: 'product', dims, a: fa, b: fb, c: fc };
    });
  }

  /** form[g, i, j] = Σ_k a[g, i, k]·b[g, k, j], integers within `bounds`; box [groups, rows, columns]. */
  matmul(
    form: Vec,
    factors: { readonly a: Ref; readonly b: Ref; readonly inner: number },
    box: readonly number[],
    bounds: Pick<Vec, 'lo' | 'hi'>,
  ): void {
    this.assertEqual('matrix product', form, bounds);
    this.assertPresent(form);
    for (const { source, index } of form.terms) if (index === undefined) this.reshape(source, box);
    this.push(() => ({ kind: 'matmul', dims: box, form: this.form(form, box), ...factors }));
  }

  /** A constraint that is no vector's: the statement's bit. */
  raw(constraint: Constraint): void {
    this.push(() => constraint);
  }

  private push(make: () => Constraint): void {
    this.constraints.push({ make, layer: this.layer });
  }

  private write(vecs: readonly Vec[], make: (dims: readonly number[]) => Constraint): void {
    for (const vec of vecs) this.assertPresent(vec);
    this.push(() => make(this.box(vecs)));
  }

  private assertPresent(vec: Vec): void {
    for (let i = 0; i < vec.size; i++) {
      invariant(!Number.isNaN(vec.lo[i]!), 'lowering reads an element that liveness called dead', {
        layer: this.layer,
        element: i,
      });
    }
  }

  /** The dims of a tensor that the vectors read whole; else flat. */
  private box(vecs: readonly Vec[]): readonly number[] {
    const wholes = vecs.flatMap(({ terms }) => terms.filter(({ index }) => index === undefined));
    return wholes.length === 0 ? [vecs[0]!.size] : this.dimsOf(wholes[0]!.source);
  }

  /** (input, output) is a row; the input lies in the need's interval for every witness that is to be had. Without an output it is 0. */
  lookup(need: TableNeed, input: Vec, output?: Vec): void {
    this.into(need.fn, this.planner.domain(need), input, output);
  }

  /** input ∈ [0, 2^width). */
  narrow(input: Vec, width: number): void {
    const rows = 2 ** width;
    this.into(rangeFunction(rows), { lo: 0, hi: rows - 1 }, input, undefined);
  }

  private into(fn: TableFunction, domain: Range, input: Vec, output: Vec = uniform(input.size, 0)): void {
    const table = this.openTable(fn, domain);
    if (!this.options.isSurvey) {
      this.assertLooked('input', input, domain);
      this.assertLooked('output', output, valuesOver(fn, domain.lo, domain.hi));
    }
    const rows = fn.counted(domain.lo, domain.hi);
    if (rows.length > 0) this.counted.push({ kind: 'lookups', table: table.index, rows, first: domain.lo, input });
    this.write([input, output], (dims) => {
      const [fin, fout] = [this.form(input, dims), this.form(output, dims)];
      return { kind: 'lookup', dims, table: table.index, input: fin, output: fout };
    });
  }

  private openTable(fn: TableFunction, domain: Range): OpenTable {
    const known = this.tables.get(fn.key);
    if (known !== undefined) {
      const isSame = known.domain.lo === domain.lo && known.domain.hi === domain.hi;
      invariant(isSame || this.options.isSurvey, 'a table of two domains', { table: fn.name });
      return known;
    }
    const table = { index: this.tables.size, fn, domain };
    this.tables.set(fn.key, table);
    return table;
  }

  /** The tables, in the order of their numbers, and the layer that first asked for each. */
  finishedTables(): { readonly table: Table; readonly layer: string }[] {
    return [...this.tables.values()].map(({ fn, domain: { lo, hi } }) => ({
      table: { name: fn.name, pieces: fn.pieces(lo, hi) },
      layer: fn.layer,
    }));
  }

  /** The constraints, in order, and the layer of each; nothing can be written afterwards. */
  finishedConstraints(): { readonly constraint: Constraint; readonly layer: string }[] {
    const constraints = this.constraints.map(({ make, layer }) => ({ constraint: make(), layer }));
    if (this.constantTensor >= 0) {
      const values = Float64Array.from(this.constantIndex.keys());
      this.weights[this.constantTensor] = { name: 'constants', dims: [values.length], values };
    }
    return constraints;
  }

  // ---- forms ----

  private form(vec: Vec, dims: readonly number[]): Form {
    const terms = vec.terms.map(({ coefficient, source, index }): FormTerm => {
      const by = BigInt(coefficient);
      const isWhole = index === undefined || isIdentity(index, this.sizeOf(source));
      if (isWhole && sameDims(this.dimsOf(source), dims)) return { coefficient: by, source };
      return {
        coefficient: by,
        source,
        select: selection(index ?? Int32Array.from({ length: vec.size }, (_, i) => i)),
      };
    });
    const inexact = vec.constant.find((value) => !Number.isSafeInteger(value));
    if (inexact !== undefined) throw this.overflow('constant', Math.abs(inexact));
    const [first] = vec.constant;
    if (vec.constant.every((value) => value === first)) return { terms, constant: BigInt(first ?? 0) };
    return { terms: [...terms, this.constantsTerm(vec.constant)], constant: 0n };
  }

  private constantsTerm(values: Float64Array): FormTerm {
    if (this.constantTensor < 0) this.constantTensor = this.weight('constants', [1], new Float64Array(1));
    const index = Int32Array.from(values, (value) => {
      if (value === 0) return -1;
      const known = this.constantIndex.get(value) ?? this.constantIndex.size;
      this.constantIndex.set(value, known);
      return known;
    });
    return { coefficient: 1n, source: { side: 'weight', index: this.constantTensor }, select: selection(index) };
  }

  private dimsOf({ side, index }: Ref): readonly number[] {
    invariant(side !== 'multiplicity', 'multiplicities are in no vector');
    return { cell: this.cells, weight: this.weights, public: this.publics }[side][index]!.dims;
  }

  sizeOf(source: Ref): number {
    return elementsOf(this.dimsOf(source));
  }

  // ---- bounds ----

  private overflow(what: string, reach: number): ZkonnxError {
    return new ZkonnxError(
      'BOUND_OVERFLOW',
      'an equation may hold modulo the field’s order and not over the integers',
      {
        expected: `a ${what} whose sides differ by less than ${this.modulus}`,
        got: `up to 2^${Math.log2(reach).toFixed(1)}`,
        where: this.layer,
        help: 'fewer bits of activations (--bits) or a narrower --domain make the integers smaller',
      },
    );
  }

  private assertReach(what: string, reach: number): void {
    if (!this.options.isSurvey && !(reach < this.limit)) throw this.overflow(what, reach);
  }

  private assertEqual(what: string, left: Pick<Vec, 'lo' | 'hi'>, right: Pick<Vec, 'lo' | 'hi'>): void {
    let reach = 0;
    for (let i = 0; i < left.lo.length; i++) {
      reach = Math.max(reach, left.hi[i]! - right.lo[i]!, right.hi[i]! - left.lo[i]!);
    }
    this.assertReach(what, reach);
  }

  private assertProduct(a: Vec, b: Vec, c: Vec): void {
    let reach = 0;
    for (let i = 0; i < a.size; i++) {
      const [most, other] = [a, b].map(({ lo, hi }) => Math.max(Math.abs(lo[i]!), Math.abs(hi[i]!))) as [
        number,
        number,
      ];
      reach = Math.max(reach, most * other + Math.max(Math.abs(c.lo[i]!), Math.abs(c.hi[i]!)));
    }
    this.assertReach('product', reach);
  }

  /** An integer within its bounds that is congruent to one of [lo, hi] is that one. */
  private assertLooked(what: string, vec: Vec, { lo, hi }: Range): void {
    let reach = 0;
    for (let i = 0; i < vec.size; i++) reach = Math.max(reach, vec.hi[i]! - lo, hi - vec.lo[i]!);
    this.assertReach(`lookup’s ${what}`, reach);
  }
}

function selection(index: Int32Array): NonNullable<FormTerm['select']> {
  const to = Uint32Array.from(Array.from(index.keys()).filter((i) => index[i]! >= 0));
  return { from: Uint32Array.from(to, (i) => index[i]!), to };
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
