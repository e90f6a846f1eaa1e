import { expect, it } from 'vitest';
import { residuesOf } from '../../../src/compile/clear/assignment.js';
import { GL } from '../../../src/field/goldilocks.js';

it('residues of integers by halves are those of BigInt, at every edge; 2^53 + 2 is refused', () => {
  const edges = [0, 1, 2, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 3 * 2 ** 32, 2 ** 53 - 1, 2 ** 53];
  const values = Float64Array.from([...edges, ...edges.map((value) => -value), 123_456_789_012, -987_654_321_098]);
  expect(Array.from(residuesOf(values))).toEqual(Array.from(values, (value) => GL.mod(BigInt(value))));
  for (const value of [2 ** 53 + 2, -(2 ** 53) - 2, NaN])
    expect(() => residuesOf(Float64Array.of(value))).toThrow(/beyond the exact integers/);
});
