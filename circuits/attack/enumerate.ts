/**
 * Finds *every* solution of a rank-1 system over F_r with some wires fixed, by propagation and branching: a proof, for one input, that
 * the constraints alone determine the output, whatever a prover does. It knows no hint and no honest value, only the rows.
 *
 * Sound inferences: a row with one unknown has at most two roots; Σ c_i·b_i = T over Boolean unknowns with Σ|c_i| < r/2 is an equation of
 * integers, and has at most one solution where |c| is superincreasing; a row L·(L − 1) = 0 says L ∈ {0, 1}, and where L holds a single
 * unknown that is not Boolean, that unknown is rewritten through a new Boolean L. Everything else is a branch on a Boolean.
 */
import { inverse, mod, pow, R, signed } from '../../src/field/bn254.js';
import type { FieldLc } from '../builder.js';
import { fieldCombination } from '../lc.js';
import type { Row } from './rows.js';

export interface Enumeration {
  /** False where a wire had to be guessed or the node budget ran out: then a solution may have been missed. */
  readonly complete: boolean;
  readonly solutions: number;
}

export interface EnumerateOptions {
  readonly rows: readonly Row[];
  readonly nWires: number;
  readonly fixed: ReadonlyMap<number, bigint>;
  /** Called with every wire's value; free wires get random ones. Returning true ends the search. */
  readonly visit: (values: readonly bigint[]) => boolean;
  readonly random: () => bigint;
  readonly maxNodes: number;
}

/** A row prepared for the search: `boolean` rows are a ∈ {0, 1}. */
interface Clause {
  readonly row: Row;
  readonly boolean: boolean;
}

interface Branch {
  readonly wire: number;
  readonly roots: readonly bigint[];
}

const ONE_FORM: FieldLc = { wires: [], coefs: [], constant: 1n };

export function enumerate(options: EnumerateOptions): Enumeration {
  return new Search(options).run();
}

class Search {
  private values: (bigint | undefined)[];
  private readonly clauses: Clause[];
  private readonly booleans = new Set<number>();
  /** wire → its expression in other variables, in order of application. */
  private readonly rewritten = new Map<number, FieldLc>();
  private nodes = 0;
  private complete = true;
  private solutions = 0;
  private stopped = false;

  constructor(private readonly options: EnumerateOptions) {
    this.values = new Array<bigint | undefined>(options.nWires).fill(undefined);
    this.values[0] = 1n;
    for (const [wire, value] of options.fixed) this.values[wire] = mod(value);
    this.clauses = this.prepare(options.rows);
  }

  run(): Enumeration {
    this.descend();
    return { complete: this.complete && !this.stopped, solutions: this.solutions };
  }

  /** Marks Boolean wires and rewrites limbs (ℓ = Σ 2^i·b_i + L with L Boolean) through new variables. */
  private prepare(rows: readonly Row[]): Clause[] {
    const clauses = rows.map((row) => ({ row, boolean: isBooleanRow(row) }));
    for (const { row, boolean } of clauses) {
      if (boolean && row.a.wires.length === 1 && row.a.coefs[0] === 1n && row.a.constant === 0n)
        this.booleans.add(row.a.wires[0]!);
    }
    for (const { row, boolean } of clauses) {
      if (!boolean || row.a.wires.length < 2) continue;
      const form = this.substitute(row.a);
      const others = form.wires.filter((wire) => !this.booleans.has(wire) && this.values[wire] === undefined);
      const wire = others[0];
      if (others.length !== 1 || wire === undefined) continue;
      const variable = this.values.push(undefined) - 1;
      this.booleans.add(variable);
      // variable = form, solved for `wire`.
      const coef = form.coefs[form.wires.indexOf(wire)]!;
      const rest = fieldCombination([form, unit(wire)], [1n, -coef]);
      this.rewritten.set(wire, fieldCombination([unit(variable), rest], [inverse(coef), mod(-inverse(coef))]));
    }
    return clauses.map(({ row, boolean }) => ({
      boolean,
      row: { a: this.substitute(row.a), b: this.substitute(row.b), c: this.substitute(row.c) },
    }));
  }

  private substitute(form: FieldLc): FieldLc {
    const terms = form.wires.map((wire) => this.rewritten.get(wire) ?? unit(wire));
    const flat = fieldCombination(terms, form.coefs, form.constant);
    return flat.wires.some((wire) => this.rewritten.has(wire)) ? this.substitute(flat) : flat;
  }

