/** Matrices by rows to matrices by columns in the kernels' memory, in linear time: columns can be summed side by side. */
import type { SparseMatrix } from '../constraint/r1cs.js';
import type { Kernels } from '../kernels/module.js';
import type { SparseColumns } from '../kernels/trapdoor.js';

const COEF_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Allocates the columns of a matrix with `extra` entries more; `fillColumns` writes them. `big`: see SparseColumns. */
export function allocateColumns(
  { heap }: Kernels,
  matrix: SparseMatrix,
  nColumns: number,
  extra: number,
  big: number,
): SparseColumns {
  const entries = matrix.wires.length + extra;
  return {
    starts: heap.allocate(4 * (nColumns + 1)),
    rows: heap.allocate(4 * entries),
    coefs: heap.allocate(COEF_BYTES * entries),
    big,
  };
}

/** Adds entries 1 at (nRows + i, i), 0 ≤ i < `extra` ≤ nColumns, below the rows. Every column is in order of rows. */
export function fillColumns(
  { heap, memory }: Kernels,
  columns: SparseColumns,
  matrix: SparseMatrix,
  nRows: number,
  nColumns: number,
  extra: number,
): void {
  const entries = matrix.wires.length + extra;
  const starts = heap.words(columns.starts, nColumns + 1);
  const rows = heap.words(columns.rows, entries);
  const coefs = new Float64Array(memory.buffer, columns.coefs, entries);
  // One place ahead: the pass that fills moves every column's start to its end, which is the start of the next one.
  starts.fill(0);
  for (const wire of matrix.wires) if (wire + 2 <= nColumns) starts[wire + 2]!++;
  for (let i = 0; i < extra; i++) if (i + 2 <= nColumns) starts[i + 2]!++;
  for (let i = 2; i <= nColumns; i++) starts[i]! += starts[i - 1]!;
  for (let row = 0; row < nRows; row++) {
    for (let k = matrix.rowStart[row]!, end = matrix.rowStart[row + 1]!; k < end; k++) {
      const at = starts[matrix.wires[k]! + 1]!++;
      rows[at] = row;
      coefs[at] = matrix.coefs[k]!;
    }
  }
  for (let i = 0; i < extra; i++) {
    const at = starts[i + 1]!++;
    rows[at] = nRows + i;
    coefs[at] = 1;
  }
}
