/**
 * Reciprocals and roots on the integers themselves, right to a part of each value over all that the argument is proven to be:
 *   1/x    q = ⌊2^K / d⌋              d = x/h, x's own integers times a power of two: at most 1/2d for that rounding, 1/q for the floor
 *   √x     r = ⌊√(d·4^j)⌋             at most 1/4d and 1/r
 *   1/√x   ⌊2^K / r⌋                  the sum of both
 * K, j and the power of two are the least with which each is at most 2^−(B + 2), B the larger of 10 and the bits of activations, as far as
 * 2^52 reaches: magnitudes up to 2^28 apart, at B = 10. What is left is declared, as a part and as an absolute error.
 *
 * An argument that may reach zero by its bounds, and did not on the calibration data, is clamped there to where the values grow to the headroom
 * of every tensor: a calibrated end. A root's end is zero.
 */
import { scalarMap } from '../real/linear-map.js';
import type { InverseOf, UnaryFunction } from '../real/unary.js';
import type { Statistics } from './calibrate.js';
import type { IrEmitter } from './emitter.js';
import type { Approximation } from './lowering.js';
import { requantise, type Quantised } from './scales.js';
import { argumentRange, ERROR_BITS, undefinedWithin, type Range } from './unary.js';

/** Bits of numerators and of what roots are taken of. */
const EXACT_BITS = 52;
/** Magnitudes that are held apart: both parts of 12 bits fit beside them. */
const REACH_BITS = 28;
/** Room below a bound for the rounding of what the bound is computed from. */
const ROOM = 1 + 2 ** -20;

export interface InverseWanted {
  readonly fn: UnaryFunction;
  readonly argument: Statistics;
  readonly value: Statistics;
  readonly bits: number;
}

export interface Inverse extends Approximation {
  readonly value: Quantised;
}

/** Integers that stand for the argument: x = d·unit, to within `rounding` units and `relative` parts of it. */
interface Divisor {
  readonly node: string;
  readonly unit: number;
  readonly rounding: number;
  readonly relative: number;
  readonly range: Range;
  /** Whether an end of the range is a calibrated one. */
  readonly clamped: boolean;
}

type Lower = (emitter: IrEmitter, x: Quantised, wanted: InverseWanted) => Inverse;

const lowerings: { readonly [I in InverseOf]: Lower } = {
  product: (emitter, x, wanted) => {
    const negative = wanted.argument.max < 0;
    if (!negative && !(wanted.argument.min > 0)) throw undefinedWithin(wanted.fn, rangeOf(wanted.argument));
    const source = negative ? negated(emitter, x) : x;
    const divisor = divisorOf(emitter, source, { ...wanted, negative, leastBits: 1 });
    const { value, relative } = quotientOf(emitter, divisor, wanted.bits);
    const result = { ...(negative ? negated(emitter, value) : value), wide: true } as const;
    const { range, clamped } = divisor;
    const near = negative ? -range.hi : range.lo;
    return declared(result, negative ? { lo: range.lo, hi: range.hi } : range, clamped, relative, 1 / near);
  },
  square: (emitter, x, wanted) => {
    if (wanted.argument.min < 0) throw undefinedWithin(wanted.fn, rangeOf(wanted.argument));
    const divisor = divisorOf(emitter, x, { ...wanted, negative: false, leastBits: 0 });
    const { value, relative, unit } = rootOf(emitter, divisor, wanted.bits);
    const { range, clamped } = divisor;
    // |√a − √b| ≤ √|a − b|; and near zero there is no part of the value to be right to.
    const far = Math.max(unit, relative * Math.sqrt(range.hi));
    const error = Math.min(far, Math.sqrt(divisor.rounding * divisor.unit) + unit);
    const result = declared({ ...value, wide: true }, range, clamped, relative, Math.sqrt(range.hi));
    return { ...result, error: error * ROOM };
  },
  productWithSquare: (emitter, x, wanted) => {
    if (!(wanted.argument.min > 0)) throw undefinedWithin(wanted.fn, rangeOf(wanted.argument));
    const divisor = divisorOf(emitter, x, { ...wanted, negative: false, leastBits: 1 });
    const root = rootOf(emitter, divisor, wanted.bits);
    const { range, clamped } = divisor;
    const whole = { ...divisor, node: root.value.node, unit: root.value.scale, relative: root.relative };
    const { value, relative } = quotientOf(emitter, whole, wanted.bits);
    return declared({ ...value, wide: true }, range, clamped, relative, 1 / Math.sqrt(range.lo));
  },
};

