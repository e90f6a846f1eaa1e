/**
 * The polynomials of a constraint system at a secret point, as kernel tasks over ranges: geometric sequences, the values of Lagrange bases,
 * and the scalars of wires by the columns of sparse matrices. Scalars come out canonical, 32 bytes little-endian, for the multiples.
 */
import { ELEMENT_BYTES } from './field-exports.js';
import type { KernelExports } from './module.js';
import { SCALAR_BYTES } from './msm.js';

/**
 * A matrix by columns. `starts`: columns + 1 u32, in entries. `rows`: u32, one an entry. `coefs`: f64, one an entry, at a multiple of 8, as
 * src/constraint/r1cs.ts codes them: integers below 2^53 in absolute value, or 2^53 + 2·index for element `index` of `big`.
 */
export interface SparseColumns {
  readonly starts: number;
  readonly rows: number;
  readonly coefs: number;
  readonly big: number;
}

export type TrapdoorTask =
  /** Scalars first·ratio^i, i < n. `first` and `ratio` are elements. */
  | {
      readonly kind: 'powers';
      readonly out: number;
      readonly first: number;
      readonly ratio: number;
      readonly n: number;
    }
  /** scale·x/(tau − x) for x = first·ratio^i, i < n, as elements or as scalars. The others are elements. */
  | {
      readonly kind: 'lagrange';
      readonly form: 'elements' | 'scalars';
      readonly out: number;
      readonly tau: number;
      readonly first: number;
      readonly ratio: number;
      readonly scale: number;
      readonly n: number;
    }
  /** The scalars of wires from ≤ j < to: see WireScalars. */
  | { readonly kind: 'wires'; readonly wires: WireScalars; readonly from: number; readonly to: number };

/** The columns of A, B and C, one a wire, times the elements `values` of the rows, and what becomes of the sums; the rest are pointers to elements. */
export interface WireScalars {
  readonly columns: readonly SparseColumns[];
  readonly values: number;
  /** 2^261. */
  readonly montgomery: number;
  readonly alpha: number;
  readonly beta: number;
  /** K_j = (beta·A_j + alpha·B_j + C_j)·factor, without the factor for the first `bare` wires. */
  readonly factor: number;
  readonly bare: number;
  /** One scalar a wire in each. */
  readonly a: number;
  readonly b: number;
  readonly k: number;
}

/** Elements worked on at a time: they stay in a core's own cache, and one inversion in so many costs little. */
const BLOCK = 256;
const BLOCK_BYTES = BLOCK * ELEMENT_BYTES;

/** Scratch of every task: three blocks of elements, and a few of them besides. */
export const TRAPDOOR_SCRATCH_BYTES = 3 * BLOCK_BYTES + 4 * ELEMENT_BYTES;

/** Runs one task on an instance over the memory of its pointers. */
export function runTrapdoorTask(exports: KernelExports, task: TrapdoorTask, scratch: number): void {
  switch (task.kind) {
    case 'powers':
      return powers(exports, task, scratch);
    case 'lagrange':
      return lagrange(exports, task, scratch);
    case 'wires':
      return wireScalars(exports, task.wires, task.from, task.to, scratch);
  }
}

type TaskOf<Kind extends TrapdoorTask['kind']> = Extract<TrapdoorTask, { kind: Kind }>;

function powers(exports: KernelExports, { out, first, ratio, n }: TaskOf<'powers'>, scratch: number): void {
  const x = scratch;
  const block = scratch + ELEMENT_BYTES;
  exports.fr_copy(x, first);
  for (let done = 0; done < n; done += BLOCK) {
    const count = Math.min(BLOCK, n - done);
    exports.fr_geometric(block, x, ratio, count);
    exports.fr_to_bytes_n(out + done * SCALAR_BYTES, block, count);
  }
}

function lagrange(exports: KernelExports, task: TaskOf<'lagrange'>, scratch: number): void {
  const { form, out, tau, first, ratio, scale, n } = task;
  const x = scratch;
  const y = scratch + ELEMENT_BYTES;
  const block = scratch + 2 * ELEMENT_BYTES;
  const rest = block + BLOCK_BYTES;
  exports.fr_copy(x, first);
  exports.fr_mul(y, first, scale);
  for (let done = 0; done < n; done += BLOCK) {
    const count = Math.min(BLOCK, n - done);
    const elements = form === 'elements' ? out + done * ELEMENT_BYTES : block;
    exports.fr_lagrange(elements, tau, x, y, ratio, count, rest);
    if (form === 'scalars') exports.fr_to_bytes_n(out + done * SCALAR_BYTES, elements, count);
  }
}

function wireScalars(exports: KernelExports, wires: WireScalars, from: number, to: number, scratch: number): void {
  const { columns, values, montgomery, alpha, beta, factor } = wires;
  const sums = [scratch, scratch + BLOCK_BYTES, scratch + 2 * BLOCK_BYTES] as const;
  const rest = scratch + 3 * BLOCK_BYTES;
  for (let first = from; first < to; first += BLOCK) {
    const end = Math.min(first + BLOCK, to);
    columns.forEach(({ starts, rows, coefs, big }, i) => {
      exports.fr_sparse_columns(sums[i]!, starts, rows, coefs, big, values, montgomery, first, end, rest);
    });
    const at = first * SCALAR_BYTES;
    const bare = Math.max(0, wires.bare - first);
    exports.fr_wire_scalars(
      wires.a + at,
      wires.b + at,
      wires.k + at,
      ...sums,
      alpha,
      beta,
      factor,
      end - first,
      bare,
      rest,
    );
  }
}
