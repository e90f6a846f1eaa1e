/**
 * What follows over F_r from a relation and the values of some wires: sound inferences alone, kept consistent by a queue of clauses, undone
 * by a trail. Nothing here knows a hint, a bound of the compiler or an honest value.
 *
 * A wire is unknown, or in an interval of integers, or known. Inferred are:
 * - a clause with one unknown wire: its root; of a square both, of which an interval may leave one;
 * - Σ coef·x + k ∈ [0, top] over intervals, where the sum spans less than r: it has one integer reading, and each x its bounds. So digits
 *   of a known number are found, and quotients with their remainders;
 * - the interval of the only wire without one, where its coefficient is ±1;
 * - x² = Σ coef·y + k with x ≥ 0, read over the integers where neither side can reach r: the bounds of each side from the other's;
 * - a·b = 0 with a side that cannot be 0; a lookup's second column from its first, and the other way round.
 */
import { inverse, mod, R, signed } from '../../../src/field/bn254.js';
import type { FieldLc } from '../../builder.js';
import { isBooleanRow } from '../rows.js';
import { rootsOfRow } from '../enumerate.js';
import { floorRoot } from '../instructions.js';
import type { ReadTable, Relation } from './relation.js';

export interface Interval {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** A form with the values of its known wires added up. */
interface Sum {
  readonly wires: readonly number[];
  /** Of least absolute value. */
  readonly coefs: readonly bigint[];
  /** Constant and known terms; not reduced. */
  known: bigint;
  open: number;
}

/** a·b = c; or (first, second) in a table. `row` is the circuit's. */
export type Clause = { readonly row: number; readonly sums: readonly Sum[] } & (
  { readonly kind: 'product' } | { readonly kind: 'lookup'; readonly table: Table }
);

interface Table extends ReadTable {
  readonly size: bigint;
  /** First and last row that holds a value. */
  readonly rowsOf: ReadonlyMap<bigint, Interval>;
}

/** One way in which a clause can hold: these wires have these values. */
export type Case = readonly (readonly [wire: number, value: bigint])[];

type Undo =
  | { readonly kind: 'value'; readonly wire: number }
  | { readonly kind: 'interval'; readonly wire: number; readonly old: Interval | undefined };

const BIT = tableOf({ values: [[0n], [0n]] });
/** Larger intervals are no case split. */
const MAX_CASES = 4n;

export class Knowledge {
  readonly values: (bigint | undefined)[];
  readonly intervals: (Interval | undefined)[];
  readonly clauses: Clause[] = [];
  private readonly uses: { readonly sum: Sum; readonly coef: bigint; readonly clause: number }[][];
  private readonly trail: Undo[] = [];
  private queue: number[] = [];
  private readonly queued: Uint8Array;
  /** Clauses looked at since the beginning: what a search has cost. */
  steps = 0;

  constructor(relation: Relation) {
    const { nWires } = relation;
    this.values = new Array<bigint | undefined>(nWires).fill(undefined);
    this.intervals = new Array<Interval | undefined>(nWires).fill(undefined);
    this.uses = Array.from({ length: nWires }, () => []);
    const tables = new Map<ReadTable, Table>();
    for (const row of relation.rows) {
      const forms = isBooleanRow(row) ? [row.a, NOTHING] : [row.a, row.b, row.c];
      if (isBooleanRow(row)) this.add({ kind: 'lookup', row: row.row, table: BIT, sums: forms.map(sumOf) });
      else this.add({ kind: 'product', row: row.row, sums: forms.map(sumOf) });
    }
    for (const { table, first, second, row } of relation.lookups) {
      if (!tables.has(table)) tables.set(table, tableOf(table));
      this.add({ kind: 'lookup', row, table: tables.get(table)!, sums: [sumOf(first), sumOf(second)] });
    }
    this.queued = new Uint8Array(this.clauses.length);
    this.clauses.forEach((_, id) => {
      this.enqueue(id);
    });
    this.set(0, 1n);
  }

  private add(clause: Clause): void {
    const id = this.clauses.push(clause) - 1;
    for (const sum of clause.sums) {
      sum.wires.forEach((wire, i) => this.uses[wire]!.push({ sum, coef: sum.coefs[i]!, clause: id }));
    }
  }

  /** Whether anything is unknown in a clause. */
  isOpen(id: number): boolean {
    return this.clauses[id]!.sums.some(({ open }) => open > 0);
  }

  openWires(id: number): number[] {
    return [...new Set(this.clauses[id]!.sums.flatMap(({ wires }) => wires))].filter(
      (wire) => this.values[wire] === undefined,
    );
  }

