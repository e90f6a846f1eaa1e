/** Where tensors lie in the matrix of a tree: section 7, "Layout". */

/** A box of a tensor, by its start and its size on each axis; sizes are powers of two. */
interface Block {
  readonly tensor: number;
  readonly start: readonly number[];
  readonly size: readonly number[];
}

export interface Cell {
  readonly column: number;
  readonly row: number;
}

export interface Layout {
  readonly columns: number;
  /** Place of element i, row-major, of each tensor. */
  readonly places: readonly (readonly Cell[])[];
}

const elements = (block: Block): number => block.size.reduce((product, size) => product * size, 1);

/** Pieces [start, size] of one axis: as many of `most` as there are, then the binary digits of the rest. */
export function axisPieces(length: number, most: number): [number, number][] {
  const pieces: [number, number][] = [];
  for (let start = 0, size = most; start < length;) {
    if (size > length - start) size /= 2;
    else {
      pieces.push([start, size]);
      start += size;
    }
  }
  return pieces;
}

/** Blocks of a tensor of at most `most` elements: the last axis is cut first, and each leaves the rest to the axes before it. */
function cut(tensor: number, dims: readonly number[], most: number): Block[] {
  const last = dims.at(-1);
  if (last === undefined) return [{ tensor, start: [], size: [] }];
  return axisPieces(last, most).flatMap(([start, size]) =>
    cut(tensor, dims.slice(0, -1), most / size).map((block) => ({
      tensor,
      start: [...block.start, start],
      size: [...block.size, size],
    })),
  );
}

function before(a: Block, b: Block): number {
  const axis = a.start.findIndex((start, i) => start !== b.start[i]);
  return elements(b) - elements(a) || a.tensor - b.tensor || (a.start[axis] ?? 0) - (b.start[axis] ?? 0);
}

function halves(block: Block): Block[] {
  const axis = block.size.findIndex((size) => size > 1);
  const half = (block.size[axis] ?? 0) / 2;
  const size = block.size.map((whole, i) => (i === axis ? half : whole));
  return [0, half].map((by) => ({ ...block, size, start: block.start.map((s, i) => (i === axis ? s + by : s)) }));
}

/** Of tensors `dims` in a matrix of 2^n rows, the last `reserved` of them kept free. */
export function layOut(dims: readonly (readonly number[])[], n: number, reserved: number): Layout {
  const most = reserved > 0 ? 2 ** (n - 1) : 2 ** n;
  const room = 2 ** n - reserved;
  const waiting = dims.flatMap((d, tensor) => cut(tensor, d, most)).sort(before);
  const used: number[] = [];
  const places: Cell[][] = dims.map(() => []);
  for (let block = waiting.shift(); block !== undefined; block = waiting.shift()) {
    const size = elements(block);
    let column = used.findIndex((rows) => rows + size <= room);
    const mayCut = reserved > 0 && size > 2 ** Math.max(0, n - 5);
    if (column < 0 && mayCut && used.some((rows) => rows + size / 2 <= room)) {
      waiting.push(...halves(block));
      waiting.sort(before);
      continue;
    }
    if (column < 0) column = used.push(0) - 1;
    const first = used[column] ?? 0;
    used[column] = first + size;
    place(block, dims[block.tensor] ?? [], { column, row: first }, places[block.tensor] ?? []);
  }
  return { columns: used.length, places };
}

/** The flat indices of a block's elements in a tensor of `dims`, row-major in the block. */
export function flatIndices(dims: readonly number[], start: readonly number[], size: readonly number[]): number[] {
  return dims.reduce<number[]>(
    (outer, dim, axis) =>
      outer.flatMap((index) => Array.from({ length: size[axis] ?? 0 }, (_, i) => index * dim + (start[axis] ?? 0) + i)),
    [0],
  );
}

function place(block: Block, dims: readonly number[], first: Cell, into: Cell[]): void {
  flatIndices(dims, block.start, block.size).forEach((flat, i) => {
    into[flat] = { column: first.column, row: first.row + i };
  });
}
