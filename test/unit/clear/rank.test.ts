/**
 * Zero knowledge of the argument of protocol `clear` as linear algebra, on the prover itself. For fixed challenges everything it sends is a smooth function of blinding and data. If its derivatives in
 * directions of blinding span those in directions of data, data changes nothing that blinding could not, wherever one is: that is what the argument's messages being uniform (under one
 * equation) looks like. Derivatives are exact: the field's extension is replaced by its dual numbers, (c0, c1, derivative of c0, of c1), and the prover runs on them.
 */
import { describe, expect, it, vi } from 'vitest';
import * as field from '../../../src/field/goldilocks.js';
import type { Ext } from '../../../src/field/goldilocks.js';
import { proveArgument } from '../../../src/prove/clear/reference/argument.js';
import type { ProverTranscript } from '../../../src/prove/clear/reference/sender.js';
import { unsatisfied } from '../../../src/prove/clear/reference/satisfied.js';
import { drawBlinding, valuesOf, type Values } from '../../../src/prove/clear/reference/values.js';
import { MASK_DEGREE } from '../../../src/verify/clear/plan.js';
import type { Relation } from '../../../src/verify/clear/relation.js';
import { extensionDraws, plainPlan } from './plain.js';
import { just, rangeTable, ref, residues, zero, type Toy } from './toys.js';

vi.mock('../../../src/field/goldilocks.js', async (importActual) => {
  const actual = await importActual<typeof field>();
  const value = (a: Ext): Ext => [a[0], a[1]];
  const slope = (a: readonly bigint[]): Ext => [a[2] ?? 0n, a[3] ?? 0n];
  const dual = (a: Ext, b: Ext): Ext => [a[0], a[1], b[0], b[1]] as unknown as Ext;
  const { extAdd, extSub, extNeg, extMul, extScale, extInv } = actual;
  return {
    ...actual,
    extAdd: (a: Ext, b: Ext) => dual(extAdd(a, b), extAdd(slope(a), slope(b))),
    extSub: (a: Ext, b: Ext) => dual(extSub(a, b), extSub(slope(a), slope(b))),
    extNeg: (a: Ext) => dual(extNeg(a), extNeg(slope(a))),
    extMul: (a: Ext, b: Ext) => dual(extMul(a, b), extAdd(extMul(slope(a), value(b)), extMul(value(a), slope(b)))),
    extScale: (a: Ext, s: bigint) => dual(extScale(a, s), extScale(slope(a), s)),
    extInv(a: Ext) {
      const inverse = extInv(value(a));
      return dual(inverse, extNeg(extMul(extMul(inverse, inverse), slope(a))));
    },
  };
});

/**
 * A linear map, a product, a product of matrices and lookups, as small as they have rounds; every node of the tree's last layers has a lookup below it, and no two values that are sent
 * depend on the same data in the same way.
 */
const relation: Relation = {
  cells: [
    { name: 'x', dims: [5] },
    { name: 'y', dims: [1] },
    { name: 'factor', dims: [5] },
    { name: 'product', dims: [5] },
    { name: 'left', dims: [1, 1, 2] },
    { name: 'right', dims: [1, 2, 1] },
    { name: 'dot', dims: [1, 1, 1] },
  ],
  weights: [{ name: 'w', dims: [1, 5] }],
  publics: [],
  tables: [rangeTable('digit', 3)],
  constraints: [
    {
      kind: 'linear',
      dims: [1],
      form: just('cell', 1),
      terms: [{ operand: ref('cell', 0), map: { kind: 'dense', weight: 0 } }],
    },
    { kind: 'product', dims: [5], a: just('cell', 0), b: just('cell', 2), c: just('cell', 3) },
    { kind: 'matmul', dims: [1, 1, 1], form: just('cell', 6), a: ref('cell', 4), b: ref('cell', 5), inner: 2 },
    { kind: 'lookup', dims: [5], table: 0, input: just('cell', 0), output: zero },
  ],
};
const toy: Toy = {
  relation,
  assignment: {
    cells: [[2, 0, 1, 1, 2], [17], [5, 3, 2, 7, 1], [10, 0, 2, 7, 2], [3, 5], [2, 4], [26]].map(residues),
    weights: [residues([3, 2, 1, 4, 3])],
    publics: [],
  },
};
const plan = plainPlan(relation);
const { blinding } = plan;
/** Elements that are drawn, by their index in the blinding: all but the products. */
const drawnElements = [...Array.from({ length: blinding.count }, (_, i) => i)].filter(
  (i) => i < blinding.pads || i >= blinding.firstFree,
);

/** A transcript of fixed challenges, which keeps derivatives of what is sent. */
class Fixed implements ProverTranscript {
  readonly slopes: bigint[] = [];
  private readonly next = extensionDraws(99);

  draw(_label: string, count: number): readonly Ext[] {
    return Array.from({ length: count }, this.next);
  }

  exchange(label: string, values: readonly Ext[], draws: number) {
    for (const value of values as readonly (readonly bigint[])[]) this.slopes.push(value[2] ?? 0n, value[3] ?? 0n);
    return { values, challenges: this.draw(label, draws) };
  }
}

