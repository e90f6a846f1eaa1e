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

function isFree(isBeyond: boolean, end: Ends['lo']): boolean {
  return !isBeyond || (END_RULES[end].hasRows && !END_RULES[end].counts);
}

/**
 * Whether elements that bounds decide or nobody reads have cells too, where most have: then the tensor is a box, as maps along axes want it. Not where an element
 * that nobody reads might be refused or count. `fates` of the elements that are read.
 */
export function fillsBox(
  { lo, hi }: Pick<Fact, 'lo' | 'hi'>,
  read: Uint32Array,
  attrs: IrAttrs['requantise'],
  fates: readonly Fate[],
): boolean {
  const paid = fates.filter(({ kind }) => kind === 'paid').length;
  if (2 * paid < lo.length) return false;
  const isRead = new Uint8Array(lo.length);
  for (const row of read) isRead[row] = 1;
  return isRead.every((mark, i) => mark === 1 || isQuiet(attrs, { lo: lo[i]!, hi: hi[i]! }));
}

/** Whether x within these bounds is neither refused nor counts. */
function isQuiet(attrs: IrAttrs['requantise'], x: Range): boolean {
  const v = floorOf(attrs, x);
  return isFree(v.lo < 0, attrs.ends.lo) && isFree(v.hi > 2 ** attrs.bits - 1, attrs.ends.hi);
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
