/** Queries and error terms are those of the design's tables; a set that is too weak is refused, and says where. */
import { describe, expect, it } from 'vitest';
import { ORDER } from '../../../src/field/goldilocks.js';
import { combinationVariables, foldsOf } from '../../../src/verify/clear/oracle.js';
import { chooseOpening, openingBytes } from '../../../src/verify/clear/parameter-choice.js';
import {
  assertSecure,
  bitsOfQuery,
  checkParameters,
  errorTerms,
  FIELD_BITS,
  leastBits,
  rateLogsOf,
  reservedRows,
  strictParameters,
  totalBits,
  type ArgumentSizes,
} from '../../../src/verify/clear/parameters.js';
import { committed, proved, SHAPES } from './opening-support.js';

const sizes: ArgumentSizes = { columns: 20, claims: 100, lookups: 1e6, tableRows: 65_536, rounds: 500 };
const bits = (terms: ReturnType<typeof errorTerms>, name: string): string =>
  terms.find((term) => term.name === name)!.bits.toFixed(1);

describe('queries', () => {
  it('are 84 bits over what one gives at each rate', () => {
    expect([1, 2, 3].map((rate) => bitsOfQuery(rate).toFixed(2))).toEqual(['0.42', '0.68', '0.83']);
    const counts: [number, number, number[]][] = [
      [11, 2, [124, 102]],
      [15, 2, [124, 102, 86]],
      [18, 2, [124, 102, 86, 85]],
      [19, 2, [124, 102, 86, 85]],
      [20, 1, [203, 124, 88, 85, 85]],
    ];
    for (const [n, rate, queries] of counts) expect(strictParameters(n, rate).queries).toEqual(queries);
    expect(rateLogsOf(strictParameters(18, 2))).toEqual([2, 3, 6, 9]);
    expect(foldsOf(strictParameters(18, 2))).toEqual([4, 4, 3]);
    expect(foldsOf(strictParameters(7, 2))).toEqual([]);
    expect([1, 2, 3, 4, 5, 128, 129].map(combinationVariables)).toEqual([0, 1, 2, 2, 3, 7, 8]);
  });

  it('leave two random rows at least', () => {
    expect(reservedRows(strictParameters(18, 2))).toBe(128);
    expect(reservedRows(strictParameters(20, 1))).toBe(256);
    expect(() => checkParameters(strictParameters(18, 2), 128)).not.toThrow();
    expect(() => checkParameters(strictParameters(18, 2), 125)).toThrow(/SECURITY_TOO_LOW[^]*at least 126/);
    expect(() => checkParameters({ ...strictParameters(18, 2), queries: [124] }, 128)).toThrow(/KEY_INVALID/);
    expect(() => checkParameters(strictParameters(30, 2), 128)).toThrow(/KEY_INVALID/);
  });
});

