/** Step 1 of the argument (verify/clear/constraints.ts) on the kernels: the messages are those of reference/constraints.ts. */
import { EXT_ONE, EXT_ZERO, extAdd, extMul, extPow, extSub, type Ext } from '../../field/goldilocks.js';
import { axisPoints, boxVariables, variablesOf } from '../../verify/clear/box.js';
import { dimsOf, type ConstraintsPlan } from '../../verify/clear/plan.js';
import { elementsOf } from '../../verify/clear/relation.js';
import type { Constraint, Form, MatrixTerm, Relation, WeightMap } from '../../verify/clear/relation.js';
import { axesRow } from './axes.js';
import { boxTable, cubeTable } from './boxes.js';
import type { Table, TableMemory } from './memory.js';
import { timesPowerOfTwo } from './reference/polynomial.js';
import type { Sender } from './reference/sender.js';
import { formTable, vectorOf, type Vectors } from './vectors.js';

/** s(0) and the coefficients of X², X³. */
type Message = readonly [Ext, Ext, Ext];

/** A sum over a cube whose variables are bound one after the other. */
interface Summand {
  readonly variables: number;
  readonly coefficient: Ext;
  /** Of the round that binds variable `round`. */
  message(round: number): Message;
  bind(round: number, r: Ext): void;
  /** When all variables are bound: the sum. */
  value(): Ext;
  /** What the prover sends of it at the end. */
  ends(): Ext[];
  readonly padded: boolean;
}

interface Setting {
  readonly memory: TableMemory;
  readonly relation: Relation;
  readonly vectors: Vectors;
  readonly r: readonly Ext[];
}

/** `vectors` satisfy the relation: of others the messages are not those of the equations. */
export function proveConstraints(
  sender: Sender,
  memory: TableMemory,
  relation: Relation,
  plan: ConstraintsPlan,
  vectors: Vectors,
): void {
  const mark = memory.mark();
  const drawn = sender.transcript.draw('constraints point', plan.pointVariables + 1);
  const setting: Setting = { memory, relation, vectors, r: drawn.slice(0, plan.pointVariables) };
  const alpha = drawn[plan.pointVariables]!;
  let total = EXT_ZERO;
  const summands = plan.indices.flatMap((index, l) => {
    const constraint = relation.constraints[index]!;
    const power = extPow(alpha, BigInt(l));
    const formed = FORMED[constraint.kind](setting, constraint as never);
    total = extAdd(total, extMul(power, formed));
    return SUMMANDS[constraint.kind](setting, constraint as never, power, formed);
  });
  sender.exchange('constraints sum', [total], 0);
  for (let round = 0; round < plan.rounds; round++) {
    let sum: Message = [EXT_ZERO, EXT_ZERO, EXT_ZERO];
    for (const summand of summands) {
      const { variables, coefficient } = summand;
      if (variables > round) {
        sum = added(sum, summand.message(round), coefficient);
      } else {
        sum = [
          extAdd(sum[0], timesPowerOfTwo(extMul(coefficient, summand.value()), variables - round - 1)),
          sum[1],
          sum[2],
        ];
      }
    }
    const [r] = sender.exchange(`constraints round ${round}`, sum.slice(0, plan.degree), 1);
    for (const summand of summands) if (summand.variables > round) summand.bind(round, r!);
  }
  const ends = summands.flatMap((summand) => (summand.padded ? sender.padded(summand.ends()) : summand.ends()));
  sender.transcript.exchange('constraints end', ends, 0);
  memory.release(mark);
}

function added(sum: Message, message: Message, scale: Ext): Message {
  const at = (k: 0 | 1 | 2) => extAdd(sum[k], extMul(scale, message[k]));
  return [at(0), at(1), at(2)];
}

type Of<K extends Constraint['kind']> = Extract<Constraint, { kind: K }>;

