/**
 * Functions of one computed variable as tables with a declared error, over all integers q that the argument x = q·scale + offset is proven to take.
 *
 * Tables are of segments of the arguments (cells.ts), coarser where the function is flatter. Beyond the outermost ones the function is what the
 * first and the last row say, where it has settled there to within the error, plus a line where it becomes one (GELU, softplus, SELU):
 * y = T + A·max(q − q₁, 0), and the same to the left. Such ends are the function's own: nothing is lost beyond them.
 *
 * Where an end cannot be covered so (a pole, values that are many times the calibrated ones and would cost too many rows), the tables end with
 * the calibrated arguments and the headroom of every tensor, no further than the values grow to the headroom of theirs: a calibrated end.
 *
 * Error. Absolute: at most 2^−10 of the largest value on the covered arguments, and a quantum of an activation of b bits, span/2^b, where that
 * is finer. What is declared is measured: at the first, the last and a middle argument of every cell, and along the tails. A function that is
 * neither monotone nor smooth inside a cell is not resolved by any table.
 */
import { ZkonnxError } from '../../base/errors.js';
import type { UnaryFunction } from '../real/unary.js';
import type { Statistics } from './calibrate.js';
import { cellsOf, endOf, segmentFrom, startOf, tablesOf, type Cell, type Segment } from './cells.js';
import { HEADROOM, reachOf, type Target } from './scales.js';

/** x = q·scale + offset for the integers q of lo .. hi. */
export interface Argument {
  readonly scale: number;
  readonly offset: number;
  readonly lo: number;
  readonly hi: number;
}

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

/** `coefficient`·max(q − from, 0), or max(from − q, 0) to the left, in units of the result. */
interface Line {
  readonly from: number;
  readonly coefficient: number;
}

/** y = scale·(Σ_k tables[k][t_k] + lines). */
export interface Cover {
  readonly segments: readonly Segment[];
  readonly tables: readonly Float64Array[];
  readonly lines: { readonly left?: Line; readonly right?: Line };
  readonly scale: number;
  /** Arguments that are covered; others are clamped. */
  readonly range: Range;
  /** The same as the argument's integers, inclusive. */
  readonly covered: Range;
  /** Ends of the range that only calibration set. */
  readonly calibrated: { readonly lo: boolean; readonly hi: boolean };
  /** Largest error for arguments that are covered. */
  readonly error: number;
  /** About how many rows all this takes, between what it takes by bits and by lookups. */
  readonly cost: number;
}

/** What is asked of a function's tables. */
export interface Wanted {
  /** Calibrated arguments and values. */
  readonly argument: Statistics;
  readonly value: Statistics;
  /** Bits of activations. */
  readonly bits: number;
  /** How many arguments there are: tables are shared by them. */
  readonly size: number;
}

/** The largest error that is declared by default, in parts of the largest value. */
export const ERROR_BITS = 10;

const MIN_TABLE_BITS = 4;
const MAX_TABLE_BITS = 14;
const MAX_SEGMENTS = 10;
/** Rows of all tables of one function together, where calibrated ends are an alternative. */
const MAX_ROWS = 2 ** 15;
/** Values have 16 bits with their sign, so that no reader narrows them; more where the error asks for it. */
const VALUE_BITS = 15;
const MAX_VALUE = 2 ** 40;
/** A value this many times the largest calibrated one is a pole between the samples. */
const POLE = 1000;
const WALK_STEPS = 256;
/** Bits of the arguments that the step of a function is found with. */
const FINE_BITS = 18;
/** What the variation within cells may take of the error; rounding the values and the tails take the rest. */
const CELL_PART = 0.85;
const TAIL_PART = 0.25;

/** Plans by what they are for: bit widths and variants of one compilation ask for the same ones again. */
const known = new Map<string, Cover>();
const MAX_KNOWN = 64;

/** The tables of f for an argument. @throws ZkonnxError CALIBRATION_INVALID where f is not finite on the calibrated arguments. */
export function coverFunction(fn: UnaryFunction, x: Argument, wanted: Wanted): Cover {
  const { argument, value, bits, size } = wanted;
  const key = JSON.stringify([
    fn.name,
    x.scale,
    x.offset,
    x.lo,
    x.hi,
    argument.min,
    argument.max,
    value.min,
    value.max,
    bits,
    size,
  ]);
  let cover = known.get(key);
  if (cover === undefined) {
    cover = covering(fn, x, wanted);
    if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value!);
    known.set(key, cover);
  }
  return cover;
}

