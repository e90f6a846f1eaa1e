/**
 * The state of one lowering: what each IR tensor is in the relation, and the gadgets that all ops use. A tensor is a vector of cells, publics and
 * constants (`Vec`), or *pending*: known by an equation, and no cell is committed unless somebody needs its value as such.
 *
 * Bounds of an IR tensor's elements are those that `infer` gives: every op's constraints determine its outputs from its inputs, so they hold by induction
 * over the nodes. An op's own cells have, until its constraints are all written, the bounds that lookups enforce and no others.
 */
import { invariant } from '../../base/errors.js';
import { bitLength } from '../ir/op.js';
import { boxesOf } from './axes.js';
import { factsOf } from '../ir/ends.js';
import type { Fact, IrGraph, IrNode } from '../ir/graph.js';
import { liveness, sizeOf } from '../ir/program.js';
import type { RangeNeed, Way } from './plan.js';
import { POSITIVE, rangeFunction } from './table-functions.js';
import {
  combine,
  constants,
  isIdentity,
  isSimple,
  place,
  plainRef,
  rangeOf,
  select,
  uniform,
  within,
  type Range,
  type Vec,
} from './vec.js';
import type { RelationWriter, Run, Values } from './writer.js';

/** A tensor that is not committed: `emit` writes that elements `rows` of it are a vector's. */
export interface Pending {
  emit(rows: Uint32Array, form: Vec): void;
  /** All elements at once or none. */
  readonly isWhole: boolean;
  /** All elements cost no more than some: those that bounds decide, and those that nobody reads. */
  readonly isBox?: boolean;
}

export interface LoweringOptions {
  /** Tables that have another way have at most 2^tableBits rows. */
  readonly tableBits: number;
}

export class Lowering {
  readonly facts: ReadonlyMap<string, Fact>;
  readonly live: ReadonlyMap<string, Uint8Array>;
  /** Inputs whose digits are of the statement. */
  readonly shown = new Map<string, Vec>();
  /** What a run has to pass before cells are computed from it: each throws RANGE_EXCEEDED. */
  readonly checks: ((run: Run) => void)[] = [];
  private readonly nodes: ReadonlyMap<string, IrNode>;
  private readonly readers = new Map<string, IrNode[]>();
  private readonly outputs: ReadonlySet<string>;
  private readonly vecs = new Map<string, Vec>();
  private readonly pendings = new Map<string, Pending>();
  private readonly copies = new Map<string, Vec>();
  private readonly functions = new Map<string, number>();
  private readonly boxes: ReadonlySet<string>;

  constructor(
    readonly ir: IrGraph,
    readonly writer: RelationWriter,
    readonly options: LoweringOptions,
  ) {
    this.facts = factsOf(ir);
    this.live = liveness(ir);
    this.nodes = new Map(ir.nodes.map((node) => [node.name, node]));
    this.boxes = boxesOf(ir.nodes);
    this.outputs = new Set(ir.outputs.map(({ node }) => node));
    for (const node of ir.nodes) {
      for (const name of node.inputs) this.readers.set(name, [...(this.readers.get(name) ?? []), node]);
    }
  }

  // ---- tensors ----

  node(name: string): IrNode {
    return this.nodes.get(name)!;
  }

  /** The one node that reads a tensor which is no output. */
  soleReader(name: string): IrNode | undefined {
    const readers = this.readers.get(name) ?? [];
    return readers.length === 1 && !this.outputs.has(name) ? readers[0] : undefined;
  }

  /** Live elements whose value the bounds leave open. */
  openRows(name: string): Uint32Array {
    const [fact, live] = [this.facts.get(name)!, this.live.get(name)!];
    return indices(fact.size, (i) => live[i] === 1 && fact.lo[i]! < fact.hi[i]!);
  }

  /** Elements `rows` of a tensor are the vector's; other live ones, which bounds decide, are constants. */
  define(name: string, rows: Uint32Array, vec: Vec): void {
    this.vecs.set(name, this.placed(name, rows, vec));
  }

