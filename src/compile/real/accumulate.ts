/**
 * A linear map applied: most of the time of calibrating, measuring and searching. Rows go in blocks that share their loads, since sums in flight
 * beside each other take the time of one, whose additions wait for each other. The terms of a row are added in the order of its pattern all the
 * same: the values are those of one row after the other, bit for bit.
 */
import { accumulateStructured } from './accumulate-structured.js';
import { geometryRead, type LinearMap } from './linear-map.js';
import { rowBlocks, type RowBlocks } from './row-blocks.js';

/** y[i] += row i applied to x. Exact where all partial sums are integers below 2^53. */
export function accumulate(map: LinearMap, x: Float64Array, y: Float64Array): void {
  const geometry = geometryRead(map);
  if (geometry !== undefined) {
    accumulateStructured(geometry, map.structure!.weights, x, y);
    return;
  }
  const blocks = rowBlocks(map);
  addPairs(map, blocks, x, y);
  addParallel(map, blocks, x, y);
  addShared(map, blocks, x, y);
  addSingle(map, blocks, x, y);
}

// One variable a sum and no arrays of them: the loops stay in registers.

function addPairs(map: LinearMap, { pairs, coefs }: RowBlocks, x: Float64Array, y: Float64Array): void {
  const { rowPattern, rowBase, patStart, patOffset } = map;
  const { rows, starts } = pairs;
  for (let r = 0; r < rows.length; r += 8) {
    const base = rowBase[rows[r]!]!;
    const step = rowBase[rows[r + 4]!]! - base;
    const p = rowPattern[rows[r]!]!;
    const end = patStart[p + 1]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let k = patStart[p]!, c = starts[r >> 3]!; k < end; k++, c += 4) {
      const j = base + patOffset[k]!;
      const s = x[j]!;
      const t = x[j + step]!;
      const c0 = coefs[c]!;
      const c1 = coefs[c + 1]!;
      const c2 = coefs[c + 2]!;
      const c3 = coefs[c + 3]!;
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

function addParallel(map: LinearMap, { parallel, coefs }: RowBlocks, x: Float64Array, y: Float64Array): void {
  const { rowPattern, rowBase, patStart, patOffset } = map;
  const { rows, starts } = parallel;
  for (let r = 0; r < rows.length; r += 4) {
    const base = rowBase[rows[r]!]!;
    const p = rowPattern[rows[r]!]!;
    const end = patStart[p + 1]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = patStart[p]!, c = starts[r >> 2]!; k < end; k++, c += 4) {
      const s = x[base + patOffset[k]!]!;
      s0 += coefs[c]! * s;
      s1 += coefs[c + 1]! * s;
      s2 += coefs[c + 2]! * s;
      s3 += coefs[c + 3]! * s;
    }
    y[rows[r]!]! += s0;
    y[rows[r + 1]!]! += s1;
    y[rows[r + 2]!]! += s2;
    y[rows[r + 3]!]! += s3;
  }
}

function addShared(map: LinearMap, { shared: rows }: RowBlocks, x: Float64Array, y: Float64Array): void {
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

function addSingle(map: LinearMap, { single: rows }: RowBlocks, x: Float64Array, y: Float64Array): void {
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
