/** Matrices of weights and of cells in the kernels' memory, their codewords and trees (reference/commit.ts, reference/tree.ts). */
import { invariant } from '../../base/errors.js';
import { FIELD_BYTES, GL, type Element } from '../../field/goldilocks.js';
import { deriveKeyMode } from '../../kernels/clear/blake3.js';
import type { ClearTask } from '../../kernels/clear/calls.js';
import {
  allocateTree,
  columnList,
  node,
  rootOf,
  treeScratchBytes,
  treeTasks,
  type MerkleTree,
  type TreeModes,
} from '../../kernels/clear/merkle.js';
import {
  createGlTwiddles,
  evaluationPhases,
  glNttCalls,
  type Evaluation,
  type GlTwiddles,
} from '../../kernels/clear/ntt.js';
import { ranges } from '../../kernels/team.js';
import type { ProverChannel } from '../../verify/clear/channel.js';
import { positionsOf, type Layout } from '../../verify/clear/layout.js';
import { SALT_BYTES, siblingsOf, type LeafKind } from '../../verify/clear/merkle.js';
import { MASK_COLUMNS } from '../../verify/clear/oracle.js';
import type { Table, TableMemory } from './memory.js';
import { saltTable, secretElements } from './randomness.js';

/** What trees and transforms of one key share; made before the first proof. */
export interface Workshop {
  readonly memory: TableMemory;
  readonly twiddles: GlTwiddles;
  readonly modes: { readonly [K in LeafKind]: TreeModes };
}

/** For words of up to 2^maxLog elements. */
export function createWorkshop(memory: TableMemory, maxLog: number): Workshop {
  const { kernels } = memory;
  const nodes = Array.from({ length: maxLog + 1 }, (_, level) =>
    deriveKeyMode(kernels, `zkonnx clear v1 node ${level}`),
  );
  const modesOf = (kind: LeafKind): TreeModes => ({
    leaf: deriveKeyMode(kernels, `zkonnx clear v1 leaf ${kind}`),
    node: (level) => nodes[level]!,
  });
  const modes = { weights: modesOf('weights'), cells: modesOf('cells'), fold: modesOf('fold') };
  return { memory, twiddles: createGlTwiddles(kernels, maxLog), modes };
}

/** Rows of columns of 2^log elements, hashed. */
export interface OpenTree {
  readonly tree: MerkleTree;
  readonly root: Uint8Array;
  /** Pointers to the columns of a row, in their order. */
  readonly columns: readonly number[];
  /** 16 bytes a row, or 0 for none. */
  readonly salts: number;
}

export interface CommittedMatrix extends OpenTree {
  readonly layout: Layout;
  /** Coefficients, column by column: plain ones of 2^n base elements. */
  readonly coefficients: Table;
  /** The masks, of 2^n extension elements each. */
  readonly masks: readonly Table[];
}

/** Where each tensor's elements lie in the matrix, in the memory to stay. */
export function keepPositions(memory: TableMemory, layout: Layout): number[] {
  return layout.dims.map((_, tensor) => memory.keepList(positionsOf(layout, tensor)));
}

/** Nanoseconds on one thread, about: an element moved, a butterfly, a block of 64 bytes hashed. */
const MOVE = 2;
const BUTTERFLY = 1.3;
const COMPRESSION = 40;

/** The tensors in columns of 2^n base elements, rows that no block takes 0. */
async function place(
  memory: TableMemory,
  layout: Layout,
  positions: readonly number[],
  tensors: readonly Table[],
  columns: number,
): Promise<Table> {
  invariant(tensors.length === layout.dims.length, 'a layout has a tensor for each of its dims', {
    tensors: tensors.length,
  });
  const matrix = memory.base(columns * 2 ** layout.n);
  for (const [tensor, { pointer, length }] of tensors.entries()) {
    // No two elements have one position.
    await memory.split(length, MOVE, (from, to) => [
      ['gl_select_add', matrix.pointer, positions[tensor]!, pointer, 0, 1n, from, to],
    ]);
  }
  return matrix;
}

