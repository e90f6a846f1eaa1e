/**
 * The position of the largest of n elements, as the one of n keys that m is: K_j = n·x_j + (n − 1 − j), or n·x_j + j where the last of equal ones wins, are
 * distinct; b_j·(m − K_j) = 0 and Σ b_j = 1, so m is a key and b marks it; m − K_j ≥ 0 for all j, so it is the largest. The position is Σ j·b_j.
 */
import type { FormTerm } from '../../../verify/clear/relation.js';
import { bitLength } from '../../ir/op.js';
import type { Lowering } from '../lowering.js';
import type { ClearOp, NodeOf } from '../op.js';
import { combine, constants, rangeOf, select, uniform, type Vec } from '../vec.js';

export const argmax: ClearOp<'argmax'> = {
  lower(c, node) {
    const rows = c.openRows(node.name);
    if (rows.length === 0) {
      c.define(node.name, rows, uniform(0, 0));
      return;
    }
    c.writer.at(node.name);
    const hot = oneHot(c, node, rows);
    c.postpone(node.name, { isWhole: false, emit: (some, form) => emitPosition(c, node, { hot, rows, some }, form) });
  },
};

/** One mark an element, group after group. */
function oneHot(c: Lowering, { inputs, attrs: { groups, last } }: NodeOf<'argmax'>, rows: Uint32Array): Vec {
  const { writer } = c;
  const n = groups.size;
  const size = rows.length * n;
  const places = Array.from(rows).flatMap((g) =>
    Array.from({ length: n }, (_, j) => groups.base[g]! + j * groups.stride),
  );
  const x = select(c.vec(inputs[0]!), places);
  const ties = Float64Array.from({ length: size }, (_, e) => (last ? e % n : n - 1 - (e % n)));
  const keys = combine([
    [n, x],
    [1, constants(ties)],
  ]);
  const group = Int32Array.from({ length: size }, (_, e) => Math.floor(e / n));
  const bounds = rangeOf(keys);
  const need = c.cover(bitLength(bounds.hi - bounds.lo));
  c.choose(size, [{ units: 2, ranges: [need], tables: [] }]);
  const largest = (values: Float64Array) => {
    const most = new Float64Array(rows.length).fill(-Infinity);
    values.forEach((value, e) => (most[group[e]!] = Math.max(most[group[e]!]!, value)));
    return most;
  };
  const m = writer.cell('largest key', rows.length, bounds, (run) => largest(run.value(keys)));
  const hot = writer.cell('marks', size, { lo: 0, hi: 1 }, (run) => {
    const values = run.value(keys);
    const most = largest(values);
    return values.map((value, e) => (value === most[group[e]!] ? 1 : 0));
  });
  const gap = combine([
    [1, select(m, group)],
    [-1, keys],
  ]);
  c.writer.oneIsZero(hot, gap);
  c.range(gap, need, 'gap');
  const marked = { from: Uint32Array.from(group.keys()), to: Uint32Array.from(group) };
  const marks: FormTerm = { coefficient: -1n, source: hot.terms[0]!.source, select: marked };
  const one = uniform(rows.length, 1);
  writer.linear(one, [], one, { extra: [marks] });
  return hot;
}

function emitPosition(
  c: Lowering,
  { name, attrs: { groups } }: NodeOf<'argmax'>,
  { hot, rows, some }: { readonly hot: Vec; readonly rows: Uint32Array; readonly some: Uint32Array },
  form: Vec,
): void {
  const { writer } = c;
  writer.at(name);
  const n = groups.size;
  const weight = writer.weight(
    'positions',
    Float64Array.from({ length: n }, (_, j) => j),
    [n],
  );
  const start = Uint32Array.from([0, n]);
  const offset = Int32Array.from({ length: n }, (_, j) => j);
  // A group that bounds decide has no marks, and no row here.
  const base = Int32Array.from(some, (g) => n * rows.indexOf(g));
  const map = { kind: 'patterns', weight, pattern: new Uint32Array(some.length), base, start, offset } as const;
  const bounds = { lo: new Float64Array(some.length), hi: new Float64Array(some.length).fill(n - 1) };
  writer.linear(form, [{ operand: hot.terms[0]!.source, map }], bounds);
}
