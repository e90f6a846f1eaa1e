/**
 * Functions of one computed variable as tables with a declared error.
 *
 * The argument x is rounded to a step h and clamped to a range; the table has a power of two of rows. For x in the range the error is at most
 *   max |f(t·h ± 5h/8) − f(t·h)| over the rows t        half a step, and an eighth for the rounding of the rescaling factor (scales.ts)
 *   + half a unit of the value's scale
 *   + what f still changes beyond the range, where the range is the whole line.
 * It is measured at the ends of every row's cell: a function that is neither monotone nor smooth inside a cell is not resolved by any table.
 * The fewest rows are taken with which it is at most a quantum of an activation of b bits, span/2^b, and 2^14 rows if none do.
 *
 * Ranges. A function that settles on both sides (sigmoid, tanh, erf) is covered whole. Any other takes the calibrated arguments with the
 * headroom of every tensor, but no further than its values grow to the headroom of theirs: a pole or an end of the domain is never reached.
 */
import { ZkonnxError } from '../../base/errors.js';
import type { UnaryFunction } from '../real/unary.js';
import type { Statistics } from './calibrate.js';
import { HEADROOM, type Target } from './scales.js';

export interface UnaryTable {
  readonly name: string;
  readonly input: Target;
  /** values[i] = round(f((lo + i)·input.scale) / scale). */
  readonly values: Float64Array;
  readonly scale: number;
  /** Arguments that are covered; others are clamped. */
  readonly range: Range;
  /** Whether nothing changes outside the range: arguments may be clamped without a note. */
  readonly whole: boolean;
  /** Largest error for arguments that are covered. */
  readonly error: number;
}

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

const MIN_TABLE_BITS = 6;
const MAX_TABLE_BITS = 14;
/** Values have 16 bits with their sign, so that no reader narrows them. */
const VALUE_BITS = 15;
/** Largest distance between an argument and its row, in steps. */
const REACH = 0.625;
/** Half-widths tried for functions that settle. */
const SETTLED = [2, 4, 8, 16];
/** A value this many times the largest calibrated one is a pole between the samples. */
const POLE = 1000;
/** The same, for a function that settles. */
const PEAK = 4;
const WALK_STEPS = 256;

/** The table of f; `argument` and `value` are calibrated, `bits` those of activations. */
export function unaryTable(fn: UnaryFunction, argument: Statistics, value: Statistics, bits: number): UnaryTable {
  const magnitude = Math.max(Math.abs(value.min), Math.abs(value.max));
  const wholeSpan = spanOver(fn, magnitude);
  const settled = SETTLED.flatMap((width) => {
    const tail = settledTail(fn, width);
    return tail <= wholeSpan * 2 ** -bits ? [{ range: { lo: -width, hi: width }, tail, whole: true }] : [];
  });
  const span = settled.length > 0 ? wholeSpan : value.max - value.min || Math.abs(value.max) || 1;
  const ranges = settled.length > 0 ? settled : [{ range: argumentRange(fn, argument, value), tail: 0, whole: false }];
  const limit = settled.length > 0 ? Number.MAX_VALUE : POLE * Math.max(magnitude, Number.MIN_VALUE);
  let best: UnaryTable | undefined;
  for (let rows = MIN_TABLE_BITS; rows <= MAX_TABLE_BITS; rows++) {
    for (const { range, tail, whole } of ranges) {
      const table = tableOver(fn, range, rows, { tail, whole, limit });
      if (best === undefined || table.error < best.error) best = table;
      if (table.error <= span * 2 ** -bits) return table;
    }
  }
  return best!;
}

/** Largest difference of two values; NaN where f peaks far above its tails and the calibrated magnitude, as at a pole. */
function spanOver(fn: UnaryFunction, magnitude: number): number {
  const widest = SETTLED.at(-1)!;
  const values = Array.from({ length: 2 * WALK_STEPS + 1 }, (_, i) => fn.apply(widest * (i / WALK_STEPS - 1)));
  const [lo, hi] = [Math.min(...values), Math.max(...values)];
  const usual = Math.max(magnitude, Math.abs(values[0]!), Math.abs(values.at(-1)!));
  return Math.max(-lo, hi) <= PEAK * usual ? hi - lo : NaN;
}

