/**
 * Intervals of the rows of an integer map. All sums are exact where the reaches, sums of |coefficient|·|bound|, stay below 2^53; so for maps that are
 * read by their structure the same numbers come of shorter sums: coefficients of each sign once a pattern where all elements have one interval, else
 * sums about the intervals' middles, at a multiply-add each.
 */
import { accumulate } from './accumulate.js';
import type { Box } from './box.js';
import { geometryRead, mapCoefs, rowPatternsOf, rowsOf, type LinearMap } from './linear-map.js';

export interface RowIntervals extends Box {
  /** Σ |coefficient|·(largest magnitude of what it multiplies). */
  readonly reach: Float64Array;
}

/** Adds the intervals of the map's rows over the box, of integers, to those of `into`. Exact where its reaches are below 2^53 in the end. */
export function addIntervals(map: LinearMap, x: Box, into: RowIntervals): void {
  if (geometryRead(map) === undefined || x.lo.length === 0) addTerms(map, x, into);
  else if (isOne(x.lo) && isOne(x.hi)) addBySign(map, x.lo[0]!, x.hi[0]!, into);
  else if (!addAboutMiddles(map, x, into)) addTerms(map, x, into);
}

function isOne(values: Float64Array): boolean {
  const [first] = values;
  return values.every((value) => value === first);
}

function addTerms(map: LinearMap, x: Box, { lo, hi, reach }: RowIntervals): void {
  const { rowClass, rowBase, rowWeight, start, offset, tap, weights } = rowsOf(map);
  for (let i = 0; i < rowClass.length; i++) {
    const base = rowBase[i]!;
    const first = rowWeight[i]!;
    const end = start[rowClass[i]! + 1]!;
    let least = lo[i]!;
    let most = hi[i]!;
    let widest = reach[i]!;
    for (let k = start[rowClass[i]!]!; k < end; k++) {
      const coef = weights[first + tap[k]!]!;
      const a = coef * x.lo[base + offset[k]!]!;
      const b = coef * x.hi[base + offset[k]!]!;
      least += Math.min(a, b);
      most += Math.max(a, b);
      widest += Math.max(Math.abs(a), Math.abs(b));
    }
    lo[i] = least;
    hi[i] = most;
    reach[i] = widest;
  }
}

interface SignSums {
  readonly positive: Float64Array;
  readonly negative: Float64Array;
}

const known = new WeakMap<LinearMap, SignSums>();

/** Of each pattern. */
function signSums(map: LinearMap): SignSums {
  const sums = known.get(map) ?? findSignSums(map);
  known.set(map, sums);
  return sums;
}

function findSignSums(map: LinearMap): SignSums {
  const { start, tap, weights } = rowsOf(map);
  const { weight, classOf } = rowPatternsOf(map);
  const sums = { positive: new Float64Array(weight.length), negative: new Float64Array(weight.length) };
  for (let p = 0; p < weight.length; p++) {
    const first = weight[p]!;
    const end = start[classOf[p]! + 1]!;
    let positive = 0;
    let negative = 0;
    for (let k = start[classOf[p]!]!; k < end; k++) {
      const coef = weights[first + tap[k]!]!;
      positive += Math.max(coef, 0);
      negative += Math.min(coef, 0);
    }
    sums.positive[p] = positive;
    sums.negative[p] = negative;
  }
  return sums;
}

function addBySign(map: LinearMap, least: number, most: number, { lo, hi, reach }: RowIntervals): void {
  const { positive, negative } = signSums(map);
  const { rowPattern } = rowPatternsOf(map);
  const magnitude = Math.max(Math.abs(least), Math.abs(most));
  for (let i = 0; i < rowPattern.length; i++) {
    const [p, n] = [positive[rowPattern[i]!]!, negative[rowPattern[i]!]!];
    lo[i]! += p * least + n * most;
    hi[i]! += p * most + n * least;
    reach[i]! += (p - n) * magnitude;
  }
}

/** Below this, twice a row's reach is a sum of exact integers too. */
const MOST_REACH = 2 ** 51;

/** Twice an interval is Σ c·(lo + hi) ∓ Σ |c|·(hi − lo). False, and nothing is added, where that may not be exact. */
function addAboutMiddles(map: LinearMap, x: Box, { lo, hi, reach }: RowIntervals): boolean {
  const magnitudes = mapCoefs(map, Math.abs);
  const sums = (of: LinearMap, values: Float64Array) => {
    const out = new Float64Array(lo.length);
    accumulate(of, values, out);
    return out;
  };
  const reaches = sums(
    magnitudes,
    x.lo.map((value, j) => Math.max(Math.abs(value), Math.abs(x.hi[j]!))),
  );
  if (!reaches.every((value) => value < MOST_REACH)) return false;
  const middles = sums(
    map,
    x.lo.map((value, j) => value + x.hi[j]!),
  );
  const widths = sums(
    magnitudes,
    x.lo.map((value, j) => x.hi[j]! - value),
  );
  for (let i = 0; i < lo.length; i++) {
    lo[i]! += (middles[i]! - widths[i]!) / 2;
    hi[i]! += (middles[i]! + widths[i]!) / 2;
    reach[i]! += reaches[i]!;
  }
  return true;
}
