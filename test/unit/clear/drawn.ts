/** Relations of protocol `clear` drawn at random: boxes of any shape, every side in every place, selections that repeat and leave out. */
import { GL } from '../../../src/field/goldilocks.js';
import { weightDims } from '../../../src/verify/clear/axes.js';
import { elementsOf } from '../../../src/verify/clear/relation.js';
import type { Constraint, Form, FormTerm, MapAxis, Ref, Relation } from '../../../src/verify/clear/relation.js';
import { draws, form, inOf, just, outOf, ref, structuredMap, term, type Toy } from './toys.js';

const FIRST = -300;
const ROWS = 600;

/** Builds tensors with their values; results are cells of their own, so that every constraint can be met. */
class Drawing {
  private readonly draw;
  private readonly values = { cell: [] as bigint[][], weight: [] as bigint[][], public: [] as bigint[][] };
  private readonly dims = { cell: [] as number[][], weight: [] as number[][], public: [] as number[][] };
  readonly constraints: Constraint[] = [];

  constructor(seed: number) {
    this.draw = draws(seed);
  }

  box(axes = this.draw(1, 3)): number[] {
    return Array.from({ length: axes }, () => this.draw(1, 5));
  }

  tensor(side: 'cell' | 'weight' | 'public', dims: number[], values?: readonly bigint[]): Ref {
    const own = values ?? Array.from({ length: elementsOf(dims) }, () => BigInt(this.draw(-9, 9)));
    this.values[side].push([...own]);
    return ref(side, this.dims[side].push(dims) - 1);
  }

  /** A form of all sides, one of them by a selection. */
  form(dims: number[], sides: readonly ('cell' | 'weight' | 'public')[]): Form {
    const terms: FormTerm[] = sides.map((side) => term(BigInt(this.draw(1, 3)), this.tensor(side, dims)));
    const other = this.tensor(sides[0]!, this.box());
    const entries = Array.from({ length: this.draw(0, 6) }, () => [
      this.draw(0, elementsOf(this.dims[sides[0]!][other.index]!) - 1),
      this.draw(0, elementsOf(dims) - 1),
    ]);
    const [from, to] = [0, 1].map((k) => Uint32Array.from(entries, (entry) => entry[k]!));
    return form([...terms, term(-2n, other, { from: from!, to: to! })], BigInt(this.draw(-5, 5)));
  }

  of({ terms, constant }: Form, dims: number[]): bigint[] {
    const sum = new Array<bigint>(elementsOf(dims)).fill(constant);
    for (const { coefficient, source, select } of terms) {
      const values = this.values[source.side as 'cell'][source.index]!;
      if (select) select.to.forEach((to, e) => (sum[to]! += coefficient * values[select.from[e]!]!));
      else values.forEach((value, i) => (sum[i]! += coefficient * value));
    }
    return sum;
  }

  result(dims: number[], values: readonly bigint[]): Form {
    const cell = this.tensor('cell', dims, values);
    return just('cell', cell.index);
  }

  linear(): void {
    const dims = this.box();
    const operandDims = this.box();
    const operand = this.tensor(this.draw(0, 1) === 1 ? 'cell' : 'public', operandDims);
    const [rows, columns] = [elementsOf(dims), elementsOf(operandDims)];
    const weight = this.tensor('weight', [rows, columns]);
    const x = this.values[operand.side as 'cell'][operand.index]!;
    const w = this.values.weight[weight.index]!;
    const sums = Array.from({ length: rows }, (_, i) =>
      x.reduce((sum, value, k) => sum + value * w[i * columns + k]!, 0n),
    );
    const more = this.form(dims, ['weight', 'cell']);
    const offset = this.of(more, dims);
    const { terms } = this.result(
      dims,
      sums.map((sum, i) => sum - offset[i]!),
    );
    const whole = form([...more.terms, ...terms], more.constant);
    this.constraints.push({
      kind: 'linear',
      dims,
      form: whole,
      terms: [{ operand, map: { kind: 'dense', weight: weight.index } }],
    });
  }

