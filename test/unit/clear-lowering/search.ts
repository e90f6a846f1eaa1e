/**
 * Every assignment that satisfies a relation over a small prime: constraints as equations between single unknowns, solved one after the other. Where an
 * equation leaves several values all are followed, so that nothing is missed: by the rows of a table, or all residues.
 */
import { eachEntry } from '../../../src/prove/clear/reference/maps.js';
import { rowsOf } from '../../../src/prove/clear/reference/satisfied.js';
import {
  elementsOf,
  type Assignment,
  type Constraint,
  type Form,
  type Ref,
  type Relation,
} from '../../../src/verify/clear/relation.js';

/** constant + Σ coefficient·unknown, and Σ of multiplicities of rows of tables. */
interface Sum {
  readonly constant: bigint;
  readonly terms: ReadonlyMap<number, bigint>;
  readonly counts: readonly { readonly table: number; readonly row: number; readonly coefficient: bigint }[];
}

type Equation =
  /** sum + Σ a·b = 0. */
  | { readonly kind: 'zero'; readonly sum: Sum; readonly products: readonly (readonly [Sum, Sum])[] }
  | { readonly kind: 'lookup'; readonly table: number; readonly input: Sum; readonly output: Sum };

/** Ways to go on: values of unknowns each. */
type Branches = readonly (readonly (readonly [number, bigint])[])[];

export interface Solution {
  readonly cells: readonly (readonly bigint[])[];
  readonly publics: readonly (readonly bigint[])[];
}

/** What is fixed: publics and cells by number, the rest is searched. */
export interface Fixed {
  readonly publics: ReadonlyMap<number, readonly bigint[]>;
  readonly cells: ReadonlyMap<number, readonly bigint[]>;
}

export class Search {
  private readonly mod: (value: bigint) => bigint;
  private readonly equations: readonly Equation[];
  private readonly tables: readonly (readonly (readonly [bigint, bigint])[])[];
  private readonly offsets = new Map<string, number>();
  private readonly size: number;
  private values: (bigint | undefined)[] = [];
  private found: Solution[] = [];
  nodes = 0;

  constructor(
    private readonly relation: Relation,
    private readonly weights: Assignment['weights'],
    private readonly modulus: bigint,
  ) {
    this.mod = (value) => ((value % modulus) + modulus) % modulus;
    let size = 0;
    for (const [side, tensors] of [
      ['cell', relation.cells],
      ['public', relation.publics],
    ] as const) {
      tensors.forEach(({ dims }, i) => {
        this.offsets.set(`${side} ${i}`, size);
        size += elementsOf(dims);
      });
    }
    this.size = size;
    this.tables = relation.tables.map((table) => rowsOf(table).map(([a, b]) => [this.mod(a), this.mod(b)] as const));
    this.equations = relation.constraints.flatMap((constraint) => this.equationsOf(constraint));
  }

  /** All solutions, at most `limit` of them. */
  solutions({ publics, cells }: Fixed, limit = 1000): Solution[] {
    this.values = new Array<bigint | undefined>(this.size).fill(undefined);
    this.found = [];
    this.nodes = 0;
    for (const [side, fixed] of [
      ['public', publics],
      ['cell', cells],
    ] as const) {
      for (const [index, tensor] of fixed) {
        const first = this.offsets.get(`${side} ${index}`)!;
        tensor.forEach((value, i) => (this.values[first + i] = this.mod(value)));
      }
    }
    this.step(new Set(this.equations.keys()), limit);
    return this.found;
  }

  private step(open: ReadonlySet<number>, limit: number): void {
    if (this.found.length >= limit) return;
    this.nodes++;
    if (this.nodes > 2_000_000) throw new RangeError('the search takes too long');
    let best: { readonly equation: number; readonly branches: Branches } | undefined;
    const left = new Set(open);
    for (const equation of open) {
      const branches = this.branches(this.equations[equation]!);
      if (branches === undefined) continue;
      if (branches.length === 1 && branches[0]!.length === 0) {
        left.delete(equation);
        continue;
      }
      if (branches.length === 0) return;
      if (best === undefined || branches.length < best.branches.length) best = { equation, branches };
      if (branches.length === 1) break;
    }
    if (best === undefined) {
      const free = this.values.findIndex((value) => value === undefined);
      if (free < 0) {
        // Counts are known now, and what they decide was looked at.
        if (left.size === 0) this.found.push(this.solution());
        return;
      }
      const all = Array.from({ length: Number(this.modulus) }, (_, v) => [[free, BigInt(v)] as const]);
      this.follow(all, left, limit);
      return;
    }
    this.follow(best.branches, left, limit);
  }

