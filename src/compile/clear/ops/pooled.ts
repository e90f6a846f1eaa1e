/**
 * y = requantise(max of a window), where rounding and maximum may change places: floors and clamps are monotone. With v_j = floor((x_j + 2^(s−1)) / 2^s) − lo,
 * whichever is cheapest:
 *   before   maxima of the x_j, then one requantisation a window
 *   floors   x_j = 2^s·(v_j + lo) + rem_j − 2^(s−1) of every element, maxima of the v_j by a table, y from the largest. No v_j has a range of its own: a pair
 *            (a − b, m − b) in the table of max(x, 0) over [−R, R] says that a and b lie in [m − R, m], so that they are bounded level by level from the largest,
 *            which its own lookup bounds. This is what the equation of x_j is held to (`elementReach`)
 *   clamped  every element requantised, then maxima of the results
 * The statement's bit and what is refused are those of the window's largest, whichever way: above the range the largest is just where some element is. Below
 * it the largest is where all are. So where an end below counts or refuses and the largest may lie beyond, clamped elements go on for 2^bits below, and the
 * largest of them is clamped by itself.
 */
import type { IrAttrs } from '../../ir/graph.js';
import { at } from '../../ir/op.js';
import { rounded } from '../../ir/ops/requantise.js';
import { indices, pick } from '../lowering.js';
import { maxByTable, maxWays, type MaxWay } from '../maxima.js';
import type { NodeOf } from '../op.js';
import type { Share } from '../plan.js';
import { clampFunction, POSITIVE } from '../table-functions.js';
import { play, tournamentOf, type Tournament } from '../tournament.js';
import { combine, constants, place, select, type Range, type Vec } from '../vec.js';
import type { Run } from '../writer.js';
import { windowsOf } from './max-windows.js';
import { fatesOf, operandOf, paidRanges } from './requantise-fates.js';
import { remainderNeed, tie, waysOf, type Gadget, type Laid, type Operand } from './requantise-ways.js';

/** The gadget as it stands behind the pool, and the pool's elements. */
interface Pooled {
  readonly gadget: Gadget;
  /** The tensor that windows are taken of. */
  readonly source: string;
  readonly windows: readonly Uint32Array[];
}

/** `gadget` is of the pool's elements: its x is not asked for. */
export function pooledWays(gadget: Gadget, { inputs, attrs }: NodeOf<'maxWindows'>): Laid[] {
  const pooled = { gadget, source: at(inputs, 0), windows: windowsOf(attrs, gadget.rows) };
  return [...before(pooled), ...ofFloors(pooled), ...clamped(pooled)];
}

// ---- what all ways share ----

/** A way to take the maxima of each level: undefined where none is. */
type Levels = readonly MaxWay[];

function sharesOf({ levels }: Tournament, ways: Levels, windows: number): Share[] {
  return levels.map(({ pairs }, i) => ({ ...ways[i]!, times: pairs.length / windows }));
}

function largest(tournament: Tournament, ways: Levels, elements: Vec): Vec {
  return play(tournament, elements, (a, b, level) => ways[level]!.lay(a, b, `maximum, level ${level + 1}`));
}

function byTables({ gadget: { c } }: Pooled, { levels }: Tournament): Levels | undefined {
  const ways = levels.map(({ pairs, difference }) => maxByTable(c, pairs.length === 0 ? { lo: 0, hi: 0 } : difference));
  return ways.every((way) => way !== undefined) ? ways : undefined;
}

/** A vector that is there already, or will be when it is asked for. */
function given(source: () => Vec, values: (run: Run) => Float64Array): Operand {
  return { isPending: false, source, values };
}

// ---- maxima, then one requantisation ----

function before(pooled: Pooled): Laid[] {
  const { gadget, source, windows } = pooled;
  const { c, rows, x } = gadget;
  const tournament = tournamentOf(c.facts.get(source)!, windows);
  const products = tournament.levels.map(({ difference }) => maxWays(c, difference)[0]!);
  const tables = byTables(pooled, tournament);
  const cells = c.pending(source) === undefined ? 0 : c.openRows(source).length;
  return [products, ...(tables === undefined ? [] : [tables])].flatMap((levels) => {
    const maxima = () => {
      const elements = select(c.vec(source), tournament.elements);
      c.writer.at(gadget.node.name);
      return largest(tournament, levels, elements);
    };
    const beside = [
      { times: cells / rows.length, units: 1, ranges: [], tables: [] },
      ...sharesOf(tournament, levels, rows.length),
    ];
    return waysOf({ ...gadget, x: given(maxima, x.values) }).map((way) => ({ ...way, beside }));
  });
}

// ---- floors, their maxima, then clamps ----