  private placed(name: string, rows: Uint32Array, vec: Vec): Vec {
    const [fact, live] = [this.facts.get(name)!, this.live.get(name)!];
    const isOpen = new Uint8Array(fact.size);
    for (const row of rows) isOpen[row] = 1;
    const decided = indices(fact.size, (i) => live[i] === 1 && isOpen[i] === 0);
    for (const i of decided) {
      invariant(fact.lo[i] === fact.hi[i], 'a live element was left out', { tensor: name, element: i });
    }
    const fixed = { vec: constants(Float64Array.from(decided, (i) => fact.lo[i]!)), at: decided };
    const placed = place(fact.size, decided.length === 0 ? [{ vec, at: rows }] : [{ vec, at: rows }, fixed]);
    return within(placed, fact.lo, fact.hi);
  }

  postpone(name: string, pending: Pending): void {
    this.pendings.set(name, pending);
  }

  /** The tensor as a vector; cells are committed for it where it was pending. */
  vec(name: string): Vec {
    const known = this.vecs.get(name);
    if (known !== undefined) return known;
    const pending = this.pendings.get(name);
    const open = this.openRows(name);
    if (pending === undefined || (open.length === 0 && !pending.isWhole)) {
      // Nothing of it is live, or bounds decide what is.
      this.define(name, open, uniform(open.length, 0));
    } else {
      const rows = pending.isWhole || pending.isBox === true ? this.allRows(name) : open;
      const cells = this.committed(name, rows);
      pending.emit(rows, cells);
      this.define(name, rows, cells);
    }
    return this.vecs.get(name)!;
  }

  /** The tensor, or what is pending of it if the caller may say what elements `rows` of it are. */
  source(name: string, rows: Uint32Array): Vec | Pending {
    const pending = this.vecs.has(name) ? undefined : this.pendings.get(name);
    if (pending === undefined) return select(this.vec(name), rows);
    const isAll = pending.isWhole ? isIdentity(rows, this.facts.get(name)!.size) : includes(rows, this.openRows(name));
    if (!isAll && (pending.isWhole || this.soleReader(name) === undefined)) return select(this.vec(name), rows);
    return {
      ...pending,
      emit: (own, form) => {
        this.emit(name, pending, own, form);
        if (isAll) this.define(name, own, form);
      },
    };
  }

  /** Elements that bounds decide are constants, which the equation of a pending tensor does not have to say. */
  private emit(name: string, pending: Pending, rows: Uint32Array, form: Vec): void {
    const { lo, hi } = this.facts.get(name)!;
    const open = indices(rows.length, (k) => lo[rows[k]!]! < hi[rows[k]!]!);
    const isAll = pending.isWhole || (pending.isBox === true && rows.length === lo.length);
    if (isAll || open.length === rows.length) {
      pending.emit(rows, form);
      return;
    }
    const decided = indices(rows.length, (k) => lo[rows[k]!] === hi[rows[k]!]);
    if (open.length > 0) pending.emit(pickRows(rows, open), select(form, open));
    this.writer.equal(select(form, decided), constants(pick(lo, pickRows(rows, decided))));
  }

  /** What is pending of a tensor that nobody has needed as a vector. */
  pending(name: string): Pending | undefined {
    return this.vecs.has(name) ? undefined : this.pendings.get(name);
  }

  /** The tensor with every element one of a tensor's or a constant; a copy is committed where it is a sum. */
  simple(name: string): Vec {
    const vec = this.vec(name);
    if (isSimple(vec)) return vec;
    const known = this.copies.get(name);
    if (known !== undefined) return known;
    const rows = this.openRows(name);
    const cells = this.committed(name, rows);
    this.writer.equal(cells, select(vec, rows));
    const copy = this.placed(name, rows, cells);
    this.copies.set(name, copy);
    return copy;
  }

