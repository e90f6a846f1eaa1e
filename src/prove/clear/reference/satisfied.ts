/**
 * Whether values satisfy a relation of protocol `clear`, constraint by constraint and without any argument: what the argument is tested against, what
 * the prover asks before it proves, and, over a small modulus, what gadgets are exhausted with.
 */
import { ORDER } from '../../../field/goldilocks.js';
import { elementsOf } from '../../../verify/clear/relation.js';
import type { Assignment, Constraint, Form, MatrixTerm, Ref, Relation, Table } from '../../../verify/clear/relation.js';
import { eachEntry } from './maps.js';

/** The first element of a constraint that does not hold. */
export interface Unsatisfied {
  /** Index among the relation's constraints. */
  readonly constraint: number;
  readonly kind: Constraint['kind'];
  /** Flat, row-major in the constraint's box. */
  readonly element: number;
  /** What the two sides came to, in [0, modulus); (in, out) of a lookup that is no row of its table. */
  readonly values: readonly [bigint, bigint];
}

/** Values in [0, modulus) of whatever a form may read. */
interface Values extends Assignment {
  readonly multiplicities: readonly (readonly bigint[])[];
}

type Vector = ArrayLike<bigint>;

/** Row (in, out) of each table, as index of its first occurrence. */
class TableIndex {
  private readonly rows = new Map<string, number>();

  constructor(
    table: Table,
    private readonly modulus: bigint,
  ) {
    let row = 0;
    for (const [input, output] of rowsOf(table)) {
      const key = this.key(input, output);
      if (!this.rows.has(key)) this.rows.set(key, row);
      row++;
    }
  }

  find(input: bigint, output: bigint): number | undefined {
    return this.rows.get(this.key(input, output));
  }

  private key(input: bigint, output: bigint): string {
    return `${residue(input, this.modulus)} ${residue(output, this.modulus)}`;
  }
}

/** The rows (in, out) of a table, in order, as integers. */
export function rowsOf(table: Table): [bigint, bigint][] {
  return table.pieces.flatMap((piece): [bigint, bigint][] =>
    piece.kind === 'line'
      ? Array.from({ length: piece.rows }, (_, i) => [BigInt(piece.first + i), BigInt(piece.out + piece.slope * i)])
      : Array.from(piece.values, (value, i) => [BigInt(piece.first + i), BigInt(value)]),
  );
}

/**
 * The first constraint that the assignment does not satisfy modulo a prime, or undefined. Multiplicities are counted. Equations and rows of
 * tables are taken modulo `modulus`, so that rows which only differ by a multiple of it are one row.
 */
export function unsatisfied(
  relation: Relation,
  assignment: Assignment,
  modulus: bigint = ORDER,
): Unsatisfied | undefined {
  return checkerOf(relation, modulus)(assignment);
}

/** `unsatisfied` for many assignments of one relation: its tables are listed once. */
export function checkerOf(
  relation: Relation,
  modulus: bigint = ORDER,
): (assignment: Assignment) => Unsatisfied | undefined {
  const tables = relation.tables.map((table) => new TableIndex(table, modulus));
  return (assignment) => {
    const counted = countWith(relation, tables, assignment, modulus);
    if (!Array.isArray(counted)) return counted;
    const values: Values = { ...assignment, multiplicities: counted };
    for (const [index, constraint] of relation.constraints.entries()) {
      const wrong = CHECKS[constraint.kind](constraint as never, values, modulus);
      if (wrong) return { constraint: index, kind: constraint.kind, ...wrong };
    }
    return undefined;
  };
}

/**
 * How often each row of each table is looked up, the first of equal rows counting. Throws RangeError where a lookup is no row.
 */
export function countMultiplicities(
  relation: Relation,
  assignment: Assignment,
  modulus: bigint = ORDER,
): BigUint64Array[] {
  const tables = relation.tables.map((table) => new TableIndex(table, modulus));
  const counted = countWith(relation, tables, assignment, modulus);
  if (!Array.isArray(counted)) {
    const { constraint, element, values } = counted;
    throw new RangeError(`element ${element} of lookup ${constraint} is (${values.join(', ')}), no row of its table`);
  }
  return counted.map((counts) => BigUint64Array.from(counts));
}

