/**
 * Which tables there are, and how gadgets use them. A relation is lowered twice: a survey counts what gadgets ask for, `choosePlan` weighs range
 * tables and the ways of each gadget by closed formulas, and the relation is written by the cheapest plan. Costs are units of about 0.1 µs of a
 * prover: a committed cell, a lookup and a product are one each, a row of a table two (a leaf and its multiplicity).
 */
import { invariant } from '../../base/errors.js';
import type { TableFunction } from './table-functions.js';
import type { Range } from './vec.js';

/** A value in [0, 2^w) for some w from `bits` to `upTo`; exact where they are equal. */
export interface RangeNeed {
  readonly bits: number;
  readonly upTo: number;
}

/** A lookup of a value that lies in [lo, hi] wherever there is a witness. */
export interface TableNeed extends Range {
  readonly fn: TableFunction;
}

/** What a gadget asks for, per element. */
export interface Asked {
  /** Cells and products beside those of its ranges and lookups. */
  readonly units: number;
  readonly ranges: readonly RangeNeed[];
  readonly tables: readonly TableNeed[];
}

/** One way to do what a gadget is asked for, per element. */
export interface Way extends Asked {
  /** And what it asks for elsewhere, in numbers that go with the elements: of each element of a window, say. */
  readonly beside?: readonly Share[];
}

export interface Share extends Asked {
  /** For each element of the way's: need not be whole. */
  readonly times: number;
}

export interface Planner {
  /** The bounds of a table's inputs, which may be wider than what one gadget needs. */
  domain(need: TableNeed): Range;
  /** Widths of limbs, lowest first, whose sum is from `bits` to `upTo`. */
  limbs(need: RangeNeed): readonly number[];
  /** The number of the way that `count` elements go. */
  choose(count: number, ways: readonly Way[]): number;
}

interface Item {
  count: number;
  readonly ways: readonly Way[];
}

/** Units of a row of a table. */
const ROW = 2;

const askedKey = ({ units, ranges, tables }: Asked): string => {
  const asked = ranges.map(({ bits, upTo }) => `${bits}–${upTo}`);
  return [units, ...asked, ...tables.map(({ fn, lo, hi }) => `${fn.key} [${lo}, ${hi}]`)].join('; ');
};

const wayKey = (ways: readonly Way[]): string =>
  ways
    .map((way) => partsOf(way).map(({ times, ...asked }) => `${times} × ${askedKey(asked)}`))
    .map((parts) => parts.join(' + '))
    .join(' | ');

/** A way's own needs, once an element, and those beside. */
function partsOf({ beside = [], ...own }: Way): readonly Share[] {
  return [{ ...own, times: 1 }, ...beside];
}

const rangesOf = (way: Way): readonly RangeNeed[] => partsOf(way).flatMap(({ ranges }) => ranges);
const tablesOf = (way: Way): readonly TableNeed[] => partsOf(way).flatMap(({ tables }) => tables);

/** Counts what is asked for, and answers anything. */
export class Survey implements Planner {
  readonly items = new Map<string, Item>();

  domain({ lo, hi }: TableNeed): Range {
    return { lo, hi };
  }

  limbs({ bits }: RangeNeed): readonly number[] {
    return [bits];
  }

  choose(count: number, ways: readonly Way[]): number {
    invariant(ways.length > 0, 'a gadget has no way');
    const key = wayKey(ways);
    const item = this.items.get(key);
    if (item === undefined) this.items.set(key, { count, ways });
    else item.count += count;
    return 0;
  }
}

/** Widths of range tables, and for each number of bits the fewest limbs of these widths. */
class Widths {
  /** Fewest limbs that are s bits together, and the largest of them. */
  private readonly best: { readonly limbs: number; readonly last: number }[] = [{ limbs: 0, last: 0 }];

