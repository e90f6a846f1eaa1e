/**
 * Which lookup tables a circuit has, chosen by its number of rows: every lookup is one row, and so is every row of a table.
 *
 * A first pass over the circuit collects demands; their costs are closed formulas in the plan, so the search tries many plans without
 * building anything. `rowsOf` and the layouts of lookup-builder.ts must agree row for row: a test compares them.
 */
import type { Bounds, Ends, Quotient } from '../builder.js';
import { bitLength } from '../lc.js';

export interface TablePlan {
  /** b: the range table has 2^b rows, and limbs are b bits wide. 0: no lookups at all, everything by bits. */
  readonly bits: number;
  /** Rows of further range tables, powers of two below 2^b. */
  readonly spans: ReadonlySet<number>;
  /** Tables (t, clamp(t + lo, 0, top)), by top and ends (`clampKey`): the quotients v they cover. */
  readonly clamps: ReadonlyMap<string, Bounds>;
  /** Names of functions that have a table; the others go by bits. */
  readonly functions: ReadonlySet<string>;
  /** A first pass: functions are looked up, and their cost by bits is measured once a function instead of being built at every use. */
  readonly survey?: true;
}

/** What a clamp table is for. Where other ends count, or are refused, the table is another: its multiplicities count, and its rows end there. */
export function clampKey(top: number, { lo, hi }: Ends): string {
  return `${top} ${lo}/${hi}`;
}

/** What a gadget asks of the builder. */
export type Demand =
  /** x ∈ [0, rows) and nowhere else. */
  | { readonly kind: 'exact'; readonly rows: number }
  /** x ∈ [0, 2^bits), or in a larger range without wrap-around. `extra` rows come with it. */
  | { readonly kind: 'cover'; readonly bits: number; readonly extra: number }
  | { readonly kind: 'quotient'; readonly quotient: Quotient }
  | { readonly kind: 'sign'; readonly bits: number }
  /** A function without a table takes `byBits` rows and the ranges; of one that has a table they are not known. */
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly rows: number;
      readonly byBits: number;
      readonly ranges: readonly Demand[];
    };

/** Widest range table: beyond 2^16 rows a table costs more than any circuit of this size saves. */
const MAX_TABLE_BITS = 16;
const MIN_TABLE_BITS = 3;
/** Tables larger than this are not considered for clamps. */
const MAX_CLAMP_ROWS = 2 ** MAX_TABLE_BITS;

/** The plan of the first pass; any plan with tables, and no function's among them, gives the same demands. */
export const SURVEY_PLAN: TablePlan = {
  bits: 12,
  spans: new Set(),
  clamps: new Map(),
  functions: new Set(),
  survey: true,
};

/** No lookups. */
export const BITS_ONLY: TablePlan = { bits: 0, spans: new Set(), clamps: new Map(), functions: new Set() };

/** How a quotient is laid out. `clamped`: by the products p·(top − y) = 0, n·y = 0. */
export type QuotientForm = 'table' | 'plain' | 'relu' | 'above' | 'clamped';

/** Limbs of b bits that cover `bits` bits. */
export function limbCount({ bits: b }: TablePlan, bits: number): number {
  return Math.max(1, Math.ceil(bits / b));
}

/** Rows that prove x ∈ [0, rows). */
export function exactRows(plan: TablePlan, rows: number): number {
  if (rows === 1 || rows === 2 ** plan.bits || plan.spans.has(rows)) return 1;
  const k = bitLength(rows - 1);
  if (2 ** k !== rows) return 2 * limbCount(plan, k);
  const rest = k % plan.bits;
  const whole = (k - rest) / plan.bits;
  if (rest === 0) return whole;
  return whole + (plan.spans.has(2 ** rest) ? 1 : 2);
}

export interface QuotientCost {
  readonly form: QuotientForm;
  readonly rows: number;
  /** Proves y ≤ top: y + n, or y alone, is looked up exactly. */
  readonly exactWhole: boolean;
}

/** The cheapest layout of a quotient under a plan. */
export function quotientCost(plan: TablePlan, quotient: Quotient): QuotientCost {
  const { shift, bits } = quotient;
  const top = 2 ** bits - 1;
  // Without a shift there is no remainder: the clamp table is asked for u, and elsewhere a row says u = v.
  const remainder = shift === 0 ? 0 : exactRows(plan, 2 ** shift);
  const direct = directCost(plan, quotient);
  const rows = direct.rows + (shift === 0 ? 1 : remainder);
  const covered = plan.clamps.get(clampKey(top, quotient.ends));
  const { lo, hi } = quotient.paid;
  const hasTable = covered !== undefined && covered.lo <= lo && covered.hi >= hi;
  if (hasTable && 2 + remainder < rows) return { form: 'table', rows: 2 + remainder, exactWhole: false };
  return { ...direct, rows };
}