/** What f still changes beyond ±width; Infinity if it does not settle there. */
function settledTail(fn: UnaryFunction, width: number): number {
  let worst = 0;
  for (const side of [-1, 1]) {
    const limit = fn.apply(side * width * 1024);
    for (let x = width; x <= width * 1024; x *= 1.25) worst = Math.max(worst, Math.abs(fn.apply(side * x) - limit));
  }
  return Number.isNaN(worst) ? Infinity : worst;
}

/** The calibrated arguments, with headroom as far as the values have it too. */
export function argumentRange(fn: UnaryFunction, argument: Statistics, value: Statistics): Range {
  const { min, max } = argument;
  const reach = Math.max(Math.abs(min), Math.abs(max)) * (HEADROOM - 1) || 1;
  const limit = HEADROOM * Math.max(Math.abs(value.min), Math.abs(value.max));
  const walk = (from: number, direction: number): number => {
    let at = from;
    for (let i = 1; i <= WALK_STEPS; i++) {
      const next = from + (direction * reach * i) / WALK_STEPS;
      if (!(Math.abs(fn.apply(next)) <= limit)) break;
      at = next;
    }
    return at;
  };
  return { lo: walk(min, -1), hi: walk(max, 1) };
}

/** A table of 2^rows rows over the range, with what is known of the function's tails and of its largest value. */
function tableOver(
  fn: UnaryFunction,
  range: Range,
  bits: number,
  { tail, whole, limit }: { readonly tail: number; readonly whole: boolean; readonly limit: number },
): UnaryTable {
  const rows = 2 ** bits;
  const step = 2 ** Math.ceil(Math.log2((range.hi - range.lo || Math.abs(range.hi) || 1) / (whole ? rows : rows - 2)));
  const lo = whole ? -rows / 2 : Math.ceil(range.lo / step);
  const top = whole ? lo + rows - 1 : Math.max(lo, Math.floor(range.hi / step));
  const real = Float64Array.from({ length: rows }, (_, i) => fn.apply(Math.min(lo + i, top) * step));
  if (!real.every((value) => Math.abs(value) <= limit)) throw undefinedWithin(fn, range);
  const magnitude = real.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const span = real.reduce((most, v) => Math.max(most, v), -Infinity) - real.reduce((p, q) => Math.min(p, q), Infinity);
  let scale = magnitude === 0 ? 1 : 2 ** (Math.ceil(Math.log2(magnitude)) - VALUE_BITS);
  if (span / scale >= 2 ** (VALUE_BITS + 1)) scale *= 2;
  const values = real.map((value) => Math.round(value / scale));
  let worst = 0;
  for (let t = lo; t <= top; t++) {
    // The rows at the ends stand for what lies between them and the ends of the range, too.
    const [from, to] = [t === lo ? range.lo : (t - REACH) * step, t === top ? range.hi : (t + REACH) * step];
    for (const x of [Math.max(range.lo, from), Math.min(range.hi, to)]) {
      worst = Math.max(worst, Math.abs(fn.apply(x) - real[t - lo]!));
    }
  }
  return {
    name: `${fn.name}:${lo}:${top}:${rows}:${step}:${scale}`,
    input: { scale: step, lo, bits, calibrated: { lo: !whole, hi: !whole }, rigid: true },
    values,
    scale,
    range,
    whole,
    error: worst + tail + scale / 2,
  };
}

export function undefinedWithin(fn: UnaryFunction, { lo, hi }: Range): ZkonnxError {
  return new ZkonnxError('CALIBRATION_INVALID', `${fn.name} is not finite on the range of its argument`, {
    got: `arguments from ${lo} to ${hi} on the calibration data`,
    help: 'keep the argument away from the pole, as by adding a constant or a Clip before this node',
  });
}
