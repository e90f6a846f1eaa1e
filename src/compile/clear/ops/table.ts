/** y = values[x − lo]: a row (x − lo, y) of the function's table; behind a requantisation that nothing else reads, a row of both in one. */
import type { ClearOp } from '../op.js';
import { OWN_ENDS } from '../../ir/graph.js';
import { valuesFunction, valuesOver } from '../table-functions.js';
import { combine, rangeOf, select } from '../vec.js';
import { isFused, requantiseInto } from './requantise.js';

export const table: ClearOp<'table'> = {
  lower(c, node) {
    const { name, inputs, attrs } = node;
    const before = c.node(inputs[0]!);
    if (before.op === 'requantise' && isFused(c, before)) {
      requantiseInto(c, before, { node, through: attrs });
      return;
    }
    const rows = c.openRows(name);
    const x = combine([[1, select(c.vec(inputs[0]!), rows)]], -attrs.lo);
    if (rows.length === 0) {
      c.define(name, rows, x);
      return;
    }
    const id = c.functionId(attrs.values);
    const fn = valuesFunction({ id, name: attrs.name, values: attrs.values, ends: OWN_ENDS, layer: name });
    const need = { fn, ...rangeOf(x) };
    c.choose(rows.length, [{ units: 1, ranges: [], tables: [need] }]);
    const domain = c.writer.planner.domain(need);
    const y = c.writer.cell('value', rows.length, valuesOver(fn, domain.lo, domain.hi), (run) =>
      run.value(x).map(fn.at),
    );
    c.writer.lookup(need, x, y);
    c.define(name, rows, y);
  },
};
