/**
 * The rows of a two-round circuit at the challenges. Table entry e counts the rows of all tables one after the other:
 *
 *   lookup of entry e:  a = 1/(X + t + values[t]·Θ)        b = X + t + values[t]·Θ
 *   row of entry e:     a = multiplicity/(X + …)           b = X + t + values[t]·Θ
 *   product with Θ:     a = source                         b = Θ
 *   binding rows:       a = 1, X, Θ, D                     b = 0
 *
 * and the others as the solver has them.
 */
import { ChallengeWire, type Rounds } from '../../constraint/rounds.js';
import { mod, toBytesLE } from '../../field/bn254.js';
import { bytesOf } from '../../formats/iden3-container.js';
import { domainSize } from '../../kernels/domain.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import { writeElement } from '../../kernels/field.js';
import { TABLE_TASK_ROWS } from '../../kernels/lookups.js';
import type { Kernels } from '../../kernels/module.js';
import { SCALAR_BYTES } from '../../kernels/msm.js';
import type { KernelTask } from '../../kernels/tasks.js';
import { ranges, type Team } from '../../kernels/team.js';
import { BINDING_ROWS, type RoundsKey } from './kernel-key.js';
import type { RoundOneWitness, RoundTwo } from './rounds-witness.js';
import type { ClassifiedWitness } from '../engine/classified-witness.js';

/** All tables' entries at the challenges, in memory. */
export interface TableValues {
  readonly entries: number;
  /** First entry of each table. */
  readonly firstEntry: readonly number[];
  /** Elements, one an entry: inverses, then X + t + values[t]·Θ, then multiplicity·inverse. */
  readonly inverses: number;
  readonly rows: number;
  readonly quotients: number;
  /** The first and the last as scalars. */
  readonly inverseScalars: number;
  readonly quotientScalars: number;
}

/** Elements are residues times 2^261. */
const MONTGOMERY_BITS = 261n;

const entriesOf = (rounds: Rounds): number => rounds.tables.reduce((sum, { rows }) => sum + rows, 0);

/** Bytes that `tableValues` leaves on the heap, for `entries` in all. */
export const tableValuesBytes = (entries: number): number => entries * (3 * ELEMENT_BYTES + 2 * SCALAR_BYTES);

/** Undefined where X hits a pole: an entry is 0. What is allocated stays, for the caller to release. */
export async function tableValues(
  team: Team,
  rounds: Rounds,
  { wires }: RoundOneWitness,
  { x, theta }: Pick<RoundTwo, 'x' | 'theta'>,
): Promise<TableValues | undefined> {
  const { kernels } = team;
  const { heap, exports } = kernels;
  const entries = entriesOf(rounds);
  const elements = heap.allocate(3 * entries * ELEMENT_BYTES);
  const scalars = heap.allocate(2 * entries * SCALAR_BYTES);
  const values: TableValues = {
    entries,
    firstEntry: rounds.tables.map((_, i) => entriesOf({ ...rounds, tables: rounds.tables.slice(0, i) })),
    inverses: elements,
    rows: elements + entries * ELEMENT_BYTES,
    quotients: elements + 2 * entries * ELEMENT_BYTES,
    inverseScalars: scalars,
    quotientScalars: scalars + entries * SCALAR_BYTES,
  };
  const mark = heap.mark();
  const scaledTheta = element(kernels, mod(theta << MONTGOMERY_BITS));
  const tasks = rounds.tables.flatMap((table, i) => {
    const multiplicities = heap.allocate(4 * table.rows);
    heap
      .words(multiplicities, table.rows)
      .set(wires.small.subarray(table.firstMultiplicity, table.firstMultiplicity + table.rows));
    const column = table.values === undefined ? 0 : heap.copyIn(bytesOf(table.values));
    return ranges(table.rows, Math.ceil(table.rows / TABLE_TASK_ROWS)).map(({ from, to }): KernelTask => {
      const entry = values.firstEntry[i]! + from;
      return {
        kind: 'lookup',
        task: {
          kind: 'table',
          n: to - from,
          start: element(kernels, mod(x + BigInt(from))),
          theta: scaledTheta,
          values: column === 0 ? 0 : column + 8 * from,
          multiplicities: multiplicities + 4 * from,
          rows: values.rows + entry * ELEMENT_BYTES,
          inverses: values.inverses + entry * ELEMENT_BYTES,
          quotients: values.quotients + entry * ELEMENT_BYTES,
          inverseScalars: values.inverseScalars + entry * SCALAR_BYTES,
          quotientScalars: values.quotientScalars + entry * SCALAR_BYTES,
        },
      };
    });
  });
  await team.run(tasks);
  heap.release(mark);
  return exports.fr_any_zero(values.rows, entries) === 0 ? values : undefined;
}

function element(kernels: Kernels, value: bigint): number {
  const pointer = kernels.heap.allocate(ELEMENT_BYTES);
  writeElement(kernels, 'fr', pointer, value);
  return pointer;
}

/** The table entry of every lookup. */
export function entriesOfLookups(rounds: Rounds, lookups: Int32Array, { firstEntry }: TableValues): Uint32Array {
  return Uint32Array.from(lookups, (row, k) => firstEntry[rounds.lookupTable[k]!]! + row);
}

/** Elements of a pool and where they go: element `indices[i]` to row `rows[i]` of a side. */
class Placements {
  private n = 0;
  private readonly rows: Uint32Array;
  private readonly indices: Uint32Array;

  constructor(
    private readonly side: number,
    private readonly elements: number,
    size: number,
  ) {
    this.rows = new Uint32Array(size);
    this.indices = new Uint32Array(size);
  }

