/** Maps along axes: their functionals against brute force, for every kind of axis, stride, padding and dilation. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXT_ZERO, ORDER, extAdd, extMul, type Ext } from '../../../src/field/goldilocks.js';
import { eachEntry } from '../../../src/prove/clear/reference/maps.js';
import { axesTerm, axesWork, inExtents, outExtents, runsOf, weightDims } from '../../../src/verify/clear/axes.js';
import { boxVariables, boxWeights } from '../../../src/verify/clear/box.js';
import { eqTable } from '../../../src/verify/clear/multilinear.js';
import { elementsOf, type MapAxis } from '../../../src/verify/clear/relation.js';
import { inOf, meeting, outOf } from './toys.js';

const small = (most: number) => fc.integer({ min: 1, max: most });
const axis: fc.Arbitrary<MapAxis> = fc.oneof(
  fc.record({ kind: fc.constant('shared' as const), size: small(5) }),
  fc.record({ kind: fc.constant('own' as const), size: small(4) }),
  fc.record({ kind: fc.constant('full' as const), out: small(4), in: small(4) }),
  fc.record({
    kind: fc.constant('window' as const),
    out: small(5),
    in: small(7),
    kernel: small(5),
    stride: small(3),
    dilation: small(3),
    pad: fc.integer({ min: 0, max: 3 }),
  }),
);
/** Dims whose runs are the extents: an even extent in two dims or in one, with dims of 1 before it or without. */
const dimsOf = (extents: readonly number[], splits: number) =>
  extents.flatMap((extent, k) => {
    const choice = Math.floor(splits / 4 ** k) % 4;
    const own = choice % 2 === 1 && extent % 2 === 0 ? [2, extent / 2] : [extent];
    return choice >= 2 ? [1, ...own] : own;
  });
const residue = fc.bigInt({ min: 0n, max: ORDER - 1n });
const point = (length: number) =>
  fc.array(fc.tuple(residue, residue), { minLength: length, maxLength: length }) as fc.Arbitrary<Ext[]>;

const drawn = fc
  .record({ axes: fc.array(axis, { minLength: 1, maxLength: 4 }), splits: fc.nat(255), others: fc.nat(255) })
  .filter(({ axes }) => elementsOf(outExtents(axes)) * elementsOf(inExtents(axes)) <= 20_000)
  .chain(({ axes, splits, others }) => {
    const [dims, operand] = [dimsOf(outExtents(axes), splits), dimsOf(inExtents(axes), others)];
    return fc.record({
      axes: fc.constant(axes),
      dims: fc.constant(dims),
      operand: fc.constant(operand),
      // One variable more than the box has.
      r: point(boxVariables(dims) + 1),
      rho: point(boxVariables(operand)),
    });
  });

describe('maps along axes', () => {
  it('are one functional of the weights: Σ w(r, o)·w(ρ, i) of the places where o and i meet', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(drawn, ({ axes, dims, operand, r, rho }) => {
        const term = axesTerm({ kind: 'axes', weight: 7, axes }, dims, r, operand, rho);
        if (term.kind !== 'axes') throw new TypeError(term.kind);
        expect(term.tensor).toBe(7);
        let product: Ext[] = [term.coefficient];
        const sizes = weightDims(axes);
        expect(term.vectors.length).toBe(sizes.length);
        term.vectors.forEach((vector, a) => {
          const along = vector.kind === 'eq' ? eqTable(vector.point).slice(0, sizes[a]) : vector.values;
          expect(along.length).toBe(sizes[a]);
          product = product.flatMap((value) => along.map((factor) => extMul(value, factor)));
        });
        const expected = new Array<Ext>(elementsOf(sizes)).fill(EXT_ZERO);
        const [rows, columns] = [boxWeights(dims, r), boxWeights(operand, rho)];
        rows.forEach((row, o) => {
          columns.forEach((column, i) => {
            for (const weight of meeting(axes, o, i)) {
              expected[weight] = extAdd(expected[weight]!, extMul(row, column));
            }
          });
        });
        for (const { kind } of axes) seen.add(kind);
        expect(product).toEqual(expected);
      }),
      { numRuns: 150, seed: 12 },
    );
    expect(seen.size).toBe(4);
  });

  it('have just the entries that their definition says', () => {
    fc.assert(
      fc.property(drawn, ({ axes, dims, operand }) => {
        const [rows, columns] = [elementsOf(dims), elementsOf(operand)];
        const found: string[] = [];
        eachEntry({ kind: 'axes', weight: 0, axes }, rows, columns, (...entry) => found.push(entry.join()));
        const expected: string[] = [];
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            for (const weight of meeting(axes, row, column)) expected.push([row, column, weight].join());
          }
        }
        expect(found.sort()).toEqual(expected.sort());
        expect([outExtents(axes), inExtents(axes)]).toEqual([axes.map(outOf), axes.map(inOf)]);
      }),
      { numRuns: 100, seed: 13 },
    );
  });
});

it('cost a verifier the sizes of their axes, of a window outs times taps: what a key is held to', () => {
  const window = { kind: 'window', out: 28, in: 30, kernel: 3, stride: 1, dilation: 1, pad: 0 } as const;
  expect(
    axesWork([
      { kind: 'shared', size: 5 },
      { kind: 'own', size: 7 },
      { kind: 'full', out: 512, in: 256 },
    ]),
  ).toBe(780);
  expect(axesWork([window])).toBe(28 * 3 + 30);
  // Few bytes, and more products than a key may cost (2^26, key.ts).
  expect(axesWork([{ ...window, out: 2 ** 20, kernel: 2 ** 20 }])).toBeGreaterThan(2 ** 26);
});

it.each([
  [[4, 6], [24], [[4, 6]]],
  [
    [4, 6],
    [4, 6],
    [[4], [6]],
  ],
  [
    [2, 2, 6],
    [4, 1, 6],
    [[2, 2], [], [6]],
  ],
  [[1, 4, 1], [4], [[1, 4]]],
  [[1], [1, 1], [[], []]],
  [[4, 6], [6, 4], undefined],
  [[24], [4, 6], undefined],
  [[4, 6, 2], [24], undefined],
  [[4], [4, 2], undefined],
] as const)('runs of dims %j for extents %j', (dims, extents, runs) => {
  expect(runsOf(dims, extents)).toEqual(runs);
});