/** The key's matrix: anybody makes the same from the weights. `stored` gives the code without encoding and hashing, or undefined. */
export async function commitWeights(
  workshop: Workshop,
  layout: Layout,
  positions: readonly number[],
  tensors: readonly Table[],
  rateLog: number,
  stored: () => Promise<OpenTree | undefined> = () => Promise.resolve(undefined),
): Promise<CommittedMatrix> {
  const matrix = await place(workshop.memory, layout, positions, tensors, layout.columns);
  const code =
    (await stored()) ?? (await encodeAndHash(workshop, 'weights', matrix, layout, layout.columns, rateLog, 0));
  return { layout, coefficients: matrix, masks: [], ...code };
}

/** A proof's matrix: cells, uniform values in the reserved rows, six uniform columns of masks, salts. */
export async function commitCells(
  workshop: Workshop,
  layout: Layout,
  positions: readonly number[],
  tensors: readonly Table[],
  rateLog: number,
  seed: Uint8Array,
): Promise<CommittedMatrix> {
  const { memory } = workshop;
  const rows = 2 ** layout.n;
  const matrix = await place(memory, layout, positions, tensors, layout.columns + MASK_COLUMNS);
  const random = await secretElements(memory, seed, 'rows', layout.columns * layout.reserved);
  const masks = await secretElements(memory, seed, 'masks', MASK_COLUMNS * rows);
  const words = memory.words(matrix);
  for (let column = 0; column < layout.columns; column++) {
    const own = random.subarray(column * layout.reserved, (column + 1) * layout.reserved);
    words.set(own, (column + 1) * rows - layout.reserved);
  }
  words.set(masks, layout.columns * rows);
  const salts = await saltTable(memory, seed, layout.n + rateLog);
  const columnAt = (column: number) => matrix.pointer + column * rows * FIELD_BYTES;
  const hashed = await encodeAndHash(workshop, 'cells', matrix, layout, layout.columns + MASK_COLUMNS, rateLog, salts);
  const pairs = Array.from({ length: MASK_COLUMNS / 2 }, (_, k): Table => {
    const pair = memory.ext(rows);
    const [c0, c1] = [columnAt(layout.columns + 2 * k), columnAt(layout.columns + 2 * k + 1)];
    memory.exports.gl2_join_n(pair.pointer, c0, c1, 0, rows);
    return pair;
  });
  return { layout, coefficients: matrix, masks: pairs, ...hashed };
}

async function encodeAndHash(
  { memory, twiddles, modes }: Workshop,
  kind: LeafKind,
  matrix: Table,
  { n }: Layout,
  count: number,
  rateLog: number,
  salts: number,
): Promise<OpenTree> {
  const log = n + rateLog;
  const words = memory.kernels.heap.allocate(count * 2 ** log * FIELD_BYTES);
  const columns = Array.from({ length: count }, (_, column) => words + column * 2 ** log * FIELD_BYTES);
  await evaluateAll(
    memory,
    twiddles,
    columns.map((out, column) => ({
      out,
      input: matrix.pointer + column * 2 ** n * FIELD_BYTES,
      logIn: n,
      logOut: log,
    })),
  );
  return hashRows(memory, modes[kind], columns, salts, log);
}

/** Evaluations of one size. */
async function evaluateAll(
  memory: TableMemory,
  twiddles: GlTwiddles,
  evaluations: readonly Evaluation[],
): Promise<void> {
  const [first] = evaluations;
  if (first === undefined) return;
  const cost = evaluations.length * 2 ** first.logOut * (1 + BUTTERFLY * first.logIn);
  const threads = memory.parts(cost) === 1 ? 1 : memory.threads;
  for (const phase of evaluationPhases(twiddles, evaluations, threads)) {
    await memory.run(bundled(phase.map(glNttCalls), memory.parts(cost)), cost);
  }
}

