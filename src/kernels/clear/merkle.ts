/**
 * Merkle trees of BLAKE3 over rows of columns. Leaf i is the hash of salt i ‖ row i, elements little-endian; a node is the hash of its children's 64 bytes, left
 * first. Leaves have a mode of their own, and so has each level of nodes. A tree's levels are in memory one behind the other, leaves first:
 * (2^(log + 1) − 1)·32 bytes.
 */
import { DIGEST_BYTES, type HashMode } from './blake3.js';
import { runClearTask, type ClearCall, type ClearTask } from './calls.js';
import { HASH_SCRATCH_BYTES, type ClearExports, type ClearHashExports } from './exports.js';
import type { ClearKernels } from './module.js';

export interface MerkleTree {
  /** Of the leaves' digests. */
  readonly pointer: number;
  /** 2^log leaves. */
  readonly log: number;
}

/** Rows of a matrix by columns. */
export interface LeafRows {
  /** Pointers (u32) to `count` columns of 2^log base elements. */
  readonly columns: number;
  readonly count: number;
  /** 16 bytes a row, or 0 for none. */
  readonly salts: number;
}

export const SALT_BYTES = 16;

/** Bytes of a tree in memory. */
export const treeBytes = (log: number): number => (2 ** (log + 1) - 1) * DIGEST_BYTES;

/** Where level `level` begins: 0 has the leaves, `log` the root. */
export function levelPointer({ pointer, log }: MerkleTree, level: number): number {
  return pointer + (2 ** (log + 1) - 2 ** (log + 1 - level)) * DIGEST_BYTES;
}

/** Hashes leaves from ≤ i < to; `scratch` takes `leavesScratchBytes`. Workers cut at multiples of 8. */
export function leafCall(
  tree: MerkleTree,
  { columns, count, salts }: LeafRows,
  { key, flags }: HashMode,
  { from, to, scratch }: { from: number; to: number; scratch: number },
): ClearCall {
  return ['b3_leaves', tree.pointer, columns, count, salts, from, to, key, flags, scratch];
}

/** The same on an instance. */
export function hashLeaves(
  exports: ClearExports,
  tree: MerkleTree,
  rows: LeafRows,
  mode: HashMode,
  part: { from: number; to: number; scratch: number },
): void {
  runClearTask(exports, [leafCall(tree, rows, mode, part)]);
}

/** Hashes nodes from ≤ i < to of level `level` ≥ 1, of which there are 2^(log − level); `scratch` takes HASH_SCRATCH_BYTES. */
export function nodeCall(
  tree: MerkleTree,
  level: number,
  { key, flags }: HashMode,
  { from, to, scratch }: { from: number; to: number; scratch: number },
): ClearCall {
  const children = levelPointer(tree, level - 1);
  const bytes = 2 * DIGEST_BYTES;
  return ['b3_hash_n', levelPointer(tree, level), children, bytes, bytes, from, to, key, flags, scratch];
}

export const leavesScratchBytes = (exports: ClearHashExports, { count, salts }: LeafRows): number =>
  exports.b3_leaves_scratch(8 * count + (salts === 0 ? 0 : SALT_BYTES));

export interface TreeModes {
  readonly leaf: HashMode;
  /** Of the nodes of a level: 1 is above the leaves, `log` the root. */
  readonly node: (level: number) => HashMode;
}

/** Room for a tree. */
export function allocateTree({ heap }: ClearKernels, log: number): MerkleTree {
  return { pointer: heap.allocate(treeBytes(log), 64), log };
}

/** Bytes that a part of `treeParts` takes. */
export const treeScratchBytes = (exports: ClearHashExports, rows: LeafRows): number =>
  Math.max(HASH_SCRATCH_BYTES, leavesScratchBytes(exports, rows));

/** Subtrees of at least this many leaves are parts of their own. */
const PART_LEAVES_LOG = 5;

/**
 * The tree as 2^k ≥ `parts` subtrees that do not depend on each other, as far as that goes, and what joins them when all are done. `scratch`: of a part, which takes
 * `treeScratchBytes`; the joint is given the first one's.
 */
export function treeTasks(
  tree: MerkleTree,
  rows: LeafRows,
  modes: TreeModes,
  parts: number,
  scratch: (part: number) => number,
): { readonly parts: readonly ClearTask[]; readonly joint: ClearTask } {
  const { log } = tree;
  const cut = Math.min(Math.ceil(Math.log2(Math.max(1, parts))), Math.max(0, log - PART_LEAVES_LOG));
  const nodes = (level: number, of: number, part: number, at: number): ClearCall => {
    const count = 2 ** (log - level) / of;
    return nodeCall(tree, level, modes.node(level), { from: part * count, to: (part + 1) * count, scratch: at });
  };
  const leaves = 2 ** (log - cut);
  const levels = Array.from({ length: log }, (_, k) => k + 1);
  return {
    parts: Array.from({ length: 2 ** cut }, (_, part): ClearTask => {
      const at = scratch(part);
      return [
        leafCall(tree, rows, modes.leaf, { from: part * leaves, to: (part + 1) * leaves, scratch: at }),
        ...levels.slice(0, log - cut).map((level) => nodes(level, 2 ** cut, part, at)),
      ];
    }),
    joint: levels.slice(log - cut).map((level) => nodes(level, 1, 0, scratch(0))),
  };
}

/** Allocates a tree and builds it in this thread. */
export function buildTree(kernels: ClearKernels, rows: LeafRows, log: number, modes: TreeModes): MerkleTree {
  const { exports, heap } = kernels;
  const tree = allocateTree(kernels, log);
  const mark = heap.mark();
  const scratch = heap.allocate(treeScratchBytes(exports, rows));
  const { parts, joint } = treeTasks(tree, rows, modes, 1, () => scratch);
  for (const task of [...parts, joint]) runClearTask(exports, task);
  heap.release(mark);
  return tree;
}

/** A copy of node `index` of a level. */
export function node({ heap }: ClearKernels, tree: MerkleTree, level: number, index: number): Uint8Array {
  return heap.copyOut(levelPointer(tree, level) + index * DIGEST_BYTES, DIGEST_BYTES);
}

export const rootOf = (kernels: ClearKernels, tree: MerkleTree): Uint8Array => node(kernels, tree, tree.log, 0);

/** Allocates the list of columns that leaves take. */
export function columnList({ heap }: ClearKernels, columns: readonly number[]): number {
  const pointer = heap.allocate(4 * columns.length);
  heap.words(pointer, columns.length).set(columns);
  return pointer;
}
