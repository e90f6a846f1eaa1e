/**
 * q = floor(n·2^shift / d): q·d = n·2^shift − rem, 0 ≤ rem and 0 ≤ d − 1 − rem.
 *
 * No wrap: q and rem are bounded by what their limbs enforce, not by the quotient's own bounds, and max(q)·max(d) + max(rem) + max(n)·2^shift < p
 * is asserted: else ⌊(n·2^shift + p)/d⌋ could pass every range.
 */
import { bitLength } from '../../ir/op.js';
import type { ClearOp } from '../op.js';
import { combine, rangeOf, select } from '../vec.js';

export const divide: ClearOp<'divide'> = {
  lower(c, { name, inputs, attrs: { shift } }) {
    const rows = c.openRows(name);
    const [n, d] = [c.vec(inputs[0]!), c.vec(inputs[1]!)].map((vec) => select(vec, rows));
    if (rows.length === 0) {
      c.define(name, rows, n!);
      return;
    }
    const { writer } = c;
    const [scaled, divisors] = [combine([[2 ** shift, n!]]), rangeOf(d!)];
    const needs = {
      quotient: c.cover(bitLength(rangeOf(select(factVec(c, name), rows)).hi), divisors.hi),
      rest: c.cover(bitLength(divisors.hi - 1)),
    };
    c.choose(rows.length, [{ units: 3, ranges: [needs.quotient, needs.rest, needs.rest], tables: [] }]);
    const floor = (a: number, by: number) => (a - (a % by)) / by;
    const q = writer.cell('quotient', rows.length, { lo: 0, hi: c.topOf(needs.quotient) }, (run) => {
      const by = run.value(d!);
      return run.value(scaled).map((value, i) => floor(value, by[i]!));
    });
    const rem = writer.cell('remainder', rows.length, { lo: 0, hi: c.topOf(needs.rest) }, (run) => {
      const by = run.value(d!);
      return run.value(scaled).map((value, i) => value % by[i]!);
    });
    c.range(q, needs.quotient, 'quotient');
    c.range(rem, needs.rest, 'remainder');
    const above = combine(
      [
        [1, d!],
        [-1, rem],
      ],
      -1,
    );
    c.range(above, needs.rest, 'divisor − 1 − remainder');
    const dividend = combine([
      [1, scaled],
      [-1, rem],
    ]);
    writer.product(q, d!, dividend);
    c.define(name, rows, q);
  },
};

function factVec(c: Parameters<ClearOp<'divide'>['lower']>[0], name: string) {
  const { size, lo, hi } = c.facts.get(name)!;
  return { size, terms: [], constant: lo, lo, hi };
}
