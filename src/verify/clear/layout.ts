/**
 * Where tensors lie in a matrix of columns of 2^n rows. The index box of a tensor is cut, axis by axis, at the binary digits of each dim
 * (768 = 512 + 256), so that every part is a *block*: a box of power-of-two sides, whose elements (row-major) fill 2^m aligned rows of one column. Nothing is
 * padded: no functional of a tensor has weight outside of its blocks.
 */
import { invariant } from '../../base/errors.js';

/** An aligned box of a tensor. */
export interface Block {
  /** Index of the tensor among those laid out. */
  readonly tensor: number;
  /** First index along each axis. */
  readonly start: readonly number[];
  /** Side 2^log along each axis; the last axis is in the lowest bits of the row. */
  readonly logs: readonly number[];
  readonly column: number;
  /** First row, a multiple of 2^(Σ logs). */
  readonly row: number;
}

export interface Layout {
  /** Rows of a column: 2^n. */
  readonly n: number;
  readonly columns: number;
  /** Rows at the end of every column that no block takes: 0, or a power of two ≤ 2^(n−1). */
  readonly reserved: number;
  /** By tensor, then in the order of their starts. */
  readonly blocks: readonly Block[];
  readonly ofTensor: readonly (readonly Block[])[];
  /** Dims of each tensor, as they were given. */
  readonly dims: readonly (readonly number[])[];
}

/** Segments of an axis, largest first: the binary digits of `length` < 2^31, none above 2^maxLog. Each starts at a multiple of its size. */
function segments(length: number, maxLog: number): { start: number; log: number }[] {
  const parts: { start: number; log: number }[] = [];
  let start = 0;
  while (start < length) {
    const log = Math.min(maxLog, 31 - Math.clz32(length - start));
    parts.push({ start, log });
    start += 2 ** log;
  }
  return parts;
}

/** A block that has no place yet. */
type Part = Pick<Block, 'tensor' | 'start' | 'logs'>;

/** Parts of fewer than 2^(n − this) elements are not cut to fill a column. */
const FINEST_CUT = 5;

/**
 * Lays tensors out, deterministically: blocks by falling size (ties in the order of tensors and starts), each at the next free rows of the first column with room. As
 * sizes fall, every start is aligned without a gap. Where columns have reserved rows, no second block of half a column fits: one that no column
 * has room for, while some column has room for its half, is cut in two along its first axis that can be. `dims` of tensors are ≥ 1.
 */
export function layOut(tensors: readonly (readonly number[])[], n: number, reserved: number): Layout {
  const capacity = 2 ** n - reserved;
  const maxLog = reserved === 0 ? n : n - 1;
  const bySize: Part[][] = Array.from({ length: maxLog + 1 }, () => []);
  tensors.forEach((dims, tensor) => {
    for (const part of blocksOf(dims, maxLog)) bySize[blockLog(part)]!.push({ tensor, ...part });
  });
  const used: number[] = [];
  const ofTensor = tensors.map((): Block[] => []);
  // The first column that is not full.
  let open = 0;
  for (let log = maxLog; log >= 0; log--) {
    const rows = 2 ** log;
    const roomFrom = (count: number): number => {
      let column = open;
      while (column < used.length && used[column]! + count > capacity) column++;
      return column;
    };
    for (const part of bySize[log]!.sort(inOrder)) {
      const column = roomFrom(rows);
      const cut = log > Math.max(0, n - FINEST_CUT) && column === used.length && roomFrom(rows / 2) < column;
      if (cut) {
        bySize[log - 1]!.push(...halves(part));
        continue;
      }
      if (column === used.length) used.push(0);
      ofTensor[part.tensor]!.push({ ...part, column, row: used[column]! });
      used[column]! += rows;
      while (open < used.length && used[open] === capacity) open++;
    }
  }
  for (const blocks of ofTensor) blocks.sort(inOrder);
  return { n, columns: used.length, reserved, blocks: ofTensor.flat(), ofTensor, dims: tensors };
}

/** Both halves along the first axis of more than one element. */
function halves({ tensor, start, logs }: Part): Part[] {
  const axis = logs.findIndex((log) => log > 0);
  const cut = logs.with(axis, logs[axis]! - 1);
  return [
    { tensor, start, logs: cut },
    { tensor, start: start.with(axis, start[axis]! + 2 ** cut[axis]!), logs: cut },
  ];
}

function inOrder(a: Part, b: Part): number {
  return a.tensor - b.tensor || compareStarts(a.start, b.start);
}

/** A block has 2^this elements. */
export function blockLog(block: { readonly logs: readonly number[] }): number {
  return block.logs.reduce((sum, log) => sum + log, 0);
}

/** The box of `dims` as a union of products of its axes' segments; an axis's segments are shorter where the axes after it leave fewer than maxLog bits. */
function blocksOf(dims: readonly number[], maxLog: number): { start: number[]; logs: number[] }[] {
  let parts: { start: number[]; logs: number[] }[] = [{ start: [], logs: [] }];
  for (const dim of [...dims].reverse()) {
    parts = parts.flatMap((part) =>
      segments(dim, maxLog - blockLog(part)).map(({ start, log }) => ({
        start: [start, ...part.start],
        logs: [log, ...part.logs],
      })),
    );
  }
  return parts;
}

/**
 * Where the elements of a tensor lie, by flat index: column·2^n + row.
 */
export function positionsOf(layout: Layout, tensor: number): Uint32Array {
  const dims = layout.dims[tensor]!;
  invariant(layout.columns * 2 ** layout.n <= 2 ** 32, 'positions of a matrix are below 2^32', {
    n: layout.n,
    columns: layout.columns,
  });
  const positions = new Uint32Array(dims.reduce((product, dim) => product * dim, 1));
  for (const { start, logs, column, row } of layout.ofTensor[tensor]!) {
    let position = column * 2 ** layout.n + row;
    const last = dims.length - 1;
    const side = 2 ** logs[last]!;
    for (const flat of flatStarts(dims.slice(0, last), start, logs)) {
      const from = flat * dims[last]! + start[last]!;
      for (let i = from; i < from + side; i++) positions[i] = position++;
    }
  }
  return positions;
}

/** Flat indices of a block's elements along the axes of `dims`, row-major. */
function flatStarts(dims: readonly number[], start: readonly number[], logs: readonly number[]): Uint32Array {
  return dims.reduce((outer, dim, axis) => {
    const side = 2 ** logs[axis]!;
    const flat = new Uint32Array(outer.length * side);
    for (let i = 0; i < flat.length; i++) flat[i] = outer[Math.floor(i / side)]! * dim + start[axis]! + (i % side);
    return flat;
  }, new Uint32Array(1));
}

function compareStarts(a: readonly number[], b: readonly number[]): number {
  for (let axis = 0; axis < a.length; axis++) {
    if (a[axis] !== b[axis]) return a[axis]! - b[axis]!;
  }
  return 0;
}
