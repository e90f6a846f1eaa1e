/**
 * Finds *every* solution of a system over F_r with some wires fixed, by propagation and branching: a proof, for one input, that the
 * constraints alone determine the output, whatever a prover does. It knows no hint and no honest value, only rows and memberships.
 *
 * A variable is free (any field element) or has a domain (integers lo … hi, from a Boolean row or a membership). Sound inferences:
 * a row with one unknown has at most two roots; a square of a form that is not negative bounds it by its root; a form over variables with domains whose reach is below r takes integer values, so that
 * its bounds bound each of them; a membership or a linear row with one free variable rewrites that variable through the others;
 * a·b = 0 says a = 0 or b = 0. Everything else is a branch over a domain.
 */
import { inverse, mod, pow, R, signed } from '../../src/field/bn254.js';
import type { FieldLc } from '../builder.js';
import { fieldCombination } from '../lc.js';
import { floorRoot } from './instructions.js';
import { isBooleanRow, unit, type Membership, type Row, type System } from './rows.js';

export interface Enumeration {
  /** False where a wire had to be guessed or the node budget ran out: then a solution may have been missed. */
  readonly complete: boolean;
  readonly solutions: number;
}

export interface EnumerateOptions {
  readonly system: Pick<System, 'rows' | 'memberships' | 'nWires'>;
  readonly fixed: ReadonlyMap<number, bigint>;
  /** Called with every wire's value; free wires get random ones. Returning true ends the search. */
  readonly visit: (values: readonly bigint[]) => boolean;
  readonly random: () => bigint;
  readonly maxNodes: number;
}

/** Larger domains are sampled, not searched. */
const MAX_BRANCHES = 64n;

interface Interval {
  readonly lo: bigint;
  readonly hi: bigint;
}

/** query ∈ [0, rows), as in rows.ts; or a row. */
type Clause = { readonly kind: 'row'; readonly row: Row } | ({ readonly kind: 'member' } & Membership);

/** What is known at a node. Forms of the clauses hold unknown variables only. */
interface Node {
  values: (bigint | undefined)[];
  domains: (Interval | undefined)[];
  clauses: readonly Clause[];
  /** Eliminated variables, in order; each form is over variables that were there then. */
  eliminated: readonly { readonly wire: number; readonly form: FieldLc }[];
}

type Change = (node: Node) => void;

const ONE_FORM: FieldLc = { wires: [], coefs: [], constant: 1n };
const ZERO_FORM: FieldLc = { wires: [], coefs: [], constant: 0n };

export function enumerate(options: EnumerateOptions): Enumeration {
  return new Search(options).run();
}

class Search {
  private nodes = 0;
  private complete = true;
  private solutions = 0;
  private stopped = false;

  constructor(private readonly options: EnumerateOptions) {}

  run(): Enumeration {
    const { system, fixed } = this.options;
    const values = new Array<bigint | undefined>(system.nWires).fill(undefined);
    values[0] = 1n;
    for (const [wire, value] of fixed) values[wire] = mod(value);
    const clauses = [
      ...system.rows.map((row): Clause => {
        if (isBooleanRow(row)) return { kind: 'member', table: 'bit', query: row.a, rows: 2 };
        return { kind: 'row', row };
      }),
      ...system.memberships.map((membership): Clause => ({ kind: 'member', ...membership })),
    ];
    this.descend({ values, domains: [], clauses, eliminated: [] });
    return { complete: this.complete && !this.stopped, solutions: this.solutions };
  }

  private descend(node: Node): void {
    if (this.stopped) return;
    if (++this.nodes > this.options.maxNodes) {
      this.complete = false;
      this.stopped = true;
      return;
    }
    do if (!new Propagation(node).run()) return;
    while (eliminate(node));
    const branches = this.branches(node);
    if (branches === undefined) this.leaf(node);
    else {
      for (const change of branches) {
        const child = { ...node, values: [...node.values], domains: [...node.domains] };
        change(child);
        this.descend(child);
      }
    }
  }

