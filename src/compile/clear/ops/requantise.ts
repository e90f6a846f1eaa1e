/**
 * z = floor((x + 2^(s−1)) / 2^s), y = clamp(z, lo, lo + 2^b − 1); with v = z − lo, x = 2^s·(v + lo) + rem − 2^(s−1) and rem ∈ [0, 2^s) exactly.
 * A pending x is never committed: that equation is what its map is equal to. Of a committed x, rem is a form and no cell.
 *
 * y from v, whichever is cheapest:
 *   inside    where no v is beyond the range, or those that are have no witness: y is z, in a range (exact where it refuses)
 *   table     (v, y) in a clamp table; a function behind takes its place, and y is no cell
 *   two cells v = 2^b·zh + zl, zl ∈ [0, 2^b) exactly, (zh, zc) with zc = clamp(zh, −1, 1) in a table, (2^b·zc + zl, y) in a clamp table of 3·2^b rows:
 *             2^b·zc + zl is below 0, within the range or above it just where v is, and v itself within
 *   products  v = y' + p − n, p·(top − y') = 0, n·y' = 0, p + n ≥ 0, y' ∈ [0, top] exactly: where p ≠ 0 y' is top, so n = 0 and p > 0; where n ≠ 0 y' is 0, so
 *             p = 0 and n > 0. Without p (nothing above) y' + n ≥ 0 says as much of y' and n. What exceeds a counted end counts by itself.
 */
import { ZkonnxError } from '../../../base/errors.js';
import type { Ends } from '../../ir/graph.js';
import { at, bitLength } from '../../ir/op.js';
import { rounded } from '../../ir/ops/requantise.js';
import type { IrAttrs, IrNode } from '../../ir/graph.js';
import type { Lowering, Pending } from '../lowering.js';
import { indices } from '../lowering.js';
import type { ClearOp, NodeOf } from '../op.js';
import type { RangeNeed, TableNeed, Way } from '../plan.js';
import { clampFunction, END_RULES, SIDE, valuesFunction, valuesOver, type TableFunction } from '../table-functions.js';
import { combine, constants, place, select, uniform, type Range, type Vec } from '../vec.js';
import type { Run } from '../writer.js';

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

type Fate = 'low' | 'top' | 'inner' | 'same' | 'paid';

/** The gadget over the elements that are paid for. */
interface Gadget {
  readonly c: Lowering;
  readonly node: NodeOf<'requantise'>;
  readonly target: Target;
  readonly rows: Uint32Array;
  /** What x is, or what is pending of it. */
  readonly x: Vec | Pending;
  readonly top: number;
  /** v for every x within bounds, and for those that have a witness. */
  readonly proven: Range;
  readonly paid: Range;
  /** From v, counted from the range's lower end, to the result: y − lo, or the function's value. */
  readonly fn: TableFunction;
}

export function requantiseInto(c: Lowering, node: NodeOf<'requantise'>, target: Target): void {
  const { shift, lo, bits, ends } = node.attrs;
  const name = at(node.inputs, 0);
  const [fact, live] = [c.facts.get(name)!, c.live.get(target.node.name)!];
  const top = 2 ** bits - 1;
  const v = (i: number): Range => ({ lo: rounded(fact.lo[i]!, shift) - lo, hi: rounded(fact.hi[i]!, shift) - lo });
  const fates = Array.from(live, (mark, i) => (mark === 1 ? fateOf(v(i), { shift, top, ends }) : undefined));
  if (c.isBox(target.node.name) || c.isBox(name)) payForAll(fates, (i) => isQuiet(v(i), { top, ends }));
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
  const all = indices(size, (i) => fates[i] !== undefined);
  c.define(target.node.name, all, select(place(size, parts), all));
}

/** The value of an element that bounds decide. */
function valueOf({ through }: Target, inner: number, fate: Fate, lo: number, top: number): number {
  const y = fate === 'low' ? lo : fate === 'top' ? lo + top : inner;
  return through === undefined ? y : through.values[y - through.lo]!;
}

