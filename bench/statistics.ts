/** What the bench makes of its times: medians, and ratios within pairs. Pure. */

/** Times of two sides that took turns: entry i of both is pair i. Any one unit. */
export interface Pairs {
  readonly ours: readonly number[];
  readonly peer: readonly number[];
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The middle value, or the mean of the two middle ones. Throws RangeError for no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const sorted = values.toSorted((x, y) => x - y);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Throws RangeError for no values. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/**
 * How many times as long the peer took, pair by pair: what both sides of a pair share (a busy neighbour, a clock that throttles)
 * cancels. Throws RangeError if the sides have not the same number of times.
 */
export function pairRatios({ ours, peer }: Pairs): number[] {
  if (ours.length !== peer.length) throw new RangeError(`${ours.length} times of ours, ${peer.length} of the peer`);
  return ours.map((time, i) => peer[i]! / time);
}
