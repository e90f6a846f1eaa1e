/**
 * A function of an integer as a sum of tables, one a segment of its arguments: y = Σ_k T_k[t_k], t_k = clamp(⌊(q + 2^(j−1)) / 2^j⌋, z, z + rows − 1).
 * Below its segment a table stands at its first row, which is 0 in all but the first table, above it at its last one: the sum is that of the cell
 * that q lies in. Cells are consecutive runs of integers q, so what the sum is off by is measured at the arguments themselves.
 */

/** Rows z .. z + 2^bits − 1 stand for q rounded to multiples of 2^shift. */
export interface Segment {
  readonly shift: number;
  readonly z: number;
  readonly bits: number;
}

/** Integers from .. to that the tables do not tell apart, and the row that stands for them. */
export interface Cell {
  readonly from: number;
  readonly to: number;
  readonly segment: number;
  readonly row: number;
}

/** Least q that is rounded to row z + t or a later one. */
export function startOf({ shift, z }: Segment, t: number): number {
  return shift === 0 ? z + t : (z + t) * 2 ** shift - 2 ** (shift - 1);
}

/** The segment from q on: its first row holds q. */
export function segmentFrom(q: number, shift: number, bits: number): Segment {
  return { shift, z: Math.floor(shift === 0 ? q : q / 2 ** shift + 0.5), bits };
}

/** Where the last row of a segment begins: the next segment starts there. */
export function endOf(segment: Segment): number {
  return startOf(segment, 2 ** segment.bits - 1);
}

/**
 * The cells of the arguments lo .. hi, ascending, none empty. Rows of a segment that begin where the next one has begun are of no cell:
 * they repeat the row before.
 */
export function* cellsOf(segments: readonly Segment[], lo: number, hi: number): Generator<Cell> {
  let [from, at, row] = [lo, 0, 0];
  for (const [s, segment] of segments.entries()) {
    const next = segments[s + 1];
    const limit = next === undefined ? Infinity : startOf(next, 1);
    for (let t = 1; t < 2 ** segment.bits; t++) {
      const start = startOf(segment, t);
      if (start >= limit || start > hi) break;
      if (start > from) yield { from, to: start - 1, segment: at, row };
      from = Math.max(from, start);
      [at, row] = [s, t];
    }
  }
  yield { from, to: hi, segment: at, row };
}

/**
 * The tables that add up to `value` in every cell. `value` is asked for the cells in order; rows that are of no cell take the value before them.
 */
export function tablesOf(
  segments: readonly Segment[],
  cells: readonly Cell[],
  value: (cell: Cell) => number,
): Float64Array[] {
  const sums = segments.map(({ bits }) => new Float64Array(2 ** bits).fill(NaN));
  let first: number | undefined;
  for (const cell of cells) {
    const v = value(cell);
    first ??= v;
    sums[cell.segment]![cell.row] = v;
  }
  let last = first!;
  return sums.map((sum, s) => {
    const base = s === 0 ? 0 : last;
    // The first row of a later segment is where the segment before it ended.
    return sum.map((v) => {
      if (!Number.isNaN(v)) last = v;
      return last - base;
    });
  });
}
