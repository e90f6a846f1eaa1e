/**
 * Intervals of tensors, element by element, and lines that bound one elementwise step over them. Every sum is widened by what float64 may have
 * rounded away (Higham, Accuracy and Stability of Numerical Algorithms, §3.1: a sum of n products is off by at most n·u/(1 − n·u) of the sum
 * of their magnitudes), so that an interval holds the true values, not only the computed ones.
 */
import { rowsOf, type LinearMap } from './linear-map.js';

/** lo[i] ≤ x[i] ≤ hi[i]; an end may be infinite. */
export interface Box {
  readonly lo: Float64Array;
  readonly hi: Float64Array;
}

/**
 * Lines that y[i] lies between: lowSlope·x + lowOffset ≤ y ≤ highSlope·x + highOffset, for every x in the box they were made for; x is the
 * element `source[i]` of the input, i itself where `source` is left out.
 */
export interface Lines {
  readonly source?: Uint32Array;
  readonly lowSlope: Float64Array;
  readonly lowOffset: Float64Array;
  readonly highSlope: Float64Array;
  readonly highOffset: Float64Array;
}

/** Unit roundoff of float64. */
export const ROUNDOFF = 2 ** -53;

/** What a sum of `terms` products may be off by, as a part of the sum of their magnitudes. */
export function sumSlack(terms: number): number {
  return (terms + 4) * ROUNDOFF * 1.01;
}

export function emptyBox(size: number): { readonly lo: Float64Array; readonly hi: Float64Array } {
  return { lo: new Float64Array(size), hi: new Float64Array(size) };
}

/** No bounds are known. */
export function unbounded(size: number): Box {
  return { lo: new Float64Array(size).fill(-Infinity), hi: new Float64Array(size).fill(Infinity) };
}

export function uniformBox(size: number, lo: number, hi: number): Box {
  return { lo: new Float64Array(size).fill(lo), hi: new Float64Array(size).fill(hi) };
}

/** The box of y[i] = image(x.lo[i], x.hi[i]); NaN means that nothing is known. */
export function boxOf(x: Box, image: (lo: number, hi: number, i: number) => readonly [number, number]): Box {
  const out = emptyBox(x.lo.length);
  for (let i = 0; i < x.lo.length; i++) {
    const [lo, hi] = image(x.lo[i]!, x.hi[i]!, i);
    out.lo[i] = Number.isNaN(lo) ? -Infinity : lo;
    out.hi[i] = Number.isNaN(hi) ? Infinity : hi;
  }
  return out;
}

/** Largest magnitude of element i. */
export function reachOf({ lo, hi }: Box, i: number): number {
  return Math.max(Math.abs(lo[i]!), Math.abs(hi[i]!));
}

/** Least and largest of all elements. */
export function hull({ lo, hi }: Box): { readonly lo: number; readonly hi: number } {
  return {
    lo: lo.reduce((least, value) => Math.min(least, value), Infinity),
    hi: hi.reduce((most, value) => Math.max(most, value), -Infinity),
  };
}

/** What both boxes allow. */
export function intersection(a: Box, b: Box): Box {
  return {
    lo: a.lo.map((value, i) => Math.max(value, b.lo[i]!)),
    hi: a.hi.map((value, i) => Math.min(value, b.hi[i]!)),
  };
}