/** Σ_i eq(r, i)·form_i of what has a form on the left. */
const FORMED: { readonly [K in Constraint['kind']]: (setting: Setting, constraint: Of<K>) => Ext } = {
  linear: (setting, { dims, form }) => weighed(setting, dims, form),
  matmul: (setting, { dims, form }) => weighed(setting, dims, form),
  product: () => EXT_ZERO,
  lookup: () => EXT_ZERO,
};

function weighed({ memory, vectors, r }: Setting, dims: readonly number[], form: Form): Ext {
  const mark = memory.mark();
  const values = formTable(memory, form, dims, vectors);
  const weights = boxTable(memory, { kind: 'point', dims, point: r });
  const [sum] = memory.result(1, (out) =>
    memory.exports.gl2_dot_base(values.pointer, weights.pointer, 0, values.length, out),
  );
  memory.release(mark);
  return sum!;
}

/** `formed`: what FORMED gives. */
const SUMMANDS: {
  readonly [K in Constraint['kind']]: (setting: Setting, constraint: Of<K>, power: Ext, formed: Ext) => Summand[];
} = {
  linear: (setting, { dims, terms }, power) => terms.map((term) => new MatrixSummand(setting, dims, term, power)),
  product({ memory, vectors, r }, { dims, a, b, c }, power) {
    const cube = (form: Form) => cubeTable(memory, dims, formTable(memory, form, dims, vectors), 8);
    return [new WeightedSummand(memory, [cube(a), cube(b), cube(c)], r.slice(0, boxVariables(dims)), 0, power)];
  },
  matmul: (setting, constraint, power, formed) => [matmulSummand(setting, constraint, power, formed)],
  lookup: () => [],
};

/** Σ_k W(r, k)·x_k. */
class MatrixSummand implements Summand {
  readonly variables: number;
  readonly padded = false;
  private readonly memory: TableMemory;
  private weights: Table;
  private operand: Table;
  private isBase = true;

  constructor(
    { memory, relation, vectors, r }: Setting,
    dims: readonly number[],
    { operand, map }: MatrixTerm,
    readonly coefficient: Ext,
  ) {
    this.memory = memory;
    const operandDims = dimsOf(relation, operand);
    this.variables = boxVariables(operandDims);
    const x = vectorOf(vectors, operand);
    const row = ROWS[map.kind](map as never, {
      memory,
      weights: vectors.weights[map.weight]!,
      dims,
      r,
      operandDims,
    });
    this.weights = cubeTable(memory, operandDims, row, 16);
    this.operand = cubeTable(memory, operandDims, x, 8);
  }

  message(): Message {
    const { exports } = this.memory;
    const pairs = this.weights.length / 2;
    const run = this.isBase ? exports.gl2_round_product_base : exports.gl2_round_product;
    const [zero, square] = this.memory.result(2, (out) =>
      run(this.operand.pointer, this.weights.pointer, 0, pairs, out),
    );
    return [zero!, square!, EXT_ZERO];
  }

  bind(_round: number, r: Ext): void {
    this.operand = folded(this.memory, this.operand, r, this.isBase);
    this.weights = folded(this.memory, this.weights, r, false);
    this.isBase = false;
  }

  value(): Ext {
    return extMul(this.memory.element(this.weights, 0), this.operandValue());
  }

  ends(): Ext[] {
    return [this.memory.element(this.weights, 0)];
  }

  private operandValue(): Ext {
    return this.isBase ? [this.memory.words(this.operand)[0]!, 0n] : this.memory.element(this.operand, 0);
  }
}

interface RowSetting {
  readonly memory: TableMemory;
  readonly weights: Table;
  readonly dims: readonly number[];
  readonly r: readonly Ext[];
  readonly operandDims: readonly number[];
}

