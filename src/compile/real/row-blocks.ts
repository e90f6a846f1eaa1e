/** Rows of a linear map that can be summed beside each other, since they read the same elements or apply the same coefficients. */
import type { LinearMap } from './linear-map.js';
import { patternsOfRows, type MapGeometry } from './map-structure.js';

/** Every row once, by number. */
export interface RowBlocks {
  /** Blocks of eight rows: four that read the same elements, and their four patterns again at another base. As of convolutions. */
  readonly pairs: Blocks;
  /** Blocks of four that read the same elements: patterns of equal offsets at one base. As of dense layers. */
  readonly parallel: Blocks;
  /** Of each four patterns together, coefficient by coefficient. */
  readonly coefs: Float64Array;
  /** Blocks of four rows of one pattern. As of pools. */
  readonly shared: Uint32Array;
  readonly single: Uint32Array;
}

export interface Blocks {
  readonly rows: Uint32Array;
  /** Where each block's coefficients start in `coefs`. */
  readonly starts: Uint32Array;
}

const found = new WeakMap<LinearMap, RowBlocks>();

/** Found once a map, at about the work of applying it. */
export function rowBlocks(map: LinearMap): RowBlocks {
  let blocks = found.get(map);
  if (blocks === undefined) {
    blocks = blocksOf(map);
    found.set(map, blocks);
  }
  return blocks;
}

function blocksOf(map: LinearMap): RowBlocks {
  const { rowPattern, rowBase } = map;
  const classes = offsetClasses(map);
  const together = new Interleaved(map);
  const grouped = groupRows({ reads: rowPattern.map((p) => classes[p]!), rowBase, rowPattern });
  const blocks = (rows: Uint32Array, size: number): Blocks => ({
    rows,
    starts: Uint32Array.from({ length: rows.length / size }, (_, b) =>
      together.start(rows.subarray(b * size, b * size + 4)),
    ),
  });
  return {
    ...grouped,
    pairs: blocks(grouped.pairs, 8),
    parallel: blocks(grouped.parallel, 4),
    coefs: together.coefs(),
  };
}

/** As `RowBlocks`, by the rows' numbers alone: coefficients are where the structure has them. */
export interface StructureBlocks {
  readonly pairs: Uint32Array;
  readonly parallel: Uint32Array;
  readonly shared: Uint32Array;
  readonly single: Uint32Array;
}

const foundByGeometry = new WeakMap<MapGeometry, StructureBlocks>();

/** Found once a geometry, for all weights. */
export function structureBlocks(geometry: MapGeometry): StructureBlocks {
  let blocks = foundByGeometry.get(geometry);
  if (blocks === undefined) {
    const { rowPattern } = patternsOfRows(geometry);
    blocks = groupRows({ reads: geometry.rowClass, rowBase: geometry.rowBase, rowPattern });
    foundByGeometry.set(geometry, blocks);
  }
  return blocks;
}

interface Rows {
  /** Equal where the offsets are equal. */
  readonly reads: Uint32Array;
  readonly rowBase: Int32Array;
  readonly rowPattern: Uint32Array;
}

function groupRows({ reads, rowBase, rowPattern }: Rows): StructureBlocks {
  const byReads = new Groups(4);
  for (let i = 0; i < rowPattern.length; i++) byReads.add(reads[i]! * 2 ** 32 + rowBase[i]!, [i]);
  const byPatterns = new Groups(8);
  for (let r = 0; r < byReads.full.length; r += 4) {
    const rows = byReads.full.slice(r, r + 4);
    byPatterns.add(rows.map((i) => rowPattern[i]!).join(), rows);
  }
  const byPattern = new Groups(4);
  for (const i of byReads.rest()) byPattern.add(rowPattern[i]!, [i]);
  return {
    pairs: Uint32Array.from(byPatterns.full),
    parallel: Uint32Array.from(byPatterns.rest()),
    shared: Uint32Array.from(byPattern.full),
    single: Uint32Array.from(byPattern.rest()),
  };
}

/** Coefficients of four patterns of one length beside each other. */
class Interleaved {
  private readonly starts = new Map<string, number>();
  private readonly patterns: number[] = [];
  private length = 0;

  constructor(private readonly map: LinearMap) {}

  /** Where the coefficients of these four rows' patterns start. */
  start(rows: Uint32Array): number {
    const { rowPattern, patStart } = this.map;
    const key = rows.map((i) => rowPattern[i]!).join();
    const known = this.starts.get(key);
    if (known !== undefined) return known;
    const start = this.length;
    const first = rowPattern[rows[0]!]!;
    this.starts.set(key, start);
    for (const i of rows) this.patterns.push(rowPattern[i]!);
    this.length += 4 * (patStart[first + 1]! - patStart[first]!);
    return start;
  }

  coefs(): Float64Array {
    const { patStart, patCoef } = this.map;
    const coefs = new Float64Array(this.length);
    let start = 0;
    for (const [n, p] of this.patterns.entries()) {
      const [first, end] = [patStart[p]!, patStart[p + 1]!];
      for (let k = first; k < end; k++) coefs[start + 4 * (k - first) + (n & 3)] = patCoef[k]!;
      if ((n & 3) === 3) start += 4 * (end - first);
    }
    return coefs;
  }
}

/** Rows that wait until there are enough of their key. */
class Groups {
  readonly full: number[] = [];
  private readonly open = new Map<number | string, number[]>();

  constructor(private readonly size: number) {}

  add(key: number | string, rows: readonly number[]): void {
    const group = this.open.get(key) ?? [];
    group.push(...rows);
    if (group.length === this.size) this.full.push(...group.splice(0));
    if (group.length > 0) this.open.set(key, group);
    else this.open.delete(key);
  }

  rest(): number[] {
    return [...this.open.values()].flat();
  }
}

/** A number for each pattern, equal where the offsets are equal. */
function offsetClasses({ patStart, patOffset }: LinearMap): Int32Array {
  const offsets = (p: number) => patOffset.subarray(patStart[p]!, patStart[p + 1]!);
  const classes = new Int32Array(patStart.length - 1);
  const byHash = new Map<number, number[]>();
  for (let p = 0; p < classes.length; p++) {
    const own = offsets(p);
    let hash = own.length;
    for (let k = 0; k < own.length; k++) hash = (Math.imul(hash, 31) + own[k]!) | 0;
    const firsts = byHash.get(hash) ?? [];
    const twin = firsts.find((first) => isEqual(offsets(first), own));
    classes[p] = twin ?? p;
    if (twin === undefined) byHash.set(hash, [...firsts, p]);
  }
  return classes;
}

function isEqual(a: Int32Array, b: Int32Array): boolean {
  if (a.length !== b.length) return false;
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return true;
}
