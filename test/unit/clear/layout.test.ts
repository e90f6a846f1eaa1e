/** Layouts of tensors, and functionals at a point against sums over elements, over drawn dims, columns and terms. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXT_ONE, EXT_ZERO, extAdd, extMul, extScale, type Ext } from '../../../src/field/goldilocks.js';
import type { FunctionalTerm } from '../../../src/verify/clear/functional.js';
import { PointEvaluator } from '../../../src/verify/clear/functional-value.js';
import { blockLog, layOut, positionsOf, type Block, type Layout } from '../../../src/verify/clear/layout.js';
import {
  bindLowest,
  eqAt,
  eqBetween,
  eqTable,
  evaluateAt,
  quadraticRound,
} from '../../../src/verify/clear/multilinear.js';
import { Draws, drawTerm } from './opening-support.js';

const dims = fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 1, maxLength: 3 });
const layouts = fc
  .tuple(
    fc.array(dims, { minLength: 1, maxLength: 6 }),
    fc.integer({ min: 2, max: 8 }),
    fc.integer({ min: -1, max: 7 }),
  )
  .map(([tensors, n, reservedLog]) => layOut(tensors, n, reservedLog < 0 ? 0 : 2 ** Math.min(reservedLog, n - 1)));

const strides = (box: readonly number[]): number[] =>
  box.map((_, axis) => box.slice(axis + 1).reduce((a, b) => a * b, 1));

/** [flat index, local index] of every element of a block. */
function elementsOfBlock({ start, logs }: Block, box: readonly number[]): [number, number][] {
  const steps = strides(box);
  return Array.from({ length: 2 ** blockLog({ logs }) }, (_, local) => {
    const sides = logs.map((log) => 2 ** log);
    const at = strides(sides).map((stride, axis) => Math.floor(local / stride) % sides[axis]!);
    return [at.reduce((flat, i, axis) => flat + (start[axis]! + i) * steps[axis]!, 0), local];
  });
}

describe('layout', () => {
  it('blocks are aligned, disjoint, in rows that are not reserved, and cover each tensor once', () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        const taken = new Set<string>();
        layout.ofTensor.forEach((blocks, tensor) => {
          const covered = new Set<number>();
          for (const block of blocks) {
            const rows = 2 ** blockLog(block);
            expect(block.tensor).toBe(tensor);
            expect(block.row % rows).toBe(0);
            expect(block.row + rows).toBeLessThanOrEqual(2 ** layout.n - layout.reserved);
            expect(block.column).toBeLessThan(layout.columns);
            block.start.forEach((start, axis) => expect(start % 2 ** block.logs[axis]!).toBe(0));
            for (const [flat, local] of elementsOfBlock(block, layout.dims[tensor]!)) {
              expect(covered.has(flat)).toBe(false);
              covered.add(flat);
              const row = `${block.column} ${block.row + local}`;
              expect(taken.has(row)).toBe(false);
              taken.add(row);
            }
          }
          expect(covered.size).toBe(layout.dims[tensor]!.reduce((a, b) => a * b, 1));
        });
        expect(layout.blocks).toEqual(layout.ofTensor.flat());
      }),
      { numRuns: 60 },
    );
  });

  it('fills columns that have reserved rows, and is the same for the same tensors', () => {
    const large = layOut([[41_000]], 11, 128);
    expect(large.columns).toBe(22);
    expect(layOut([[41_000]], 11, 128)).toEqual(large);
    expect(layOut([[2 ** 13]], 11, 0)).toMatchObject({ columns: 4, blocks: [{ logs: [11] }, {}, {}, {}] });
  });

  it('positions are those of the blocks', () => {
    fc.assert(
      fc.property(layouts, (layout) => {
        layout.dims.forEach((box, tensor) => {
          const positions = positionsOf(layout, tensor);
          for (const block of layout.ofTensor[tensor]!) {
            for (const [flat, local] of elementsOfBlock(block, box)) {
              expect(positions[flat]).toBe(block.column * 2 ** layout.n + block.row + local);
            }
          }
        });
      }),
      { numRuns: 40 },
    );
  });
});

/** The weight of an element, from the definitions in functional.ts. */
function weightOf(term: FunctionalTerm, layout: Layout, block: Block, flat: number, local: number): Ext {
  switch (term.kind) {
    case 'axes': {
      const box = layout.dims[term.tensor]!;
      const steps = strides(box);
      return term.vectors.reduce((product, vector, axis) => {
        const i = Math.floor(flat / steps[axis]!) % box[axis]!;
        return extMul(product, vector.kind === 'eq' ? eqAt(vector.point, i) : vector.values[i]!);
      }, term.coefficient);
    }
    case 'block':
      return layout.ofTensor[term.tensor]![term.block] === block
        ? extMul(term.coefficient, eqAt(term.point, local))
        : EXT_ZERO;
    case 'entries':
      return [...term.index].reduce<Ext>(
        (sum, element, entry) => (element === flat ? extAdd(sum, term.weights[entry]!) : sum),
        EXT_ZERO,
      );
  }
}

