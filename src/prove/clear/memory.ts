/** Tables of field elements in the kernels' memory: base elements are 8 bytes, extension elements 16, both canonical. Uses no Node API. */
import { EXT_BYTES, EXT_ZERO, FIELD_BYTES, extAdd, type Ext } from '../../field/goldilocks.js';
import type { ClearCall, ClearResult, ClearTask } from '../../kernels/clear/calls.js';
import type { ClearKernels } from '../../kernels/clear/module.js';
import { SoloClearTeam, type Between, type ClearTeam } from '../../kernels/clear/team.js';
import { ranges } from '../../kernels/team.js';

const CELL_BYTES = EXT_BYTES;

/** A pointer and a number of elements. */
export interface Table {
  readonly pointer: number;
  readonly length: number;
}

/** Bytes that a kernel leaves its sums in. */
const SUMS_BYTES = 2 * CELL_BYTES;

export interface SplitOptions {
  /** Ranges begin at multiples of it. */
  readonly unit?: number;
  /** Bytes that each part has for itself. */
  readonly scratchBytes?: number;
}

/** The owner's view of the memory: allocation in order, tables of both kinds, single elements; and who works on it. */
export class TableMemory {
  readonly kernels: ClearKernels;
  private readonly solo: SoloClearTeam;
  private readonly scratch: number;
  private readonly lists = new Map<Uint32Array | Int32Array, number>();
  private between: Between = () => undefined;

  constructor(private readonly team: ClearTeam) {
    this.kernels = team.kernels;
    this.solo = new SoloClearTeam(team.kernels);
    this.scratch = this.kernels.heap.allocate(4 * CELL_BYTES);
  }

  /** From here on `between` is awaited between the steps of a computation; what it throws ends the computation. */
  pausing(between: Between): void {
    this.between = between;
  }

  /** Lets others at the thread; throws where the computation is to stop. */
  step(): Promise<void> | undefined {
    return this.between();
  }

  /** Threads that tasks are run by. */
  get threads(): number {
    return this.team.size;
  }

  /** Independent tasks, which take about `cost` nanoseconds on one thread. Gives what each task's last call gave. */
  async run(tasks: readonly ClearTask[], cost: number): Promise<readonly ClearResult[]> {
    const team = this.isHandedOut(cost) ? this.team : this.solo;
    return team.run(tasks, this.between);
  }

  /**
   * Calls on ranges that make up 0 … n, which do not depend on each other; `each` is what an element of a range takes, in nanoseconds. What calls write, the calls of
   * another range must neither read nor write: tables are folded to others, not in place.
   */
  async split(
    n: number,
    each: number,
    calls: (from: number, to: number, scratch: number) => readonly ClearCall[],
    { unit = 1, scratchBytes = 0 }: SplitOptions = {},
  ): Promise<void> {
    const mark = this.mark();
    const units = Math.ceil(n / unit);
    const tasks = ranges(units, this.parts(n * each)).map(({ from, to }) =>
      calls(from * unit, Math.min(n, to * unit), scratchBytes > 0 ? this.kernels.heap.allocate(scratchBytes) : 0),
    );
    try {
      await this.run(tasks, n * each);
    } finally {
      this.release(mark);
    }
  }

  /** As `split`, of calls that leave `count` extension elements at `out`: their sums. */
  async sums(
    count: 1 | 2,
    n: number,
    each: number,
    calls: (from: number, to: number, out: number) => readonly ClearCall[],
  ): Promise<Ext[]> {
    const outs: number[] = [];
    const mark = this.mark();
    try {
      const tasks = ranges(n, this.parts(n * each)).map(({ from, to }) => {
        const out = this.kernels.heap.allocate(SUMS_BYTES);
        outs.push(out);
        return calls(from, to, out);
      });
      await this.run(tasks, n * each);
      const sums = new Array<Ext>(count).fill(EXT_ZERO);
      for (const pointer of outs) {
        this.elements({ pointer, length: count }).forEach((part, k) => {
          sums[k] = extAdd(sums[k]!, part);
        });
      }
      return sums;
    } finally {
      this.release(mark);
    }
  }

  /** Of work of `cost` nanoseconds: as many for each thread, none of them long. */
  parts(cost: number): number {
    const threads = this.isHandedOut(cost) ? this.threads : 1;
    return threads * Math.max(1, Math.ceil(cost / (threads * this.team.pace.longest)));
  }

  private isHandedOut(cost: number): boolean {
    return this.threads > 1 && cost >= this.team.pace.handOut;
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

  /** Extension elements of unspecified content. */
  room(length: number): Table {
    return { pointer: this.kernels.heap.allocate(length * EXT_BYTES), length };
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