  private descend(): void {
    if (this.stopped) return;
    if (++this.nodes > this.options.maxNodes) {
      this.complete = false;
      this.stopped = true;
      return;
    }
    const saved = this.values;
    this.values = [...saved];
    const branch = this.propagate();
    if (branch !== 'conflict') {
      if (branch === undefined) this.leaf();
      else {
        const { wire, roots } = branch;
        for (const root of roots) {
          const before = [...this.values];
          this.values[wire] = root;
          this.descend();
          this.values = before;
        }
      }
    }
    this.values = saved;
  }

  /** Assigns all that follows; then the next branch, undefined when every row holds, or 'conflict'. */
  private propagate(): Branch | 'conflict' | undefined {
    for (;;) {
      let progress = false;
      for (const clause of this.clauses) {
        const consequence = this.consider(clause);
        if (consequence?.length === 0) return 'conflict';
        if (consequence?.length !== 1) continue;
        for (const [wire, value] of consequence[0]!) this.values[wire] = value;
        progress = true;
      }
      if (!progress) return this.chooseBranch();
    }
  }

  /** A Boolean of the row with fewest unknowns; else the two roots of a row; else a guess. */
  private chooseBranch(): Branch | undefined {
    let best: (Branch & { readonly rank: number }) | undefined;
    for (const clause of this.clauses) {
      const unknown = this.unknowns(clause);
      if (unknown.length === 0) continue;
      const branch = this.branchOn(clause, unknown);
      if (best === undefined || branch.rank < best.rank) best = branch;
    }
    // Neither Boolean nor determined: the system leaves it open. A breach found by guessing is still a breach.
    if (best?.rank === Infinity) this.complete = false;
    return best;
  }

  private branchOn(clause: Clause, unknown: readonly number[]): Branch & { readonly rank: number } {
    const boolean = unknown.find((wire) => this.booleans.has(wire));
    if (boolean !== undefined) return { wire: boolean, roots: [0n, 1n], rank: unknown.length };
    const roots = this.consider(clause);
    if (roots !== undefined) return { wire: unknown[0]!, roots: roots.map((root) => root[0]![1]), rank: 1000 };
    return { wire: unknown[0]!, roots: [0n, 1n, this.options.random()], rank: Infinity };
  }

  /**
   * What a row says: undefined for nothing new, else the possible assignments of its unknowns (none: a conflict; one: they follow;
   * two: the roots of its single unknown that is not a known Boolean).
   */
  private consider({ row, boolean }: Clause): (readonly (readonly [number, bigint])[])[] | undefined {
    const [a, b, c] = [this.partial(row.a), this.partial(row.b), this.partial(row.c)];
    if (a.wires.length > 0 && b.wires.length > 0) {
      if (boolean) return this.oneOf(a, [0n, 1n]);
      return this.quadratic(a, b, c);
    }
    const linear =
      a.wires.length === 0 ? fieldCombination([b, c], [a.constant, -1n]) : fieldCombination([a, c], [b.constant, -1n]);
    return this.oneOf(linear, [0n]);
  }

  /** The assignments with form ∈ targets, if they follow from this row alone. */
  private oneOf(form: FieldLc, targets: readonly bigint[]): (readonly (readonly [number, bigint])[])[] | undefined {
    if (form.wires.length === 0) return targets.includes(form.constant) ? undefined : [];
    if (form.wires.length === 1) {
      const wire = form.wires[0]!;
      const roots = targets.map((target) => mod((target - form.constant) * inverse(form.coefs[0]!)));
      const allowed = this.booleans.has(wire) ? roots.filter((root) => root <= 1n) : roots;
      return allowed.length === 2 && this.booleans.has(wire) ? undefined : allowed.map((root) => [[wire, root]]);
    }
    if (!form.wires.every((wire) => this.booleans.has(wire))) return undefined;
    const found = targets.map((target) => subsetSum(form, target));
    if (found.some((solution) => solution === 'open')) return undefined;
    const solutions = found.filter((solution) => solution !== 'none') as (readonly (readonly [number, bigint])[])[];
    return solutions.length === 2 ? undefined : solutions;
  }