  /** Clauses that speak of a wire. */
  clausesOf(wire: number): number[] {
    return this.uses[wire]!.map(({ clause }) => clause);
  }

  valueOf({ wires, coefs, constant }: FieldLc): bigint | undefined {
    let sum = constant;
    for (const [i, wire] of wires.entries()) {
      const value = this.values[wire];
      if (value === undefined) return undefined;
      sum += coefs[i]! * value;
    }
    return mod(sum);
  }

  // ---- setting and undoing ----

  get mark(): number {
    return this.trail.length;
  }

  /** Wires that became known since a mark. */
  known(mark: number): number[] {
    return this.trail.slice(mark).flatMap((undo) => (undo.kind === 'value' ? [undo.wire] : []));
  }

  /** Wires of which anything became known since a mark. */
  touched(mark: number): number[] {
    return [...new Set(this.trail.slice(mark).map(({ wire }) => wire))];
  }

  undo(mark: number): void {
    while (this.trail.length > mark) {
      const undo = this.trail.pop()!;
      if (undo.kind === 'interval') this.intervals[undo.wire] = undo.old;
      else {
        const value = this.values[undo.wire]!;
        this.values[undo.wire] = undefined;
        for (const { sum, coef } of this.uses[undo.wire]!) {
          sum.known -= coef * value;
          sum.open++;
        }
      }
    }
    for (const id of this.queue) this.queued[id] = 0;
    this.queue = [];
  }

  /** False where it contradicts what is known. */
  set(wire: number, value: bigint): boolean {
    const old = this.values[wire];
    if (old !== undefined) return old === value;
    if (!this.admits(wire, value)) return false;
    this.values[wire] = value;
    this.trail.push({ kind: 'value', wire });
    for (const { sum, coef, clause } of this.uses[wire]!) {
      sum.known += coef * value;
      sum.open--;
      this.enqueue(clause);
    }
    return true;
  }

  admits(wire: number, value: bigint): boolean {
    const interval = this.intervals[wire];
    return interval === undefined || mod(value - interval.lo) <= interval.hi - interval.lo;
  }

  private narrow(wire: number, lo: bigint, hi: bigint): boolean {
    const old = this.intervals[wire];
    const next = old === undefined ? { lo, hi } : { lo: lo > old.lo ? lo : old.lo, hi: hi < old.hi ? hi : old.hi };
    if (next.lo > next.hi) return false;
    if (next.lo === next.hi) return this.set(wire, mod(next.lo));
    if (next.lo === old?.lo && next.hi === old.hi) return true;
    this.intervals[wire] = next;
    this.trail.push({ kind: 'interval', wire, old });
    for (const { clause } of this.uses[wire]!) this.enqueue(clause);
    return true;
  }

  private enqueue(id: number): void {
    if (this.queued[id] === 1) return;
    this.queued[id] = 1;
    this.queue.push(id);
  }

  // ---- inference ----

  /** Looks at what has changed, at most at `most` clauses; false where they contradict each other. */
  propagate(most = Infinity): boolean {
    let done = 0;
    for (; done < this.queue.length && done < most; done++) {
      const id = this.queue[done]!;
      this.queued[id] = 0;
      this.steps++;
      if (!this.infer(this.clauses[id]!)) return false;
    }
    this.queue = this.queue.slice(done);
    return true;
  }

  private infer(clause: Clause): boolean {
    return clause.kind === 'product' ? this.product(clause.sums) : this.lookup(clause);
  }

  private product([a, b, c]: readonly Sum[]): boolean {
    for (const [factor, other] of [
      [a!, b!],
      [b!, a!],
    ] as const) {
      if (factor.open > 0) continue;
      const value = mod(factor.known);
      return this.within([...(value === 0n ? [] : [[other, value] as const]), [c!, R - 1n]], 0n);
    }
    if (!this.square([a!, b!, c!])) return false;
    const roots = this.rootsOf([a!, b!, c!]);
    if (roots !== undefined) {
      const left = roots.values.filter((root) => this.admits(roots.wire, root));
      return left.length > 1 || (left.length === 1 && this.set(roots.wire, left[0]!));
    }
    if (c!.open === 0 && mod(c!.known) === 0n) {
      if (!this.canBeZero(a!)) return this.within([[b!, 1n]], 0n);
      if (!this.canBeZero(b!)) return this.within([[a!, 1n]], 0n);
    }
    return true;
  }

