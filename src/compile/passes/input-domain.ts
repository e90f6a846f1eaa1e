/**
 * The grid of an input's domain: which integers stand for its real values.
 *
 * Zero is a step of every grid, its zero point a whole number: x > 0, x ≠ 0 and padding by zeros are then what they are in floats. The one
 * exception are 8-bit grids that all samples lie on and zero does not (pictures less their mean): there exactness of the data comes first, and no
 * sample holds a zero.
 *
 * To have a whole zero point a domain may reach a step further than it was declared or calibrated (of 2^24 steps, 1.125: a scale is rounded up to
 * 28 bits), at one end or shared by both.
 */
import { isWholeType } from '../../base/element-types.js';
import { endsOf, type InputDomain, type Step } from '../real/input-grid.js';
import { sizeOf } from '../real/graph.js';

interface Range {
  readonly lo: number;
  readonly hi: number;
}

/** Quantisation levels of 8-bit data: pixels, bytes. */
const GRID_LEVELS = 255;
/** How far from a level of a grid a value on it may be, in steps: float32 accuracy. */
const GRID_TOLERANCE = 1e-3;
/** A calibrated domain reaches this far, as a part of the observed range, beyond it on both sides. */
const DOMAIN_MARGIN = 0.25;

/**
 * The domain of an input: declared, or an exact 8-bit grid when every calibration value lies on one that spans the data
 * (pictures, whatever their normalisation), or the observed range and a margin.
 */
export function inputDomain(values: readonly Float64Array[], bits: number, declared?: Range): InputDomain {
  const grid = findGrid(values, declared);
  if (grid !== undefined) return grid;
  const range = declared ?? withMargin(observed(values));
  const steps = stepsOf(range, bits);
  return { ...endsOf(steps, bits), bits, ...steps, source: declared === undefined ? 'calibration' : 'declared' };
}

/** Columns get steps of their own where the widest range is this many times the narrowest: of 16 bits the narrow one would be left 8. */
const COLUMN_RATIO = 256;
/** Values of a column below which its range says nothing. */
const COLUMN_VALUES = 8;

/**
 * A domain with a scale a column of the last axis, where the columns differ in magnitude (salaries beside ratios, timestamps beside prices);
 * undefined where they do not, where too few values say so, and where the data lies on an 8-bit grid.
 */
export function columnDomain(
  { dims, dtype }: { readonly dims: readonly number[]; readonly dtype: string },
  values: readonly Float64Array[],
  bits: number,
): InputDomain | undefined {
  const columns = dims.at(-1) ?? 1;
  const perColumn = (values.length * sizeOf({ dims })) / columns;
  if (columns < 2 || perColumn < COLUMN_VALUES || findGrid(values) !== undefined) return undefined;
  const seen = Array.from({ length: columns }, (_, column) => observed(values, column, columns));
  // A column that never changes has no magnitude to compare.
  const widths = seen.map(({ lo, hi }) => hi - lo).filter((width) => width > 0);
  const all = observed(values);
  if (widths.length === 0 || (all.hi - all.lo) / Math.min(...widths) < COLUMN_RATIO) return undefined;
  const whole = isWholeType(dtype);
  const steps = seen.map((range) => stepsOf(withMargin(range), bits, whole));
  const ends = steps.map((step) => endsOf(step, bits));
  return {
    min: Math.min(...ends.map(({ min }) => min)),
    max: Math.max(...ends.map(({ max }) => max)),
    bits,
    scale: steps.map(({ scale }) => scale),
    zeroPoint: steps.map(({ zeroPoint }) => zeroPoint),
    source: 'calibration',
  };
}

/** Significant bits of a scale: with a zero point below 2^25 their product is exact in float64, and what is computed of it a whole number of steps. */
const SCALE_BITS = 28;

/**
 * The finest steps that cover the range and meet zero: with one step fewer than there are, (top − 1)·scale ≥ hi − lo, so that lo may be moved.
 * `whole`: steps are whole numbers, and integers that there are enough of stand for themselves.
 */
function stepsOf({ lo, hi }: Range, bits: number, whole = false): Step {
  const top = 2 ** bits - 1;
  const meetsZero = lo === 0 || hi === 0;
  const finest = (hi - lo) / (meetsZero ? top : top - 1) || 1;
  const scale = whole ? Math.ceil(finest) : roundedUp(finest);
  // Of hi = 0 the last step, of any other range the first.
  return { scale, zeroPoint: hi === 0 && lo < 0 ? top : 0 - Math.floor(lo / scale) };
}

/** The least number of SCALE_BITS significant bits that is not below the value, which is positive. */
function roundedUp(value: number): number {
  const unit = 2 ** (Math.floor(Math.log2(value)) + 1 - SCALE_BITS);
  return Math.ceil(value / unit) * unit;
}

function withMargin({ lo, hi }: Range): Range {
  const margin = (hi - lo) * DOMAIN_MARGIN || Math.abs(hi) || 1;
  return { lo: lo - margin, hi: hi + margin };
}

/** Over all elements, or those of one column of so many. */
function observed(values: readonly Float64Array[], first = 0, stride = 1): Range {
  let lo = Infinity;
  let hi = -Infinity;
  for (const tensor of values) {
    for (let i = first; i < tensor.length; i += stride) {
      lo = Math.min(lo, tensor[i]!);
      hi = Math.max(hi, tensor[i]!);
    }
  }
  return lo <= hi ? { lo, hi } : { lo: 0, hi: 0 };
}

/**
 * 8-bit data is recognised by its values: they lie on lo + k·(hi − lo)/255 to float32 accuracy. Too few distinct values say nothing
 * (a 0/1 flag is on every grid), so at least 16 are asked for, unless the domain was declared with such data in mind.
 */
function findGrid(values: readonly Float64Array[], declared?: Range): InputDomain | undefined {
  const { lo, hi } = declared ?? observed(values);
  const step = (hi - lo) / GRID_LEVELS;
  if (!(step > 0)) return undefined;
  const seen = new Set<number>();
  for (const tensor of values) {
    for (const value of tensor) {
      const level = (value - lo) / step;
      const nearest = Math.round(level);
      if (Math.abs(level - nearest) > GRID_TOLERANCE || nearest < 0 || nearest > GRID_LEVELS) return undefined;
      seen.add(nearest);
    }
  }
  if (seen.size < 16) return undefined;
  const zeroPoint = -lo / step;
  const nearest = Math.round(zeroPoint);
  const steps = { scale: step, zeroPoint: Math.abs(zeroPoint - nearest) <= GRID_TOLERANCE ? 0 + nearest : zeroPoint };
  return { ...endsOf(steps, 8), bits: 8, ...steps, source: 'grid' };
}
