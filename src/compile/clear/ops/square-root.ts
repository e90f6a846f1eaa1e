/**
 * y = floor(√x): y² = x − above, with above ≥ 0 and 2y − above ≥ 0, so y² ≤ x < (y + 1)². No wrap: max(y)² + max(above) + max(x) < p, of what limbs enforce.
 */
import { bitLength } from '../../ir/op.js';
import type { ClearOp } from '../op.js';
import { combine, rangeOf, select } from '../vec.js';

export const squareRoot: ClearOp<'squareRoot'> = {
  lower(c, { name, inputs }) {
    const rows = c.openRows(name);
    const x = select(c.vec(inputs[0]!), rows);
    if (rows.length === 0) {
      c.define(name, rows, x);
      return;
    }
    const { writer } = c;
    const most = Math.floor(Math.sqrt(rangeOf(x).hi));
    // Of roots, the square of the cover has to stay below p, too.
    const rootBits = bitLength(most);
    const root = { bits: rootBits, upTo: Math.max(rootBits, Math.floor(Math.log2(Number(writer.modulus) / 4) / 2)) };
    const rest = c.cover(bitLength(2 * most));
    c.choose(rows.length, [{ units: 3, ranges: [root, rest, rest], tables: [] }]);
    const floor = (value: number) => Math.floor(Math.sqrt(value));
    const y = writer.cell('root', rows.length, { lo: 0, hi: c.topOf(root) }, (run) => run.value(x).map(floor));
    const above = writer.cell('above the square', rows.length, { lo: 0, hi: c.topOf(rest) }, (run) =>
      run.value(x).map((value) => value - floor(value) ** 2),
    );
    c.range(y, root, 'root');
    c.range(above, rest, 'above the square');
    const below = combine([
      [2, y],
      [-1, above],
    ]);
    c.range(below, rest, 'below the next square');
    const square = combine([
      [1, x],
      [-1, above],
    ]);
    writer.product(y, y, square);
    c.define(name, rows, y);
  },
};