function covering(fn: UnaryFunction, x: Argument, wanted: Wanted): Cover {
  const inside = calibratedWithin(fn, x, wanted);
  const ends = [
    { lo: x.lo, hi: x.hi },
    { lo: x.lo, hi: inside.hi },
    { lo: inside.lo, hi: x.hi },
  ].filter(({ lo, hi }, i, all) => all.findIndex((other) => other.lo === lo && other.hi === hi) === i);
  for (const range of ends) {
    const cover = coverRange(fn, x, range, wanted, false);
    if (cover !== undefined) return cover;
  }
  const cover = coverRange(fn, x, inside, wanted, true);
  if (cover === undefined) throw undefinedWithin(fn, { lo: wanted.argument.min, hi: wanted.argument.max });
  return cover;
}

/** Steps tried beside a power of two: the error is met by more than it needs to be by all but one of them. */
const STEPS = [1, 1.25, 1.5, 1.75];

/** What a function wants of an accumulator that it alone reads: the step of its finest table on the calibrated arguments, where rows are fewest. */
export function wantedTarget(fn: UnaryFunction, wanted: Wanted): Target {
  const range = argumentRange(fn, wanted.argument, wanted.value);
  const width = range.hi - range.lo || Math.abs(range.hi) || 1;
  const [best] = STEPS.map((factor) => {
    const scale = factor * 2 ** (Math.ceil(Math.log2(width)) - FINE_BITS);
    const lo = Math.ceil(range.lo / scale);
    const hi = Math.max(lo, Math.floor(range.hi / scale));
    return { scale, cover: coverFunction(fn, { scale, offset: 0, lo, hi }, wanted) };
  }).toSorted((p, q) => p.cover.cost - q.cover.cost);
  const { scale, cover } = best!;
  const step = scale * 2 ** cover.segments.reduce((least, { shift }) => Math.min(least, shift), Infinity);
  const bits = Math.max(1, Math.ceil(Math.log2(width / step + 1)));
  const settled = (end: number, side: 1 | -1) => isSettled(fn, end, side, cover.error);
  return {
    scale: step,
    lo: Math.ceil(range.lo / step),
    bits,
    calibrated: { lo: !settled(range.lo, -1), hi: !settled(range.hi, 1) },
    rigid: true,
  };
}

/** A name that says what decides a table's values: a digest of them. Tables of one name are held to be equal where a circuit is built. */
export function tableName(meaning: string, values: Float64Array): string {
  let [one, two] = [0x811c9dc5, 0x9e3779b9];
  for (const word of new Uint32Array(values.slice().buffer)) {
    one = Math.imul(one ^ word, 0x01000193);
    two = Math.imul((two << 13) | (two >>> 19), 5) + Math.imul(word, 0xcc9e2d51);
    one ^= two >>> 15;
  }
  const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
  return `${meaning}:${values.length}:${hex(one)}${hex(two)}`;
}

export function undefinedWithin(fn: UnaryFunction, { lo, hi }: Range): ZkonnxError {
  return new ZkonnxError('CALIBRATION_INVALID', `${fn.name} is not finite on the range of its argument`, {
    got: `arguments from ${lo} to ${hi} on the calibration data`,
    help: 'keep the argument away from the pole, as by adding a constant or a Clip before this node',
  });
}

/** The calibrated arguments, with headroom as far as the values have it too. */
export function argumentRange(fn: UnaryFunction, argument: Statistics, value: Statistics): Range {
  const { min, max } = argument;
  const ends = reachOf(argument);
  const magnitude = ({ lo, hi }: Range): number => Math.max(Math.abs(lo), Math.abs(hi));
  const limit =
    value.range === undefined ? HEADROOM * magnitude({ lo: value.min, hi: value.max }) : magnitude(value.range);
  const walk = (from: number, reach: number): number => {
    let at = from;
    for (let i = 1; i <= WALK_STEPS; i++) {
      const next = from + (reach * i) / WALK_STEPS;
      if (!(Math.abs(fn.apply(next)) <= limit)) break;
      at = next;
    }
    return at;
  };
  return { lo: walk(min, Math.min(0, ends.lo - min) || -1), hi: walk(max, Math.max(0, ends.hi - max) || 1) };
}

