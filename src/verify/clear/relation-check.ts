/** Whether a relation is well-formed: what reads a key asks this once, and everything behind it relies on it. */
import { ZkonnxError } from '../../base/errors.js';
import { areSound, inExtents, outExtents, runsOf, weightDims } from './axes.js';
import { dimsOf, leafCount, MAX_LISTED_ROWS } from './plan.js';
import { elementsOf } from './relation.js';
import type { Constraint, Form, MatrixTerm, Ref, Relation, Side, Table, WeightMap } from './relation.js';

const COEFFICIENT_BOUND = 2n ** 63n;
/** Flat indices are 32 bits wide. */
const MAX_ELEMENTS = 2 ** 31;

/** Throws ZkonnxError KEY_INVALID, naming the tensor, table or constraint and what is wrong with it. */
export function checkRelation(relation: Relation): void {
  for (const side of ['cells', 'weights', 'publics'] as const) {
    relation[side].forEach(({ name, dims }) => checkDims(dims, `${side} ${name}`));
  }
  relation.tables.forEach(checkTable);
  const listed = relation.tables
    .flatMap(({ pieces }) => pieces)
    .map((p) => (p.kind === 'values' ? p.values.length : 0));
  const rows = listed.reduce((sum, count) => sum + count, 0);
  demand(rows <= MAX_LISTED_ROWS, 'tables', `${rows} rows are listed, at most ${MAX_LISTED_ROWS} may be`);
  demand(leafCount(relation) < MAX_ELEMENTS, 'lookups', 'lookups and rows of tables are fewer than 2^31');
  relation.constraints.forEach((constraint, index) => {
    const where = `constraint ${index} (${constraint.kind})`;
    checkDims(constraint.dims, where);
    CHECKS[constraint.kind](relation, constraint as never, where);
  });
}

const CHECKS: {
  readonly [K in Constraint['kind']]: (
    relation: Relation,
    constraint: Extract<Constraint, { kind: K }>,
    where: string,
  ) => void;
} = {
  linear(relation, { dims, form, terms }, where) {
    checkForm(relation, form, dims, where);
    for (const term of terms) checkMatrixTerm(relation, term, dims, where);
  },
  product(relation, { dims, a, b, c }, where) {
    for (const form of [a, b, c]) checkForm(relation, form, dims, where);
  },
  matmul(relation, { dims, form, a, b, inner }, where) {
    demand(dims.length === 3, where, 'its box is [groups, rows, columns]');
    const [groups, rows, columns] = dims as [number, number, number];
    checkForm(relation, form, dims, where);
    for (const [operand, box] of [
      [a, [groups, rows, inner]],
      [b, [groups, inner, columns]],
    ] as const) {
      checkRef(relation, operand, ['cell'], where);
      demand(sameDims(dimsOf(relation, operand), box), where, `an operand is [${box.join(', ')}]`);
    }
  },
  lookup(relation, { dims, table, input, output }, where) {
    demand(relation.tables[table] !== undefined, where, `there is a table ${table}`);
    checkForm(relation, input, dims, where);
    checkForm(relation, output, dims, where);
  },
};

function checkForm(relation: Relation, { terms, constant }: Form, dims: readonly number[], where: string): void {
  demand(within(constant), where, 'a constant is within 63 bits');
  for (const { coefficient, source, select } of terms) {
    demand(within(coefficient) && coefficient !== 0n, where, 'a coefficient is within 63 bits and not 0');
    checkRef(relation, source, ['cell', 'weight', 'public', 'multiplicity'], where);
    const box = dimsOf(relation, source);
    if (!select) {
      demand(sameDims(box, dims), where, `a source [${box.join(', ')}] has the box [${dims.join(', ')}]`);
      continue;
    }
    demand(select.from.length === select.to.length, where, 'a selection has as many sources as targets');
    demand(below(select.from, elementsOf(box)), where, 'a selection reads elements of its source');
    demand(below(select.to, elementsOf(dims)), where, 'a selection writes elements of the box');
  }
}

function checkMatrixTerm(
  relation: Relation,
  { operand, map }: MatrixTerm,
  box: readonly number[],
  where: string,
): void {
  checkRef(relation, operand, ['cell', 'multiplicity', 'public'], where);
  checkRef(relation, { side: 'weight', index: map.weight }, ['weight'], where);
  MAP_CHECKS[map.kind](map as never, relation.weights[map.weight]!.dims, box, dimsOf(relation, operand), where);
}

