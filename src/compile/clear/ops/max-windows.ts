/** Maxima of windows, pair by pair, level by level: a committed maximum a pair that bounds do not decide. */
import type { ClearOp } from '../op.js';
import type { Lowering } from '../lowering.js';
import { place, select, type Vec } from '../vec.js';

export const maxWindows: ClearOp<'maxWindows'> = {
  lower(c, { name, inputs, attrs: { start, index } }) {
    const rows = c.openRows(name);
    const x = c.vec(inputs[0]!);
    const windows = Array.from(rows, (row) => candidates(x, index.subarray(start[row]!, start[row + 1]!)));
    let level: Level = {
      values: select(x, windows.flat()),
      lengths: windows.map((window) => window.length),
    };
    for (let i = 1; level.lengths.some((length) => length > 1); i++) level = halved(c, level, `maximum, level ${i}`);
    c.define(name, rows, level.values);
  },
};

interface Level {
  readonly values: Vec;
  /** Candidates left of each window, one window after another. */
  readonly lengths: readonly number[];
}

/** No element below the largest lower bound can be the maximum; the one that holds this bound stays. */
function candidates({ lo, hi }: Vec, window: Uint32Array): number[] {
  const floor = window.reduce((most, j) => Math.max(most, lo[j]!), -Infinity);
  const keeper = window.findIndex((j) => lo[j] === floor);
  return [...new Set(Array.from(window).filter((j, i) => i === keeper || hi[j]! > floor))];
}

function halved(c: Lowering, { values, lengths }: Level, name: string): Level {
  const pairs: { readonly left: number; readonly right: number; readonly at: number }[] = [];
  const kept: { readonly from: number; readonly at: number }[] = [];
  let [first, at] = [0, 0];
  for (const length of lengths) {
    for (let k = 0; k < length; k += 2, at++) {
      const [left, right] = [first + k, first + k + 1];
      if (k + 1 === length || values.lo[left]! >= values.hi[right]!) kept.push({ from: left, at });
      else if (values.hi[left]! <= values.lo[right]!) kept.push({ from: right, at });
      else pairs.push({ left, right, at });
    }
    first += length;
  }
  const parts = [];
  if (pairs.length > 0) {
    const [a, b] = [pairs.map(({ left }) => left), pairs.map(({ right }) => right)].map((list) => select(values, list));
    parts.push({ vec: c.max(a!, b!, name), at: pairs.map((pair) => pair.at) });
  }
  if (kept.length > 0) {
    parts.push({
      vec: select(
        values,
        kept.map(({ from }) => from),
      ),
      at: kept.map((one) => one.at),
    });
  }
  return { values: place(at, parts), lengths: lengths.map((length) => Math.ceil(length / 2)) };
}
