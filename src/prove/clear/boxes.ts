/** Boxes of a relation and their cubes (verify/clear/box.ts) in the kernels' memory. Elements move in runs along the last axis. */
import { EXT_BYTES } from '../../field/goldilocks.js';
import { boxVariables, variablesOf } from '../../verify/clear/box.js';
import type { BoxPart, BoxWeights } from '../../verify/clear/functional.js';
import { elementsOf } from '../../verify/clear/relation.js';
import type { Table, TableMemory } from './memory.js';

/** Calls `copy` for each run along the last axis, with its first flat index, and its first index in the cube. */
function runs(dims: readonly number[], copy: (flat: number, cube: number, length: number) => void): void {
  const last = dims.at(-1)!;
  const outer = dims.slice(0, -1);
  const count = elementsOf(outer);
  for (let run = 0; run < count; run++) {
    let rest = run;
    let index = 0;
    let shift = 2 ** variablesOf(last);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      index += (rest % outer[axis]!) * shift;
      rest = Math.floor(rest / outer[axis]!);
      shift *= 2 ** variablesOf(outer[axis]!);
    }
    copy(run * last, index, last);
  }
}

/** Whether flat indices are indices of the cube. */
function isFlat(dims: readonly number[]): boolean {
  const inner = dims.slice(dims.findIndex((dim) => dim !== 1) + 1);
  return dims.every((dim) => dim === 1) || inner.every((dim) => 2 ** variablesOf(dim) === dim);
}

/** A box's elements on its cube, zeros between and behind them. `bytes` an element. */
export function cubeTable(memory: TableMemory, dims: readonly number[], table: Table, bytes: 8 | 16): Table {
  const length = 2 ** boxVariables(dims);
  if (length === table.length) return table;
  const cube = bytes === 8 ? memory.base(length) : memory.ext(length);
  const { heap } = memory.kernels;
  const from = heap.bytes(table.pointer, bytes * table.length);
  const to = heap.bytes(cube.pointer, bytes * length);
  runs(dims, (flat, index, count) => {
    to.set(from.subarray(bytes * flat, bytes * (flat + count)), bytes * index);
  });
  return cube;
}

/** Weights of a box, flat. */
export function boxTable(memory: TableMemory, box: BoxWeights): Table {
  if (box.kind === 'point') {
    const { dims } = box;
    const cube = memory.eqTable(box.point.slice(0, boxVariables(dims)));
    const length = elementsOf(dims);
    if (isFlat(dims)) return { pointer: cube.pointer, length };
    // In place: a run lies no further in the box than in the cube.
    const bytes = memory.kernels.heap.bytes(cube.pointer, EXT_BYTES * cube.length);
    runs(dims, (flat, index, count) => {
      bytes.copyWithin(EXT_BYTES * flat, EXT_BYTES * index, EXT_BYTES * (index + count));
    });
    return { pointer: cube.pointer, length };
  }
  const table = memory.ext(elementsOf(box.dims));
  for (const part of box.parts) {
    const mark = memory.mark();
    const weights = memory.eqTable(part.point, part.scale);
    copyPart(memory, box.dims, part, table, weights, 'in');
    memory.release(mark);
  }
  return table;
}

/** Moves the elements of a part of a box between the box's table and the part's own, extension elements. */
export function copyPart(
  memory: TableMemory,
  dims: readonly number[],
  { start, logs }: Pick<BoxPart, 'start' | 'logs'>,
  box: Table,
  part: Table,
  direction: 'in' | 'out',
): void {
  const { heap } = memory.kernels;
  const whole = heap.bytes(box.pointer, EXT_BYTES * box.length);
  const own = heap.bytes(part.pointer, EXT_BYTES * part.length);
  const side = 2 ** logs.at(-1)!;
  const count = part.length / side;
  for (let run = 0; run < count; run++) {
    let rest = run;
    let flat = start.at(-1)!;
    let stride = dims.at(-1)!;
    for (let axis = dims.length - 2; axis >= 0; axis--) {
      const length = 2 ** logs[axis]!;
      flat += (start[axis]! + (rest % length)) * stride;
      rest = Math.floor(rest / length);
      stride *= dims[axis]!;
    }
    const [a, b] = [EXT_BYTES * flat, EXT_BYTES * run * side];
    if (direction === 'in') whole.set(own.subarray(b, b + EXT_BYTES * side), a);
    else own.set(whole.subarray(a, a + EXT_BYTES * side), b);
  }
}
