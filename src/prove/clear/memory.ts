/** Tables of field elements in the kernels' memory: base elements are 8 bytes, extension elements 16, both canonical. Uses no Node API. */
import { EXT_BYTES, FIELD_BYTES, type Ext } from '../../field/goldilocks.js';
import type { ClearKernels } from '../../kernels/clear/module.js';

const CELL_BYTES = EXT_BYTES;

/** A pointer and a number of elements. */
export interface Table {
  readonly pointer: number;
  readonly length: number;
}

/** The owner's view of the memory: allocation in order, tables of both kinds, single elements. */
export class TableMemory {
  private readonly scratch: number;
  private readonly lists = new Map<Uint32Array | Int32Array, number>();

  constructor(readonly kernels: ClearKernels) {
    this.scratch = kernels.heap.allocate(4 * CELL_BYTES);
  }

  get exports() {
    return this.kernels.exports;
  }

  mark(): number {
    return this.kernels.heap.mark();
  }

  release(mark: number): void {
    this.kernels.heap.release(mark);
  }

  /** Base elements, 0. */
  base(length: number): Table {
    const pointer = this.kernels.heap.allocate(length * FIELD_BYTES);
    this.kernels.heap.bytes(pointer, length * FIELD_BYTES).fill(0);
    return { pointer, length };
  }

  /** Extension elements, 0. */
  ext(length: number): Table {
    const pointer = this.kernels.heap.allocate(length * EXT_BYTES);
    this.kernels.heap.bytes(pointer, length * EXT_BYTES).fill(0);
    return { pointer, length };
  }

  /** Residues below p. */
  baseOf(values: BigUint64Array): Table {
    const pointer = this.kernels.heap.allocate(values.length * FIELD_BYTES);
    this.words({ pointer, length: values.length }).set(values);
    return { pointer, length: values.length };
  }

  words({ pointer, length }: Table): BigUint64Array {
    return new BigUint64Array(this.kernels.memory.buffer, pointer, length);
  }

  /** Element `index` of a table of extension elements. */
  element({ pointer }: Table, index: number): Ext {
    const words = new BigUint64Array(this.kernels.memory.buffer, pointer + index * EXT_BYTES, 2);
    return [words[0]!, words[1]!];
  }

  elements(table: Table): Ext[] {
    const words = new BigUint64Array(this.kernels.memory.buffer, table.pointer, 2 * table.length);
    return Array.from({ length: table.length }, (_, i) => [words[2 * i]!, words[2 * i + 1]!] as const);
  }

  set({ pointer }: Table, index: number, [c0, c1]: Ext): void {
    const words = new BigUint64Array(this.kernels.memory.buffer, pointer + index * EXT_BYTES, 2);
    words[0] = c0;
    words[1] = c1;
  }

  /** eq(point, i)·scale for all i < 2^point.length. */
  eqTable(point: readonly Ext[], scale: Ext = [1n, 0n]): Table {
    const table = { pointer: this.kernels.heap.allocate(2 ** point.length * EXT_BYTES), length: 2 ** point.length };
    const mark = this.mark();
    const given = this.ext(point.length);
    point.forEach((value, k) => this.set(given, k, value));
    this.set(table, 0, scale);
    this.exports.gl2_eq_table(table.pointer, given.pointer, point.length);
    this.release(mark);
    return table;
  }

  inverse(value: Ext): Ext {
    const at = { pointer: this.scratch, length: 1 };
    this.set(at, 0, value);
    this.exports.gl2_inv(at.pointer, at.pointer);
    return this.element(at, 0);
  }

  /** What a kernel leaves at its last argument: `count` extension elements. */
  result(count: 1 | 2, run: (out: number) => void): Ext[] {
    run(this.scratch);
    return this.elements({ pointer: this.scratch, length: count });
  }

  /** A list of a relation in the memory, to stay: only before the first proof. */
  keepList(list: Uint32Array | Int32Array): number {
    const known = this.lists.get(list);
    if (known !== undefined) return known;
    const pointer = this.kernels.heap.copyIn(new Uint8Array(list.buffer, list.byteOffset, list.byteLength));
    this.lists.set(list, pointer);
    return pointer;
  }

  /** The pointer of a list that is kept. */
  list(list: Uint32Array | Int32Array): number {
    const pointer = this.lists.get(list);
    if (pointer === undefined) throw new RangeError('a list of the relation that was not kept');
    return pointer;
  }
}
