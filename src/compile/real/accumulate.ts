/**
 * A linear map applied: most of the time of calibrating, measuring and searching. Rows go in blocks that share their loads, since sums in flight
 * beside each other take the time of one, whose additions wait for each other. The terms of a row are added in the order of its pattern all the
 * same: the values are those of one row after the other, bit for bit.
 */
import type { LinearMap } from './linear-map.js';
import { rowBlocks } from './row-blocks.js';

/** y[i] += row i applied to x. Exact where all partial sums are integers below 2^53. */
export function accumulate(map: LinearMap, x: Float64Array, y: Float64Array): void {
  const { pairs, parallel, shared, single } = rowBlocks(map);
  addPairs(map, pairs, x, y);
  addParallel(map, parallel, x, y);
  addShared(map, shared, x, y);
  addSingle(map, single, x, y);
}

// One variable a sum and no arrays of them: the loops stay in registers.

function addPairs(map: LinearMap, rows: Uint32Array, x: Float64Array, y: Float64Array): void {
  const { rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  for (let r = 0; r < rows.length; r += 8) {
    const base = rowBase[rows[r]!]!;
    const step = rowBase[rows[r + 4]!]! - base;
    const first = patStart[rowPattern[rows[r]!]!]!;
    const end = patStart[rowPattern[rows[r]!]! + 1]!;
    const to1 = patStart[rowPattern[rows[r + 1]!]!]! - first;
    const to2 = patStart[rowPattern[rows[r + 2]!]!]! - first;
    const to3 = patStart[rowPattern[rows[r + 3]!]!]! - first;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let k = first; k < end; k++) {
      const j = base + patOffset[k]!;
      const s = x[j]!;
      const t = x[j + step]!;
      const c0 = patCoef[k]!;
      const c1 = patCoef[k + to1]!;
      const c2 = patCoef[k + to2]!;
      const c3 = patCoef[k + to3]!;
      s0 += c0 * s;
      s1 += c1 * s;
      s2 += c2 * s;
      s3 += c3 * s;
      t0 += c0 * t;
      t1 += c1 * t;
      t2 += c2 * t;
      t3 += c3 * t;
    }
    y[rows[r]!]! += s0;
    y[rows[r + 1]!]! += s1;
    y[rows[r + 2]!]! += s2;
    y[rows[r + 3]!]! += s3;
    y[rows[r + 4]!]! += t0;
    y[rows[r + 5]!]! += t1;
    y[rows[r + 6]!]! += t2;
    y[rows[r + 7]!]! += t3;
  }
}

function addParallel(map: LinearMap, rows: Uint32Array, x: Float64Array, y: Float64Array): void {
  const { rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  for (let r = 0; r < rows.length; r += 4) {
    const base = rowBase[rows[r]!]!;
    const first = patStart[rowPattern[rows[r]!]!]!;
    const end = patStart[rowPattern[rows[r]!]! + 1]!;
    const to1 = patStart[rowPattern[rows[r + 1]!]!]! - first;
    const to2 = patStart[rowPattern[rows[r + 2]!]!]! - first;
    const to3 = patStart[rowPattern[rows[r + 3]!]!]! - first;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = first; k < end; k++) {
      const s = x[base + patOffset[k]!]!;
      s0 += patCoef[k]! * s;
      s1 += patCoef[k + to1]! * s;
      s2 += patCoef[k + to2]! * s;
      s3 += patCoef[k + to3]! * s;
    }
    y[rows[r]!]! += s0;
    y[rows[r + 1]!]! += s1;
    y[rows[r + 2]!]! += s2;
    y[rows[r + 3]!]! += s3;
  }
}

function addShared(map: LinearMap, rows: Uint32Array, x: Float64Array, y: Float64Array): void {
  const { rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  for (let r = 0; r < rows.length; r += 4) {
    const base = rowBase[rows[r]!]!;
    const to1 = rowBase[rows[r + 1]!]! - base;
    const to2 = rowBase[rows[r + 2]!]! - base;
    const to3 = rowBase[rows[r + 3]!]! - base;
    const p = rowPattern[rows[r]!]!;
    const end = patStart[p + 1]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = patStart[p]!; k < end; k++) {
      const j = base + patOffset[k]!;
      const coef = patCoef[k]!;
      s0 += coef * x[j]!;
      s1 += coef * x[j + to1]!;
      s2 += coef * x[j + to2]!;
      s3 += coef * x[j + to3]!;
    }
    y[rows[r]!]! += s0;
    y[rows[r + 1]!]! += s1;
    y[rows[r + 2]!]! += s2;
    y[rows[r + 3]!]! += s3;
  }
}

function addSingle(map: LinearMap, rows: Uint32Array, x: Float64Array, y: Float64Array): void {
  const { rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  for (let r = 0; r < rows.length; r++) {
    const p = rowPattern[rows[r]!]!;
    const base = rowBase[rows[r]!]!;
    const end = patStart[p + 1]!;
    let sum = 0;
    for (let k = patStart[p]!; k < end; k++) sum += patCoef[k]! * x[base + patOffset[k]!]!;
    y[rows[r]!]! += sum;
  }
}
