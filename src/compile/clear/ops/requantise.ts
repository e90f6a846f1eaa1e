/** z = floor((x + 2^(s−1)) / 2^s), y = clamp(z, lo, lo + 2^b − 1): elements that bounds decide cost nothing, the others go a way of requantise-ways.ts. */
import { ZkonnxError } from '../../../base/errors.js';
import type { Ends, IrAttrs } from '../../ir/graph.js';
import { at } from '../../ir/op.js';
import { rounded } from '../../ir/ops/requantise.js';
import type { Lowering } from '../lowering.js';
import { indices } from '../lowering.js';
import type { ClearOp, NodeOf } from '../op.js';
import { clampFunction, END_RULES, valuesFunction, type TableFunction } from '../table-functions.js';
import { constants, place, select, type Range, type Vec } from '../vec.js';
import { waysOf, type Target } from './requantise-ways.js';

export const requantise: ClearOp<'requantise'> = {
  lower(c, node) {
    if (!isFused(c, node)) requantiseInto(c, node, { node });
  },
};

/** Whether a requantisation is left to the table that stands directly behind it, and that alone reads it. */
export function isFused(c: Lowering, { name }: NodeOf<'requantise'>): boolean {
  return c.soleReader(name)?.op === 'table';
}

type Fate = 'low' | 'top' | 'inner' | 'same' | 'paid';

export function requantiseInto(c: Lowering, node: NodeOf<'requantise'>, target: Target): void {
  const { shift, lo, bits, ends } = node.attrs;
  const name = at(node.inputs, 0);
  const [fact, live] = [c.facts.get(name)!, c.live.get(target.node.name)!];
  const top = 2 ** bits - 1;
  const v = (i: number): Range => ({ lo: rounded(fact.lo[i]!, shift) - lo, hi: rounded(fact.hi[i]!, shift) - lo });
  const fates = Array.from(live, (mark, i) => (mark === 1 ? fateOf(v(i), { shift, top, ends }) : undefined));
  const of = (...kinds: Fate[]) => indices(live.length, (i) => kinds.includes(fates[i]!));

  // A function has no value of its own for a v that is x itself.
  const isThrough = target.through !== undefined;
  const [same, rows] = isThrough ? [new Uint32Array(), of('same', 'paid')] : [of('same'), of('paid')];
  const decided = of('low', 'top', 'inner');
  const fixed = Float64Array.from(decided, (i) =>
    valueOf(target, lo + Math.min(Math.max(v(i).lo, 0), top), fates[i]!, lo, top),
  );
  const parts: { vec: Vec; at: Uint32Array }[] = [];
  if (decided.length > 0) parts.push({ vec: constants(fixed), at: decided });
  if (same.length > 0) parts.push({ vec: select(c.vec(name), same), at: same });
  if (rows.length > 0) parts.push({ vec: paid(c, node, target, rows, v), at: rows });
  const size = live.length;
  const all = indices(size, (i) => live[i] === 1);
  c.define(target.node.name, all, select(place(size, parts), all));
}

/** The value of an element that bounds decide. */
function valueOf({ through }: Target, inner: number, fate: Fate, lo: number, top: number): number {
  const y = fate === 'low' ? lo : fate === 'top' ? lo + top : inner;
  return through === undefined ? y : through.values[y - through.lo]!;
}

function fateOf(v: Range, { shift, top, ends }: { shift: number; top: number; ends: Ends }): Fate {
  const isFree = (isBeyond: boolean, end: Ends['lo']) =>
    !isBeyond || (END_RULES[end].hasRows && !END_RULES[end].counts);
  const [below, above] = [isFree(v.lo < 0, ends.lo), isFree(v.hi > top, ends.hi)];
  if (v.hi <= 0 && below) return 'low';
  if (v.lo >= top && above) return 'top';
  if (v.lo < 0 || v.hi > top) return 'paid';
  if (v.lo === v.hi) return 'inner';
  return shift === 0 ? 'same' : 'paid';
}

function paid(
  c: Lowering,
  node: NodeOf<'requantise'>,
  target: Target,
  rows: Uint32Array,
  v: (i: number) => Range,
): Vec {
  const { lo, bits, ends } = node.attrs;
  const top = 2 ** bits - 1;
  const proven = { lo: Infinity, hi: -Infinity };
  const kept = { lo: Infinity, hi: -Infinity };
  for (const row of rows) {
    const own = v(row);
    const cut = {
      lo: END_RULES[ends.lo].hasRows ? own.lo : Math.max(own.lo, 0),
      hi: END_RULES[ends.hi].hasRows ? own.hi : Math.min(own.hi, top),
    };
    if (cut.lo > cut.hi) throw alwaysRefused(node, row, own);
    for (const [hull, one] of [
      [proven, own],
      [kept, cut],
    ] as const) {
      hull.lo = Math.min(hull.lo, one.lo);
      hull.hi = Math.max(hull.hi, one.hi);
    }
  }
  const { through } = target;
  const fn =
    through === undefined
      ? clampFunction(bits, ends, node.name)
      : functionBehind(c, target.node.name, through, { lo, top, ends });
  const x = c.source(at(node.inputs, 0), rows);
  c.writer.at(node.name);
  const gadget = { c, node, target, rows, x, top, proven, paid: kept, fn };
  return c.choose(rows.length, waysOf(gadget)).lay();
}

function functionBehind(
  c: Lowering,
  layer: string,
  { name, values, lo: first }: IrAttrs['table'],
  { lo, top, ends }: { readonly lo: number; readonly top: number; readonly ends: Ends },
): TableFunction {
  // The table's domain has every y that bounds allow; the range may be wider.
  const own = Float64Array.from(
    { length: top + 1 },
    (_, k) => values[Math.min(Math.max(lo + k - first, 0), values.length - 1)]!,
  );
  return valuesFunction({ id: c.functionId(own), name, values: own, ends, layer });
}

function alwaysRefused({ name, attrs: { lo, bits } }: NodeOf<'requantise'>, element: number, v: Range): ZkonnxError {
  return new ZkonnxError('BOUND_OVERFLOW', 'every value lies beyond the range that it is refused beyond', {
    expected: `values in [${lo}, ${lo + 2 ** bits - 1}]`,
    got: `[${v.lo + lo}, ${v.hi + lo}]`,
    where: `${name}, element ${element}`,
  });
}
