/**
 * Arithmetic of linear combinations. Every `Lc` made here keeps its wires strictly ascending, its coefficients non-zero integers below
 * 2^53, and bounds [lo, hi] by interval arithmetic over its parts. What would leave (−2^53, 2^53) is refused (BOUND_OVERFLOW):
 * below it float64 arithmetic is exact, and an integer stands for itself in the field.
 */
import { ZkonnxError } from '../src/base/errors.js';
import { mod } from '../src/field/bn254.js';
import type { Bounds, FieldLc, Lc, Wire } from './builder.js';

/** Exclusive limit of every coefficient, constant, bound and partial sum. */
export const EXACT_LIMIT = 2 ** 53;

export function boundOverflow(what: string, got: string, where?: string): ZkonnxError {
  return new ZkonnxError('BOUND_OVERFLOW', what, {
    expected: 'absolute values below 2^53 = 9007199254740992',
    got,
    ...(where === undefined ? {} : { where }),
    help: 'lower the bits of weights or activations, or requantise earlier',
  });
}

/** The single wire, whose integer value the caller has proven to lie within `bounds`. */
export function wireLc(wire: Wire, bounds: Bounds): Lc {
  return { wires: [wire], coefs: [1], constant: 0, lo: bounds.lo, hi: bounds.hi };
}

/** Largest absolute value an Lc can take. */
export function maxAbs(x: Bounds): number {
  return Math.max(Math.abs(x.lo), Math.abs(x.hi));
}

/** Least k with value < 2^k, for an integer 0 ≤ value < 2^53. */
export function bitLength(value: number): number {
  let bits = 0;
  for (let rest = value; rest >= 1; rest = Math.floor(rest / 2)) bits++;
  return bits;
}

/** Whether an Lc is a known number. */
export function isConstant(x: Lc): boolean {
  return x.wires.length === 0;
}

/** `x` with bounds its caller has proven; the intersection with what is known already. */
export function narrow(x: Lc, bounds: Bounds): Lc {
  const lo = Math.max(x.lo, bounds.lo);
  const hi = Math.min(x.hi, bounds.hi);
  if (lo > hi) {
    throw boundOverflow('no value satisfies both bounds', `[${x.lo}, ${x.hi}] and [${bounds.lo}, ${bounds.hi}]`);
  }
  return { wires: x.wires, coefs: x.coefs, constant: x.constant, lo, hi };
}

export function add(a: Lc, b: Lc): Lc {
  return new LcSum().add(a).add(b).build();
}

export function sub(a: Lc, b: Lc): Lc {
  return new LcSum().add(a).add(b, -1).build();
}

export function scale(x: Lc, factor: number): Lc {
  return new LcSum().add(x, factor).build();
}

export function addConstant(x: Lc, value: number): Lc {
  return new LcSum().add(x).addConstant(value).build();
}

/** constant + Σ coefs[i]·terms[i]. */
export function linearCombination(terms: readonly Lc[], coefs: ArrayLike<number>, constant = 0): Lc {
  const sum = new LcSum().addConstant(constant);
  for (let i = 0; i < terms.length; i++) sum.add(terms[i]!, coefs[i]!);
  return sum.build();
}

/**
 * Sum of many scaled Lcs, in time linear in the terms when wires arrive ascending and n log n otherwise.
 * Throws BOUND_OVERFLOW as soon as |constant| + Σ |factor|·maxabs(term) reaches 2^53.
 */
export class LcSum {
  private readonly wires: number[] = [];
  private readonly coefs: number[] = [];
  private ascending = true;
  private constant = 0;
  private lo = 0;
  private hi = 0;
  /** Σ of absolute values, rounded monotonically: below 2^53 it is exact, and so is every partial sum of lo and hi. */
  private magnitude = 0;

  add(x: Lc, factor = 1): this {
    if (factor === 0) return this;
    const [p, q] = [factor * x.lo, factor * x.hi];
    this.grow(Math.max(Math.abs(p), Math.abs(q)), `${factor} · [${x.lo}, ${x.hi}]`);
    this.lo += Math.min(p, q);
    this.hi += Math.max(p, q);
    this.constant += factor * x.constant;
    const { wires, coefs } = x;
    let last = this.wires.length === 0 ? -1 : this.wires[this.wires.length - 1]!;
    for (let i = 0; i < wires.length; i++) {
      const wire = wires[i]!;
      if (wire <= last) this.ascending = false;
      last = wire;
      this.wires.push(wire);
      this.coefs.push(factor * coefs[i]!);
    }
    return this;
  }

