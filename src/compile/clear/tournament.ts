/** Who meets whom, level by level, so that of each window the largest is left: by bounds alone, before anything is committed. */
import { place, select, type Range, type Vec } from './vec.js';

export interface Tournament {
  /** The elements that may be the largest of some window, ascending. */
  readonly elements: Uint32Array;
  /** Window after window, which of `elements` (by position) come together. */
  readonly start: Uint32Array;
  readonly levels: readonly Level[];
}

interface Level {
  readonly pairs: readonly { readonly left: number; readonly right: number; readonly at: number }[];
  /** Without an opponent, or larger than it whatever happens. */
  readonly kept: readonly { readonly from: number; readonly at: number }[];
  /** How many are left. */
  readonly size: number;
  /** left − right of all pairs. */
  readonly difference: Range;
}

/** Bounds of each element of the tensor that windows are taken of. */
export interface Bounds {
  readonly lo: ArrayLike<number>;
  readonly hi: ArrayLike<number>;
}

export function tournamentOf(bounds: Bounds, windows: readonly ArrayLike<number>[]): Tournament {
  const left = windows.map((window) => candidates(bounds, window));
  const flat = left.flat();
  const elements = Uint32Array.from(new Set(flat)).sort();
  const position = new Map(Array.from(elements, (element, i) => [element, i]));
  const levels: Level[] = [];
  let lengths = left.map(({ length }) => length);
  let current = { lo: flat.map((j) => bounds.lo[j]!), hi: flat.map((j) => bounds.hi[j]!) };
  while (lengths.some((length) => length > 1)) {
    const level = levelOf(current, lengths);
    const next = { lo: new Array<number>(level.size), hi: new Array<number>(level.size) };
    for (const end of ['lo', 'hi'] as const) {
      for (const { left: a, right: b, at } of level.pairs) next[end][at] = Math.max(current[end][a]!, current[end][b]!);
      for (const { from, at } of level.kept) next[end][at] = current[end][from]!;
    }
    levels.push(level);
    current = next;
    lengths = lengths.map((length) => Math.ceil(length / 2));
  }
  return { elements, start: Uint32Array.from(flat, (j) => position.get(j)!), levels };
}

/** No element below the largest lower bound can be the maximum; the one that holds this bound stays. */
function candidates({ lo, hi }: Bounds, window: ArrayLike<number>): number[] {
  const members = Array.from(window);
  const floor = members.reduce((most, j) => Math.max(most, lo[j]!), -Infinity);
  const keeper = members.findIndex((j) => lo[j] === floor);
  return [...new Set(members.filter((j, i) => i === keeper || hi[j]! > floor))];
}

function levelOf({ lo, hi }: Bounds, lengths: readonly number[]): Level {
  const pairs: Level['pairs'][number][] = [];
  const kept: Level['kept'][number][] = [];
  const difference = { lo: Infinity, hi: -Infinity };
  let [first, at] = [0, 0];
  for (const length of lengths) {
    for (let k = 0; k < length; k += 2, at++) {
      const [left, right] = [first + k, first + k + 1];
      if (k + 1 === length || lo[left]! >= hi[right]!) kept.push({ from: left, at });
      else if (hi[left]! <= lo[right]!) kept.push({ from: right, at });
      else {
        pairs.push({ left, right, at });
        difference.lo = Math.min(difference.lo, lo[left]! - hi[right]!);
        difference.hi = Math.max(difference.hi, hi[left]! - lo[right]!);
      }
    }
    first += length;
  }
  return { pairs, kept, size: at, difference };
}

/** The largest of each window; `elements` are the tournament's, `larger` of two vectors element by element. */
export function play(
  { start, levels }: Tournament,
  elements: Vec,
  larger: (a: Vec, b: Vec, level: number) => Vec,
): Vec {
  return levels.reduce(
    (values, { pairs, kept, size }, i) => {
      const parts = [];
      if (pairs.length > 0) {
        const of = (side: 'left' | 'right') =>
          select(
            values,
            pairs.map((pair) => pair[side]),
          );
        parts.push({ vec: larger(of('left'), of('right'), i), at: pairs.map(({ at }) => at) });
      }
      if (kept.length > 0) {
        const vec = select(
          values,
          kept.map(({ from }) => from),
        );
        parts.push({ vec, at: kept.map(({ at }) => at) });
      }
      return place(size, parts);
    },
    select(elements, start),
  );
}
