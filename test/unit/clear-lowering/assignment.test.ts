/** Integers as residues, by halves of words: as BigInt has them. */
import { expect, it } from 'vitest';
import { wordsOf } from '../../../src/compile/clear/assignment.js';
import { GL } from '../../../src/field/goldilocks.js';

it('are those of BigInt at every end', () => {
  const ends = [0, 1, 2, 3, 2 ** 31, 2 ** 32, 2 ** 33, 5 * 2 ** 32, 2 ** 40 + 7, 2 ** 52, 2 ** 53 - 1, 2 ** 53];
  const sizes = ends.flatMap((end) => [end - 1, end, end + 1].filter((size) => size >= 0 && size <= 2 ** 53));
  const values = Float64Array.from([...sizes, ...sizes.map((size) => -size)]);
  expect(wordsOf(values)).toEqual(BigUint64Array.from(values, (value) => GL.mod(BigInt(value))));
});

it.each([0.5, NaN, Infinity, 2 ** 53 + 2])('%d is none', (value) => {
  expect(() => wordsOf(Float64Array.of(value))).toThrow('no exact integer');
});
