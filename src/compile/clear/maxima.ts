/**
 * m = max(a, b), in one of two ways. By table: (a − b, m − b) is a row of x ↦ max(x, 0). By a product: (m − a)(m − b) = 0, so m is one of them, and
 * (m − a) + (m − b) = ±(a − b) ≥ 0, so it is the larger: a cover does, as no −|a − b| is in it modulo p.
 */
import { bitLength } from '../ir/op.js';
import type { Lowering } from './lowering.js';
import type { Way } from './plan.js';
import { POSITIVE } from './table-functions.js';
import { combine, rangeOf, type Range, type Vec } from './vec.js';

export interface MaxWay extends Way {
  lay(a: Vec, b: Vec, name: string): Vec;
}

export function max(c: Lowering, a: Vec, b: Vec, name: string): Vec {
  return c.choose(a.size, maxWays(c, rangeOf(minus(a, b)))).lay(a, b, name);
}

/** Of pairs whose differences lie in `difference` wherever there is a witness. */
export function maxWays(c: Lowering, difference: Range): MaxWay[] {
  const byTable = maxByTable(c, difference);
  return byTable === undefined ? [byProduct(c, difference)] : [byProduct(c, difference), byTable];
}

/** Undefined where the table would be too large. */
export function maxByTable(c: Lowering, difference: Range): MaxWay | undefined {
  const need = { fn: POSITIVE, ...difference };
  if (!c.isTable(need)) return undefined;
  return {
    units: 1,
    ranges: [],
    tables: [need],
    lay(a, b, name) {
      const m = larger(c, a, b, name);
      c.writer.lookup(need, minus(a, b), minus(m, b));
      return m;
    },
  };
}

function byProduct(c: Lowering, { lo, hi }: Range): MaxWay {
  const cover = c.cover(bitLength(Math.max(hi, -lo)));
  return {
    units: 2,
    ranges: [cover],
    tables: [],
    lay(a, b, name) {
      const m = larger(c, a, b, name);
      const [above, beside] = [minus(m, a), minus(m, b)];
      c.writer.oneIsZero(above, beside);
      const gap = combine([
        [1, above],
        [1, beside],
      ]);
      c.range(gap, cover, `${name}, gap`);
      return m;
    },
  };
}

/** Cells that are a or b by either way, and bounded so. */
function larger(c: Lowering, a: Vec, b: Vec, name: string): Vec {
  const m = c.writer.cell(name, a.size, { lo: 0, hi: 0 }, (run) => {
    const other = run.value(b);
    return run.value(a).map((value, i) => Math.max(value, other[i]!));
  });
  const of = (p: Float64Array, q: Float64Array) => p.map((value, i) => Math.max(value, q[i]!));
  return { ...m, lo: of(a.lo, b.lo), hi: of(a.hi, b.hi) };
}

function minus(a: Vec, b: Vec): Vec {
  return combine([
    [1, a],
    [-1, b],
  ]);
}
