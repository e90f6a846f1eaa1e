/** What bounds say of the elements of a requantisation, before any gadget. */
import { ZkonnxError } from '../../../base/errors.js';
import type { Ends, Fact, IrAttrs } from '../../ir/graph.js';
import { rounded } from '../../ir/ops/requantise.js';
import type { Lowering } from '../lowering.js';
import { pick } from '../lowering.js';
import type { NodeOf } from '../op.js';
import { END_RULES } from '../table-functions.js';
import type { Range } from '../vec.js';
import type { Gadget, Operand } from './requantise-ways.js';

/** Elements of an IR tensor, as they are or pending. */
export function operandOf(c: Lowering, name: string, rows: Uint32Array): Operand {
  return {
    isPending: c.mayEmit(name, rows),
    source: () => c.source(name, rows),
    values: (run) => pick(run.of(name), rows),
  };
}

/** What bounds say of an element: its v within the range, that it is x itself, or nothing. */
export type Fate =
  { readonly kind: 'decided'; readonly value: number } | { readonly kind: 'same' } | { readonly kind: 'paid' };

/** A function has no value of its own for a v that is x itself. */
export function fatesOf(
  { lo, hi }: Pick<Fact, 'lo' | 'hi'>,
  rows: Uint32Array,
  attrs: IrAttrs['requantise'],
  isThrough: boolean,
): Fate[] {
  const top = 2 ** attrs.bits - 1;
  const isFree = (isBeyond: boolean, end: Ends['lo']) =>
    !isBeyond || (END_RULES[end].hasRows && !END_RULES[end].counts);
  return Array.from(rows, (row): Fate => {
    const v = floorOf(attrs, { lo: lo[row]!, hi: hi[row]! });
    const [below, above] = [isFree(v.lo < 0, attrs.ends.lo), isFree(v.hi > top, attrs.ends.hi)];
    if (v.hi <= 0 && below) return { kind: 'decided', value: 0 };
    if (v.lo >= top && above) return { kind: 'decided', value: top };
    if (v.lo < 0 || v.hi > top) return { kind: 'paid' };
    if (v.lo === v.hi) return { kind: 'decided', value: v.lo };
    return { kind: attrs.shift === 0 && !isThrough ? 'same' : 'paid' };
  });
}

/** v of an x within these bounds, unclamped. */
export function floorOf({ shift, lo }: IrAttrs['requantise'], x: Range): Range {
  return { lo: rounded(x.lo, shift) - lo, hi: rounded(x.hi, shift) - lo };
}

/** v of all these elements, and of those that have a witness. Throws BOUND_OVERFLOW where one has none. */
export function paidRanges(
  node: Pick<NodeOf<'requantise'>, 'name' | 'attrs'>,
  { lo, hi }: Pick<Fact, 'lo' | 'hi'>,
  rows: Uint32Array,
): Pick<Gadget, 'proven' | 'paid'> {
  const { bits, ends } = node.attrs;
  const top = 2 ** bits - 1;
  const proven = { lo: Infinity, hi: -Infinity };
  const paid = { lo: Infinity, hi: -Infinity };
  for (const row of rows) {
    const own = floorOf(node.attrs, { lo: lo[row]!, hi: hi[row]! });
    const cut = {
      lo: END_RULES[ends.lo].hasRows ? own.lo : Math.max(own.lo, 0),
      hi: END_RULES[ends.hi].hasRows ? own.hi : Math.min(own.hi, top),
    };
    if (cut.lo > cut.hi) throw alwaysRefused(node, row, own);
    for (const [hull, one] of [
      [proven, own],
      [paid, cut],
    ] as const) {
      hull.lo = Math.min(hull.lo, one.lo);
      hull.hi = Math.max(hull.hi, one.hi);
    }
  }
  return { proven, paid };
}

function alwaysRefused(
  { name, attrs: { lo, bits } }: Pick<NodeOf<'requantise'>, 'name' | 'attrs'>,
  element: number,
  v: Range,
): ZkonnxError {
  return new ZkonnxError('BOUND_OVERFLOW', 'every value lies beyond the range that it is refused beyond', {
    expected: `values in [${lo}, ${lo + 2 ** bits - 1}]`,
    got: `[${v.lo + lo}, ${v.hi + lo}]`,
    where: `${name}, element ${element}`,
  });
}
