/** As accumulate.ts, of a map by its structure: rows of a block read four places of the weights by the same taps. */
import type { MapGeometry } from './map-structure.js';
import { structureBlocks, type StructureBlocks } from './row-blocks.js';

/** y[i] += row i applied to x; terms in the order of the row's class. */
export function accumulateStructured(
  geometry: MapGeometry,
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  const blocks = structureBlocks(geometry);
  addPairs(geometry, blocks, weights, x, y);
  addParallel(geometry, blocks, weights, x, y);
  addShared(geometry, blocks, weights, x, y);
  addSingle(geometry, blocks, weights, x, y);
}

function addPairs(
  { rowClass, rowBase, rowWeight, start, offset, tap }: MapGeometry,
  { pairs: rows }: StructureBlocks,
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let r = 0; r < rows.length; r += 8) {
    const base = rowBase[rows[r]!]!;
    const step = rowBase[rows[r + 4]!]! - base;
    const w0 = rowWeight[rows[r]!]!;
    const w1 = rowWeight[rows[r + 1]!]!;
    const w2 = rowWeight[rows[r + 2]!]!;
    const w3 = rowWeight[rows[r + 3]!]!;
    const c = rowClass[rows[r]!]!;
    const end = start[c + 1]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let t0 = 0;
    let t1 = 0;
    let t2 = 0;
    let t3 = 0;
    for (let k = start[c]!; k < end; k++) {
      const j = base + offset[k]!;
      const w = tap[k]!;
      const s = x[j]!;
      const t = x[j + step]!;
      const c0 = weights[w0 + w]!;
      const c1 = weights[w1 + w]!;
      const c2 = weights[w2 + w]!;
      const c3 = weights[w3 + w]!;
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

function addParallel(
  { rowClass, rowBase, rowWeight, start, offset, tap }: MapGeometry,
  { parallel: rows }: StructureBlocks,
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let r = 0; r < rows.length; r += 4) {
    const base = rowBase[rows[r]!]!;
    const w0 = rowWeight[rows[r]!]!;
    const w1 = rowWeight[rows[r + 1]!]!;
    const w2 = rowWeight[rows[r + 2]!]!;
    const w3 = rowWeight[rows[r + 3]!]!;
    const c = rowClass[rows[r]!]!;
    const end = start[c + 1]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = start[c]!; k < end; k++) {
      const s = x[base + offset[k]!]!;
      const w = tap[k]!;
      s0 += weights[w0 + w]! * s;
      s1 += weights[w1 + w]! * s;
      s2 += weights[w2 + w]! * s;
      s3 += weights[w3 + w]! * s;
    }
    y[rows[r]!]! += s0;
    y[rows[r + 1]!]! += s1;
    y[rows[r + 2]!]! += s2;
    y[rows[r + 3]!]! += s3;
  }
}

function addShared(
  { rowClass, rowBase, rowWeight, start, offset, tap }: MapGeometry,
  { shared: rows }: StructureBlocks,
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  for (let r = 0; r < rows.length; r += 4) {
    const base = rowBase[rows[r]!]!;
    const to1 = rowBase[rows[r + 1]!]! - base;
    const to2 = rowBase[rows[r + 2]!]! - base;
    const to3 = rowBase[rows[r + 3]!]! - base;
    const first = rowWeight[rows[r]!]!;
    const c = rowClass[rows[r]!]!;
    const end = start[c + 1]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = start[c]!; k < end; k++) {
      const j = base + offset[k]!;
      const coef = weights[first + tap[k]!]!;
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

function addSingle(
  { rowClass, rowBase, rowWeight, start, offset, tap }: MapGeometry,
  { single: rows }: StructureBlocks,
  weights: Float64Array,
  x: Float64Array,
  y: Float64Array,
): void {
  for (const row of rows) {
    const [base, first, c] = [rowBase[row]!, rowWeight[row]!, rowClass[row]!];
    const end = start[c + 1]!;
    let sum = 0;
    for (let k = start[c]!; k < end; k++) sum += weights[first + tap[k]!]! * x[base + offset[k]!]!;
    y[row]! += sum;
  }
}