  /**
   * The tensor as all of one tensor of cells, or the statement's, whose dims have runs for these extents: a copy where it is none, of what is live of it.
   * Elements of a copy that are not may be anything.
   */
  box(name: string, extents: readonly number[]): Vec {
    const vec = this.vec(name);
    const own = plainRef(vec);
    if (own !== undefined && this.writer.alongAxes(own, extents)) return vec;
    const key = `${name} as [${extents.join()}]`;
    const known = this.copies.get(key);
    if (known !== undefined) return known;
    const cells = this.writer.cell(`${name}, a copy`, vec.size, { lo: 0, hi: 0 }, (run) => run.of(name));
    this.writer.alongAxes(plainRef(cells)!, extents);
    const copy = { ...cells, lo: vec.lo, hi: vec.hi };
    const rows = indices(vec.size, (i) => !Number.isNaN(vec.lo[i]!));
    this.writer.equal(select(copy, rows), select(vec, rows));
    this.copies.set(key, copy);
    return copy;
  }

  /** Whether a map along axes reads the tensor or makes it. */
  isBox(name: string): boolean {
    return this.boxes.has(name);
  }

  /** New cells with the values of elements of an IR tensor, bounded by an equation that the caller writes. */
  committed(name: string, rows: Uint32Array): Vec {
    const fact = this.facts.get(name)!;
    const cells = this.writer.cell(name, rows.length, { lo: 0, hi: 0 }, (run) => pick(run.of(name), rows));
    return { ...cells, lo: pick(fact.lo, rows), hi: pick(fact.hi, rows) };
  }

  allRows(name: string): Uint32Array {
    return indices(sizeOf(this.node(name)), () => true);
  }

  /** A number for a list of values, equal for equal ones. */
  functionId(values: Float64Array): number {
    const key = values.join();
    const id = this.functions.get(key) ?? this.functions.size;
    this.functions.set(key, id);
    return id;
  }

  // ---- ways ----

  get mostRows(): number {
    return 2 ** this.options.tableBits;
  }

  isTable({ lo, hi }: Range): boolean {
    return hi - lo + 1 <= this.mostRows;
  }

  choose<W extends Way>(count: number, ways: readonly W[]): W {
    return ways[this.writer.planner.choose(count, ways)]!;
  }

  /** At least `bits` bits, and as many as leave a product with `factor` four times below the modulus. */
  cover(bits: number, factor = 1): RangeNeed {
    const most = Math.floor(Math.log2(Number(this.writer.modulus) / 4 / factor));
    const least = Math.max(1, bits);
    return { bits: least, upTo: Math.max(least, most) };
  }

  /** Greatest value of a range as it is laid out. */
  topOf(need: RangeNeed): number {
    return 2 ** this.writer.planner.limbs(need).reduce((sum, width) => sum + width, 0) - 1;
  }

  // ---- ranges ----

  /**
   * form ∈ [0, 2^w), w the sum of the limbs' widths: form = l_0 + 2^w_0·l_1 + …, of which the lowest limb is no cell. Asks for nothing: the need is in the
   * way that the gadget has chosen.
   */
  range(form: Vec, need: RangeNeed, name: string): void {
    const [first, ...widths] = this.writer.planner.limbs(need);
    if (first === undefined) {
      this.writer.equal(form, uniform(form.size, 0));
      return;
    }
    let [low, shift] = [form, first];
    for (const [i, width] of widths.entries()) {
      const [from, count] = [2 ** shift, 2 ** width];
      const values: Values = (run) => run.value(form).map((value) => mod(Math.floor(value / from), count));
      const limb = this.writer.cell(`${name}, limb ${i + 1}`, form.size, { lo: 0, hi: count - 1 }, values);
      this.writer.narrow(limb, width);
      low = combine([
        [1, low],
        [-from, limb],
      ]);
      shift += width;
    }
    this.writer.narrow(low, first);
  }