/** W(r, ·) over the operand, flat. */
const ROWS: {
  readonly [K in WeightMap['kind']]: (map: Extract<WeightMap, { kind: K }>, setting: RowSetting) => Table;
} = {
  dense: (_, { memory, weights, dims, r, operandDims }) => {
    const columns = elementsOf(operandDims);
    const row = memory.ext(columns);
    const mark = memory.mark();
    const rows = boxTable(memory, { kind: 'point', dims, point: r });
    memory.exports.gl2_axis_sum_base(row.pointer, weights.pointer, rows.pointer, 1, rows.length, columns);
    memory.release(mark);
    return row;
  },
  patterns: (map, { memory, weights, dims, r, operandDims }) => {
    const row = memory.ext(elementsOf(operandDims));
    const mark = memory.mark();
    const rows = boxTable(memory, { kind: 'point', dims, point: r });
    const [pattern, base, start, offset] = [map.pattern, map.base, map.start, map.offset].map((list) =>
      memory.list(list),
    ) as [number, number, number, number];
    memory.exports.gl2_patterns_row(
      row.pointer,
      rows.pointer,
      weights.pointer,
      pattern,
      base,
      start,
      offset,
      0,
      rows.length,
    );
    memory.release(mark);
    return row;
  },
  axes: (map, { memory, weights, dims, r }) => axesRow(memory, map, weights, dims, r),
};

/** Extension tables in place, base ones to a new table. */
function folded(memory: TableMemory, table: Table, [r0, r1]: Ext, isBase: boolean): Table {
  const half = table.length / 2;
  if (isBase) {
    const out = memory.ext(half);
    memory.exports.gl2_fold_base_n(out.pointer, table.pointer, r0, r1, 0, half);
    return out;
  }
  memory.exports.gl2_fold_n(table.pointer, table.pointer, r0, r1, 0, half);
  return { pointer: table.pointer, length: half };
}

/**
 * Σ eq(z, ·)·(a·b − c), where z has the upper variables only: the `free` lowest have no weight. With eq factored out, s(X) = E·eq(z_k, X)·t(X), E the eq of the
 * variables that are bound, and the running sum T = eq(z_k, 0)·t(0) + eq(z_k, 1)·t(1) gives t(1).
 */
class WeightedSummand implements Summand {
  readonly variables: number;
  readonly padded = true;
  private isBase: boolean;
  private bound = EXT_ONE;
  private running: Ext;
  private last: readonly [Ext, Ext, Ext] = [EXT_ZERO, EXT_ZERO, EXT_ZERO];
  /** eq of the variables that come after the round's, by pairs. */
  private weights: Table;

  constructor(
    private readonly memory: TableMemory,
    /** a, b, c; without c it is 0. */
    private tables: readonly Table[],
    private readonly z: readonly Ext[],
    private readonly free: number,
    readonly coefficient: Ext,
    running: Ext = EXT_ZERO,
    isBase = true,
  ) {
    this.variables = free + z.length;
    this.running = running;
    this.isBase = isBase;
    const point = free > 0 ? z : z.slice(1);
    const upper = memory.eqTable(point);
    const repeats = Math.max(1, 2 ** (free - 1));
    this.weights = repeats === 1 ? upper : repeated(memory, upper, repeats);
  }

  message(round: number): Message {
    const { exports } = this.memory;
    const [a, b, c] = this.tables as [Table, Table, Table];
    const run = this.isBase ? exports.gl2_round_zero_base : exports.gl2_round_zero;
    const [zero, square] = this.memory.result(2, (out) =>
      run(a.pointer, b.pointer, c.pointer, this.weights.pointer, 0, a.length / 2, out),
    ) as [Ext, Ext];
    const k = round - this.free;
    if (k < 0) {
      const linear = extSub(extSub(this.running, extAdd(zero, zero)), square);
      this.last = [zero, linear, square];
      return [extMul(this.bound, zero), extMul(this.bound, square), EXT_ZERO];
    }
    const z = this.z[k]!;
    const below = extSub(EXT_ONE, z);
    const one = extMul(extSub(this.running, extMul(below, zero)), this.memory.inverse(z));
    const linear = extSub(extSub(one, zero), square);
    this.last = [zero, linear, square];
    const e0 = extMul(this.bound, below);
    const e1 = extMul(this.bound, extSub(z, below));
    return [extMul(e0, zero), extAdd(extMul(e0, square), extMul(e1, linear)), extMul(e1, square)];
  }