  /** Cases of which one must hold; undefined where every clause does. */
  private branches({ clauses, domains }: Node): readonly Change[] | undefined {
    if (clauses.length === 0) return undefined;
    const rows = clauses.flatMap((clause) => (clause.kind === 'row' ? [clause.row] : []));
    const zero = rows
      .filter(({ b, c }) => b !== ONE_FORM && c.wires.length === 0 && c.constant === 0n)
      .toSorted((p, q) => unknowns(p).size - unknowns(q).size)[0];
    if (zero !== undefined) return [zero.a, zero.b].map((form) => assume(form, zero));
    for (const row of rows) {
      const roots = rootsOfRow(row);
      if (roots !== undefined) return roots.values.map((root) => assign(roots.wire, root));
    }
    for (const clause of clauses) {
      if (clause.kind === 'member' && clause.query.wires.length === 0) {
        const allowed = clause.values![Number(clause.query.constant)]!;
        return allowed.map((value) => assume(fieldCombination([clause.second!], [1n], -value)));
      }
    }
    for (const clause of clauses) {
      if (clause.kind === 'member' && clause.query.wires.length === 1 && domains[clause.query.wires[0]!] === undefined)
        return this.tableRows(clause);
    }
    return this.guess(clauses, domains);
  }

  /** A free variable with another coefficient than ±1, alone in a query: one case a table row. */
  private tableRows({ query, rows }: Membership): readonly Change[] {
    const all = BigInt(rows);
    if (all > MAX_BRANCHES) this.complete = false;
    const some = all > MAX_BRANCHES ? [0n, 1n, this.options.random() % all, all - 1n] : integers(0n, all);
    return some.map((t) => assume(fieldCombination([query], [1n], -t)));
  }

  /** Every value of the smallest domain; where that is large, or there is none, a few values and no claim to have seen all. */
  private guess(clauses: readonly Clause[], domains: Node['domains']): readonly Change[] {
    const wires = [...new Set(clauses.flatMap((clause) => [...unknowns(clause)]))];
    const size = (wire: number): bigint => domains[wire]!.hi - domains[wire]!.lo + 1n;
    const [smallest] = wires
      .filter((wire) => domains[wire] !== undefined)
      .toSorted((p, q) => Number(size(p) - size(q)));
    if (smallest !== undefined && size(smallest) <= MAX_BRANCHES) {
      return integers(domains[smallest]!.lo, size(smallest)).map((value) => assign(smallest, value));
    }
    this.complete = false;
    if (smallest === undefined) return [0n, 1n, this.options.random()].map((value) => assign(wires[0]!, value));
    const { lo, hi } = domains[smallest]!;
    const some = [lo, lo + (this.options.random() % size(smallest)), hi];
    return [...new Set(some)].map((value) => assign(smallest, value));
  }

  /** Variables that no clause speaks of any more: free ones are random, those with a domain at both of its ends. */
  private leaf({ values, domains, eliminated }: Node): void {
    const open = domains.some((domain, wire) => domain !== undefined && values[wire] === undefined);
    for (const end of open ? (['lo', 'hi'] as const) : (['lo'] as const)) {
      const all = Array.from(values, (value, wire) => value ?? mod(domains[wire]?.[end] ?? this.options.random()));
      for (const { wire, form } of eliminated.toReversed()) {
        all[wire] = mod(form.wires.reduce((sum, w, i) => sum + form.coefs[i]! * all[w]!, form.constant));
      }
      this.solutions++;
      if (this.options.visit(all.slice(0, this.options.system.nWires))) this.stopped = true;
    }
  }
}

/** Form = 0 as one more row; in place of `instead`, where it says more than that one. */
function assume(form: FieldLc, instead?: Row): Change {
  return (node) => {
    const others = node.clauses.filter((clause) => clause.kind !== 'row' || clause.row !== instead);
    node.clauses = [...others, { kind: 'row', row: { a: form, b: ONE_FORM, c: ZERO_FORM } }];
  };
}

function assign(wire: number, value: bigint): Change {
  return assume(fieldCombination([unit(wire)], [1n], -value));
}

/** Draws all conclusions from a node's clauses, changing the node. */
class Propagation {
  private progress = true;

  constructor(private readonly node: Node) {}

  /** False where the clauses contradict each other. */
  run(): boolean {
    while (this.progress) {
      this.progress = false;
      const left: Clause[] = [];
      for (const clause of this.node.clauses) {
        const reduced = clause.kind === 'row' ? this.row(clause.row) : this.member(clause);
        if (reduced === 'conflict') return false;
        if (reduced !== 'done') left.push(reduced);
      }
      this.node.clauses = left;
    }
    return true;
  }

  private row(row: Row): Clause | 'done' | 'conflict' {
    const [a, b, c] = [this.fold(row.a), this.fold(row.b), this.fold(row.c)];
    if (a.wires.length === 0) return this.linear(fieldCombination([b, c], [a.constant, -1n]));
    if (b.wires.length === 0) return this.linear(fieldCombination([a, c], [b.constant, -1n]));
    const folded = { a, b, c };
    if (isSameForm(a, b) && !this.boundRoot(a, c)) return 'conflict';
    const roots = rootsOfRow(folded);
    const allowed = roots?.values.filter((root) => this.admits(roots.wire, root));
    if (allowed?.length === 0) return 'conflict';
    if (allowed?.length === 1) return this.set(roots!.wire, allowed[0]!);
    return { kind: 'row', row: folded };
  }

