/** Rows of a linear map that can be summed beside each other, since they read the same elements or apply the same coefficients. */
import type { LinearMap } from './linear-map.js';

/** Every row once, by number. */
export interface RowBlocks {
  /** Eight rows each: four that read the same elements, and their four patterns again at another base. As of convolutions. */
  readonly pairs: Uint32Array;
  /** Four rows each that read the same elements: patterns of equal offsets at one base. As of dense layers. */
  readonly parallel: Uint32Array;
  /** Four rows each of one pattern. As of pools. */
  readonly shared: Uint32Array;
  readonly single: Uint32Array;
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
  const byReads = new Groups(4);
  for (let i = 0; i < rowPattern.length; i++) byReads.add(classes[rowPattern[i]!]! * 2 ** 32 + rowBase[i]!, [i]);
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
