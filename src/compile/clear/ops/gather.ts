/** y[i] = concatenation(inputs)[index[i]], or `fill` where −1: other places of the same cells. */
import { place, select } from '../vec.js';
import type { ClearOp } from '../op.js';
import { pick } from '../lowering.js';

export const gather: ClearOp<'gather'> = {
  lower(c, { name, inputs, attrs: { index } }) {
    const rows = c.openRows(name);
    const wanted = rows.map((row) => index[row]!);
    let start = 0;
    const parts = inputs.flatMap((source) => {
      const { size } = c.facts.get(source)!;
      const at = Uint32Array.from(wanted.keys()).filter((k) => wanted[k]! >= start && wanted[k]! < start + size);
      const elements = pick(Float64Array.from(wanted), at).map((j) => j - start);
      start += size;
      return at.length === 0 ? [] : [{ vec: select(c.vec(source), elements), at }];
    });
    c.define(name, rows, place(rows.length, parts));
  },
};