  /** form ∈ [0, rows): by a table of its own, or from both sides. */
  below(form: Vec, rows: number, name: string): void {
    const bits = bitLength(rows - 1);
    const exact = { bits, upTo: bits };
    const cover = this.cover(bits);
    const own = { fn: rangeFunction(rows), lo: 0, hi: rows - 1 };
    const ways: (Way & { lay: () => void })[] = [];
    if (2 ** bits === rows) {
      ways.push({ units: 0, ranges: [exact], tables: [], lay: () => this.range(form, exact, name) });
    } else {
      const lay = () => {
        this.range(form, cover, name);
        // What the first range leaves possible, whatever else is known of the form.
        const covered = { ...form, lo: uniform(form.size, 0).lo, hi: uniform(form.size, this.topOf(cover)).hi };
        this.range(combine([[-1, covered]], rows - 1), cover, `${name}, from above`);
      };
      ways.push({ units: 0, ranges: [cover, cover], tables: [], lay });
      if (this.isTable(own))
        ways.push({ units: 0, ranges: [], tables: [own], lay: () => this.writer.lookup(own, form) });
    }
    this.choose(form.size, ways).lay();
  }

  // ---- the larger of two ----

  /**
   * max(a, b), in one of two ways. By table: (a − b, m − b) is a row of x ↦ max(x, 0). By a product: (m − a)(m − b) = 0, so m is one of them, and
   * (m − a) + (m − b) = ±(a − b) ≥ 0, so it is the larger: a cover does, as no −|a − b| is in it modulo p.
   */
  max(a: Vec, b: Vec, name: string): Vec {
    const difference = combine([
      [1, a],
      [-1, b],
    ]);
    const { lo, hi } = rangeOf(difference);
    const cover = this.cover(bitLength(Math.max(hi, -lo)));
    const values: Values = (run) => {
      const other = run.value(b);
      return run.value(a).map((value, i) => Math.max(value, other[i]!));
    };
    const cell = (): Vec => {
      const m = this.writer.cell(name, a.size, { lo: 0, hi: 0 }, values);
      // By either way m is a or b.
      const larger = (p: Float64Array, q: Float64Array) => p.map((value, i) => Math.max(value, q[i]!));
      return { ...m, lo: larger(a.lo, b.lo), hi: larger(a.hi, b.hi) };
    };
    const need = { fn: POSITIVE, lo, hi };
    const minus = (m: Vec, other: Vec) =>
      combine([
        [1, m],
        [-1, other],
      ]);
    const byProduct = (): Vec => {
      const m = cell();
      const [above, beside] = [minus(m, a), minus(m, b)];
      this.writer.oneIsZero(above, beside);
      const gap = combine([
        [1, above],
        [1, beside],
      ]);
      this.range(gap, cover, `${name}, gap`);
      return m;
    };
    const byTable = (): Vec => {
      const m = cell();
      this.writer.lookup(need, difference, minus(m, b));
      return m;
    };
    const ways = [{ units: 2, ranges: [cover], tables: [], lay: byProduct }];
    if (this.isTable(need))
      return this.choose(a.size, [...ways, { units: 1, ranges: [], tables: [need], lay: byTable }]).lay();
    return this.choose(a.size, ways).lay();
  }
}

export function indices(size: number, is: (i: number) => boolean): Uint32Array {
  const list: number[] = [];
  for (let i = 0; i < size; i++) if (is(i)) list.push(i);
  return Uint32Array.from(list);
}

export function pick(values: Float64Array, rows: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, i) => values[rows[i]!]!);
}

function pickRows(rows: Uint32Array, at: Uint32Array): Uint32Array {
  return at.map((k) => rows[k]!);
}

function includes(all: Uint32Array, some: Uint32Array): boolean {
  const known = new Set(all);
  return some.every((row) => known.has(row));
}

/** In [0, modulus). */
export function mod(value: number, modulus: number): number {
  const rest = value % modulus;
  return rest < 0 ? rest + modulus : rest;
}