  private follow(
    branches: readonly (readonly (readonly [number, bigint])[])[],
    open: ReadonlySet<number>,
    limit: number,
  ) {
    for (const branch of branches) {
      for (const [unknown, value] of branch) this.values[unknown] = value;
      this.step(open, limit);
      for (const [unknown] of branch) this.values[unknown] = undefined;
    }
  }

  /** What values of unknowns make the equation hold; [[]] where it does; undefined where too much is open. */
  private branches(equation: Equation): Branches | undefined {
    if (equation.kind === 'zero') {
      const sum = this.reduced(equation);
      if (sum === undefined) return undefined;
      if (sum.terms.size === 0) return sum.constant === 0n ? [[]] : [];
      if (sum.terms.size > 1) return undefined;
      return [[this.solved(sum, 0n)]];
    }
    const [input, output] = [this.partly(equation.input), this.partly(equation.output)];
    if (input.terms.size > 1 || output.terms.size > 1) return undefined;
    return this.tables[equation.table]!.flatMap(([a, b]) => {
      const branch: (readonly [number, bigint])[] = [];
      if (input.terms.size === 0) {
        if (input.constant !== a) return [];
      } else branch.push(this.solved(input, a));
      if (output.terms.size === 0) return output.constant === b ? [branch] : [];
      const [unknown, value] = this.solved(output, b);
      const same = branch.find(([other]) => other === unknown);
      if (same === undefined) return [[...branch, [unknown, value] as const]];
      return same[1] === value ? [branch] : [];
    });
  }

  /** sum + Σ products with known factors put in; undefined where a product of unknowns is left, or counts are not known. */
  private reduced({ sum, products }: Extract<Equation, { kind: 'zero' }>): Sum | undefined {
    let total = this.counted(sum);
    for (const pair of products) {
      const [a, b] = pair.map((factor) => this.counted(factor));
      if (total === undefined) return undefined;
      if (isZero(a) || isZero(b)) continue;
      if (a === undefined || b === undefined) return undefined;
      if (a.terms.size === 0) total = this.added(total, b, a.constant);
      else if (b.terms.size === 0) total = this.added(total, a, b.constant);
      else return undefined;
    }
    return total;
  }

  private added(to: Sum, sum: Sum, factor: bigint): Sum {
    const terms = new Map(to.terms);
    for (const [unknown, coefficient] of sum.terms) {
      const value = this.mod((terms.get(unknown) ?? 0n) + factor * coefficient);
      if (value === 0n) terms.delete(unknown);
      else terms.set(unknown, value);
    }
    return { constant: this.mod(to.constant + factor * sum.constant), terms, counts: [] };
  }

  private solved({ constant, terms }: Sum, target: bigint): readonly [number, bigint] {
    const [[unknown, coefficient]] = terms as unknown as [[number, bigint]];
    return [unknown, this.mod((target - constant) * this.inverse(coefficient))];
  }

  private partly({ constant, terms, counts }: Sum): Sum {
    const open = new Map<number, bigint>();
    let known = constant;
    for (const [unknown, coefficient] of terms) {
      const value = this.values[unknown];
      if (value === undefined) open.set(unknown, coefficient);
      else known += coefficient * value;
    }
    return { constant: this.mod(known), terms: open, counts };
  }

  /** With multiplicities counted; undefined where a lookup is open. */
  private counted(sum: Sum): Sum | undefined {
    const { constant, terms, counts } = this.partly(sum);
    let known = constant;
    for (const { table, row, coefficient } of counts) {
      const times = this.multiplicity(table, row);
      if (times === undefined) return undefined;
      known += coefficient * BigInt(times);
    }
    return { constant: this.mod(known), terms, counts: [] };
  }

  private multiplicity(table: number, row: number): number | undefined {
    let times = 0;
    for (const equation of this.equations) {
      if (equation.kind !== 'lookup' || equation.table !== table) continue;
      const [input, output] = [this.partly(equation.input), this.partly(equation.output)];
      if (input.terms.size > 0 || output.terms.size > 0) return undefined;
      const [a, b] = this.tables[table]![row]!;
      if (input.constant === a && output.constant === b) times++;
    }
    return times;
  }

