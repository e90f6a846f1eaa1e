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
import type { IrAttrs, IrNode } from '../../ir/graph.js';
import { bitLength } from '../../ir/op.js';
import { rounded } from '../../ir/ops/requantise.js';
import type { Lowering, Pending } from '../lowering.js';
import type { RangeNeed, TableNeed, Way } from '../plan.js';
import { END_RULES, SIDE, valuesOver, type TableFunction } from '../table-functions.js';
import { combine, uniform, type Range, type Vec } from '../vec.js';
import type { Run } from '../writer.js';

/** What x is: a vector, or what is pending and becomes an equation when it is asked for. */
export interface Operand {
  readonly isPending: boolean;
  /** `reach`: v as the lookups of the gadget enforce it. */
  source(reach: () => Range): Vec | Pending;
  values(run: Run): Float64Array;
}

/** The gadget over the elements that are paid for. */
export interface Gadget {
  readonly c: Lowering;
  /** For messages, and the layer of what is written. */
  readonly node: Pick<IrNode, 'name' | 'origin'>;
  readonly attrs: IrAttrs['requantise'];
  /** The numbers of the elements of x. */
  readonly rows: Uint32Array;
  readonly x: Operand;
  /** v for every x within bounds, and for those that have a witness. */
  readonly proven: Range;
  readonly paid: Range;
  /** From v, counted from the range's lower end, to the result: y − lo, or the value of a function behind. */
  readonly fn: TableFunction;
  readonly isThrough: boolean;
  /** Names the cells of the result. */
  readonly name: string;
  /** An integer that v is multiplied by elsewhere. Default 1; this gadget's own 2^shift apart. */
  readonly factor?: number;
}

export interface Laid extends Way {
  /** Writes it, and gives the result. */
  lay(): Vec;
}