  /** form = 0. */
  private linear(form: FieldLc): Clause | 'done' | 'conflict' {
    const [wire] = form.wires;
    if (wire === undefined) return form.constant === 0n ? 'done' : 'conflict';
    if (form.wires.length === 1) return this.set(wire, mod(-form.constant * inverse(form.coefs[0]!)));
    if (!this.bound(form, 1)) return 'conflict';
    return { kind: 'row', row: { a: form, b: ONE_FORM, c: ZERO_FORM } };
  }

  private member(clause: Membership): Clause | 'done' | 'conflict' {
    const query = this.fold(clause.query);
    const second = clause.second === undefined ? undefined : this.fold(clause.second);
    const [wire] = query.wires;
    if (wire === undefined) {
      if (query.constant >= BigInt(clause.rows)) return 'conflict';
      if (second === undefined) return 'done';
      const allowed = clause.values![Number(query.constant)]!;
      if (second.wires.length === 0) return allowed.includes(second.constant) ? 'done' : 'conflict';
      if (allowed.length === 1) return this.linear(fieldCombination([second], [1n], -allowed[0]!));
    } else if (query.wires.length === 1 && this.node.domains[wire] === undefined && isUnit(query.coefs[0]!)) {
      // wire = ±(t − constant), t in [0, rows).
      const [first, last] = [-signed(query.constant), BigInt(clause.rows - 1) - signed(query.constant)];
      this.node.domains[wire] = query.coefs[0] === 1n ? { lo: first, hi: last } : { lo: -last, hi: -first };
      this.progress = true;
    } else if (!this.bound(query, clause.rows)) return 'conflict';
    if (second === undefined && this.isImplied(query, clause.rows)) return 'done';
    return { kind: 'member', ...clause, query, ...(second === undefined ? {} : { second }) };
  }

  private set(wire: number, value: bigint): 'done' | 'conflict' {
    if (!this.admits(wire, value)) return 'conflict';
    this.node.values[wire] = value;
    this.progress = true;
    return 'done';
  }

  private admits(wire: number, value: bigint): boolean {
    const domain = this.node.domains[wire];
    if (domain === undefined) return true;
    return mod(value - domain.lo) <= domain.hi - domain.lo;
  }

  /**
   * form ∈ [0, rows): narrows the domains of its variables. False where it has no solution. As the form's integer value spans less than
   * r − rows, at most one multiple of r brings it into [0, rows), and the membership is one of integers.
   */
  private bound(form: FieldLc, rows: number): boolean {
    const { domains } = this.node;
    if (form.wires.some((wire) => domains[wire] === undefined)) return true;
    const scaled = rows === 1 ? smallest(form, domains) : form;
    const terms = termsOf(scaled, domains);
    const [least, most] = [sum(terms, 'lo'), sum(terms, 'hi')];
    if (most - least + BigInt(rows) >= R) return true;
    const constant = signed(scaled.constant);
    const top = BigInt(rows - 1);
    const base = constant - R * floorDiv(constant + most, R);
    if (base + least > top) return false;
    return terms.every((term) => {
      // coef·x ∈ [−base − others' most, top − base − others' least]
      const [from, to] = [-base - (most - term.hi), top - base - (least - term.lo)];
      const [lo, hi] = term.coef > 0n ? [from, to] : [-to, -from];
      const size = term.coef > 0n ? term.coef : -term.coef;
      return this.narrowDomain(term.wire, -floorDiv(-lo, size), floorDiv(hi, size));
    });
  }

  /**
   * x² = c, x ≥ 0 by its domains: bounds of x follow from those of c. Of integers, as all values of x² and c, and so their difference, lie within
   * less than r. False where it has no solution.
   */
  private boundRoot(x: FieldLc, c: FieldLc): boolean {
    const { domains } = this.node;
    if ([...x.wires, ...c.wires].some((wire) => domains[wire] === undefined)) return true;
    const range = (form: FieldLc): Interval => {
      const terms = termsOf(form, domains);
      return { lo: signed(form.constant) + sum(terms, 'lo'), hi: signed(form.constant) + sum(terms, 'hi') };
    };
    const [root, square] = [range(x), range(c)];
    const reach = [root.hi * root.hi, square.hi, -square.lo].reduce((most, value) => (value > most ? value : most));
    if (root.lo < 0n || 2n * reach >= R) return true;
    if (square.hi < 0n) return false;
    const last = floorRoot(square.hi);
    const first = square.lo <= 0n ? 0n : floorRoot(square.lo - 1n) + 1n;
    if (first > last) return false;
    return this.bound(fieldCombination([x], [1n], -first), Number(last - first) + 1);
  }

