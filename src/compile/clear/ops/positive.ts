/** y = max(x, 0). */
import { indices } from '../lowering.js';
import { max } from '../maxima.js';
import type { ClearOp } from '../op.js';
import { place, select, uniform } from '../vec.js';

export const positive: ClearOp<'positive'> = {
  lower(c, { name, inputs }) {
    const x = c.vec(inputs[0]!);
    const rows = c.openRows(name);
    // An open result is not of an x that is never positive.
    const mixed = indices(rows.length, (k) => x.lo[rows[k]!]! < 0);
    const same = indices(rows.length, (k) => x.lo[rows[k]!]! >= 0);
    const of = (at: Uint32Array) =>
      select(
        x,
        at.map((k) => rows[k]!),
      );
    const parts = same.length === 0 ? [] : [{ vec: of(same), at: same }];
    if (mixed.length > 0) parts.push({ vec: max(c, of(mixed), uniform(mixed.length, 0), 'positive part'), at: mixed });
    c.define(name, rows, place(rows.length, parts));
  },
};