/** The layouts without a clamp table, remainder not counted. */
function directCost(plan: TablePlan, { bits, paid, proven }: Quotient): QuotientCost {
  const top = 2 ** bits - 1;
  const exact = exactRows(plan, top + 1);
  const cover = (reach: number): number => limbCount(plan, bitLength(reach));
  const bounded = proven.hi <= top;
  if (paid.hi <= top) {
    const reach = Math.max(paid.hi, -paid.lo);
    if (paid.lo >= 0) {
      return { form: 'plain', rows: bounded ? cover(reach) : exact, exactWhole: !bounded };
    }
    if (bounded) return { form: 'relu', rows: 1 + cover(reach), exactWhole: false };
    if (reach <= top) return { form: 'relu', rows: 1 + exact, exactWhole: true };
    return { form: 'relu', rows: 1 + cover(reach) + cover(top), exactWhole: false };
  }
  if (paid.lo >= 0) {
    const whole = proven.lo >= 0 ? cover(top) : exact;
    return { form: 'above', rows: 1 + cover(paid.hi - top) + whole, exactWhole: false };
  }
  return { form: 'clamped', rows: 2 + cover(Math.max(paid.hi - top, -paid.lo)) + exact, exactWhole: false };
}

/** Widest number whose shifted value float64 holds exactly. */
const MAX_SIGN_BITS = 52;

/** Bits of the low part that a sign is taken from: whole limbs, which are exact for nothing, where they are not too wide. */
export function signBits(plan: TablePlan, bits: number): number {
  const whole = plan.bits * limbCount(plan, bits);
  return whole <= MAX_SIGN_BITS ? whole : bits;
}

/** Rows of one demand under a plan. */
export function demandRows(plan: TablePlan, demand: Demand): number {
  switch (demand.kind) {
    case 'exact':
      return exactRows(plan, demand.rows);
    case 'cover':
      return demand.extra + limbCount(plan, demand.bits);
    case 'quotient':
      return quotientCost(plan, demand.quotient).rows;
    case 'sign':
      return 1 + exactRows(plan, 2 ** signBits(plan, demand.bits));
    case 'function':
      if (plan.survey === true || plan.functions.has(demand.name)) return 2;
      return demand.ranges.reduce((sum, range) => sum + demandRows(plan, range), demand.byBits);
  }
}

/** A demand and how often it occurs. */
export interface Counted {
  readonly demand: Demand;
  readonly count: number;
}

/** Demands, equal ones counted. */
export class Demands {
  private readonly counted = new Map<string, { demand: Demand; count: number }>();

  add(demand: Demand): void {
    const key = JSON.stringify(demand);
    const known = this.counted.get(key);
    if (known === undefined) this.counted.set(key, { demand, count: 1 });
    else known.count++;
  }

  list(): Counted[] {
    return [...this.counted.values()];
  }
}

/** Rows of all demands together with the tables of the plan: rows of each, and one for its sum. */
export function rowsOf(plan: TablePlan, demands: readonly Counted[]): number {
  return demandedRows(plan, demands) + tableRows(plan, demands);
}

/** The same without the tables. */
export function demandedRows(plan: TablePlan, demands: readonly Counted[]): number {
  return demands.reduce((sum, { demand, count }) => sum + count * demandRows(plan, demand), 0);
}

function tableRows(plan: TablePlan, demands: readonly Counted[]): number {
  const functions = new Map(
    demands.flatMap(({ demand }) => (demand.kind === 'function' ? [[demand.name, demand.rows] as const] : [])),
  );
  return [...plan.functions].reduce((sum, name) => sum + functions.get(name)! + 1, rangeTableRows(plan));
}

/** Of the tables that are no function's. */
function rangeTableRows({ bits, spans, clamps }: TablePlan): number {
  const sizes = [2 ** bits, ...spans, ...[...clamps.values()].map(({ lo, hi }) => hi - lo + 1)];
  return sizes.reduce((sum, rows) => sum + rows + 1, 0);
}

/** The plan with the fewest rows among those tried: b from 3 to 16, further tables added while they save rows. */
export function choosePlan(demands: readonly Counted[]): { readonly plan: TablePlan; readonly rows: number } {
  const functions = functionTables(demands);
  let best: { plan: TablePlan; rows: number } | undefined;
  for (let bits = MIN_TABLE_BITS; bits <= MAX_TABLE_BITS; bits++) {
    const candidate = improve({ bits, spans: new Set(), clamps: new Map(), functions }, demands);
    if (best === undefined || candidate.rows < best.rows) best = candidate;
  }
  return best!;
}

/** A function gets a table where its rows and lookups are fewer than the rows by bits. */
function functionTables(demands: readonly Counted[]): Set<string> {
  const totals = new Map<string, { count: number; rows: number; byBits: number }>();
  for (const { demand, count } of demands) {
    if (demand.kind !== 'function') continue;
    const known = totals.get(demand.name) ?? { count: 0, rows: demand.rows, byBits: 0 };
    known.count += count;
    // A range is one row at least.
    known.byBits += count * (demand.byBits + demand.ranges.length);
    totals.set(demand.name, known);
  }
  const pays = [...totals].filter(([, { count, rows, byBits }]) => 2 * count + rows + 1 < byBits);
  return new Set(pays.map(([name]) => name));
}