  private narrowDomain(wire: number, lo: bigint, hi: bigint): boolean {
    const old = this.node.domains[wire]!;
    const domain = { lo: lo > old.lo ? lo : old.lo, hi: hi < old.hi ? hi : old.hi };
    if (domain.lo > domain.hi) return false;
    if (domain.lo === old.lo && domain.hi === old.hi) return true;
    this.node.domains[wire] = domain;
    this.progress = true;
    return true;
  }

  /** Whether the domains alone put the form into [0, rows). */
  private isImplied(form: FieldLc, rows: number): boolean {
    const { domains } = this.node;
    if (form.wires.some((wire) => domains[wire] === undefined)) return false;
    const terms = termsOf(form, domains);
    const constant = signed(form.constant);
    return constant + sum(terms, 'lo') >= 0n && constant + sum(terms, 'hi') < BigInt(rows);
  }

  /** The form with known values folded into its constant. A domain of one value is known. */
  private fold(form: FieldLc): FieldLc {
    const { values, domains } = this.node;
    const open = { wires: [] as number[], coefs: [] as bigint[], constant: form.constant };
    form.wires.forEach((wire, i) => {
      const domain = domains[wire];
      const value = values[wire] ?? (domain !== undefined && domain.lo === domain.hi ? mod(domain.lo) : undefined);
      if (value === undefined) {
        open.wires.push(wire);
        open.coefs.push(form.coefs[i]!);
      } else {
        values[wire] = value;
        open.constant += form.coefs[i]! * value;
      }
    });
    open.constant = mod(open.constant);
    return open;
  }
}

function isSameForm(a: FieldLc, b: FieldLc): boolean {
  return (
    a.constant === b.constant &&
    a.wires.length === b.wires.length &&
    a.wires.every((wire, i) => wire === b.wires[i] && a.coefs[i] === b.coefs[i])
  );
}

/** Rewrites one free variable through others, if a clause lets it. */
function eliminate(node: Node): boolean {
  const { clauses, domains } = node;
  const isFree = (wire: number): boolean => domains[wire] === undefined;
  for (const clause of clauses) {
    if (clause.kind === 'row') {
      const { a, b } = clause.row;
      if (b !== ONE_FORM) continue;
      const at = a.wires.findIndex(isFree);
      if (at < 0) continue;
      const scale = mod(-inverse(a.coefs[at]!));
      const rest = fieldCombination([a, unit(a.wires[at]!)], [1n, -a.coefs[at]!]);
      substitute(node, clause, a.wires[at]!, fieldCombination([rest], [scale]));
      return true;
    }
    const { query } = clause;
    const free = query.wires.flatMap((wire, i) => (isFree(wire) ? [i] : []));
    const [at] = free;
    if (at === undefined || free.length > 1 || !isUnit(query.coefs[at]!)) continue;
    // t = ±wire + rest with t in [0, rows): wire = ±(t − rest).
    const fresh = node.values.push(undefined) - 1;
    domains[fresh] = { lo: 0n, hi: BigInt(clause.rows - 1) };
    const sign = query.coefs[at]!;
    const wire = query.wires[at]!;
    const rest = fieldCombination([query, unit(wire)], [1n, -sign]);
    substitute(node, clause, wire, fieldCombination([unit(fresh), rest], [sign, -sign]), fresh);
    return true;
  }
  return false;
}

/** Puts `form` for `wire` everywhere; `source` is used up, or asks for `fresh` where it has a second column. */
function substitute(node: Node, source: Clause, wire: number, form: FieldLc, fresh?: number): void {
  const put = (old: FieldLc): FieldLc => {
    const at = old.wires.indexOf(wire);
    return at < 0 ? old : fieldCombination([old, unit(wire), form], [1n, -old.coefs[at]!, old.coefs[at]!]);
  };
  node.clauses = node.clauses.flatMap((clause): Clause[] => {
    if (clause.kind === 'row') {
      if (clause === source) return [];
      const { a, b, c } = clause.row;
      return [{ kind: 'row', row: { a: put(a), b: b === ONE_FORM ? b : put(b), c: put(c) } }];
    }
    if (clause === source && clause.second === undefined) return [];
    const query = clause === source ? unit(fresh!) : put(clause.query);
    return [{ ...clause, query, ...(clause.second === undefined ? {} : { second: put(clause.second) }) }];
  });
  node.eliminated = [...node.eliminated, { wire, form }];
}

