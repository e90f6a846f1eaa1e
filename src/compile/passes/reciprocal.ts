/**
 * 1/x by exact division: x is rounded to a positive integer d = x/h and q = ⌊2^K / d⌋ is proven, so 1/x = q·2^−K/h. No table: the range of d
 * may be as wide as the relative error asks for. Error relative to 1/x: 5h/8x for the rounding of the argument, 1/q for the floor.
 */
import type { Statistics } from './calibrate.js';
import type { IrEmitter } from './emitter.js';
import { scalarMap } from '../real/linear-map.js';
import { reciprocal } from '../real/unary.js';
import { requantise, type Quantised } from './scales.js';
import { argumentRange, undefinedWithin, type Range } from './unary.js';

/** Bits of d and of q: a reader multiplies by q as it is. */
const DIVISOR_BITS = 20;
const QUOTIENT_BITS = 16;

export interface ReciprocalResult {
  readonly value: Quantised;
  readonly range: Range;
  readonly error: number;
}

export function lowerReciprocal(
  emitter: IrEmitter,
  x: Quantised,
  argument: Statistics,
  value: Statistics,
  activationBits: number,
): ReciprocalResult {
  const negative = argument.max < 0;
  if (!negative && !(argument.min > 0)) throw undefinedWithin(reciprocal, { lo: argument.min, hi: argument.max });
  const range = argumentRange(reciprocal, argument, value);
  const [near, far] = negative ? [-range.hi, -range.lo] : [range.lo, range.hi];
  // The step that keeps the relative error near zero below 2^−(bits + 2); coarser where d would need more bits than it may have.
  const wanted = 2 ** Math.floor(Math.log2(near) - activationBits - 1);
  const step = Math.max(wanted, 2 ** Math.ceil(Math.log2(far) - DIVISOR_BITS));
  const lo = Math.max(1, Math.floor(near / step));
  const bits = Math.max(1, Math.ceil(Math.log2(Math.ceil(far / step) - lo + 1)));
  const source = negative ? negated(emitter, x) : x;
  const divisor = requantise(emitter, source, {
    scale: step,
    lo,
    bits,
    calibrated: { lo: true, hi: true },
    rigid: true,
  });
  const shift = Math.floor(Math.log2((2 ** QUOTIENT_BITS - 1) * lo));
  const size = emitter.fact(x.node).size;
  const one = { maps: [], bias: new Float64Array(size).fill(1) };
  const ones = emitter.emit('linear', one, [], { name: `${x.node}.one`, like: x.node });
  const quotient = emitter.emit('divide', { shift }, [ones, divisor.node]);
  const scale = 2 ** -shift / step;
  const result = { node: quotient, scale, offset: 0 };
  return {
    value: negative ? negated(emitter, result) : result,
    range,
    error: (0.625 * step) / near ** 2 + scale,
  };
}

function negated(emitter: IrEmitter, x: Quantised): Quantised {
  const size = emitter.fact(x.node).size;
  const node = emitter.emit('linear', { maps: [scalarMap(size, -1)], bias: new Float64Array(size) }, [x.node], {
    name: `${x.node}.negated`,
    like: x.node,
  });
  return { node, scale: x.scale, offset: -x.offset };
}