  constructor(widths: readonly number[]) {
    for (let sum = 1; sum <= 64; sum++) {
      let [limbs, last] = [Infinity, 0];
      for (const width of widths) {
        const before = width <= sum ? this.best[sum - width]!.limbs + 1 : Infinity;
        if (before < limbs) [limbs, last] = [before, width];
      }
      this.best.push({ limbs, last });
    }
  }

  /** Undefined where there are none. */
  limbs({ bits, upTo }: RangeNeed): number[] | undefined {
    let sum = bits;
    for (let s = bits; s <= Math.min(upTo, 64); s++) if (this.best[s]!.limbs < this.best[sum]!.limbs) sum = s;
    if (this.best[sum]!.limbs === Infinity) return undefined;
    const widths: number[] = [];
    for (; sum > 0; sum -= widths.at(-1)!) widths.push(this.best[sum]!.last);
    return widths;
  }

  /** Of a form: a lookup a limb, and a cell for all of them but the lowest. */
  cost(need: RangeNeed): number {
    let limbs = Infinity;
    for (let s = need.bits; s <= Math.min(need.upTo, 64); s++) limbs = Math.min(limbs, this.best[s]!.limbs);
    return limbs === 0 ? 0 : 2 * limbs - 1;
  }
}

function costOfWay(way: Way, widths: Widths): number {
  return partsOf(way).reduce((sum, part) => sum + part.times * costOfAsked(part, widths), 0);
}

function costOfAsked({ units, ranges, tables }: Asked, widths: Widths): number {
  return units + tables.length + ranges.reduce((sum, need) => sum + widths.cost(need), 0);
}

/** Tables' hulls of what the chosen ways look up. */
function domains(items: readonly Item[], chosen: readonly number[]): Map<string, Range> {
  const hulls = new Map<string, Range>();
  items.forEach(({ ways }, i) => {
    for (const { fn, lo, hi } of tablesOf(ways[chosen[i]!]!)) {
      const known = hulls.get(fn.key);
      hulls.set(fn.key, known === undefined ? { lo, hi } : { lo: Math.min(lo, known.lo), hi: Math.max(hi, known.hi) });
    }
  });
  return hulls;
}

/** What one choice costs in all, range tables apart. */
function waysCost(items: readonly Item[], chosen: readonly number[], costs: readonly (readonly number[])[]): number {
  let cost = 0;
  items.forEach(({ count }, i) => (cost += count * costs[i]![chosen[i]!]!));
  for (const { lo, hi } of domains(items, chosen).values()) cost += ROW * (hi - lo + 1);
  return cost;
}

/** Changes choices, one item or all items of one table at a time, while that is cheaper. */
function chooseWays(items: readonly Item[], widths: Widths): number[] {
  const costs = items.map(({ ways }) => ways.map((way) => costOfWay(way, widths)));
  const cheapest = (list: readonly number[], allowed: (way: number) => boolean): number =>
    list.reduce((best, cost, way) => (allowed(way) && (best < 0 || cost < list[best]!) ? way : best), -1);
  let chosen = costs.map((list) => cheapest(list, () => true));
  let cost = waysCost(items, chosen, costs);
  const keys = [...new Set(items.flatMap(({ ways }) => ways.flatMap((way) => tablesOf(way).map(({ fn }) => fn.key))))];
  const moves = (): number[][] => [
    ...items.flatMap(({ ways }, i) => ways.map((_, way) => chosen.with(i, way))),
    // Without a table: whoever can do without it does.
    ...keys.map((key) =>
      chosen.map((way, i) => {
        const uses = (one: number) => tablesOf(items[i]!.ways[one]!).some(({ fn }) => fn.key === key);
        return uses(way)
          ? Math.max(
              cheapest(costs[i]!, (one) => !uses(one)),
              -1,
            )
          : way;
      }),
    ),
  ];
  for (let improved = true; improved;) {
    improved = false;
    for (const move of moves()) {
      if (move.includes(-1)) continue;
      const other = waysCost(items, move, costs);
      if (other >= cost) continue;
      [chosen, cost, improved] = [move, other, true];
      break;
    }
  }
  return chosen;
}