/** The box of bias + Σ maps[s](x_s), and of each row the sum of the magnitudes of its terms. */
export function affineBox(
  { maps, bias }: { readonly maps: readonly LinearMap[]; readonly bias: Float64Array },
  inputs: readonly Box[],
): Box & { readonly reach: Float64Array } {
  const [lo, hi, reach] = [Float64Array.from(bias), Float64Array.from(bias), bias.map(Math.abs)];
  const terms = new Float64Array(bias.length);
  maps.forEach((map, s) => {
    const x = inputs[s]!;
    const { rowClass, rowBase, rowWeight, start, offset, tap, weights } = rowsOf(map);
    for (let i = 0; i < bias.length; i++) {
      const [base, first, c] = [rowBase[i]!, rowWeight[i]!, rowClass[i]!];
      const end = start[c + 1]!;
      for (let k = start[c]!; k < end; k++) {
        const [coef, j] = [weights[first + tap[k]!]!, base + offset[k]!];
        // Nothing of what is unbounded is nothing.
        if (coef === 0) continue;
        const [a, b] = [coef * x.lo[j]!, coef * x.hi[j]!];
        lo[i]! += Math.min(a, b);
        hi[i]! += Math.max(a, b);
        reach[i]! += Math.max(Math.abs(a), Math.abs(b));
      }
      terms[i]! += end - start[c]!;
    }
  });
  for (let i = 0; i < bias.length; i++) {
    const slack = terms[i] === 0 ? 0 : sumSlack(terms[i]!) * reach[i]!;
    lo[i] = known(lo[i]! - slack, -Infinity);
    hi[i] = known(hi[i]! + slack, Infinity);
  }
  return { lo, hi, reach };
}

function known(value: number, otherwise: number): number {
  return Number.isNaN(value) ? otherwise : value;
}

/** Room for `size` lines, all of them y = 0. */
export function emptyLines(size: number): Lines {
  const zeros = () => new Float64Array(size);
  return { lowSlope: zeros(), lowOffset: zeros(), highSlope: zeros(), highOffset: zeros() };
}

/** A line as slope and offset. */
export type Line = readonly [slope: number, offset: number];

export function setLines(lines: Lines, i: number, low: Line, high: Line): void {
  [lines.lowSlope[i], lines.lowOffset[i]] = low;
  [lines.highSlope[i], lines.highOffset[i]] = high;
}

const IDENTITY: Line = [1, 0];

/**
 * The lines of y = min(max(x, lo), hi) over [l, u] (lo < hi): the chord on the side where it is the hull, and where two lines would do, the one
 * that leaves the smaller triangle (Singh et al., An Abstract Domain for Certifying Neural Networks, POPL 2019, §4.2, for ReLU; Clip alike).
 */
export function clampLines(l: number, u: number, lo: number, hi: number): { readonly low: Line; readonly high: Line } {
  const image = (x: number) => Math.min(Math.max(x, lo), hi);
  if (l >= lo && u <= hi) return { low: IDENTITY, high: IDENTITY };
  if (u <= lo || l >= hi || !Number.isFinite(u - l)) return { low: [0, image(l)], high: [0, image(u)] };
  const through = (x0: number, y0: number, x1: number, y1: number): Line => {
    const slope = (y1 - y0) / (x1 - x0);
    return [slope, y0 - slope * x0];
  };
  if (u <= hi) return { low: u - lo > lo - l ? IDENTITY : [0, lo], high: through(l, lo, u, u) };
  if (l >= lo) return { low: through(l, l, u, hi), high: hi - l > u - hi ? IDENTITY : [0, hi] };
  return { low: through(lo, lo, u, hi), high: through(l, lo, hi, hi) };
}

/**
 * The lines of maxima over windows: a maximum is at least the element whose lower end is the highest, and at most the highest upper end; it is that
 * element where no other reaches above its lower end (Singh et al., POPL 2019, §4.5).
 */
export function maximaLines(start: Uint32Array, index: Uint32Array, x: Box): Lines {
  const size = start.length - 1;
  const lines = emptyLines(size);
  const source = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    let best = index[start[i]!]!;
    let hi = -Infinity;
    for (let k = start[i]!; k < start[i + 1]!; k++) {
      const j = index[k]!;
      if (x.lo[j]! > x.lo[best]!) best = j;
      hi = Math.max(hi, x.hi[j]!);
    }
    source[i] = best;
    let alone = true;
    for (let k = start[i]!; k < start[i + 1]!; k++) alone &&= index[k] === best || x.hi[index[k]!]! <= x.lo[best]!;
    setLines(lines, i, IDENTITY, alone ? IDENTITY : [0, hi]);
  }
  return { ...lines, source };
}