/** The inverse of an operation, of a tensor. @throws ZkonnxError CALIBRATION_INVALID where it has none on the calibration data. */
export function lowerInverse(emitter: IrEmitter, x: Quantised, of: InverseOf, wanted: InverseWanted): Inverse {
  return lowerings[of](emitter, x, wanted);
}

const rangeOf = ({ min, max }: Statistics): Range => ({ lo: min, hi: max });

function declared(value: Quantised, range: Range, clamped: boolean, part: number, largest: number): Inverse {
  const relative = part * ROOM;
  return { value, range, whole: !clamped, error: relative * Math.abs(largest), relative };
}

/** Bits that each of the two roundings leaves of a value. */
const partBits = (bits: number): number => Math.max(ERROR_BITS, bits) + 2;

/** The argument as integers d ≥ `leastBits`: its own, times a power of two where its zero is no integer and they are few, or over one. */
function divisorOf(
  emitter: IrEmitter,
  x: Quantised,
  wanted: InverseWanted & { readonly negative: boolean; readonly leastBits: 0 | 1 },
): Divisor {
  const { fn, argument, value, bits, negative, leastBits } = wanted;
  const zero = x.offset / x.scale;
  const { lo: qLo, hi: qHi } = emitter.bounds(x.node);
  const proven = { lo: qLo + zero, hi: qHi + zero };
  const { lo: low, hi: high } = argumentRange(fn, argument, value);
  const near = leastBits === 0 ? 0 : (negative ? -high : low) / x.scale;
  const clamped = leastBits === 0 ? proven.lo < 0 : !(proven.lo > proven.hi * 2 ** -REACH_BITS);
  const least = clamped ? near : proven.lo;
  const exact = Number.isInteger(zero);
  const wantedBits = partBits(bits);
  // Of a root near zero there is no part of the value to be right to.
  const floor = Math.max(least, leastBits === 0 ? 2 ** -wantedBits * proven.hi : 0, exact ? 1 : 0);
  const up = exact ? 0 : Math.ceil(Math.max(0, wantedBits - 1 - Math.log2(floor)));
  const room = EXACT_BITS - 2 - Math.log2(proven.hi + 1);
  const factor = 2 ** Math.max(0, Math.min(up, Math.floor(room)));
  // d needs no more bits than the part it is to be right to.
  const down = Math.max(0, Math.floor(Math.log2(Math.max(1, floor * factor)) - wantedBits));
  const offset = Math.round(zero * factor);
  const size = emitter.fact(x.node).size;
  const shifted = factor === 1 && offset === 0;
  const sums = { maps: [scalarMap(size, factor)], bias: new Float64Array(size).fill(offset) };
  const whole = shifted ? x.node : emitter.emit('linear', sums, [x.node], { name: `${x.node}.whole`, like: x.node });
  const drop = down >= MIN_DROP ? down : 0;
  const unit = (x.scale / factor) * 2 ** drop;
  const node = dropped(emitter, whole, drop, {
    clamped,
    least: Math.max(leastBits, Math.ceil((least * factor) / 2 ** drop)),
  });
  const { lo } = emitter.bounds(node);
  const rounding = (exact ? 0 : 0.5 / 2 ** drop) + (drop > 0 ? 0.5 : 0);
  const start = clamped ? least * x.scale : proven.lo * x.scale;
  const range = { lo: start, hi: proven.hi * x.scale };
  return {
    node,
    unit,
    rounding,
    relative: rounding / Math.max(1, lo),
    range: negative ? { lo: -range.hi, hi: -range.lo } : range,
    clamped,
  };
}

