/**
 * y = 1 where x ≥ 0, else 0: (x, y) in a table of signs; or x = low + 2^l·top with low ∈ [0, 2^l) exactly, so that x ≥ 0 just where top is, and (top, y)
 * in the table.
 */
import type { Lowering } from '../lowering.js';
import type { ClearOp } from '../op.js';
import type { Way } from '../plan.js';
import { SIGN } from '../table-functions.js';
import { combine, rangeOf, select, type Vec } from '../vec.js';

export const compare: ClearOp<'compare'> = {
  lower(c, { name, inputs }) {
    const rows = c.openRows(name);
    if (rows.length === 0) {
      c.define(name, rows, select(c.vec(inputs[0]!), rows));
      return;
    }
    const x = select(c.vec(inputs[0]!), rows);
    const sign = c.writer.cell('sign', rows.length, { lo: 0, hi: 1 }, (run) => run.value(x).map(SIGN.at));
    c.choose(rows.length, waysOf(c, x, sign)).lay();
    c.define(name, rows, sign);
  },
};

/** Rows of a table of signs where x has limbs below it. */
const MOST_TOP = 2 ** 12;

function waysOf(c: Lowering, x: Vec, sign: Vec): (Way & { lay: () => void })[] {
  const { lo, hi } = rangeOf(x);
  const ways: (Way & { lay: () => void })[] = [];
  const whole = { fn: SIGN, lo, hi };
  if (c.isTable(whole)) {
    ways.push({ units: 1, ranges: [], tables: [whole], lay: () => c.writer.lookup(whole, x, sign) });
  }
  for (let low = 1; 2 ** low <= 2 * Math.max(hi, -lo); low++) {
    const by = 2 ** low;
    const need = { fn: SIGN, lo: Math.floor(lo / by), hi: Math.floor(hi / by) };
    if (need.hi - need.lo >= MOST_TOP || !c.isTable(need)) continue;
    const exact = { bits: low, upTo: low };
    const lay = () => {
      const domain = c.writer.planner.domain(need);
      const top = c.writer.cell('top limb', x.size, domain, (run) =>
        run.value(x).map((value) => Math.floor(value / by)),
      );
      c.writer.lookup(need, top, sign);
      const rest = combine([
        [1, x],
        [-by, top],
      ]);
      c.range(rest, exact, 'low limbs');
    };
    ways.push({ units: 2, ranges: [exact], tables: [need], lay });
  }
  return ways;
}