  private inverse(value: bigint): bigint {
    for (let x = 1n; x < this.modulus; x++) if (this.mod(x * value) === 1n) return x;
    throw new RangeError('inverse of 0');
  }

  private solution(): Solution {
    const of = (side: string, tensors: Relation['cells']) =>
      tensors.map(({ dims }, i) => {
        const first = this.offsets.get(`${side} ${i}`)!;
        return this.values.slice(first, first + elementsOf(dims)) as bigint[];
      });
    return { cells: of('cell', this.relation.cells), publics: of('public', this.relation.publics) };
  }

  // ---- equations ----

  private equationsOf(constraint: Constraint): Equation[] {
    const range = Array.from({ length: elementsOf(constraint.dims) }, (_, i) => i);
    const writers: { readonly [K in Constraint['kind']]: () => Equation[] } = {
      linear: () => {
        const { form, terms } = constraint as Extract<Constraint, { kind: 'linear' }>;
        const sums = [...this.formSums(form, range.length)];
        for (const { operand, map } of terms) {
          const weights = this.weights[map.weight]!;
          eachEntry(map, range.length, this.sizeOf(operand), (row, column, weight) => {
            sums[row] = this.added(sums[row]!, this.single(operand, column), -weights[weight]!);
          });
        }
        return range.map((i) => ({ kind: 'zero', sum: sums[i]!, products: [] }));
      },
      product: () => {
        const { a, b, c } = constraint as Extract<Constraint, { kind: 'product' }>;
        const [sa, sb, sc] = [a, b, c].map((form) => this.formSums(form, range.length));
        return range.map((i) => ({
          kind: 'zero',
          sum: this.added(ZERO, sc![i]!, -1n),
          products: [[sa![i]!, sb![i]!]],
        }));
      },
      matmul: () => {
        const { dims, form, a, b, inner } = constraint as Extract<Constraint, { kind: 'matmul' }>;
        const [, rows, columns] = dims as [number, number, number];
        const sums = this.formSums(form, range.length);
        return range.map((e) => {
          const [g, i, j] = [Math.floor(e / (rows * columns)), Math.floor(e / columns) % rows, e % columns];
          const products = Array.from({ length: inner }, (_, k): [Sum, Sum] => [
            this.single(a, (g * rows + i) * inner + k),
            this.single(b, (g * inner + k) * columns + j),
          ]);
          return { kind: 'zero', sum: this.added(ZERO, sums[e]!, -1n), products };
        });
      },
      lookup: () => {
        const { table, input, output } = constraint as Extract<Constraint, { kind: 'lookup' }>;
        const [ins, outs] = [this.formSums(input, range.length), this.formSums(output, range.length)];
        return range.map((i) => ({ kind: 'lookup', table, input: ins[i]!, output: outs[i]! }));
      },
    };
    return writers[constraint.kind]();
  }

  private formSums(form: Form, size: number): Sum[] {
    const sums = Array.from({ length: size }, (): Sum => ({ ...ZERO, constant: this.mod(form.constant) }));
    for (const { coefficient, source, select } of form.terms) {
      const entries = select ?? { from: range(size), to: range(size) };
      for (let e = 0; e < entries.from.length; e++) {
        const to = entries.to[e]!;
        const from = entries.from[e]!;
        if (source.side === 'multiplicity') {
          sums[to] = { ...sums[to]!, counts: [...sums[to]!.counts, { table: source.index, row: from, coefficient }] };
        } else
          sums[to] = { ...this.added(sums[to]!, this.single(source, from), coefficient), counts: sums[to]!.counts };
      }
    }
    return sums;
  }

  private single({ side, index }: Ref, element: number): Sum {
    if (side === 'weight') return { ...ZERO, constant: this.weights[index]![element]! };
    return { ...ZERO, terms: new Map([[this.offsets.get(`${side} ${index}`)! + element, 1n]]) };
  }

  private sizeOf({ side, index }: Ref): number {
    return elementsOf((side === 'public' ? this.relation.publics : this.relation.cells)[index]!.dims);
  }
}

const ZERO: Sum = { constant: 0n, terms: new Map(), counts: [] };

function range(size: number): Uint32Array {
  return Uint32Array.from({ length: size }, (_, i) => i);
}

function isZero(sum: Sum | undefined): boolean {
  return sum !== undefined && sum.terms.size === 0 && sum.constant === 0n;
}