  /** A row whose sides are both unknown decides something only where a single wire is unknown in it. */
  private quadratic(a: FieldLc, b: FieldLc, c: FieldLc): (readonly (readonly [number, bigint])[])[] | undefined {
    const wire = a.wires[0]!;
    if ([a, b, c].some(({ wires }) => wires.length > 1 || (wires.length === 1 && wires[0] !== wire))) return undefined;
    const [a1, b1, c1] = [a, b, c].map(({ coefs }) => coefs[0] ?? 0n) as [bigint, bigint, bigint];
    const roots = rootsOf(a1 * b1, a.constant * b1 + a1 * b.constant - c1, a.constant * b.constant - c.constant);
    const allowed = this.booleans.has(wire) ? roots.filter((root) => root <= 1n) : roots;
    return allowed.length === 2 && this.booleans.has(wire) ? undefined : allowed.map((root) => [[wire, root]]);
  }

  /** The form with known values folded into its constant. */
  private partial(form: FieldLc): FieldLc {
    const open = { wires: [] as number[], coefs: [] as bigint[], constant: form.constant };
    form.wires.forEach((wire, i) => {
      const value = this.values[wire];
      if (value === undefined) {
        open.wires.push(wire);
        open.coefs.push(form.coefs[i]!);
      } else open.constant += form.coefs[i]! * value;
    });
    open.constant = mod(open.constant);
    return open;
  }

  /** Unknown wires the row still depends on. */
  private unknowns({ row, boolean }: Clause): readonly number[] {
    const [a, b, c] = [this.partial(row.a), this.partial(row.b), this.partial(row.c)];
    if (boolean && a.wires.length === 1 && this.booleans.has(a.wires[0]!) && isBooleanRow({ a, b, c })) return [];
    if (a.wires.length === 0) return fieldCombination([b, c], [a.constant, -1n]).wires;
    if (b.wires.length === 0) return fieldCombination([a, c], [b.constant, -1n]).wires;
    return [...new Set([...a.wires, ...b.wires, ...c.wires])];
  }

  private leaf(): void {
    const values = this.values.map((value) => value ?? this.options.random());
    // A Boolean that no other row mentions is still Boolean.
    for (const wire of this.booleans) if (this.values[wire] === undefined) values[wire] = this.options.random() & 1n;
    for (const [wire, form] of [...this.rewritten].reverse()) {
      values[wire] = mod(form.wires.reduce((sum, w, i) => sum + form.coefs[i]! * values[w]!, form.constant));
    }
    this.solutions++;
    if (this.options.visit(values.slice(0, this.options.nWires))) this.stopped = true;
  }
}

function unit(wire: number): FieldLc {
  return { wires: [wire], coefs: [1n], constant: 0n };
}

/** Whether the row reads a·(a − 1) = 0. */
export function isBooleanRow({ a, b, c }: Row): boolean {
  if (c.wires.length > 0 || c.constant !== 0n) return false;
  const difference = fieldCombination([a, b, ONE_FORM], [1n, -1n, -1n]);
  return a.wires.length > 0 && difference.wires.length === 0 && difference.constant === 0n;
}

/** Solutions of form = target over Boolean unknowns: at most one where the coefficients are superincreasing integers, else 'open'. */
function subsetSum(form: FieldLc, target: bigint): readonly (readonly [number, bigint])[] | 'none' | 'open' {
  const terms = form.wires.map((wire, i) => ({ wire, coef: signed(form.coefs[i]!) }));
  const reach = terms.reduce((sum, { coef }) => sum + abs(coef), 0n);
  if (2n * reach >= R) return 'open';
  // With b = 1 − b' where c < 0, all coefficients are positive and the sum is below r/2: an equation of integers.
  let rest = signed(target - form.constant) - terms.reduce((sum, { coef }) => (coef < 0n ? sum + coef : sum), 0n);
  if (rest < 0n || rest > reach) return 'none';
  terms.sort((p, q) => (abs(p.coef) < abs(q.coef) ? 1 : -1));
  let below = reach;
  const assignment: (readonly [number, bigint])[] = [];
  for (const { wire, coef } of terms) {
    below -= abs(coef);
    if (abs(coef) <= below) return 'open';
    const taken = rest >= abs(coef);
    if (taken) rest -= abs(coef);
    assignment.push([wire, taken === coef > 0n ? 1n : 0n]);
  }
  return rest === 0n ? assignment : 'none';
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

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}