  bind(round: number, r: Ext): void {
    const [zero, linear, square] = this.last;
    this.running = extAdd(zero, extMul(r, extAdd(linear, extMul(r, square))));
    this.tables = this.tables.map((table) => folded(this.memory, table, r, this.isBase));
    this.isBase = false;
    const k = round - this.free;
    if (k >= 0) {
      const z = this.z[k]!;
      const product = extMul(z, r);
      this.bound = extMul(this.bound, extSub(extAdd(EXT_ONE, extAdd(product, product)), extAdd(z, r)));
    }
    // The next round's pairs are half as many: one repetition of each weight in two, or the sums over the variable that it binds.
    if (round + 1 < this.free) this.halveRepetitions();
    else if (this.weights.length > 1) this.sumPairs();
  }

  private sumPairs(): void {
    const half = this.weights.length / 2;
    this.memory.exports.gl2_pair_sums_n(this.weights.pointer, this.weights.pointer, 0, half);
    this.weights = { pointer: this.weights.pointer, length: half };
  }

  private halveRepetitions(): void {
    const { heap } = this.memory.kernels;
    const half = this.weights.length / 2;
    const words = heap.words(this.weights.pointer, 4 * this.weights.length);
    for (let i = 1; i < half; i++) words.copyWithin(4 * i, 8 * i, 8 * i + 4);
    this.weights = { pointer: this.weights.pointer, length: half };
  }

  value(): Ext {
    const [a, b, c] = this.values() as [Ext, Ext, Ext];
    return extMul(this.bound, extSub(extMul(a, b), c));
  }

  ends(): Ext[] {
    return this.values().slice(0, 2);
  }

  private values(): Ext[] {
    return this.tables.map((table) =>
      this.isBase ? [this.memory.words(table)[0]!, 0n] : this.memory.element(table, 0),
    );
  }
}

/** Each weight `count` times, one beside the other. */
function repeated(memory: TableMemory, { pointer, length }: Table, count: number): Table {
  const out = memory.ext(length * count);
  const { heap } = memory.kernels;
  const [from, to] = [heap.words(pointer, 4 * length), heap.words(out.pointer, 4 * length * count)];
  for (let i = 0; i < length; i++) {
    for (let k = 0; k < count; k++) to.set(from.subarray(4 * i, 4 * i + 4), 4 * (i * count + k));
  }
  return out;
}

/** Σ_(g, k) eq(r_g, g)·A(g, k)·B(g, k); its sum is that of the form. */
function matmulSummand(
  { memory, vectors, r }: Setting,
  { dims, a, b, inner }: Of<'matmul'>,
  power: Ext,
  formed: Ext,
): Summand {
  const [groups, rows, columns] = dims as [number, number, number];
  const [rG, rI, rJ] = axisPoints(dims, r) as [Ext[], Ext[], Ext[]];
  const [left, right] = [vectorOf(vectors, a), vectorOf(vectors, b)];
  const { exports } = memory;
  const [x, y] = [memory.ext(groups * inner), memory.ext(groups * inner)];
  const [weightsI, weightsJ] = [memory.eqTable(rI), memory.eqTable(rJ)];
  for (let g = 0; g < groups; g++) {
    for (let i = 0; i < rows; i++) {
      const [c0, c1] = memory.element(weightsI, i);
      const row = left.pointer + 8 * (g * rows + i) * inner;
      exports.gl2_add_scaled_base_n(x.pointer + 16 * g * inner, row, c0, c1, 0, inner);
    }
    for (let k = 0; k < inner; k++) {
      const row = right.pointer + 8 * (g * inner + k) * columns;
      exports.gl2_dot_base(row, weightsJ.pointer, 0, columns, y.pointer + 16 * (g * inner + k));
    }
  }
  const box = [groups, inner];
  const tables = [cubeTable(memory, box, x, 16), cubeTable(memory, box, y, 16)];
  const zeros = memory.ext(tables[0]!.length);
  return new WeightedSummand(memory, [...tables, zeros], rG, variablesOf(inner), power, formed, false);
}