/** Of maps over a box, of operands of these dims, with weights of those. */
const MAP_CHECKS: {
  readonly [K in WeightMap['kind']]: (
    map: Extract<WeightMap, { kind: K }>,
    weights: readonly number[],
    box: readonly number[],
    operand: readonly number[],
    where: string,
  ) => void;
} = {
  dense(_, weights, box, operand, where) {
    const [rows, columns] = [elementsOf(box), elementsOf(operand)];
    demand(sameDims(weights, [rows, columns]), where, `weights are [${rows}, ${columns}]`);
  },
  patterns({ pattern, base, start, offset }, weights, box, operand, where) {
    const [rows, columns] = [elementsOf(box), elementsOf(operand)];
    demand(sameDims(weights, [offset.length]), where, `weights are [${offset.length}]`);
    demand(pattern.length === rows && base.length === rows, where, `there are ${rows} rows`);
    demand(below(pattern, start.length - 1), where, 'a row has a pattern');
    demand(
      start.every((e, p) => e <= (start[p + 1] ?? offset.length)),
      where,
      'patterns are within the offsets',
    );
    // By the ends of each pattern, not entry by entry of each row: a short key may name many rows of a long pattern.
    const ends = Array.from({ length: start.length - 1 }, (_, p) => endsOf(offset.subarray(start[p], start[p + 1])));
    for (let i = 0; i < rows; i++) {
      const { least, most } = ends[pattern[i]!]!;
      const inside = base[i]! + least >= 0 && base[i]! + most < columns;
      demand(inside || least > most, where, `row ${i} reads elements of its operand`);
    }
  },
  axes({ axes }, weights, box, operand, where) {
    demand(axes.length > 0 && areSound(axes), where, 'axes have sizes of 1 and more, and indices below 2^53');
    const dims = weightDims(axes);
    demand(sameDims(weights, dims), where, `weights are [${dims.join(', ')}]`);
    for (const [name, extents, own] of [
      ['box', outExtents(axes), box],
      ['operand', inExtents(axes), operand],
    ] as const) {
      demand(runsOf(own, extents) !== undefined, where, `a ${name} [${own.join(', ')}] is [${extents.join(', ')}]`);
    }
  },
};

/** The least and the most of a pattern's offsets; of none, the least is more than the most. */
function endsOf(offsets: Int32Array): { readonly least: number; readonly most: number } {
  return offsets.reduce(({ least, most }, k) => ({ least: Math.min(least, k), most: Math.max(most, k) }), {
    least: Infinity,
    most: -Infinity,
  });
}

function checkTable({ name, pieces }: Table): void {
  const where = `table ${name}`;
  demand(pieces.length > 0, where, 'it has rows');
  for (const piece of pieces) {
    const rows = piece.kind === 'line' ? piece.rows : piece.values.length;
    demand(Number.isSafeInteger(rows) && rows > 0 && rows < MAX_ELEMENTS, where, 'a piece has rows');
    demand(Number.isSafeInteger(piece.first) && Number.isSafeInteger(piece.first + rows), where, 'inputs are integers');
    const outputs = piece.kind === 'line' ? [piece.out, piece.out + piece.slope * rows] : piece.values;
    demand(outputs.every(Number.isSafeInteger), where, 'outputs are integers');
  }
}

function checkRef(relation: Relation, { side, index }: Ref, sides: readonly Side[], where: string): void {
  const counts: { readonly [S in Side]: number } = {
    cell: relation.cells.length,
    weight: relation.weights.length,
    public: relation.publics.length,
    multiplicity: relation.tables.length,
  };
  demand(sides.includes(side), where, `it reads ${sides.join(', ')}, not ${side}`);
  demand(Number.isInteger(index) && index >= 0 && index < counts[side], where, `there is a ${side} ${index}`);
}

function checkDims(dims: readonly number[], where: string): void {
  const sides = dims.length > 0 && dims.every((dim) => Number.isInteger(dim) && dim >= 1);
  demand(sides && elementsOf(dims) < MAX_ELEMENTS, where, `[${dims.join(', ')}] is a box of fewer than 2^31 elements`);
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

function below(indices: Uint32Array, bound: number): boolean {
  return indices.every((index) => index < bound);
}

function within(value: bigint): boolean {
  return value < COEFFICIENT_BOUND && -value < COEFFICIENT_BOUND;
}

function demand(condition: boolean, where: string, expected: string): void {
  if (!condition)
    throw new ZkonnxError('KEY_INVALID', 'the relation of the key is not well-formed', { where, expected });
}
