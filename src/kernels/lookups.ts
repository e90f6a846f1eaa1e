/**
 * Lookup tables at the challenges X and Θ, and values scattered to the rows of a domain (domain.ts), as kernel tasks over ranges: what a
 * prover of two rounds (src/constraint/rounds.ts) takes beside transforms and sums.
 */
import { ELEMENT_BYTES } from './field-exports.js';
import type { KernelExports } from './module.js';
import { SCALAR_BYTES } from './msm.js';

export type LookupTask =
  | ({ readonly kind: 'table' } & TableTask)
  /** See `fr_integers_at_rows`. */
  | {
      readonly kind: 'integers-at-rows';
      readonly out: number;
      readonly values: number;
      readonly nRows: number;
      readonly logSize: number;
      readonly from: number;
      readonly to: number;
    }
  /** See `fr_elements_at_rows`. */
  | {
      readonly kind: 'elements-at-rows';
      readonly out: number;
      readonly rows: number;
      readonly indices: number;
      readonly elements: number;
      readonly logSize: number;
      readonly n: number;
    };

/** n rows of a table: X + t + values[t]·Θ from t = first on, their inverses (0 for 0) and multiplicity·inverse. */
export interface TableTask {
  readonly n: number;
  /** The element X + first. */
  readonly start: number;
  /** As `fr_table_rows` takes it. */
  readonly theta: number;
  readonly values: number;
  /** Int32. */
  readonly multiplicities: number;
  /** Outputs: elements, and the last two also as scalars. */
  readonly rows: number;
  readonly inverses: number;
  readonly quotients: number;
  readonly inverseScalars: number;
  readonly quotientScalars: number;
}

/** Rows of one task at most: one inversion in so many costs little, and scratch stays small. */
export const TABLE_TASK_ROWS = 2048;

export const LOOKUP_SCRATCH_BYTES = (TABLE_TASK_ROWS + 2) * ELEMENT_BYTES;

/** Runs one task on an instance over the memory of its pointers. `scratch` takes `LOOKUP_SCRATCH_BYTES`. */
export function runLookupTask(exports: KernelExports, task: LookupTask, scratch: number): void {
  switch (task.kind) {
    case 'table':
      return tableRows(exports, task, scratch);
    case 'integers-at-rows':
      return exports.fr_integers_at_rows(task.out, task.values, task.nRows, task.logSize, task.from, task.to);
    case 'elements-at-rows':
      return exports.fr_elements_at_rows(task.out, task.rows, task.indices, task.elements, task.logSize, task.n);
  }
}

function tableRows(exports: KernelExports, task: TableTask, scratch: number): void {
  const { n, rows, inverses, quotients } = task;
  exports.fr_table_rows(rows, task.start, task.values, task.theta, n, scratch);
  exports.fr_batch_inv(inverses, rows, n, scratch);
  exports.fr_from_integers_n(quotients, task.multiplicities, n);
  exports.fr_mul_n(quotients, quotients, inverses, n);
  exports.fr_to_bytes_n(task.inverseScalars, inverses, n);
  exports.fr_to_bytes_n(task.quotientScalars, quotients, n);
}

/** Bytes of a table row's outputs. */
export const TABLE_ROW_BYTES = 3 * ELEMENT_BYTES + 2 * SCALAR_BYTES;