  addConstant(value: number): this {
    this.grow(Math.abs(value), String(value));
    this.constant += value;
    this.lo += value;
    this.hi += value;
    return this;
  }

  /** The sum, optionally with narrower bounds its caller has proven. */
  build(bounds?: Bounds): Lc {
    const { wires, coefs } = this.ascending
      ? { wires: this.wires, coefs: this.coefs }
      : mergeTerms(this.wires, this.coefs);
    // A rounded product or sum of integers below 2^53 is the exact one: rounding is monotone.
    checkExact(this.constant);
    for (let i = 0; i < coefs.length; i++) checkExact(coefs[i]!);
    // Terms that cancel leave a number, whatever their bounds were.
    const known = wires.length === 0 ? this.constant : undefined;
    const [lo, hi] = [known ?? this.lo, known ?? this.hi];
    const sum: Lc = { wires, coefs, constant: this.constant + 0, lo: lo + 0, hi: hi + 0 };
    return bounds === undefined ? sum : narrow(sum, bounds);
  }

  private grow(magnitude: number, term: string): void {
    this.magnitude += magnitude;
    if (this.magnitude < EXACT_LIMIT) return;
    throw boundOverflow('a linear combination may leave the exact range', `${this.magnitude} after the term ${term}`);
  }
}

function checkExact(value: number): void {
  if (Math.abs(value) < EXACT_LIMIT && Number.isInteger(value)) return;
  throw boundOverflow('a coefficient is no exact integer', String(value));
}

/** Sorts by wire, adds the coefficients of equal wires, drops zeros. */
function mergeTerms(wires: readonly number[], coefs: readonly number[]): { wires: number[]; coefs: number[] } {
  const n = wires.length;
  // One float64 key a term, wire·n + position: typed arrays sort numbers without a comparator.
  const keys = new Float64Array(n);
  for (let i = 0; i < n; i++) keys[i] = wires[i]! * n + i;
  checkExact(wires.reduce((a, b) => Math.max(a, b), 0) * n + n);
  keys.sort();
  const outWires: number[] = [];
  const outCoefs: number[] = [];
  for (let i = 0; i < n;) {
    const wire = Math.floor(keys[i]! / n);
    let coef = 0;
    for (; i < n && Math.floor(keys[i]! / n) === wire; i++) {
      coef += coefs[keys[i]! % n]!;
      checkExact(coef);
    }
    if (coef === 0) continue;
    outWires.push(wire);
    outCoefs.push(coef);
  }
  return { wires: outWires, coefs: outCoefs };
}

/** The same linear combination over the field. */
export function toField(x: Lc): FieldLc {
  return { wires: Array.from(x.wires), coefs: Array.from(x.coefs, (c) => BigInt(c)), constant: BigInt(x.constant) };
}

/** The single wire, as an element of the field. */
export function fieldWire(wire: number): FieldLc {
  return { wires: [wire], coefs: [1n], constant: 0n };
}

export function fieldConstant(value: bigint): FieldLc {
  return { wires: [], coefs: [], constant: mod(value) };
}

/** constant + Σ factors[i]·terms[i] over the field; coefficients canonical, wires ascending, zeros dropped. */
export function fieldCombination(terms: readonly FieldLc[], factors: readonly bigint[], constant = 0n): FieldLc {
  const coefs = new Map<Wire, bigint>();
  let total = constant;
  terms.forEach((term, t) => {
    const factor = factors[t]!;
    total += factor * term.constant;
    term.wires.forEach((wire, i) => coefs.set(wire, (coefs.get(wire) ?? 0n) + factor * term.coefs[i]!));
  });
  const entries = [...coefs]
    .map(([wire, coef]) => [wire, mod(coef)] as const)
    .filter(([, coef]) => coef !== 0n)
    .sort(([a], [b]) => a - b);
  return { wires: entries.map(([wire]) => wire), coefs: entries.map(([, coef]) => coef), constant: mod(total) };
}
