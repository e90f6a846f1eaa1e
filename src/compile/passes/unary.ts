/**
 * Unary functions as tables. Method: the argument is rounded to 1/128 and clamped to the interval outside which the function is
 * constant to less than 2^−11; the value is rounded to 2^−15. Worst error: half a step times the steepest slope, plus the tail.
 */
import type { UnaryFunction } from '../real/graph.js';
import type { Target } from './scales.js';

interface UnaryTable {
  readonly name: string;
  readonly input: Target;
  /** values[i] = round(f((lo + i)·input.scale) / scale). */
  readonly values: Float64Array;
  readonly scale: number;
}

const ARGUMENT_STEP = 2 ** -7;
const VALUE_SCALE = 2 ** -15;

/** f, and the half-width of its domain as a power of two. */
const functions: Record<UnaryFunction, { readonly f: (x: number) => number; readonly halfWidth: number }> = {
  // Error 1/256·1/4 + e^−8 = 1.4e-3.
  sigmoid: { f: (x) => 1 / (1 + Math.exp(-x)), halfWidth: 8 },
  // Error 1/256·1 + 2·e^−8 = 4.6e-3.
  tanh: { f: Math.tanh, halfWidth: 4 },
};

export function unaryTable(fn: UnaryFunction): UnaryTable {
  const { f, halfWidth } = functions[fn];
  const lo = -halfWidth / ARGUMENT_STEP;
  const size = -2 * lo;
  const values = Float64Array.from({ length: size }, (_, i) => Math.round(f((lo + i) * ARGUMENT_STEP) / VALUE_SCALE));
  return {
    name: `${fn}:${lo}:${ARGUMENT_STEP}:${VALUE_SCALE}`,
    input: { scale: ARGUMENT_STEP, lo, bits: Math.log2(size) },
    values,
    scale: VALUE_SCALE,
  };
}
