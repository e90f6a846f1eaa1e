/**
 * Requantise, ReLU and clamp in one: z = floor((x + 2^(s−1)) / 2^s) (z = x where s = 0), y = clamp(z, lo, lo + 2^b − 1).
 *
 * Constrained: y, for every x that satisfies the constraints; z is not beyond a refused end; what z has beyond a counted one is in the sum that the
 * statement's bit is of. Assumed: x's bounds.
 *
 * Let u = x + 2^(s−1) − lo·2^s, so that floor(u / 2^s) = z − lo. What the bounds decide costs nothing; the rest is the builder's
 * `quotient`: by bits in quotient-bits.ts, by lookups in lookup-builder.ts.
 */
import { constant, type Bounds, type Builder, type Ends, type Lc } from '../builder.js';
import { addConstant, boundOverflow, narrow } from '../lc.js';

export interface Requantise {
  /** s ≥ 0: bits rounded away, halves up. */
  readonly shift: number;
  /** Least output value. */
  readonly lo: number;
  /** b ≥ 1: outputs are lo .. lo + 2^b − 1. */
  readonly bits: number;
  /** What becomes of a z beyond them. */
  readonly ends: Ends;
}

/** BOUND_OVERFLOW where every z lies beyond a refused end. */
export function requantise(b: Builder, x: Lc, { shift, lo, bits, ends }: Requantise): Lc {
  const top = 2 ** bits - 1;
  const half = shift === 0 ? 0 : 2 ** (shift - 1);
  const u = addConstant(x, half - lo * 2 ** shift);
  const proven = { lo: Math.floor(u.lo / 2 ** shift), hi: Math.floor(u.hi / 2 ** shift) };
  const [below, above] = [proven.lo < 0 ? ends.lo : 'own', proven.hi > top ? ends.hi : 'own'];
  if (proven.hi <= 0 && below === 'own') return constant(lo);
  if (proven.lo >= top && above === 'own') return constant(lo + top);
  if (shift === 0 && proven.lo >= 0 && proven.hi <= top) return x;

  const paid = { lo: below === 'refused' ? 0 : proven.lo, hi: above === 'refused' ? top : proven.hi };
  if (paid.lo > paid.hi) {
    const got = `[${proven.lo + lo}, ${proven.hi + lo}]`;
    throw boundOverflow(
      'every value lies beyond the range that it is refused beyond',
      `${got}, of [${lo}, ${lo + top}]`,
    );
  }
  const y = b.gadget('requantise', () => b.quotient(u, { shift, bits, ends, proven, paid }));
  const bounds: Bounds = { lo: clamp(proven.lo, top), hi: clamp(proven.hi, top) };
  return addConstant(narrow(y, bounds), lo);
}

function clamp(v: number, top: number): number {
  return Math.min(Math.max(v, 0), top);
}