/** Range tables of the limbs that are in use, and all that depends on them. */
function widthsCost(items: readonly Item[], chosen: readonly number[], list: readonly number[]): number {
  const widths = new Widths(list);
  const used = new Set<number>();
  let cost = 0;
  items.forEach(({ count, ways }, i) => {
    const way = ways[chosen[i]!]!;
    cost += count * costOfWay(way, widths);
    for (const need of rangesOf(way)) for (const width of widths.limbs(need) ?? []) used.add(width);
  });
  for (const width of used) cost += ROW * 2 ** width;
  return cost;
}

function chooseWidths(items: readonly Item[], chosen: readonly number[], start: readonly number[], most: number) {
  let list = [...start];
  let cost = widthsCost(items, chosen, list);
  const all = Array.from({ length: most }, (_, i) => i + 1);
  const moves = (): number[][] => {
    const less = list.map((_, i) => list.toSpliced(i, 1));
    const others = all.filter((width) => !list.includes(width));
    return [...less, ...[list, ...less].flatMap((base) => others.map((width) => [...base, width]))];
  };
  for (let improved = true; improved;) {
    improved = false;
    for (const move of moves()) {
      const other = widthsCost(items, chosen, move);
      if (other >= cost) continue;
      [list, cost, improved] = [move, other, true];
      break;
    }
  }
  return { list, cost };
}

/** Rounds of choosing ways by widths and widths by ways. */
const ROUNDS = 3;

/** Choices that are not left to the costs: tests go every way and cut limbs at every place. */
export interface ForcedPlan {
  /** The number of the way to go. */
  readonly way?: (ways: readonly Way[]) => number;
  /** Widths of range tables; 1 among them. */
  readonly widths?: readonly number[];
}

/** The plan of the least cost that is found, of tables with at most 2^tableBits rows each (functions without another way may have more). */
export function choosePlan({ items: asked }: Survey, tableBits: number, forced: ForcedPlan = {}): Planner {
  const items = [...asked.values()];
  const { way, widths } = forced;
  const starts = [Array.from({ length: tableBits }, (_, i) => i + 1), [1, Math.ceil(tableBits / 2)], [1, tableBits]];
  let best: { list: readonly number[]; chosen: readonly number[]; cost: number } | undefined;
  for (const start of starts) {
    let list: readonly number[] = start;
    for (let round = 0; round < ROUNDS; round++) {
      const chosen =
        way === undefined ? chooseWays(items, new Widths(list)) : items.map(({ ways: choices }) => way(choices));
      list = widths ?? chooseWidths(items, chosen, list, tableBits).list;
      const rows = [...domains(items, chosen).values()].reduce((sum, { lo, hi }) => sum + hi - lo + 1, 0);
      const cost = widthsCost(items, chosen, list) + ROW * rows;
      if (best === undefined || cost < best.cost) best = { list, chosen, cost };
    }
  }
  return planOf(asked, best!.list, best!.chosen);
}

function planOf(asked: ReadonlyMap<string, Item>, list: readonly number[], chosen: readonly number[]): Planner {
  const items = [...asked.values()];
  const wayOf = new Map([...asked.keys()].map((key, i) => [key, chosen[i]!]));
  const hulls = domains(items, chosen);
  const widths = new Widths(list);
  return {
    domain({ fn, lo, hi }) {
      const hull = hulls.get(fn.key);
      invariant(hull !== undefined && hull.lo <= lo && hull.hi >= hi, 'a lookup that the survey has not seen', {
        table: fn.name,
        lo,
        hi,
      });
      return hull;
    },
    limbs(need) {
      const limbs = widths.limbs(need);
      invariant(limbs !== undefined, 'limbs that the survey has not seen', { ...need });
      return limbs;
    },
    choose(_count, ways) {
      const way = wayOf.get(wayKey(ways));
      invariant(way !== undefined, 'a gadget that the survey has not seen', { ways: wayKey(ways).slice(0, 200) });
      return way;
    },
  };
}