describe('functionals', () => {
  it('at a point are what sums over all elements give, column by column', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(layouts, fc.string(), (layout, seed) => {
        const draws = new Draws(seed);
        const point = draws.exts(layout.n);
        const evaluator = new PointEvaluator(layout, point);
        const expected = new Array<Ext>(layout.columns).fill(EXT_ZERO);
        for (let i = 0; i < 4; i++) {
          const term = drawTerm(draws, layout);
          kinds.add(term.kind);
          const scale = draws.ext();
          evaluator.add(term, scale);
          for (const block of layout.ofTensor[term.tensor]!) {
            for (const [flat, local] of elementsOfBlock(block, layout.dims[term.tensor]!)) {
              const weight = extMul(scale, weightOf(term, layout, block, flat, local));
              const value = extMul(weight, eqAt(point, block.row + local));
              expected[block.column] = extAdd(expected[block.column]!, value);
            }
          }
        }
        expect(evaluator.sums).toEqual(expected);
      }),
      { numRuns: 25 },
    );
    expect([...kinds].sort()).toEqual(['axes', 'block', 'entries']);
  });

  it('of more rows than one table has', () => {
    const layout = layOut([[2 ** 13]], 13, 0);
    const draws = new Draws('long');
    const point = draws.exts(13);
    const evaluator = new PointEvaluator(layout, point);
    const index = Uint32Array.of(0, 1, 5000, 2 ** 13 - 1, 5000);
    const weights = draws.exts(index.length);
    evaluator.add({ kind: 'entries', tensor: 0, index, weights }, EXT_ONE);
    const expected = weights.map((weight, i) => extMul(weight, eqAt(point, index[i]!))).reduce(extAdd);
    expect(evaluator.sums).toEqual([expected]);
  });

  it('of another shape than their tensor are a bug', () => {
    const evaluator = new PointEvaluator(layOut([[3, 2]], 4, 0), new Draws('x').exts(4));
    const bad: FunctionalTerm[] = [
      { kind: 'axes', tensor: 0, coefficient: EXT_ONE, vectors: [{ kind: 'values', values: [EXT_ONE] }] },
      {
        kind: 'axes',
        tensor: 0,
        coefficient: EXT_ONE,
        vectors: [
          { kind: 'eq', point: [EXT_ONE] },
          { kind: 'eq', point: [EXT_ONE] },
        ],
      },
      { kind: 'block', tensor: 0, block: 0, coefficient: EXT_ONE, point: [] },
      { kind: 'entries', tensor: 0, index: Uint32Array.of(6), weights: [EXT_ONE] },
      { kind: 'entries', tensor: 0, index: Uint32Array.of(1), weights: [] },
    ];
    for (const term of bad) expect(() => evaluator.add(term, EXT_ONE)).toThrow(/INTERNAL/);
  });
});

describe('multilinear extensions', () => {
  const draws = new Draws('multilinear');

  it('tables, single values, binding and evaluation agree', () => {
    const [a, b] = [draws.exts(5), draws.exts(5)];
    const table = eqTable(a);
    table.forEach((value, i) => expect(value).toEqual(eqAt(a, i)));
    expect(evaluateAt(table, b)).toEqual(eqBetween(a, b));
    expect(table.reduce(extAdd)).toEqual(EXT_ONE);
    const values = draws.exts(32);
    const sum = values.map((value, i) => extMul(value, eqAt(b, i))).reduce(extAdd);
    expect(evaluateAt(values, b)).toEqual(sum);
    expect(bindLowest(values, b[0]!)).toHaveLength(16);
  });

  it('a round is the quadratic of its message', () => {
    const [s0, s1, c, r] = draws.exts(4) as [Ext, Ext, Ext, Ext];
    const claim = extAdd(s0, s1);
    expect(quadraticRound([s0, c], claim, EXT_ZERO)).toEqual(s0);
    expect(quadraticRound([s0, c], claim, EXT_ONE)).toEqual(s1);
    const at = (x: Ext) => quadraticRound([s0, c], claim, x);
    // Second difference of a quadratic: 2·c.
    const second = [at(extAdd(r, [2n, 0n])), extScale(at(extAdd(r, EXT_ONE)), -2n), at(r)].reduce(extAdd);
    expect(second).toEqual(extScale(c, 2n));
  });
});