/** The integers of the calibrated arguments, within the proven ones. */
function calibratedWithin(fn: UnaryFunction, x: Argument, { argument, value }: Wanted): Range {
  const { lo, hi } = argumentRange(fn, argument, value);
  const clip = (q: number) => Math.min(x.hi, Math.max(x.lo, q));
  const from = clip(Math.ceil((lo - x.offset) / x.scale));
  return { lo: from, hi: Math.max(from, clip(Math.floor((hi - x.offset) / x.scale))) };
}

/** Whether f changes by no more than `error` from x on, in a direction. */
function isSettled(fn: UnaryFunction, x: number, direction: 1 | -1, error: number): boolean {
  const value = fn.apply(x);
  const reach = Math.max(1, Math.abs(x));
  for (let distance = reach / 64; distance < reach * 2 ** 20; distance *= 1.25) {
    if (!(Math.abs(fn.apply(x + direction * distance) - value) <= error)) return false;
  }
  return true;
}

/** Arguments that say how f runs from lo to hi: evenly, and closer together near the ends and near zero. Ascending. */
function landmarks({ lo, hi }: Range, zero: number): number[] {
  const found = new Set([lo, hi]);
  const add = (q: number): void => {
    if (q >= lo && q <= hi) found.add(q);
  };
  for (let i = 1; i < 1024; i++) add(Math.round(lo + ((hi - lo) * i) / 1024));
  for (const anchor of [lo, hi, Math.min(hi, Math.max(lo, Math.round(zero)))]) {
    add(anchor);
    for (let distance = 1; distance <= hi - lo; distance = Math.max(distance + 1, Math.floor(distance * 1.15))) {
      add(anchor - distance);
      add(anchor + distance);
    }
  }
  return [...found].sort((p, q) => p - q);
}

/** The tables for the arguments lo .. hi; undefined where f is not finite there, or too much work. `must`: as fine as can be, then. */
function coverRange(fn: UnaryFunction, x: Argument, range: Range, wanted: Wanted, must: boolean): Cover | undefined {
  const f = (q: number): number => fn.apply(q * x.scale + x.offset);
  const marks = landmarks(range, -x.offset / x.scale);
  const values = marks.map(f);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const largest = Math.max(-least, most);
  const calibrated = Math.max(Math.abs(wanted.value.min), Math.abs(wanted.value.max), Number.MIN_VALUE);
  if (!Number.isFinite(largest) || (must && largest > POLE * calibrated)) return undefined;
  const span = settles(fn) ? most - least : wanted.value.max - wanted.value.min || Math.abs(wanted.value.max) || 1;
  const error = Math.min(largest * 2 ** -ERROR_BITS, span * 2 ** -wanted.bits) || 2 ** -ERROR_BITS;
  const course: Course = { f, marks, values, range, error, largest, size: wanted.size };
  const tails = [undefined, lineBeyond(course, x.scale, 1), lineBeyond(course, x.scale, -1)] as const;
  const plans = [withLines(course, x, {}, must)];
  if (tails[1] ?? tails[2]) plans.push(withLines(course, x, { right: tails[1], left: tails[2] }, must));
  const best = plans.filter((plan) => plan !== undefined).toSorted((p, q) => p.cost - q.cost)[0];
  const plan = best ?? (must ? coarse(course, x) : undefined);
  if (plan === undefined) return undefined;
  return {
    ...plan.measured,
    cost: plan.cost,
    range: { lo: range.lo * x.scale + x.offset, hi: range.hi * x.scale + x.offset },
    covered: range,
    calibrated: { lo: range.lo > x.lo, hi: range.hi < x.hi },
  };
}

/** A function on a range of integers, as a planner looks at it. */
interface Course {
  readonly f: (q: number) => number;
  readonly marks: readonly number[];
  readonly values: readonly number[];
  readonly range: Range;
  readonly error: number;
  readonly largest: number;
  readonly size: number;
}

interface Slope {
  readonly from: number;
  /** What f changes by from one integer to the next. */
  readonly by: number;
}

interface Plan {
  readonly cost: number;
  readonly measured: Pick<Cover, 'segments' | 'tables' | 'lines' | 'scale' | 'error'>;
}

/** Half-widths at which a function may have settled on both sides. */
const SETTLED = [2, 4, 8, 16];

/** Whether f settles on both sides of zero, as sigmoid does: its own span is then what an error is measured by. */
function settles(fn: UnaryFunction): boolean {
  const [low, high] = [fn.apply(-16), fn.apply(16)];
  const span = Math.abs(high - low) || Math.max(...SETTLED.map((x) => Math.abs(fn.apply(x) - high)));
  return isSettled(fn, 16, 1, span * 2 ** -8) && isSettled(fn, -16, -1, span * 2 ** -8);
}