function countWith(
  relation: Relation,
  tables: readonly TableIndex[],
  assignment: Assignment,
  modulus: bigint,
): bigint[][] | Unsatisfied {
  const counts = relation.tables.map((table) => rowsOf(table).map(() => 0n));
  const values: Values = { ...assignment, multiplicities: counts };
  for (const [index, constraint] of relation.constraints.entries()) {
    if (constraint.kind !== 'lookup') continue;
    const input = evaluateForm(constraint.input, constraint.dims, values, modulus);
    const output = evaluateForm(constraint.output, constraint.dims, values, modulus);
    for (let element = 0; element < input.length; element++) {
      const row = tables[constraint.table]!.find(input[element]!, output[element]!);
      if (row === undefined) {
        return { constraint: index, kind: 'lookup', element, values: [input[element]!, output[element]!] };
      }
      counts[constraint.table]![row]! += 1n;
    }
  }
  return counts;
}

type Wrong = Pick<Unsatisfied, 'element' | 'values'> | undefined;

const CHECKS: {
  readonly [K in Constraint['kind']]: (
    constraint: Extract<Constraint, { kind: K }>,
    values: Values,
    modulus: bigint,
  ) => Wrong;
} = {
  linear({ dims, form, terms }, values, modulus) {
    const right = new Array<bigint>(elementsOf(dims)).fill(0n);
    for (const term of terms) addMatrixTerm(right, term, values);
    return firstDifference(evaluateForm(form, dims, values, modulus), right, modulus);
  },
  product({ dims, a, b, c }, values, modulus) {
    const right = evaluateForm(b, dims, values, modulus);
    const product = evaluateForm(a, dims, values, modulus).map((x, i) => x * right[i]!);
    return firstDifference(product, evaluateForm(c, dims, values, modulus), modulus);
  },
  matmul({ dims, form, a, b, inner }, values, modulus) {
    const [groups, rows, columns] = dims as [number, number, number];
    const x = vectorOf(a, values);
    const y = vectorOf(b, values);
    const right: bigint[] = [];
    for (let g = 0; g < groups; g++) {
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          let sum = 0n;
          for (let k = 0; k < inner; k++) sum += x[(g * rows + i) * inner + k]! * y[(g * inner + k) * columns + j]!;
          right.push(sum);
        }
      }
    }
    return firstDifference(evaluateForm(form, dims, values, modulus), right, modulus);
  },
  // Counting has found every row.
  lookup: () => undefined,
};

function firstDifference(left: readonly bigint[], right: readonly bigint[], modulus: bigint): Wrong {
  for (let element = 0; element < left.length; element++) {
    const a = residue(left[element]!, modulus);
    const b = residue(right[element]!, modulus);
    if (a !== b) return { element, values: [a, b] };
  }
  return undefined;
}

/** Elements of a form over its box, in [0, modulus). */
function evaluateForm(form: Form, dims: readonly number[], values: Values, modulus: bigint): bigint[] {
  const result = new Array<bigint>(elementsOf(dims)).fill(form.constant);
  for (const { coefficient, source, select } of form.terms) {
    const vector = vectorOf(source, values);
    if (select) {
      for (let e = 0; e < select.from.length; e++) result[select.to[e]!]! += coefficient * vector[select.from[e]!]!;
    } else {
      for (let i = 0; i < result.length; i++) result[i]! += coefficient * vector[i]!;
    }
  }
  return result.map((value) => residue(value, modulus));
}

function addMatrixTerm(sums: bigint[], { operand, map }: MatrixTerm, values: Values): void {
  const x = vectorOf(operand, values);
  const weights = values.weights[map.weight]!;
  eachEntry(map, sums.length, x.length, (row, column, weight) => {
    sums[row]! += weights[weight]! * x[column]!;
  });
}

function vectorOf({ side, index }: Ref, values: Values): Vector {
  return VECTORS[side](values)[index]!;
}

const VECTORS: { readonly [S in Ref['side']]: (values: Values) => readonly Vector[] } = {
  cell: (values) => values.cells,
  weight: (values) => values.weights,
  public: (values) => values.publics,
  multiplicity: (values) => values.multiplicities,
};

function residue(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}