/**
 * Cells for elements that bounds decide or nobody reads, where most have cells: then the tensor is a box, as maps along axes want it. Not where an element
 * that nobody reads might be refused or count.
 */
function payForAll(fates: (Fate | undefined)[], isAllowed: (i: number) => boolean): void {
  const paid = fates.filter((fate) => fate === 'paid').length;
  if (2 * paid < fates.length || !fates.every((fate, i) => fate !== undefined || isAllowed(i))) return;
  fates.fill('paid');
}

/** Whether a value is neither refused nor counts. */
function isQuiet(v: Range, { top, ends }: { readonly top: number; readonly ends: Ends }): boolean {
  return isFree(v.lo < 0, ends.lo) && isFree(v.hi > top, ends.hi);
}

function isFree(isBeyond: boolean, end: Ends['lo']): boolean {
  return !isBeyond || (END_RULES[end].hasRows && !END_RULES[end].counts);
}

function fateOf(v: Range, { shift, top, ends }: { shift: number; top: number; ends: Ends }): Fate {
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

type Laid = Way & { readonly lay: () => Vec };

function waysOf(g: Gadget): Laid[] {
  const { c, paid: need, top } = g;
  const isInside = need.lo >= 0 && need.hi <= top;
  const ways: Laid[] = [];
  const direct: TableNeed = { fn: g.fn, ...need };
  if (isInside && g.target.through === undefined) return [inside(g)];
  // A function's rows in its range have no other way.
  if (c.isTable(direct) || isInside) ways.push(byTable(g, direct));
  if (!isInside) {
    const split = byTwoCells(g);
    if (split !== undefined) ways.push(split);
    ways.push(byProducts(g));
  }
  return ways;
}

// ---- x and its floor ----

const isVec = (x: Vec | Pending): x is Vec => 'terms' in x;

/** v where it is x itself less `lo`, and needs no cell. */
function givenV({ x, node: { attrs } }: Gadget): Vec | undefined {
  return attrs.shift === 0 && isVec(x) ? combine([[1, x]], -attrs.lo) : undefined;
}

/** v of a run; RANGE_EXCEEDED where it is beyond a refused end. */
function honest({ node, rows, paid: need }: Gadget): (run: Run) => Float64Array {
  const { shift, lo } = node.attrs;
  return (run) => {
    const x = run.of(at(node.inputs, 0));
    return Float64Array.from(rows, (row) => {
      const v = rounded(x[row]!, shift) - lo;
      if (v < need.lo || v > need.hi) throw refused(node, row, v + lo, { lo: need.lo + lo, hi: need.hi + lo });
      return v;
    });
  };
}

function refused({ name, origin }: IrNode, element: number, z: number, allowed: Range): ZkonnxError {
  return new ZkonnxError('RANGE_EXCEEDED', 'a value leaves the range its constraint allows', {
    expected: `[${allowed.lo}, ${allowed.hi}]`,
    got: `${z}`,
    where: `${name} (${origin}), element ${element}`,
    help: 'the input drives the model beyond what it was calibrated for; compile with --overflow saturate, or with samples that cover such inputs',
  });
}

/** What remains of x: a range of its own where s > 0. */
function remainderNeed({ node }: Gadget): RangeNeed[] {
  const { shift } = node.attrs;
  return shift === 0 ? [] : [{ bits: shift, upTo: shift }];
}

/** x = 2^s·(v + lo) + rem − 2^(s−1). */
function tie(g: Gadget, v: Vec): void {
  const { c, node, rows, x } = g;
  const { shift, lo } = node.attrs;
  const scaled = combine([[2 ** shift, v]], lo * 2 ** shift);
  if (shift === 0) {
    if (isVec(x)) c.writer.equal(x, scaled);
    else x.emit(rows, scaled);
    return;
  }
  const half = 2 ** (shift - 1);
  const [need] = remainderNeed(g);
  if (isVec(x)) {
    const rest = combine(
      [
        [1, x],
        [-1, scaled],
      ],
      half,
    );
    c.range(rest, need!, 'remainder');
    return;
  }
  const rem = c.writer.cell('remainder', rows.length, { lo: 0, hi: 2 ** shift - 1 }, (run) => {
    const values = run.of(at(node.inputs, 0));
    return Float64Array.from(rows, (row) => values[row]! + half - rounded(values[row]!, shift) * 2 ** shift);
  });
  c.range(rem, need!, 'remainder');
  x.emit(
    rows,
    combine(
      [
        [1, scaled],
        [1, rem],
      ],
      -half,
    ),
  );
  c.writer.at(node.name);
}

// ---- results ----

/** The result's cells: y, or the function's value; `looked` is what tables give, which y exceeds by lo. */
function result(g: Gadget, bounds: Range): { readonly cells: Vec; readonly looked: Vec } {
  const { c, target, rows, node } = g;
  const by = target.through === undefined ? node.attrs.lo : 0;
  const { name } = target.node;
  const cells = c.writer.cell(name, rows.length, { lo: bounds.lo + by, hi: bounds.hi + by }, (run) => {
    const values = run.of(name);
    return Float64Array.from(rows, (row) => values[row]!);
  });
  return { cells, looked: combine([[1, cells]], -by) };
}

function inside(g: Gadget): Laid {
  const { c, node, rows, proven, paid: need, top } = g;
  const { bits, shift, lo } = node.attrs;
  const refuses = proven.lo < need.lo || proven.hi > need.hi;
  const range = refuses ? { bits, upTo: bits } : c.cover(bitLength(need.hi), 2 ** shift);
  const given = givenV(g);
  return {
    units: given === undefined ? 1 : 0,
    ranges: [...remainderNeed(g), range],
    tables: [],
    lay() {
      if (given !== undefined) {
        checkHonest(g);
        c.range(given, range, 'range');
        return combine([[1, within01(given, top)]], lo);
      }
      const values = honest(g);
      const y = c.writer.cell('requantised', rows.length, { lo, hi: lo + c.topOf(range) }, (run) =>
        values(run).map((v) => v + lo),
      );
      const v = combine([[1, y]], -lo);
      c.range(v, range, 'range');
      tie(g, v);
      return y;
    },
  };
}

/** Bounds that a range has just enforced. */
function within01(vec: Vec, top: number): Vec {
  return { ...vec, lo: vec.lo.map((v) => Math.max(v, 0)), hi: vec.hi.map((v) => Math.min(v, top)) };
}

function byTable(g: Gadget, need: TableNeed): Laid {
  const { c, rows } = g;
  const given = givenV(g);
  return {
    units: given === undefined ? 2 : 1,
    ranges: remainderNeed(g),
    tables: [need],
    lay() {
      const domain = c.writer.planner.domain(need);
      const v = given ?? c.writer.cell('rounded', rows.length, domain, honest(g));
      const { cells, looked } = result(g, valuesOver(g.fn, domain.lo, domain.hi));
      c.writer.lookup(need, v, looked);
      if (given === undefined) tie(g, v);
      else checkHonest(g);
      return cells;
    },
  };
}

/** A refused value is refused when cells are computed, though no cell is its own. */
function checkHonest(g: Gadget): void {
  g.c.checks.push(honest(g));
}

function byTwoCells(g: Gadget): Laid | undefined {
  const { c, rows, paid: need, top } = g;
  const { bits } = g.node.attrs;
  const by = 2 ** bits;
  const sides = { fn: SIDE, lo: Math.floor(need.lo / by), hi: Math.floor(need.hi / by) };
  const folded = { fn: g.fn, lo: need.lo < 0 ? -by : 0, hi: need.hi > top ? 2 * by - 1 : top };
  if (!c.isTable(sides) || !c.isTable(folded)) return undefined;
  const exact = { bits, upTo: bits };
  const given = givenV(g);
  return {
    units: given === undefined ? 4 : 3,
    ranges: [...remainderNeed(g), exact],
    tables: [sides, folded],
    lay() {
      const values = honest(g);
      const high = (run: Run) => values(run).map((v) => Math.floor(v / by));
      const zh = c.writer.cell('high part', rows.length, c.writer.planner.domain(sides), high);
      const zc = c.writer.cell('side', rows.length, { lo: -1, hi: 1 }, (run) => high(run).map(SIDE.at));
      c.writer.lookup(sides, zh, zc);
      const cells = () => {
        const zl = c.writer.cell('low part', rows.length, { lo: 0, hi: by - 1 }, (run) =>
          values(run).map((v) => v - by * Math.floor(v / by)),
        );
        const v = combine([
          [by, zh],
          [1, zl],
        ]);
        return { zl, v };
      };
      const lowOf = (v: Vec) => ({
        zl: combine([
          [1, v],
          [-by, zh],
        ]),
        v,
      });
      const { zl, v } = given === undefined ? cells() : lowOf(given);
      c.range(zl, exact, 'low part');
      const low = { ...zl, lo: uniform(rows.length, 0).lo, hi: uniform(rows.length, by - 1).hi };
      const inner = combine([
        [by, zc],
        [1, low],
      ]);
      const domain = c.writer.planner.domain(folded);
      const { cells: y, looked } = result(g, valuesOver(g.fn, domain.lo, domain.hi));
      c.writer.lookup(folded, inner, looked);
      if (given === undefined) tie(g, v);
      return y;
    },
  };
}

function byProducts(g: Gadget): Laid {
  const { c, node, rows, paid: need, top, target } = g;
  const { bits, shift, ends } = node.attrs;
  const [hasAbove, hasBelow] = [need.hi > top, need.lo < 0];
  const isExact = hasAbove || !END_RULES[ends.hi].hasRows;
  const beyond = Math.max(hasAbove ? need.hi - top : 0, hasBelow ? -need.lo : 0);
  const exact = isExact ? [{ bits, upTo: bits }] : [];
  const cover = c.cover(bitLength(isExact ? beyond : Math.max(need.hi, beyond)), 2 ** shift);
  const given = givenV(g);
  const isThrough = target.through !== undefined;
  const behind: TableNeed = { fn: g.fn, lo: 0, hi: top };
  const sides = Number(hasAbove) + Number(hasBelow);
  return {
    units: 1 + 2 * sides + Number(isThrough),
    ranges: [...remainderNeed(g), ...exact, cover],
    tables: isThrough ? [behind] : [],
    lay() {
      const values = honest(g);
      const most = c.topOf(cover);
      const part = (name: string, hi: number, of: (v: number) => number) =>
        c.writer.cell(name, rows.length, { lo: 0, hi }, (run) => values(run).map(of));
      const own = isThrough
        ? part('clamped', isExact ? top : most, (v) => Math.min(Math.max(v, 0), top))
        : result(g, { lo: 0, hi: isExact ? top : most });
      const [cells, y] = 'cells' in own ? [own.cells, own.looked] : [own, own];
      const p = hasAbove ? part('above', most, (v) => Math.max(v - top, 0)) : undefined;
      const n = hasBelow ? part('below', most, (v) => Math.max(-v, 0)) : undefined;
      if (isExact) c.range(y, exact[0]!, 'clamped');
      if (p !== undefined) c.writer.oneIsZero(p, combine([[-1, y]], top));
      if (n !== undefined) c.writer.oneIsZero(n, y);
      const sum = [isExact ? undefined : y, p, n].filter((vec) => vec !== undefined).map((vec) => [1, vec] as const);
      c.range(combine(sum), cover, 'beyond');
      for (const [end, vec] of [
        [ends.hi, p],
        [ends.lo, n],
      ] as const) {
        if (vec !== undefined && END_RULES[end].counts) c.writer.counted.push({ kind: 'cells', vec });
      }
      const v = combine([
        [1, y],
        ...(p === undefined ? [] : [[1, p] as const]),
        ...(n === undefined ? [] : [[-1, n] as const]),
      ]);
      if (given === undefined) tie(g, v);
      else c.writer.equal(given, v);
      if (!isThrough) return cells;
      const domain = c.writer.planner.domain(behind);
      const { cells: out, looked } = result(g, valuesOver(g.fn, domain.lo, domain.hi));
      c.writer.lookup(behind, y, looked);
      return out;
    },
  };
}
