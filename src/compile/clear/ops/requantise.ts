/** z = floor((x + 2^(s−1)) / 2^s), y = clamp(z, lo, lo + 2^b − 1): elements that bounds decide cost nothing, the others go a way of requantise-ways.ts. */
import type { Ends, IrAttrs, IrNode } from '../../ir/graph.js';
import { at } from '../../ir/op.js';
import type { Lowering } from '../lowering.js';
import { indices } from '../lowering.js';
import type { ClearOp, NodeOf } from '../op.js';
import { clampFunction, valuesFunction, type TableFunction } from '../table-functions.js';
import { constants, place, select, type Vec } from '../vec.js';
import { isLeft } from './max-windows.js';
import { pooledWays } from './pooled.js';
import { fatesOf, fillsBox, operandOf, paidRanges, type Fate } from './requantise-fates.js';
import { waysOf, type Gadget } from './requantise-ways.js';

export const requantise: ClearOp<'requantise'> = {
  lower(c, node) {
    if (!isFused(c, node)) requantiseInto(c, node, { node });
  },
};

/** Whether a requantisation is left to the table that stands directly behind it, and that alone reads it. */
export function isFused(c: Lowering, { name }: NodeOf<'requantise'>): boolean {
  return c.soleReader(name)?.op === 'table';
}

/** Whose elements come of it: the requantisation's own, or those of the table behind it. */
export interface Target {
  readonly node: IrNode;
  readonly through?: IrAttrs['table'];
}

export function requantiseInto(c: Lowering, node: NodeOf<'requantise'>, target: Target): void {
  const { attrs, name } = node;
  const source = at(node.inputs, 0);
  const [fact, live] = [c.facts.get(source)!, c.live.get(target.node.name)!];
  const top = 2 ** attrs.bits - 1;
  const read = indices(live.length, (i) => live[i] === 1);
  const own = fatesOf(fact, read, attrs, target.through !== undefined);
  const isBox = (c.isBox(target.node.name) || c.isBox(source)) && fillsBox(fact, read, attrs, own);
  const all = isBox ? c.allRows(target.node.name) : read;
  const fates = isBox ? Array.from(all, (): Fate => ({ kind: 'paid' })) : own;
  const of = (kind: Fate['kind']) => all.filter((_, k) => fates[k]!.kind === kind);
  const [decided, same, rows] = [of('decided'), of('same'), of('paid')];

  const parts: { vec: Vec; at: Uint32Array }[] = [];
  if (decided.length > 0) {
    const inner = fates.flatMap((fate) => (fate.kind === 'decided' ? [fate.value] : []));
    const value = (y: number) => (target.through === undefined ? y : target.through.values[y - target.through.lo]!);
    parts.push({ vec: constants(Float64Array.from(inner, (v) => value(v + attrs.lo))), at: decided });
  }
  if (same.length > 0) parts.push({ vec: select(c.vec(source), same), at: same });
  if (rows.length > 0) {
    const fn =
      target.through === undefined
        ? clampFunction(attrs.bits, attrs.ends, name)
        : functionBehind(c, target.node.name, target.through, { ...attrs, top });
    const gadget: Gadget = {
      c,
      node,
      attrs,
      rows,
      x: operandOf(c, source, rows),
      ...paidRanges(node, fact, rows),
      fn,
      isThrough: target.through !== undefined,
      name: target.node.name,
    };
    const pool = c.node(source);
    const ways = pool.op === 'maxWindows' && isLeft(c, source) ? pooledWays(gadget, pool) : waysOf(gadget);
    parts.push({ vec: c.choose(rows.length, ways).lay(), at: rows });
  }
  c.define(target.node.name, all, select(place(live.length, parts), all));
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