/** The line that f follows at an end (side 1: the right one), and from where on; undefined where it follows none, or a level one as long. */
function lineBeyond({ f, marks, values, range, error }: Course, _scale: number, side: 1 | -1): Slope | undefined {
  const end = side === 1 ? range.hi : range.lo;
  const before = end - side * Math.max(1, Math.floor((range.hi - range.lo) / 1024));
  if (range.hi - range.lo < 64) return undefined;
  const by = (f(end) - f(before)) / (end - before);
  const reach = (slope: number): number => {
    const at = (i: number) => (side === 1 ? marks.length - 1 - i : i);
    let from = end;
    for (let i = 0; i < marks.length; i++) {
      const q = marks[at(i)]!;
      if (!(Math.abs(values[at(i)]! - f(end) - slope * (q - end)) <= error * TAIL_PART)) break;
      from = q;
    }
    return from;
  };
  const [sloping, level] = [reach(by), reach(0)];
  const gain = Math.abs(sloping - level);
  return by !== 0 && gain > (range.hi - range.lo) / 8 ? { from: sloping, by } : undefined;
}

/** The cheapest tables for what f is beside its lines. */
function withLines(
  course: Course,
  x: Argument,
  { left, right }: { readonly left?: Slope | undefined; readonly right?: Slope | undefined },
  must: boolean,
): Plan | undefined {
  const scale = unitOf(course, [left, right]);
  if (course.largest / scale > MAX_VALUE) return undefined;
  const line = (slope: Slope | undefined, sign: 1 | -1): Line | undefined =>
    slope && { from: slope.from, coefficient: Math.round((sign * slope.by) / scale) };
  const lines = { ...optional('left', line(left, -1)), ...optional('right', line(right, 1)) };
  const g = (q: number): number => course.f(q) - scale * onLines(lines, q);
  const core = coreOf(course, g);
  const extra = Object.keys(lines).length * course.size * Math.log2(x.hi - x.lo + 2);
  // Of many rows some are looked at when they are planned: what is measured may be more than was planned for.
  let plan: Plan | undefined;
  for (let part = 1; part > 0.3; part *= 0.75) {
    const best = cheapest(course, g, core, course.error * part, must);
    if (best === undefined) return plan;
    plan = { cost: best.cost + extra, measured: measured(course, g, best.segments, lines, scale) };
    if (plan.measured.error <= course.error) return plan;
  }
  return plan;
}

/** The segments that take the fewest rows of those of one width each. */
function cheapest(
  { range, size }: Course,
  g: (q: number) => number,
  core: Range,
  error: number,
  must: boolean,
): { readonly cost: number; readonly segments: readonly Segment[] } | undefined {
  let best: { cost: number; segments: Segment[] } | undefined;
  for (let bits = MIN_TABLE_BITS; bits <= MAX_TABLE_BITS; bits++) {
    const segments = segmentsOf(g, core, { range, error }, bits);
    if (segments === undefined || (!must && segments.length * 2 ** bits > MAX_ROWS)) continue;
    const cost = segments.length * (size * (16 + 2 ** (bits / 2)) + 2 ** bits);
    if (best === undefined || cost < best.cost) best = { cost, segments };
  }
  return best;
}