  /** A map along one to three axes, over boxes whose dims are those of the axes or finer ones. */
  structured(): void {
    const axes = Array.from({ length: this.draw(1, 3) }, () => this.axis());
    const dims = this.refined(axes.map(outOf));
    const operand = this.tensor(this.draw(0, 3) > 0 ? 'cell' : 'public', this.refined(axes.map(inOf)));
    const weight = this.tensor('weight', weightDims(axes));
    const x = this.values[operand.side as 'cell'][operand.index]!;
    const sums = structuredMap(axes, this.values.weight[weight.index]!, x);
    this.constraints.push({
      kind: 'linear',
      dims,
      form: this.result(dims, sums),
      terms: [{ operand, map: { kind: 'axes', weight: weight.index, axes } }],
    });
  }

  axis(): MapAxis {
    const [size, out, kernel] = [this.draw(1, 4), this.draw(1, 4), this.draw(1, 3)];
    const kinds: readonly MapAxis[] = [
      { kind: 'shared', size },
      { kind: 'own', size },
      { kind: 'full', out, in: size },
      {
        kind: 'window',
        out,
        in: this.draw(1, 6),
        kernel,
        stride: this.draw(1, 3),
        dilation: this.draw(1, 2),
        pad: this.draw(0, 2),
      },
    ];
    return kinds[this.draw(0, 3)]!;
  }

  /** 4 as [4] or [2, 2], and axes of 1 here and there. */
  refined(extents: readonly number[]): number[] {
    return extents.flatMap((extent) => {
      const whole = extent === 4 && this.draw(0, 1) === 1 ? [2, 2] : [extent];
      return this.draw(0, 3) === 0 ? [1, ...whole] : whole;
    });
  }

  product(): void {
    const dims = this.box();
    const [a, b] = [this.form(dims, ['cell', 'public']), this.form(dims, ['weight'])];
    const right = this.of(b, dims);
    const c = this.result(
      dims,
      this.of(a, dims).map((value, i) => value * right[i]!),
    );
    this.constraints.push({ kind: 'product', dims, a, b, c });
  }

  matmul(): void {
    const [groups, rows, columns, inner] = this.box(4) as [number, number, number, number];
    const [a, b] = [this.tensor('cell', [groups, rows, inner]), this.tensor('cell', [groups, inner, columns])];
    const [x, y] = [this.values.cell[a.index]!, this.values.cell[b.index]!];
    const dims = [groups, rows, columns];
    const values = Array.from({ length: elementsOf(dims) }, (_, flat) => {
      const [g, i, j] = [Math.floor(flat / (rows * columns)), Math.floor(flat / columns) % rows, flat % columns];
      let sum = 0n;
      for (let k = 0; k < inner; k++) sum += x[(g * rows + i) * inner + k]! * y[(g * inner + k) * columns + j]!;
      return sum;
    });
    this.constraints.push({ kind: 'matmul', dims, form: this.result(dims, values), a, b, inner });
  }

  lookup(): void {
    const dims = this.box();
    const input = this.form(dims, ['cell', 'weight', 'public']);
    const output = this.result(
      dims,
      this.of(input, dims).map((value) => value - 7n),
    );
    this.constraints.push({ kind: 'lookup', dims, table: 0, input, output });
  }

  toy(): Toy {
    const named = (side: 'cell' | 'weight' | 'public') =>
      this.dims[side].map((dims, i) => ({ name: `${side} ${i}`, dims }));
    const values = (side: 'cell' | 'weight' | 'public') => this.values[side].map((v) => BigUint64Array.from(v, GL.mod));
    const table = {
      name: 'less 7',
      pieces: [{ kind: 'line' as const, first: FIRST, rows: ROWS, out: FIRST - 7, slope: 1 as const }],
    };
    const relation: Relation = {
      cells: named('cell'),
      weights: named('weight'),
      publics: named('public'),
      tables: this.constraints.some(({ kind }) => kind === 'lookup') ? [table] : [],
      constraints: this.constraints,
    };
    return { relation, assignment: { cells: values('cell'), weights: values('weight'), publics: values('public') } };
  }
}

const KINDS = ['linear', 'product', 'matmul', 'lookup', 'structured'] as const;

/** One kind of constraint alone for seeds 1 … 5, mixtures for others. */
export function drawnToy(seed: number): { readonly toy: Toy; readonly kinds: readonly string[] } {
  const drawing = new Drawing(1000 + seed);
  const kinds = seed <= 5 ? [KINDS[seed - 1]!] : KINDS.filter((_, k) => (seed >> k) % 2 === 1 || k === seed % 5);
  for (const kind of kinds) drawing[kind]();
  return { toy: drawing.toy(), kinds };
}
