/**
 * Requantise, ReLU and clamp in one: z = floor((x + 2^(s−1)) / 2^s) (z = x where s = 0), y = clamp(z, lo, lo + 2^b − 1).
 *
 * Constrained: y, for every x that satisfies the constraints.
 * Assumed: x's bounds. A `window` narrows what is paid for: an x outside it may be unsatisfiable, and is whenever it does not fit the
 * range chosen for the window; where it fits, y is still the right one.
 *
 * Let u = x + 2^(s−1) − lo·2^s, so that floor(u / 2^s) = z − lo. What the bounds decide costs nothing; the rest is the builder's
 * `quotient`: by bits in quotient-bits.ts, by lookups in lookup-builder.ts.
 */
import { constant, type Bounds, type Builder, type Lc } from '../builder.js';
import { addConstant, narrow } from '../lc.js';

export interface Requantise {
  /** s ≥ 0: bits rounded away, halves up. */
  readonly shift: number;
  /** Least output value. */
  readonly lo: number;
  /** b ≥ 1: outputs are lo .. lo + 2^b − 1. */
  readonly bits: number;
  /** Pay only for x within; others may be refused (RANGE_EXCEEDED when the witness is made). */
  readonly window?: Bounds;
}

export function requantise(b: Builder, x: Lc, { shift, lo, bits, window }: Requantise): Lc {
  const top = 2 ** bits - 1;
  const half = shift === 0 ? 0 : 2 ** (shift - 1);
  const u = addConstant(x, half - lo * 2 ** shift);
  const proven = quotients(u, shift);
  if (proven.hi <= 0) return constant(lo);
  if (proven.lo >= top) return constant(lo + top);
  if (shift === 0 && proven.lo >= 0 && proven.hi <= top) return x;

  const paid = quotients(window === undefined ? u : narrow(u, shiftBounds(window, half - lo * 2 ** shift)), shift);
  const y = b.gadget('requantise', () => b.quotient(u, { shift, bits, proven, paid }));
  const bounds = { lo: Math.min(Math.max(proven.lo, 0), top), hi: Math.min(proven.hi, top) };
  return addConstant(narrow(y, bounds), lo);
}

/** Bounds of floor(u / 2^s). */
function quotients(u: Bounds, shift: number): Bounds {
  return { lo: Math.floor(u.lo / 2 ** shift), hi: Math.floor(u.hi / 2 ** shift) };
}

function shiftBounds(bounds: Bounds, by: number): Bounds {
  return { lo: bounds.lo + by, hi: bounds.hi + by };
}