/** One table of 2^14 rows over the range, however coarse. */
function coarse(course: Course, x: Argument): Plan {
  const { lo, hi } = course.range;
  const shift = Math.max(0, Math.ceil(Math.log2((hi - lo + 1) / (2 ** MAX_TABLE_BITS - 2))));
  const bits = Math.max(1, Math.min(MAX_TABLE_BITS, Math.ceil(Math.log2((hi - lo) / 2 ** shift + 2))));
  const scale = unitOf(course, []);
  return { cost: x.scale, measured: measured(course, course.f, [segmentFrom(lo, shift, bits)], {}, scale) };
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

/** The unit of the result: fine enough for the error, and one that the lines' slope is a multiple of. */
function unitOf({ error, largest }: Course, slopes: readonly (Slope | undefined)[]): number {
  const fine = 2 ** Math.min(Math.ceil(Math.log2(largest || 1)) - VALUE_BITS, Math.floor(Math.log2(error)) - 3);
  const [first] = slopes.flatMap((slope) => (slope === undefined ? [] : [Math.abs(slope.by)]));
  return first === undefined ? fine : first / Math.ceil(first / fine);
}

function onLines({ left, right }: Cover['lines'], q: number): number {
  const above = right === undefined ? 0 : right.coefficient * Math.max(0, q - right.from);
  return above + (left === undefined ? 0 : left.coefficient * Math.max(0, left.from - q));
}

/** Where g is not yet, or no longer, what it is at the ends of the range. */
function coreOf({ marks, range, error }: Course, g: (q: number) => number): Range {
  const flat = (end: number, order: readonly number[]): number => {
    let [least, most, from] = [Infinity, -Infinity, end];
    for (const q of order) {
      const value = g(q);
      [least, most] = [Math.min(least, value), Math.max(most, value)];
      if (most - least > 2 * TAIL_PART * error) break;
      from = q;
    }
    return from;
  };
  const lo = flat(range.lo, marks);
  return { lo, hi: Math.max(lo, flat(range.hi, marks.toReversed())) };
}

/** Segments of 2^bits rows that resolve g over the core, from the left, each as coarse as can be; undefined where these are too many. */
function segmentsOf(
  g: (q: number) => number,
  core: Range,
  { range, error }: Pick<Course, 'range' | 'error'>,
  bits: number,
): Segment[] | undefined {
  const segments: Segment[] = [];
  const widest = Math.max(0, Math.ceil(Math.log2((core.hi - core.lo + 1) / (2 ** bits - 1))));
  for (let from = core.lo; ;) {
    let shift = widest;
    while (shift > 0 && !resolves(g, segmentFrom(from, shift, bits), from, Math.min(core.hi, range.hi), error)) shift--;
    const segment = segmentFrom(from, shift, bits);
    segments.push(segment);
    if (startOf(segment, 2 ** bits) > core.hi) return segments;
    if (segments.length === MAX_SEGMENTS) return undefined;
    from = endOf(segment);
  }
}

/** Whether g changes little enough within the rows of a segment; of many rows some are looked at. */
function resolves(g: (q: number) => number, segment: Segment, from: number, to: number, error: number): boolean {
  const rows = 2 ** segment.bits;
  const looked = Math.min(rows, 96);
  for (let i = 0; i < looked; i++) {
    const t = looked === rows ? i : Math.round((i * (rows - 1)) / (looked - 1));
    const [first, last] = [Math.max(from, startOf(segment, t)), Math.min(to, startOf(segment, t + 1) - 1)];
    if (first > last) continue;
    if (!(Math.abs(g(last) - g(first)) <= 2 * CELL_PART * error)) return false;
  }
  return true;
}

/** Arguments of a cell at which its error is measured: the ends and the middle; the tails' closer together towards both ends. */
function looksAt({ from, to }: Cell, isTail: boolean, lines: Cover['lines']): number[] {
  const middle = Math.floor((from + to) / 2);
  const at = [from, middle, to];
  // Beside its lines the function bends where one begins.
  const bends = [lines.left, lines.right].some((line) => line !== undefined && line.from >= from && line.from <= to);
  const parts = bends ? 256 : 8;
  for (let i = 1; i < parts; i++) at.push(from + Math.floor(((to - from) * i) / parts));
  if (isTail) for (let d = 1; d < to - from; d = Math.ceil(d * 1.25)) at.push(from + d, to - d);
  return at;
}

/** The tables of g, and what they and the lines are off f by. */
function measured(
  { f, range }: Course,
  g: (q: number) => number,
  segments: readonly Segment[],
  lines: Cover['lines'],
  scale: number,
): Plan['measured'] {
  const cells = [...cellsOf(segments, range.lo, range.hi)];
  let error = 0;
  const tables = tablesOf(segments, cells, (cell) => {
    const at = looksAt(cell, cell.from === range.lo || cell.to === range.hi, lines);
    let [least, most] = [Infinity, -Infinity];
    for (const q of at) {
      const value = g(q);
      [least, most] = [Math.min(least, value), Math.max(most, value)];
    }
    const row = Math.round((least + most) / 2 / scale);
    for (const q of at) error = Math.max(error, Math.abs((row + onLines(lines, q)) * scale - f(q)));
    return row;
  });
  // A part in 2^30 for what float64 loses here and in whoever checks.
  return { segments, tables, lines, scale, error: error * (1 + 2 ** -30) };
}