function unknowns(clause: Clause | Row): Set<number> {
  if (!('kind' in clause)) return new Set([...clause.a.wires, ...clause.b.wires, ...clause.c.wires]);
  if (clause.kind === 'row') return unknowns(clause.row);
  return new Set([...clause.query.wires, ...(clause.second?.wires ?? [])]);
}

const isUnit = (coef: bigint): boolean => coef === 1n || coef === R - 1n;

/** A term coef·x over x's domain: its wire and its own least and greatest value. */
interface Term {
  readonly wire: number;
  readonly coef: bigint;
  readonly lo: bigint;
  readonly hi: bigint;
}

function termsOf(form: FieldLc, domains: Node['domains']): Term[] {
  return form.wires.map((wire, i) => {
    const coef = signed(form.coefs[i]!);
    const { lo, hi } = domains[wire]!;
    const [p, q] = [coef * lo, coef * hi];
    return { wire, coef, lo: p < q ? p : q, hi: p < q ? q : p };
  });
}

function sum(terms: readonly Term[], end: 'lo' | 'hi'): bigint {
  return terms.reduce((total, term) => total + term[end], 0n);
}

/** The multiple of a form that spans least, of those that give one variable the coefficient 1; form = 0 says the same of each. */
function smallest(form: FieldLc, domains: Node['domains']): FieldLc {
  const span = (candidate: FieldLc): bigint => {
    const terms = termsOf(candidate, domains);
    return sum(terms, 'hi') - sum(terms, 'lo');
  };
  if (span(form) < R) return form;
  const multiples = form.coefs.map((coef) => fieldCombination([form], [inverse(coef)]));
  return multiples.reduce((best, candidate) => (span(candidate) < span(best) ? candidate : best), form);
}

/** The roots of a row with a single unknown, or undefined where there are more. */
export function rootsOfRow({
  a,
  b,
  c,
}: Row): { readonly wire: number; readonly values: readonly bigint[] } | undefined {
  const wire = a.wires[0]!;
  if ([a, b, c].some(({ wires }) => wires.length > 1 || (wires.length === 1 && wires[0] !== wire))) return undefined;
  const [a1, b1, c1] = [a, b, c].map(({ coefs }) => coefs[0] ?? 0n) as [bigint, bigint, bigint];
  // a and b both hold the unknown, so the polynomial is not identically zero.
  const values = rootsOf(a1 * b1, a.constant * b1 + a1 * b.constant - c1, a.constant * b.constant - c.constant);
  return { wire, values };
}

/** Roots in F_r of q2·x² + q1·x + q0, not identically zero. */
function rootsOf(q2: bigint, q1: bigint, q0: bigint): bigint[] {
  const [a, b, c] = [mod(q2), mod(q1), mod(q0)];
  if (a === 0n) return b === 0n ? [] : [mod(-c * inverse(b))];
  const root = sqrt(mod(b * b - 4n * a * c));
  if (root === undefined) return [];
  const scale = inverse(2n * a);
  const roots = [mod((root - b) * scale), mod((-root - b) * scale)];
  return roots[0] === roots[1] ? [roots[0]!] : roots;
}

/** A square root in F_r by Tonelli and Shanks (r − 1 = 2^28·odd, 5 is no square), or undefined. */
function sqrt(a: bigint): bigint | undefined {
  if (a === 0n) return 0n;
  if (pow(a, (R - 1n) >> 1n) !== 1n) return undefined;
  const odd = (R - 1n) >> 28n;
  let [m, c, t, x] = [28, pow(5n, odd), pow(a, odd), pow(a, (odd + 1n) >> 1n)];
  while (t !== 1n) {
    let i = 0;
    for (let power = t; power !== 1n; power = (power * power) % R) i++;
    const step = pow(c, 1n << BigInt(m - i - 1));
    [m, c] = [i, (step * step) % R];
    [t, x] = [(t * c) % R, (x * step) % R];
  }
  return x;
}

function integers(from: bigint, count: bigint): bigint[] {
  return Array.from({ length: Number(count) }, (_, i) => from + BigInt(i));
}

/** Floor of n / d, d > 0. */
function floorDiv(n: bigint, d: bigint): bigint {
  const q = n / d;
  return n < 0n && q * d !== n ? q - 1n : q;
}
