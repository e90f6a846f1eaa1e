/** Sums over listed rows of a table against products of BigInts, at the ends of their operands. */
import { describe, expect, it } from 'vitest';
import { extOf, GL, ORDER, type Ext } from '../../../src/field/goldilocks.js';
import { listedSum } from '../../../src/verify/clear/listed-sum.js';
import { eqTable, innerProduct } from '../../../src/verify/clear/multilinear.js';
import { extensionDraws } from './plain.js';

const MOST = 2 ** 53 - 1;

function slowly(point: readonly Ext[], first: number, values: Float64Array): Ext {
  const weights = eqTable(point).slice(first, first + values.length);
  return innerProduct(
    weights,
    Array.from(values, (value) => extOf(GL.mod(BigInt(value)))),
  );
}

describe('sums over listed rows', () => {
  const next = extensionDraws(23);
  const ends = [0, 1, -1, 2 ** 20 - 1, 2 ** 20, -(2 ** 20), 2 ** 40 - 1, 2 ** 40, MOST, -MOST];

  it.each([0, 1, 2, 5, 9, 12])('over a cube of %d variables', (variables) => {
    const point = Array.from({ length: variables }, next);
    const all = Float64Array.from({ length: 2 ** variables }, (_, i) => ends[(7 * i) % ends.length]!);
    for (const [from, to] of [
      [0, all.length],
      [Math.floor(all.length / 3), all.length],
      [Math.floor(all.length / 2), Math.ceil((5 * all.length) / 8)],
    ] as const) {
      const values = all.subarray(from, to);
      expect(listedSum(point, from, values)).toEqual(slowly(point, from, values));
    }
  });

  it('is exact where all values of a block are as large as they may be, of either sign', () => {
    const point = Array.from({ length: 12 }, (_, k): Ext => [ORDER - 1n - BigInt(k), ORDER - 2n]);
    for (const value of [MOST, -MOST]) {
      const values = new Float64Array(2 ** 12).fill(value);
      // Weights sum to 1.
      expect(listedSum(point, 0, values)).toEqual(extOf(GL.mod(BigInt(value))));
      expect(listedSum(point, 1, values.subarray(1))).toEqual(slowly(point, 1, values.subarray(1)));
    }
  });

  it('of no row, and of rows of 0, is 0', () => {
    const point = Array.from({ length: 4 }, next);
    expect(listedSum(point, 3, new Float64Array())).toEqual([0n, 0n]);
    expect(listedSum(point, 3, new Float64Array(5))).toEqual([0n, 0n]);
  });
});