  /** x·x = c of one unknown x in an interval that is not negative. */
  private square([a, b, c]: readonly [Sum, Sum, Sum]): boolean {
    const [x, other] = [this.onlyWire(a), this.onlyWire(b)];
    const interval = x === undefined || x !== other ? undefined : this.intervals[x];
    if (interval === undefined || interval.lo < 0n) return true;
    const { lo, hi } = interval;
    if (2n * hi * hi >= R || !this.within([[c, 1n]], hi * hi - lo * lo, lo * lo)) return 2n * hi * hi >= R;
    const range = this.rangeOf(c);
    if (range === undefined) return true;
    const first = range.lo <= 0n ? 0n : floorRoot(range.lo - 1n) + 1n;
    return this.values[x!] !== undefined || this.narrow(x!, first, floorRoot(range.hi));
  }

  /** The one unknown wire of a sum that is that wire and nothing else. */
  private onlyWire({ wires, coefs, known }: Sum): number | undefined {
    return wires.length === 1 && coefs[0] === 1n && known === 0n ? wires[0] : undefined;
  }

  /** The integers that a sum may be; undefined where a wire has no interval, or they reach half of r. */
  private rangeOf({ wires, coefs, known }: Sum): Interval | undefined {
    let [lo, hi] = [known, known];
    for (const [i, wire] of wires.entries()) {
      if (this.values[wire] !== undefined) continue;
      const interval = this.intervals[wire];
      if (interval === undefined) return undefined;
      const [p, q] = [coefs[i]! * interval.lo, coefs[i]! * interval.hi];
      lo += p < q ? p : q;
      hi += p < q ? q : p;
    }
    return 2n * (hi > -lo ? hi : -lo) < R && hi >= 0n ? { lo, hi } : undefined;
  }

  private lookup({ sums: [first, second], table }: Clause & { readonly kind: 'lookup' }): boolean {
    if (second!.open === 0) {
      const rows = table.rowsOf.get(mod(second!.known));
      if (rows === undefined || !this.within([[first!, 1n]], rows.hi - rows.lo, rows.lo)) return false;
    } else if (!this.within([[first!, 1n]], table.size - 1n)) return false;
    if (first!.open > 0) return true;
    const t = mod(first!.known);
    const values = t < table.size ? table.values[Number(t)]! : [];
    if (second!.open === 0) return values.includes(mod(second!.known));
    return values.length > 1 || (values.length === 1 && this.within([[second!, 1n]], 0n, values[0]));
  }

  /** Σ factor·sum − least ∈ [0, top]. */
  private within(parts: readonly (readonly [Sum, bigint])[], top: bigint, least = 0n): boolean {
    const coefs = new Map<number, bigint>();
    let constant = -least;
    for (const [sum, factor] of parts) {
      constant += factor * sum.known;
      if (sum.open === 0) continue;
      sum.wires.forEach((wire, i) => {
        if (this.values[wire] === undefined) coefs.set(wire, (coefs.get(wire) ?? 0n) + factor * sum.coefs[i]!);
      });
    }
    const terms: Term[] = [];
    for (const [wire, coef] of coefs) {
      const reduced = signed(mod(coef));
      if (reduced !== 0n) terms.push({ wire, coef: reduced });
    }
    const known = mod(constant);
    if (terms.length === 0) return known <= top;
    if (terms.length === 1 && top === 0n) {
      const { wire, coef } = terms[0]!;
      return this.set(wire, mod(-known * (coef === 1n || coef === -1n ? coef : inverse(coef))));
    }
    return this.bound(terms, signed(known), top);
  }

  private bound(terms: readonly Term[], known: bigint, top: bigint): boolean {
    let [least, most] = [0n, 0n];
    let fresh: Term | undefined;
    const reach: Interval[] = [];
    for (const term of terms) {
      const interval = this.intervals[term.wire];
      if (interval === undefined) {
        if (fresh !== undefined || (term.coef !== 1n && term.coef !== -1n)) return true;
        fresh = term;
        reach.push({ lo: 0n, hi: 0n });
        continue;
      }
      const [p, q] = [term.coef * interval.lo, term.coef * interval.hi];
      reach.push(p < q ? { lo: p, hi: q } : { lo: q, hi: p });
      least += reach.at(-1)!.lo;
      most += reach.at(-1)!.hi;
    }
    if (most - least + top + 1n >= R) return true;
    if (fresh !== undefined) {
      const [lo, hi] = [-known - most, top - known - least];
      return fresh.coef === 1n ? this.narrow(fresh.wire, lo, hi) : this.narrow(fresh.wire, -hi, -lo);
    }
    // At most one multiple of r brings the sum into [0, top].
    const base = known - R * floorDiv(known + most, R);
    if (base + least > top) return false;
    return terms.every(({ wire, coef }, i) => {
      const [from, to] = [-base - (most - reach[i]!.hi), top - base - (least - reach[i]!.lo)];
      const [lo, hi] = coef > 0n ? [from, to] : [-to, -from];
      const size = coef > 0n ? coef : -coef;
      return this.values[wire] !== undefined || this.narrow(wire, -floorDiv(-lo, size), floorDiv(hi, size));
    });
  }

