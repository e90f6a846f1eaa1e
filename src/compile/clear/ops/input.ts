/** A model input: digits of the statement, which the verifier holds to their bounds; or cells, each looked up in its range. */
import { combine } from '../vec.js';
import type { ClearOp } from '../op.js';

export const input: ClearOp<'input'> = {
  lower(c, { name, attrs: { lo, hi } }) {
    const rows = c.allRows(name);
    const shown = c.shown.get(name);
    if (shown !== undefined) {
      c.define(name, rows, shown);
      return;
    }
    const cells = c.writer.cell(name, rows.length, { lo, hi }, (run) => run.of(name));
    c.below(combine([[1, cells]], -lo), hi - lo + 1, 'range');
    c.define(name, rows, cells);
  },
};