/** Adds one table at a time, the one that saves most, until none saves anything. Only what may use a table is counted again with it. */
function improve(start: TablePlan, demands: readonly Counted[]): { plan: TablePlan; rows: number } {
  const cost = (plan: TablePlan, i: number) => demands[i]!.count * demandRows(plan, demands[i]!.demand);
  const costs = Float64Array.from(demands, (_, i) => cost(start, i));
  const users = tableUsers(start, demands);
  let best = { plan: start, rows: rowsOf(start, demands) };
  for (;;) {
    const known = best;
    const candidates = [...withSpan(known.plan, demands), ...withClamp(known.plan, demands)].map(({ plan, table }) => {
      const tables = rangeTableRows(plan) - rangeTableRows(known.plan);
      const rows = users.get(table)!.reduce((sum, i) => sum + cost(plan, i) - costs[i]!, known.rows + tables);
      return { plan, rows, table };
    });
    const least = candidates.reduce<(typeof candidates)[number] | undefined>(
      (found, candidate) => (candidate.rows < (found ?? known).rows ? candidate : found),
      undefined,
    );
    if (least === undefined) return known;
    for (const i of users.get(least.table)!) costs[i] = cost(least.plan, i);
    best = least;
  }
}

/** By the key of a clamp table or the size of a range table: the demands whose rows may depend on whether there is one. */
function tableUsers(plan: TablePlan, demands: readonly Counted[]): ReadonlyMap<string | number, readonly number[]> {
  const users = new Map<string | number, number[]>();
  demands.forEach(({ demand }, i) => {
    for (const table of new Set(tablesOf(plan, demand))) {
      const known = users.get(table);
      if (known === undefined) users.set(table, [i]);
      else known.push(i);
    }
  });
  return users;
}

function tablesOf(plan: TablePlan, demand: Demand): (string | number)[] {
  const spans = (rows: number) => [rows, 2 ** (bitLength(rows - 1) % plan.bits)];
  switch (demand.kind) {
    case 'exact':
      return spans(demand.rows);
    case 'cover':
      return [];
    case 'quotient': {
      const { shift, bits, ends } = demand.quotient;
      return [...spans(2 ** shift), ...spans(2 ** bits), clampKey(2 ** bits - 1, ends)];
    }
    case 'sign':
      return spans(2 ** signBits(plan, demand.bits));
    case 'function':
      return demand.ranges.flatMap((range) => tablesOf(plan, range));
  }
}

/** A plan with one more table: of this size, or this key. */
interface Extended {
  readonly plan: TablePlan;
  readonly table: string | number;
}

/** Plans with one more range table of a size that some exact range could use. */
function* withSpan(plan: TablePlan, demands: readonly Counted[]): Generator<Extended> {
  const sizes = new Set<number>();
  const offer = (rows: number): void => {
    const k = bitLength(rows - 1);
    if (2 ** k !== rows) return;
    if (rows < 2 ** plan.bits) sizes.add(rows);
    if (k % plan.bits !== 0) sizes.add(2 ** (k % plan.bits));
  };
  for (const { demand } of demands) {
    if (demand.kind === 'exact') offer(demand.rows);
    if (demand.kind !== 'quotient') continue;
    if (demand.quotient.shift > 0) offer(2 ** demand.quotient.shift);
    offer(2 ** demand.quotient.bits);
  }
  for (const rows of sizes) {
    if (rows > 1 && !plan.spans.has(rows))
      yield { plan: { ...plan, spans: new Set([...plan.spans, rows]) }, table: rows };
  }
}

/**
 * Plans with a clamp table for one more `top` and ends: of the quotients that clamp, sorted by how far they reach, as many as pay. Sizes are tried
 * at each eighth of the list, not at each quotient: neighbours differ by a few rows.
 */
function* withClamp(plan: TablePlan, demands: readonly Counted[]): Generator<Extended> {
  const byKey = new Map<string, { readonly top: number; readonly ranges: Bounds[] }>();
  for (const { demand } of demands) {
    if (demand.kind !== 'quotient') continue;
    const { bits, ends, paid } = demand.quotient;
    const top = 2 ** bits - 1;
    const key = clampKey(top, ends);
    if (plan.clamps.has(key) || paid.hi - paid.lo >= MAX_CLAMP_ROWS) continue;
    const known = byKey.get(key) ?? { top, ranges: [] };
    known.ranges.push(paid);
    byKey.set(key, known);
  }
  for (const [key, { top, ranges }] of byKey) {
    const sorted = ranges.toSorted((p, q) => Math.max(p.hi, -p.lo) - Math.max(q.hi, -q.lo));
    const steps = Math.min(8, sorted.length);
    for (let step = 1; step <= steps; step++) {
      const covered = sorted.slice(0, Math.ceil((sorted.length * step) / steps));
      // What is paid for ends at a refused end: so do the rows.
      const lo = covered.reduce((least, range) => Math.min(least, range.lo), 0);
      const hi = covered.reduce((most, range) => Math.max(most, range.hi), top);
      if (hi - lo >= MAX_CLAMP_ROWS) continue;
      yield { plan: { ...plan, clamps: new Map([...plan.clamps, [key, { lo, hi }]]) }, table: key };
    }
  }
}