describe('error terms', () => {
  it('are those of the design', () => {
    expect(FIELD_BITS).toBeCloseTo(2 * Math.log2(Number(ORDER)), 9);
    expect(bits(errorTerms(strictParameters(24, 2), sizes), 'columns combined')).toBe('99.7');
    // 2^27 cells at n = 20: 128 columns and three masks.
    expect(bits(errorTerms(strictParameters(20, 2), { ...sizes, columns: 131 }), 'columns combined')).toBe('103.0');
    // GPT-2's size of the design: 7 M lookups and rows.
    const terms = errorTerms(strictParameters(20, 1), { ...sizes, lookups: 7e6, tableRows: 65_536 });
    expect(bits(terms, 'lookups and tables at one point')).toBe('104.2');
  });

  it('are listed one for each step, and each by its formula', () => {
    const terms = errorTerms(strictParameters(11, 2), sizes);
    expect(terms.map(({ name, bits }) => `${name} ${bits.toFixed(2)}`)).toEqual([
      `lookups and tables at one point ${(128 - Math.log2(2 * (1e6 + 2 * 65_536))).toFixed(2)}`,
      `sumchecks of the argument ${(128 - Math.log2(1500)).toFixed(2)}`,
      `claims combined ${(128 - Math.log2(99)).toFixed(2)}`,
      'sum of the masks 128.00',
      `sumcheck over rows ${(128 - Math.log2(22)).toFixed(2)}`,
      `columns combined ${(128 - Math.log2(5 * 2 ** 13)).toFixed(2)}`,
      `queries into the matrix ${(16 - 124 * Math.log2(1.25 / 2)).toFixed(2)}`,
      `queries into word 0 ${(16 - 102 * Math.log2(1.125 / 2)).toFixed(2)}`,
      `queries joined before fold 0 ${(128 - Math.log2(124)).toFixed(2)}`,
      `fold 0 ${(128 - Math.log2(2 ** 13 + 2 ** 12 + 2 ** 11 + 2 ** 10)).toFixed(2)}`,
    ]);
    expect(leastBits(terms)).toBe(Math.min(...terms.map((term) => term.bits)));
    expect(totalBits(terms)).toBeLessThan(leastBits(terms));
    expect(
      totalBits([
        { name: 'a', bits: 100 },
        { name: 'b', bits: 100 },
      ]),
    ).toBe(99);
  });

  it('above 2^-100 are refused by name', () => {
    const strict = strictParameters(18, 2);
    expect(() => assertSecure(errorTerms(strict, sizes))).not.toThrow();
    expect(() => assertSecure(errorTerms(strictParameters(24, 2), sizes))).toThrow(
      /SECURITY_TOO_LOW[^]*columns combined: 2\^-99\.7/,
    );
    strict.queries.forEach((count, i) => {
      const weak = { ...strict, queries: strict.queries.with(i, count - 1) };
      const name = i === 0 ? 'queries into the matrix' : `queries into word ${i - 1}`;
      expect(() => assertSecure(errorTerms(weak, sizes))).toThrow(new RegExp(`got: ${name}: 2\\^-`));
    });
    expect(() => assertSecure(errorTerms({ ...strict, grindingBits: 15 }, sizes))).toThrow(/SECURITY_TOO_LOW/);
    expect(() => assertSecure(errorTerms(strict, { ...sizes, lookups: 2 ** 28 }))).toThrow(/lookups and tables/);
    const others = [{ name: 'a term of the argument', bits: 99 }];
    expect(() => assertSecure(errorTerms(strict, { ...sizes, others }))).toThrow(/a term of the argument: 2\^-99\.0/);
    expect(() => assertSecure([{ name: 'no number', bits: NaN }])).toThrow(/no number/);
  });
});

describe('the choice of n and rate', () => {
  it('is the design’s for its models', () => {
    const chosen = (weights: number, cells: number) => {
      const { parameters, weights: w, cells: c } = chooseOpening({ weights: [[weights]], cells: [[cells]] });
      return [parameters.n, parameters.rateLog, w.columns, c.columns + 6];
    };
    expect(chosen(6e3, 41e3)).toEqual([11, 2, 3, 28]);
    expect(chosen(1.97e6, 25e3)).toEqual([15, 2, 61, 7]);
    expect(chosen(15.2e6, 1.2e6)).toEqual([18, 2, 58, 11]);
    expect(chosen(124e6, 9e6)).toEqual([20, 1, 119, 15]);
    expect(chooseOpening({ weights: [], cells: [[5]] }).weights.columns).toBe(0);
    expect(() => chooseOpening({ weights: [[2 ** 30], [2 ** 30]], cells: [[5]] })).toThrow(/MEMORY_EXCEEDED/);
  });

  it('expects the bytes of the design’s table, and of proofs', () => {
    const kib = (n: number, rate: number, weights: number, cells: number): number =>
      Math.round(openingBytes(strictParameters(n, rate), weights, cells) / 1024);
    // 110, 228, 304, 321, 577 there, where the upper four levels of a tree count whole.
    expect([kib(11, 2, 3, 21), kib(15, 2, 61, 1), kib(18, 2, 58, 5), kib(19, 2, 43, 12), kib(20, 1, 119, 9)]).toEqual([
      106, 225, 301, 318, 573,
    ]);
    const setting = committed(SHAPES['two trees, folds of 2, 2 and 1']!, 'bytes');
    const { weights, cells } = setting.matrices;
    const expected = openingBytes(setting.shape.parameters, weights!.layout.columns, cells.layout.columns);
    expect(Math.abs(proved(setting).length / expected - 1)).toBeLessThan(0.1);
  });
});