  private canBeZero({ wires, coefs, known }: Sum): boolean {
    let [least, most] = [0n, 0n];
    for (const [i, wire] of wires.entries()) {
      if (this.values[wire] !== undefined) continue;
      const interval = this.intervals[wire];
      if (interval === undefined) return true;
      const [p, q] = [coefs[i]! * interval.lo, coefs[i]! * interval.hi];
      least += p < q ? p : q;
      most += p < q ? q : p;
    }
    if (most - least >= R) return true;
    const constant = signed(mod(known));
    return constant - R * floorDiv(constant + most, R) + least <= 0n;
  }

  /** Of a product whose factors hold the same unknown: what is linear may hold for every value. */
  private rootsOf(sums: readonly Sum[]): ReturnType<typeof rootsOfRow> {
    if (sums.some(({ open }, side) => open > 1 || (side < 2 && open === 0))) return undefined;
    const [a, b, c] = sums.map((sum) => this.openForm(sum)) as [FieldLc, FieldLc, FieldLc];
    return rootsOfRow({ a, b, c });
  }

  private openForm({ wires, coefs, known }: Sum): FieldLc {
    const open = wires.flatMap((wire, i) => (this.values[wire] === undefined ? [i] : []));
    return {
      wires: open.map((i) => wires[i]!),
      coefs: open.map((i) => mod(coefs[i]!)),
      constant: mod(known),
    };
  }

  // ---- cases ----

  /** Cases of which one must hold, few and each about one wire; undefined where a clause gives none. */
  casesOf(id: number): readonly Case[] | undefined {
    const { kind, sums } = this.clauses[id]!;
    if (kind === 'product') {
      const roots = this.rootsOf(sums);
      if (roots !== undefined) return roots.values.map((root) => [[roots.wire, root]]);
      const zeros = this.zeroCases(sums);
      if (zeros !== undefined) return zeros;
    }
    if (kind === 'lookup') {
      const roots = this.rowCases(id, MAX_CASES);
      if (roots !== undefined) return roots;
    }
    for (const wire of this.openWires(id)) {
      const interval = this.intervals[wire];
      if (interval === undefined || interval.hi - interval.lo >= MAX_CASES) continue;
      const size = Number(interval.hi - interval.lo) + 1;
      return Array.from({ length: size }, (_, i) => [[wire, mod(interval.lo + BigInt(i))]]);
    }
    return undefined;
  }

  /** Of a lookup whose first column has one unknown wire, and no interval for it: one case a row of a table of at most `most` rows. */
  rowCases(id: number, most: bigint): readonly Case[] | undefined {
    const clause = this.clauses[id]!;
    if (clause.kind !== 'lookup' || clause.sums[0]!.open !== 1 || clause.table.size > most) return undefined;
    const { wires, coefs, constant } = this.openForm(clause.sums[0]!);
    if (this.intervals[wires[0]!] !== undefined) return undefined;
    const scale = inverse(coefs[0]!);
    return Array.from({ length: Number(clause.table.size) }, (_, t) => [
      [wires[0]!, mod((BigInt(t) - constant) * scale)],
    ]);
  }

  /** a·b = 0 over one wire each. */
  private zeroCases([a, b, c]: readonly Sum[]): readonly Case[] | undefined {
    if (c!.open > 0 || mod(c!.known) !== 0n || a!.open !== 1 || b!.open !== 1) return undefined;
    return [a!, b!].map((sum) => {
      const { wires, coefs, constant } = this.openForm(sum);
      return [[wires[0]!, mod(-constant * inverse(coefs[0]!))]];
    });
  }
}

interface Term {
  readonly wire: number;
  readonly coef: bigint;
}

const NOTHING: FieldLc = { wires: [], coefs: [], constant: 0n };

function sumOf({ wires, coefs, constant }: FieldLc): Sum {
  return { wires, coefs: coefs.map((coef) => signed(coef)), known: constant, open: wires.length };
}

function tableOf({ values }: ReadTable): Table {
  const rowsOf = new Map<bigint, Interval>();
  for (const [t, column] of values.entries()) {
    for (const value of column) rowsOf.set(value, { lo: rowsOf.get(value)?.lo ?? BigInt(t), hi: BigInt(t) });
  }
  return { values, size: BigInt(values.length), rowsOf };
}

/** Floor of n / d, d > 0. */
function floorDiv(n: bigint, d: bigint): bigint {
  const q = n / d;
  return n < 0n && q * d !== n ? q - 1n : q;
}
