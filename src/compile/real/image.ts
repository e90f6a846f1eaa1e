/** Images of intervals under functions of one variable, and lines around their graphs. */
import type { Line } from './box.js';

/** An interval that holds f of every x in [lo, hi]; an end is infinite or NaN where nothing is known. */
export type Image = (lo: number, hi: number) => readonly [lo: number, hi: number];

interface Imaged {
  readonly image?: Image;
}

export const UNKNOWN: readonly [number, number] = [-Infinity, Infinity];

export function imageOf({ image }: Imaged, lo: number, hi: number): readonly [number, number] {
  const [least, most] = image?.(lo, hi) ?? UNKNOWN;
  return [Number.isNaN(least) ? -Infinity : least, Number.isNaN(most) ? Infinity : most];
}

/** The interval and what evaluating a function in float64 may be off by: 2^−44 of the value, and 2^−60 beside it. */
export function widened(lo: number, hi: number): readonly [number, number] {
  return [lo - Math.abs(lo) * 2 ** -44 - 2 ** -60, hi + Math.abs(hi) * 2 ** -44 + 2 ** -60];
}

/** The image of f that rises or falls between `turns`: from its values there and at the ends. Unknown where the interval begins below `from`. */
export function imageByTurns(apply: (x: number) => number, turns: readonly number[], from: number): Image {
  return (lo, hi) => {
    if (lo < from) return UNKNOWN;
    const values = [lo, ...turns.filter((x) => x > lo && x < hi), hi].map(apply);
    return values.some(Number.isNaN) ? UNKNOWN : widened(Math.min(...values), Math.max(...values));
  };
}

/** Cells that a graph is looked at in. */
const CELLS = 32;

/**
 * Two lines of the chord's slope, one below the graph and one above it: in every cell the image bounds f, and its corners bound f − slope·x
 * (Zhang et al., Efficient Neural Network Robustness Certification with General Activation Functions, NeurIPS 2018, have tangents in their place, which need
 * derivatives). Constant where the interval or the image has no end.
 */
export function functionLines(fn: Imaged, l: number, u: number): readonly [Line, Line] {
  const [least, most] = imageOf(fn, l, u);
  const flat: readonly [Line, Line] = [
    [0, least],
    [0, most],
  ];
  if (!(u > l) || !Number.isFinite(u - l) || !Number.isFinite(most - least)) return flat;
  const middle = (at: number) => imageOf(fn, at, at).reduce((sum, end) => sum + end / 2, 0);
  const slope = (middle(u) - middle(l)) / (u - l);
  if (!Number.isFinite(slope)) return flat;
  let [low, high] = [Infinity, -Infinity];
  for (let c = 0; c < CELLS; c++) {
    const [a, b] = [l + ((u - l) * c) / CELLS, c === CELLS - 1 ? u : l + ((u - l) * (c + 1)) / CELLS];
    const [lo, hi] = imageOf(fn, a, b);
    low = Math.min(low, lo - Math.max(slope * a, slope * b));
    high = Math.max(high, hi - Math.min(slope * a, slope * b));
  }
  return Number.isFinite(high - low)
    ? [
        [slope, low],
        [slope, high],
      ]
    : flat;
}