export function waysOf(g: Gadget): Laid[] {
  const { c, paid: need } = g;
  const isInside = need.lo >= 0 && need.hi <= topOf(g);
  const ways: Laid[] = [];
  const direct: TableNeed = { fn: g.fn, ...need };
  if (isInside && !g.isThrough) return [inside(g)];
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

const topOf = ({ attrs: { bits } }: Gadget): number => 2 ** bits - 1;

/** Whether v is x itself less `lo`, and needs no cell. */
const isGiven = ({ x, attrs: { shift } }: Gadget): boolean => shift === 0 && !x.isPending;

/** Cells of v and of what remains of x. */
const tiedCells = (g: Gadget): number => Number(!isGiven(g)) + Number(g.x.isPending && g.attrs.shift > 0);

/** x, and v where it is given. */
function ask(g: Gadget, reach: () => Range): { readonly x: Vec | Pending; readonly given: Vec | undefined } {
  const x = g.x.source(reach);
  g.c.writer.at(g.node.name);
  return { x, given: isGiven(g) ? combine([[1, x as Vec]], -g.attrs.lo) : undefined };
}

/** v of a run; RANGE_EXCEEDED where it is beyond a refused end. */
function honest({ node, attrs, x, rows, paid: need }: Gadget): (run: Run) => Float64Array {
  const { shift, lo } = attrs;
  return (run) =>
    x.values(run).map((value, i) => {
      const v = rounded(value, shift) - lo;
      if (v < need.lo || v > need.hi) throw refused(node, rows[i]!, v + lo, { lo: need.lo + lo, hi: need.hi + lo });
      return v;
    });
}

function refused(
  { name, origin }: Pick<IrNode, 'name' | 'origin'>,
  element: number,
  z: number,
  allowed: Range,
): ZkonnxError {
  return new ZkonnxError('RANGE_EXCEEDED', 'a value leaves the range its constraint allows', {
    expected: `[${allowed.lo}, ${allowed.hi}]`,
    got: `${z}`,
    where: `${name} (${origin}), element ${element}`,
    help: 'the input drives the model beyond what it was calibrated for; compile with --overflow saturate, or with samples that cover such inputs',
  });
}

/** What remains of x: a range of its own where s > 0. */
export function remainderNeed({ shift }: Pick<IrAttrs['requantise'], 'shift'>): RangeNeed[] {
  return shift === 0 ? [] : [{ bits: shift, upTo: shift }];
}

/** x = 2^s·(v + lo) + rem − 2^(s−1). */
export function tie({ c, node, rows, attrs, x: { values } }: Omit<Gadget, 'fn'>, x: Vec | Pending, v: Vec): void {
  const { shift, lo } = attrs;
  const scaled = combine([[2 ** shift, v]], lo * 2 ** shift);
  if (shift === 0) {
    if (isVec(x)) c.writer.equal(x, scaled);
    else x.emit(rows, scaled);
    return;
  }
  const half = 2 ** (shift - 1);
  const [need] = remainderNeed(attrs);
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
  const rem = c.writer.cell('remainder', rows.length, { lo: 0, hi: 2 ** shift - 1 }, (run) =>
    values(run).map((value) => value + half - rounded(value, shift) * 2 ** shift),
  );
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
  const { c, rows, attrs, x, fn, isThrough } = g;
  const by = isThrough ? 0 : attrs.lo;
  const cells = c.writer.cell(g.name, rows.length, { lo: bounds.lo + by, hi: bounds.hi + by }, (run) =>
    x.values(run).map((value) => fn.at(rounded(value, attrs.shift) - attrs.lo) + by),
  );
  return { cells, looked: combine([[1, cells]], -by) };
}

/** What v may be multiplied by before it is compared with something. */
const factorOf = ({ factor = 1, attrs: { shift } }: Gadget): number => factor * 2 ** shift;

function inside(g: Gadget): Laid {
  const { c, rows, proven, paid: need } = g;
  const { bits, lo } = g.attrs;
  const refuses = proven.lo < need.lo || proven.hi > need.hi;
  const range = refuses ? { bits, upTo: bits } : c.cover(bitLength(need.hi), factorOf(g));
  const reach = () => ({ lo: 0, hi: c.topOf(range) });
  return {
    units: tiedCells(g),
    ranges: [...remainderNeed(g.attrs), range],
    tables: [],
    lay() {
      const { x, given } = ask(g, reach);
      if (given !== undefined) {
        checkHonest(g);
        c.range(given, range, 'range');
        return combine([[1, within01(given, topOf(g))]], lo);
      }
      const values = honest(g);
      const y = c.writer.cell('requantised', rows.length, { lo, hi: lo + c.topOf(range) }, (run) =>
        values(run).map((v) => v + lo),
      );
      const v = combine([[1, y]], -lo);
      c.range(v, range, 'range');
      tie(g, x, v);
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
  const reach = () => c.writer.planner.domain(need);
  return {
    units: 1 + tiedCells(g),
    ranges: remainderNeed(g.attrs),
    tables: [need],
    lay() {
      const { x, given } = ask(g, reach);
      const domain = c.writer.planner.domain(need);
      const v = given ?? c.writer.cell('rounded', rows.length, domain, honest(g));
      const { cells, looked } = result(g, valuesOver(g.fn, domain.lo, domain.hi));
      c.writer.lookup(need, v, looked);
      if (given === undefined) tie(g, x, v);
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
  const { c, rows, paid: need } = g;
  const { bits } = g.attrs;
  const [by, top] = [2 ** bits, topOf(g)];
  const sides = { fn: SIDE, lo: Math.floor(need.lo / by), hi: Math.floor(need.hi / by) };
  const folded = { fn: g.fn, lo: need.lo < 0 ? -by : 0, hi: need.hi > top ? 2 * by - 1 : top };
  if (!c.isTable(sides) || !c.isTable(folded)) return undefined;
  const exact = { bits, upTo: bits };
  const reach = () => {
    const domain = c.writer.planner.domain(sides);
    return { lo: by * domain.lo, hi: by * domain.hi + by - 1 };
  };
  return {
    // zh, zc and y; zl is a cell where v is none.
    units: 3 + tiedCells(g),
    ranges: [...remainderNeed(g.attrs), exact],
    tables: [sides, folded],
    lay() {
      const { x, given } = ask(g, reach);
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
      if (given === undefined) tie(g, x, v);
      return y;
    },
  };
}

function byProducts(g: Gadget): Laid {
  const { c, rows, paid: need, isThrough } = g;
  const { bits, ends } = g.attrs;
  const top = topOf(g);
  const [hasAbove, hasBelow] = [need.hi > top, need.lo < 0];
  const isExact = isThrough || hasAbove || !END_RULES[ends.hi].hasRows;
  const beyond = Math.max(hasAbove ? need.hi - top : 0, hasBelow ? -need.lo : 0);
  // A function's table has rows of the range alone here, which is range enough.
  const exact = isExact && !isThrough ? [{ bits, upTo: bits }] : [];
  const cover = c.cover(bitLength(isExact ? beyond : Math.max(need.hi, beyond)), factorOf(g));
  const behind: TableNeed = { fn: { ...g.fn, key: `${g.fn.key}, within` }, lo: 0, hi: top };
  const sides = Number(hasAbove) + Number(hasBelow);
  const reach = () => {
    const most = c.topOf(cover);
    return { lo: hasBelow ? -most : 0, hi: (isExact ? top : most) + (hasAbove ? most : 0) };
  };
  return {
    // Of y' and those beside it a cell and a product each; v is none.
    units: 2 * sides + Number(isThrough) + Number(g.x.isPending && g.attrs.shift > 0) + 1,
    ranges: [...remainderNeed(g.attrs), ...exact, cover],
    tables: isThrough ? [behind] : [],
    lay() {
      const { x, given } = ask(g, reach);
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
      for (const need of exact) c.range(y, need, 'clamped');
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
      if (given === undefined) tie(g, x, v);
      else c.writer.equal(given, v);
      if (!isThrough) return cells;
      const domain = c.writer.planner.domain(behind);
      const { cells: out, looked } = result(g, valuesOver(g.fn, domain.lo, domain.hi));
      c.writer.lookup(behind, y, looked);
      return out;
    },
  };
}