function ofFloors(pooled: Pooled): Laid[] {
  const { gadget, source, windows } = pooled;
  const { c, rows, attrs, x } = gadget;
  const fact = c.facts.get(source)!;
  const floor = (value: number) => rounded(value, attrs.shift) - attrs.lo;
  const floors = { lo: fact.lo.map(floor), hi: fact.hi.map(floor) };
  const tournament = tournamentOf(floors, windows);
  const levels = byTables(pooled, tournament);
  if (levels === undefined) return [];
  const { elements } = tournament;
  // A map along axes speaks of all its rows: those that no window reads, and whose floor bounds decide, have cells that nobody asks for.
  const open = c.isPendingBox(source) ? c.allRows(source) : elements.filter((j) => floors.lo[j]! < floors.hi[j]!);
  const operand = operandOf(c, source, open);
  const maxima = (reach: () => Range) => {
    const xs = operand.source(reach);
    c.writer.at(gadget.node.name);
    const cells = c.writer.cell('rounded', open.length, elementReach(pooled, tournament, reach()), (run) =>
      operand.values(run).map(floor),
    );
    tie({ ...gadget, rows: open, x: operand }, xs, cells);
    const all = withDecided(elements, { vec: cells, at: open }, floors.lo);
    return combine([[1, largest(tournament, levels, all)]], attrs.lo);
  };
  const finish = waysOf({
    ...gadget,
    attrs: { ...attrs, shift: 0 },
    factor: 2 ** attrs.shift,
    x: { isPending: false, source: maxima, values: (run) => x.values(run).map((value) => rounded(value, attrs.shift)) },
  });
  const own: Share = {
    times: open.length / rows.length,
    units: operand.isPending ? 2 : 1,
    ranges: remainderNeed(attrs),
    tables: [],
  };
  const beside = [own, ...sharesOf(tournament, levels, rows.length)];
  return finish.map((way) => ({ ...way, beside }));
}

/** What lookups say of the v of elements whose largest they hold to `reach`: each level may lie R below the next. */
function elementReach({ gadget: { c } }: Pooled, { levels }: Tournament, { lo, hi }: Range): Range {
  const below = levels.reduce((sum, { pairs, difference }) => {
    if (pairs.length === 0) return sum;
    const domain = c.writer.planner.domain({ fn: POSITIVE, ...difference });
    return sum + Math.max(-domain.lo, domain.hi);
  }, 0);
  return { lo: lo - below, hi };
}

/** The elements in their order: those that have cells, and what bounds decide. */
function withDecided(
  elements: Uint32Array,
  open: { readonly vec: Vec; readonly at: Uint32Array },
  value: Float64Array,
) {
  const position = new Map(Array.from(elements, (element, i) => [element, i]));
  const isOpen = new Set(open.at);
  const decided = elements.filter((element) => !isOpen.has(element));
  const within = indices(open.at.length, (k) => position.has(open.at[k]!));
  const parts = [
    { vec: select(open.vec, within), of: within.map((k) => open.at[k]!) },
    { vec: constants(pick(value, decided)), of: decided },
  ];
  return place(
    elements.length,
    parts.filter(({ of }) => of.length > 0).map(({ vec, of }) => ({ vec, at: of.map((j) => position.get(j)!) })),
  );
}

// ---- elements clamped, their maxima, then what is left to clamp ----

/** Ranges that are doubled stay exact integers. */
const MOST_DOUBLED = 40;

function clamped(pooled: Pooled): Laid[] {
  const { gadget, source, windows } = pooled;
  const { c, rows, attrs, x, proven, paid, isThrough, node } = gadget;
  const isWide = proven.lo < 0 && attrs.ends.lo !== 'own';
  if (attrs.bits > MOST_DOUBLED) return [];
  const below = isWide ? 2 ** attrs.bits : 0;
  const element: IrAttrs['requantise'] = {
    ...attrs,
    lo: attrs.lo - below,
    bits: attrs.bits + Number(isWide),
    ends: { lo: 'own', hi: attrs.ends.hi },
  };
  const top = 2 ** element.bits - 1;
  const clip = (value: number) => Math.min(Math.max(rounded(value, element.shift) - element.lo, 0), top);
  const fact = c.facts.get(source)!;
  const results = { lo: fact.lo.map(clip), hi: fact.hi.map(clip) };
  const tournament = tournamentOf(results, windows);
  const levels = byTables(pooled, tournament);
  if (levels === undefined) return [];
  const { elements } = tournament;
  const fates = fatesOf(fact, elements, element, false);
  const open = elements.filter((_, k) => fates[k]!.kind === 'paid');
  const each: Gadget = {
    c,
    node,
    attrs: element,
    rows: open,
    x: operandOf(c, source, open),
    ...paidRanges({ name: node.name, attrs: element }, fact, open),
    fn: clampFunction(element.bits, element.ends, node.name),
    isThrough: false,
    name: 'element',
  };
  return waysOf(each).map((way): Laid => {
    const maxima = () => {
      const ys = combine([[1, way.lay()]], -element.lo);
      c.writer.at(node.name);
      const all = withDecided(elements, { vec: ys, at: open }, results.lo);
      return combine([[1, largest(tournament, levels, all)]], element.lo);
    };
    const beside = [
      { times: open.length / rows.length, units: way.units, ranges: way.ranges, tables: way.tables },
      ...sharesOf(tournament, levels, rows.length),
    ];
    if (!isWide && !isThrough) return { units: 0, ranges: [], tables: [], beside, lay: maxima };
    const cut = ({ lo, hi }: Range) => ({ lo: Math.max(lo, -below), hi: Math.min(hi, top - below) });
    const [finish] = waysOf({
      ...gadget,
      attrs: { ...attrs, shift: 0 },
      proven: cut(proven),
      paid: cut(paid),
      x: given(maxima, (run) => x.values(run).map((value) => clip(value) + element.lo)),
    });
    return { ...finish!, beside };
  });
}
