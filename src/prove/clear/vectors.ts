/** Tensors and forms of a relation as base elements in the kernels' memory, and how often tables are looked up. */
import { ORDER } from '../../field/goldilocks.js';
import { elementsOf, tableRows } from '../../verify/clear/relation.js';
import type { Form, Ref, Relation, Table as LookupTable, WeightMap } from '../../verify/clear/relation.js';
import type { Table, TableMemory } from './memory.js';

/** By the relation's order. */
export interface Vectors {
  readonly cells: readonly Table[];
  readonly multiplicities: readonly Table[];
  readonly weights: readonly Table[];
  readonly publics: readonly Table[];
}

const SIDES: { readonly [S in Ref['side']]: (vectors: Vectors) => readonly Table[] } = {
  cell: (vectors) => vectors.cells,
  weight: (vectors) => vectors.weights,
  public: (vectors) => vectors.publics,
  multiplicity: (vectors) => vectors.multiplicities,
};

export function vectorOf(vectors: Vectors, { side, index }: Ref): Table {
  return SIDES[side](vectors)[index]!;
}

const residue = (value: bigint) => ((value % ORDER) + ORDER) % ORDER;

/** A form's elements. */
export function formTable(
  memory: TableMemory,
  { terms, constant }: Form,
  dims: readonly number[],
  vectors: Vectors,
): Table {
  const out = memory.base(elementsOf(dims));
  if (constant !== 0n) memory.words(out).fill(residue(constant));
  for (const { coefficient, source, select } of terms) {
    const from = vectorOf(vectors, source).pointer;
    const c = residue(coefficient);
    if (select) {
      const [to, index] = [memory.list(select.to), memory.list(select.from)];
      memory.exports.gl_select_add(out.pointer, to, from, index, c, 0, select.to.length);
    } else {
      memory.exports.gl_select_add(out.pointer, 0, from, 0, c, 0, out.length);
    }
  }
  return out;
}

/** What a map names entry by entry. */
const LISTS: {
  readonly [K in WeightMap['kind']]: (map: Extract<WeightMap, { kind: K }>) => readonly (Uint32Array | Int32Array)[];
} = {
  dense: () => [],
  patterns: ({ pattern, base, start, offset }) => [pattern, base, start, offset],
  axes: () => [],
};

/** Puts the lists that forms and maps of a relation name into the memory, to stay. */
export function keepLists(memory: TableMemory, relation: Relation): void {
  const form = ({ terms }: Form) => {
    for (const { select } of terms) {
      if (!select) continue;
      memory.keepList(select.from);
      memory.keepList(select.to);
    }
  };
  for (const constraint of relation.constraints) {
    switch (constraint.kind) {
      case 'linear':
        form(constraint.form);
        for (const { map } of constraint.terms) {
          for (const list of LISTS[map.kind](map as never)) memory.keepList(list);
        }
        break;
      case 'product':
        [constraint.a, constraint.b, constraint.c].forEach(form);
        break;
      case 'matmul':
        form(constraint.form);
        break;
      case 'lookup':
        [constraint.input, constraint.output].forEach(form);
    }
  }
}

/** Rows of a table: inputs and outputs as integers, and as residues in the memory. */
export interface TableRows {
  readonly input: Table;
  readonly output: Table;
  /** Finds the first row (in, out); −1 where there is none. */
  readonly find: (input: number, output: number) => number;
}

export function rowsOf(memory: TableMemory, table: LookupTable): TableRows {
  const count = tableRows(table);
  const [input, output] = [new Float64Array(count), new Float64Array(count)];
  let row = 0;
  for (const piece of table.pieces) {
    const rows = piece.kind === 'line' ? piece.rows : piece.values.length;
    for (let i = 0; i < rows; i++, row++) {
      input[row] = piece.first + i;
      output[row] = piece.kind === 'line' ? piece.out + piece.slope * i : piece.values[i]!;
    }
  }
  // Rows of one input are chained, the first one first.
  const heads = new Map<number, number>();
  const next = new Int32Array(count).fill(-1);
  for (let i = count - 1; i >= 0; i--) {
    next[i] = heads.get(input[i]!) ?? -1;
    heads.set(input[i]!, i);
  }
  return {
    input: residuesOf(memory, input),
    output: residuesOf(memory, output),
    find(a, b) {
      let at = heads.get(a) ?? -1;
      while (at >= 0 && output[at] !== b) at = next[at]!;
      return at;
    },
  };
}

function residuesOf(memory: TableMemory, values: Float64Array): Table {
  const table = memory.base(values.length);
  const words = memory.words(table);
  values.forEach((value, i) => {
    words[i] = value < 0 ? ORDER + BigInt(value) : BigInt(value);
  });
  return table;
}

/** The integer of least size that a residue stands for; NaN where that is 2^53 or more. */
export function signedOf(low: number, high: number): number {
  if (high < 0x200000) return high * 2 ** 32 + low;
  // p − value = (2^32 − 1 − high)·2^32 + 1 − low.
  const rest = 0xffffffff - high;
  return rest < 0x200000 ? -(rest * 2 ** 32 + 1 - low) : NaN;
}

/**
 * How often each row of each table is looked up. Throws RangeError where a lookup is no row.
 */
export function countMultiplicities(
  memory: TableMemory,
  relation: Relation,
  rows: readonly TableRows[],
  vectors: Vectors,
): Float64Array[] {
  const counts = relation.tables.map((table) => new Float64Array(tableRows(table)));
  for (const [index, constraint] of relation.constraints.entries()) {
    if (constraint.kind !== 'lookup') continue;
    const mark = memory.mark();
    const tables = [constraint.input, constraint.output].map((form) =>
      formTable(memory, form, constraint.dims, vectors),
    );
    // Views last until the next allocation.
    const [input, output] = tables.map(({ pointer, length }) => memory.kernels.heap.words(pointer, 2 * length)) as [
      Uint32Array,
      Uint32Array,
    ];
    const own = counts[constraint.table]!;
    const { find } = rows[constraint.table]!;
    for (let i = 0; i < input.length; i += 2) {
      const row = find(signedOf(input[i]!, input[i + 1]!), signedOf(output[i]!, output[i + 1]!));
      if (row < 0) throw new RangeError(`element ${i / 2} of lookup ${index} is no row of its table`);
      own[row]!++;
    }
    memory.release(mark);
  }
  return counts;
}