/** Derivative of all messages in the direction of one coordinate of the blinding, or of a cell. */
function derivative(
  direction:
    | { readonly element: number; readonly coordinate: 0 | 1 }
    | { readonly side: 'cells' | 'multiplicities'; readonly tensor: number; readonly index: number },
): bigint[] {
  const random = extensionDraws(1);
  let k = 0;
  const own = drawBlinding(blinding, () => {
    const [c0, c1] = random();
    const moves = 'element' in direction && drawnElements[k++] === direction.element;
    const slopes = moves ? (direction.coordinate === 0 ? [1n, 0n] : [0n, 1n]) : [0n, 0n];
    return [c0, c1, ...slopes] as unknown as Ext;
  });
  let values: Values = valuesOf(relation, toy.assignment, own);
  if ('side' in direction) {
    const moved = values[direction.side].map((tensor, t) =>
      tensor.map((value, i): Ext =>
        t === direction.tensor && i === direction.index ? ([value[0], value[1], 1n, 0n] as unknown as Ext) : value,
      ),
    );
    values = { ...values, [direction.side]: moved };
  }
  const transcript = new Fixed();
  proveArgument(plan, values, transcript);
  return transcript.slopes;
}

/** Row echelon form that grows: adds a row, says whether the rank did. */
class Rank {
  private readonly rows = new Map<number, bigint[]>();

  add(row: readonly bigint[]): boolean {
    const rest = [...row];
    for (let column = 0; column < rest.length; column++) {
      if (rest[column] === 0n) continue;
      const pivot = this.rows.get(column);
      if (!pivot) {
        const inverse = field.GL.inv(rest[column]!);
        this.rows.set(
          column,
          rest.map((value) => (value * inverse) % field.ORDER),
        );
        return true;
      }
      const factor = field.ORDER - rest[column]!;
      for (let k = column; k < rest.length; k++) rest[k] = (rest[k]! + factor * pivot[k]!) % field.ORDER;
    }
    return false;
  }

  get size(): number {
    return this.rows.size;
  }
}

const blindingRows = new Map(
  drawnElements.map((element) => [element, ([0, 1] as const).map((coordinate) => derivative({ element, coordinate }))]),
);
const dataRows = [
  ...relation.cells.flatMap(({ dims }, tensor) =>
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, index) => derivative({ side: 'cells', tensor, index })),
  ),
  ...Array.from({ length: 3 }, (_, index) => derivative({ side: 'multiplicities', tensor: 0, index })),
];

/** How many directions of data show that blinding does not span. */
function leaks(rows: readonly (readonly bigint[])[]): number {
  const rank = new Rank();
  for (const row of rows) rank.add(row);
  return dataRows.filter((row) => rank.add(row)).length;
}

const without = (...elements: readonly number[]): bigint[][] =>
  [...blindingRows].flatMap(([element, rows]) => (elements.includes(element) ? [] : rows));
const maskOfDegree = (least: number) =>
  Array.from({ length: MASK_DEGREE * blinding.variables }, (_, k) => k)
    .filter((k) => (k % MASK_DEGREE) + 1 >= least)
    .map((k) => blinding.firstMask + 1 + k);
const freeTriple = (i: number) => [0, 1, 2].map((column) => blinding.firstFree + 3 * i + column);

describe('what the argument sends', () => {
  it('is of a true statement', () => {
    expect(unsatisfied(relation, toy.assignment)).toBeUndefined();
  });

  it('is uniform under its one equation, whatever the data', () => {
    const rank = new Rank();
    for (const row of without()) rank.add(row);
    const sent = dataRows[0]!.length;
    // Weights are public: their evaluation is constant; the last equation of products of pads takes one element more.
    expect(rank.size).toBe(sent - 2 - 2);
    expect(leaks(without())).toBe(0);
    expect(dataRows.some((row) => row.some((value) => value !== 0n))).toBe(true);
  });

  it('leaks when any pad is left out but that of a value which everybody knows', () => {
    const tight = Array.from({ length: blinding.pads }, (_, pad) => pad).filter((pad) => leaks(without(pad)) === 0);
    // p0 of the last layer: numerators of leaves 0 … 3, which are lookups, so it is 1 for whatever data.
    expect(tight).toEqual([blinding.pads - 4]);
  });

  it('leaks when two values share a pad', () => {
    for (let pad = 1; pad < blinding.pads; pad++) {
      const shared = blindingRows
        .get(pad)!
        .map((row, c) => row.map((v, k) => (v + blindingRows.get(pad - 1)![c]![k]!) % field.ORDER));
      expect(leaks([...without(pad, pad - 1), ...shared]), `pads ${pad - 1}, ${pad}`).toBeGreaterThan(0);
    }
  });

  it('leaks without a mask, without its constant or its highest coefficients, without free triples; one triple is enough', () => {
    const mask = [blinding.firstMask, ...maskOfDegree(1)];
    const triples = [...freeTriple(0), ...freeTriple(1), ...freeTriple(2)];
    expect(leaks(without(...mask))).toBeGreaterThan(0);
    expect(leaks(without(...maskOfDegree(3)))).toBeGreaterThan(0);
    expect(leaks(without(...triples))).toBeGreaterThan(0);
    expect(leaks(without(...freeTriple(1), ...freeTriple(2)))).toBe(0);
    for (const column of [0, 1, 2]) {
      const same = [0, 1, 2].map((i) => freeTriple(i)[column]!);
      expect(leaks(without(...same)), `column ${column} of free triples`).toBeGreaterThan(0);
    }
  });
});