/** The same calls in `count` tasks at most. */
function bundled(tasks: readonly ClearTask[], count: number): ClearTask[] {
  return ranges(tasks.length, Math.min(count, tasks.length)).map(({ from, to }) => tasks.slice(from, to).flat());
}

async function hashRows(
  memory: TableMemory,
  modes: TreeModes,
  columns: readonly number[],
  salts: number,
  log: number,
): Promise<OpenTree> {
  const { kernels } = memory;
  const rows = { columns: columnList(kernels, columns), count: columns.length, salts };
  const tree = allocateTree(kernels, log);
  const cost = 2 ** log * COMPRESSION * (1 + Math.ceil((SALT_BYTES + FIELD_BYTES * columns.length) / 64));
  const mark = memory.mark();
  const bytes = treeScratchBytes(memory.exports, rows);
  const scratches: number[] = [];
  const scratch = (part: number) => (scratches[part] ??= kernels.heap.allocate(bytes));
  const { parts, joint } = treeTasks(tree, rows, modes, memory.parts(cost), scratch);
  await memory.run(parts, cost);
  await memory.run([joint], 0);
  memory.release(mark);
  return { tree, root: rootOf(kernels, tree), columns, salts };
}

/** A word of 2^log coefficients on 2^domainLog points, by cosets of 2^variables of them. */
export async function commitWord(
  { memory, twiddles, modes }: Workshop,
  { pointer, length }: Table,
  domainLog: number,
  variables: number,
): Promise<OpenTree> {
  const { heap } = memory.kernels;
  const size = 2 ** domainLog;
  const coordinates = [heap.allocate(FIELD_BYTES * length), heap.allocate(FIELD_BYTES * length)] as const;
  memory.exports.gl2_split_n(coordinates[0], coordinates[1], pointer, 0, length);
  const logIn = Math.log2(length);
  const evaluations = coordinates.map((input): Evaluation => {
    return { out: heap.allocate(FIELD_BYTES * size), input, logIn, logOut: domainLog };
  });
  await evaluateAll(memory, twiddles, evaluations);
  const leaves = size / 2 ** variables;
  const columns = Array.from({ length: 2 ** variables }, (_, q) =>
    evaluations.map(({ out }) => out + q * leaves * FIELD_BYTES),
  );
  return hashRows(memory, modes.fold, columns.flat(), 0, domainLog - variables);
}

/** Appends the opening at distinct rising indices (verify/clear/merkle.ts). */
export function openTree(
  { kernels }: TableMemory,
  channel: ProverChannel,
  opened: OpenTree,
  indices: readonly number[],
): void {
  const { tree, columns, salts } = opened;
  const { heap } = kernels;
  for (const index of indices) {
    const salt = salts === 0 ? 0 : SALT_BYTES;
    const leaf = new Uint8Array(salt + FIELD_BYTES * columns.length);
    if (salt > 0) leaf.set(heap.bytes(salts + SALT_BYTES * index, SALT_BYTES));
    columns.forEach((column, j) => {
      leaf.set(heap.bytes(column + FIELD_BYTES * index, FIELD_BYTES), salt + FIELD_BYTES * j);
    });
    channel.append(leaf);
  }
  for (const { level, index } of siblingsOf(indices, tree.log)) channel.append(node(kernels, tree, level, index));
}

/** ω^index of the subgroup of order 2^log, from the table of the transforms. */
export function twiddlePower(memory: TableMemory, { pointer }: GlTwiddles, log: number, index: number): Element {
  if (log === 0) return 1n;
  const half = 2 ** (log - 1);
  const at = pointer + FIELD_BYTES * (half + (index % half));
  const [power] = memory.words({ pointer: at, length: 1 });
  return index < half ? power! : GL.neg(power!);
}