  add(row: number, index: number): void {
    this.rows[this.n] = row;
    this.indices[this.n++] = index;
  }

  tasks({ kernels: { heap }, size }: Team, logSize: number): KernelTask[] {
    const { side, elements } = this;
    const rows = heap.copyIn(bytesOf(this.rows));
    const indices = heap.copyIn(bytesOf(this.indices));
    return ranges(this.n, Math.min(2 * size, Math.ceil(this.n / MIN_PLACED))).map(({ from, to }) => ({
      kind: 'lookup',
      task: {
        kind: 'elements-at-rows',
        out: side,
        rows: rows + 4 * from,
        indices: indices + 4 * from,
        elements,
        logSize,
        n: to - from,
      },
    }));
  }
}

/** Fewer elements than this are not worth a task of their own. */
const MIN_PLACED = 1024;

/** Bytes that `rowValues` needs of the heap beside the two sides: integers, placements, and full-width elements with their bytes. */
export function rowValuesScratchBytes(rows: number, placed: number, wide: number): number {
  return 8 * rows + 8 * placed + (wide + BINDING_ROWS) * (ELEMENT_BYTES + SCALAR_BYTES + 8);
}

/** Writes A·w and B·w of all rows to `sides`, elements in the order of the key's domain. The heap ends as it began. */
export async function rowValues(
  team: Team,
  key: Pick<RoundsKey, 'domain' | 'rows'>,
  rounds: Rounds,
  witness: RoundOneWitness,
  second: RoundTwo,
  tables: TableValues,
  sides: readonly [number, number],
): Promise<void> {
  const { heap } = team.kernels;
  const { logSize } = key.domain;
  const mark = heap.mark();
  const integers = [witness.a, witness.b].flatMap(({ small }, i): KernelTask[] => {
    const values = heap.copyIn(bytesOf(small));
    return ranges(domainSize(key.domain), 2 * team.size).map(({ from, to }) => ({
      kind: 'lookup',
      task: { kind: 'integers-at-rows', out: sides[i]!, values, nRows: key.rows, logSize, from, to },
    }));
  });
  const placed = [
    ...tablePlacements(rounds, entriesOfLookups(rounds, witness.lookups, tables), tables, sides),
    ...residuePlacements(team.kernels, key.rows, rounds, witness, second, sides),
  ].flatMap((placements) => placements.tasks(team, logSize));
  await team.run(integers);
  await team.run(placed);
  heap.release(mark);
}

/** Lookups and table rows, of either side. */
function tablePlacements(
  { tables, lookupRow }: Rounds,
  entryOf: Uint32Array,
  { entries, firstEntry, inverses }: TableValues,
  sides: readonly [number, number],
): Placements[] {
  // The elements follow one another: inverses, rows, quotients.
  const a = new Placements(sides[0], inverses, lookupRow.length + entries);
  const b = new Placements(sides[1], inverses, lookupRow.length + entries);
  for (let k = 0; k < lookupRow.length; k++) {
    a.add(lookupRow[k]!, entryOf[k]!);
    b.add(lookupRow[k]!, entries + entryOf[k]!);
  }
  for (const [i, { rows, firstRow }] of tables.entries()) {
    for (let t = 0; t < rows; t++) {
      const entry = firstEntry[i]! + t;
      a.add(firstRow + t, 2 * entries + entry);
      b.add(firstRow + t, entries + entry);
    }
  }
  return [a, b];
}

/** What comes as residues: binding rows, products with Θ, field rows, and the solver's wide values. */
function residuePlacements(
  kernels: Kernels,
  nRows: number,
  { thetaRow, fieldRows }: Rounds,
  { a, b }: RoundOneWitness,
  { x, theta, d, rowsA, rowsB }: RoundTwo,
  sides: readonly [number, number],
): Placements[] {
  const single = [1n, x, theta, d, ...rowsA, ...rowsB];
  const elements = residuesIn(kernels, single, [a, b]);
  const fields = fieldRows.length;
  const left = new Placements(sides[0], elements, BINDING_ROWS + fields + a.wide.length);
  const right = new Placements(sides[1], elements, thetaRow.length + fields + b.wide.length);
  for (let s = 0; s < BINDING_ROWS; s++) left.add(nRows + s, s);
  for (const row of thetaRow) right.add(row, ChallengeWire.theta);
  fieldRows.forEach((row, i) => {
    left.add(row, BINDING_ROWS + i);
    right.add(row, BINDING_ROWS + fields + i);
  });
  a.wide.forEach((row, i) => {
    left.add(row, single.length + i);
  });
  b.wide.forEach((row, i) => {
    right.add(row, single.length + a.wide.length + i);
  });
  return [left, right];
}

/** Elements of residues, then of the wide values of `classified`. */
function residuesIn(
  { exports, heap }: Kernels,
  residues: readonly bigint[],
  classified: readonly ClassifiedWitness[],
): number {
  const n = classified.reduce((sum, { wide }) => sum + wide.length, residues.length);
  const elements = heap.allocate(n * ELEMENT_BYTES);
  const mark = heap.mark();
  const bytes = heap.allocate(n * SCALAR_BYTES);
  const view = heap.bytes(bytes, n * SCALAR_BYTES);
  residues.forEach((residue, i) => {
    toBytesLE(residue, view, i * SCALAR_BYTES);
  });
  let at = residues.length * SCALAR_BYTES;
  for (const { scalars } of classified) {
    view.set(scalars, at);
    at += scalars.length;
  }
  exports.fr_from_bytes_n(elements, bytes, n);
  heap.release(mark);
  return elements;
}