/** A requantisation costs more than fewer bits than this save. */
const MIN_DROP = 4;

/** d over 2^drop, and what is below the calibrated end clamped to it. */
function dropped(
  emitter: IrEmitter,
  node: string,
  drop: number,
  how: {
    readonly clamped: boolean;
    readonly least: number;
  },
): string {
  if (!how.clamped && drop === 0) return node;
  const { lo, hi } = emitter.bounds(node);
  const least = how.clamped ? how.least : Math.floor(lo / 2 ** drop + 0.5);
  const top = Math.floor(hi / 2 ** drop + 0.5);
  const target = {
    scale: 2 ** drop,
    lo: least,
    bits: Math.max(1, Math.ceil(Math.log2(top - least + 2))),
    calibrated: { lo: how.clamped, hi: false },
    rigid: true,
  } as const;
  return requantise(emitter, { node, scale: 1, offset: 0 }, target).node;
}

/** ⌊2^K / d⌋. */
function quotientOf(
  emitter: IrEmitter,
  { node, unit, relative }: Divisor,
  bits: number,
): { readonly value: Quantised; readonly relative: number } {
  const { hi } = emitter.bounds(node);
  const shift = Math.min(EXACT_BITS, partBits(bits) + Math.ceil(Math.log2(hi + 1)));
  const size = emitter.fact(node).size;
  const one = { maps: [], bias: new Float64Array(size).fill(1) };
  const ones = emitter.emit('linear', one, [], { name: `${node}.one`, like: node });
  const quotient = emitter.emit('divide', { shift }, [ones, node]);
  const floor = 1 / Math.max(1, emitter.bounds(quotient).lo);
  // 1/(1 − ε) − 1 for the argument's ε, which is small.
  const argument = relative / (1 - Math.min(0.5, relative));
  return {
    value: { node: quotient, scale: 2 ** -shift / unit, offset: 0 },
    relative: argument + floor * (1 + argument),
  };
}

/** ⌊√(d·4^j)⌋; `unit` is what one of it stands for. */
function rootOf(
  emitter: IrEmitter,
  { node, unit, relative }: Divisor,
  bits: number,
): { readonly value: Quantised; readonly relative: number; readonly unit: number } {
  const { lo, hi } = emitter.bounds(node);
  const room = Math.floor((EXACT_BITS - Math.log2(hi + 1)) / 2);
  const wanted = Math.ceil(partBits(bits) - Math.log2(Math.max(1, lo)) / 2);
  const j = Math.max(0, Math.min(room, wanted));
  const size = emitter.fact(node).size;
  const raised = { maps: [scalarMap(size, 4 ** j)], bias: new Float64Array(size) };
  const under = j === 0 ? node : emitter.emit('linear', raised, [node], { name: `${node}.raised`, like: node });
  const root = emitter.emit('squareRoot', {}, [under]);
  const scale = Math.sqrt(unit) * 2 ** -j;
  const floor = 1 / Math.max(1, emitter.bounds(root).lo, 2 ** j);
  return { value: { node: root, scale, offset: 0 }, relative: relative / 2 / (1 - relative / 2) + floor, unit: scale };
}

function negated(emitter: IrEmitter, x: Quantised): Quantised {
  const size = emitter.fact(x.node).size;
  const node = emitter.emit('linear', { maps: [scalarMap(size, -1)], bias: new Float64Array(size) }, [x.node], {
    name: `${x.node}.negated`,
    like: x.node,
  });
  return { node, scale: x.scale, offset: -x.offset };
}
