/**
 * Merkle trees of BLAKE3 over rows of columns. Leaf i is the hash of salt i ‖ row i, elements little-endian; a node is the hash of its children's 64 bytes, left
 * first. Leaves have a mode of their own, and so has each level of nodes. A tree's levels are in memory one behind the other, leaves first:
 * (2^(log + 1) − 1)·32 bytes.
 */
import { DIGEST_BYTES, type HashMode } from './blake3.js';
import { HASH_SCRATCH_BYTES, type ClearHashExports } from './exports.js';
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

/** Leaves from ≤ i < to; `scratch` takes `leavesScratchBytes`. Workers cut at multiples of 8. */
export function hashLeaves(
  exports: ClearHashExports,
  tree: MerkleTree,
  { columns, count, salts }: LeafRows,
  { key, flags }: HashMode,
  { from, to, scratch }: { from: number; to: number; scratch: number },
): void {
  exports.b3_leaves(tree.pointer, columns, count, salts, from, to, key, flags, scratch);
}

/** Nodes from ≤ i < to of level `level` ≥ 1, of which there are 2^(log − level); `scratch` takes HASH_SCRATCH_BYTES. */
export function hashNodes(
  exports: ClearHashExports,
  tree: MerkleTree,
  level: number,
  { key, flags }: HashMode,
  { from, to, scratch }: { from: number; to: number; scratch: number },
): void {
  const children = levelPointer(tree, level - 1);
  exports.b3_hash_n(
    levelPointer(tree, level),
    children,
    2 * DIGEST_BYTES,
    2 * DIGEST_BYTES,
    from,
    to,
    key,
    flags,
    scratch,
  );
}

export const leavesScratchBytes = (exports: ClearHashExports, { count, salts }: LeafRows): number =>
  exports.b3_leaves_scratch(8 * count + (salts === 0 ? 0 : SALT_BYTES));

export interface TreeModes {
  readonly leaf: HashMode;
  /** Of the nodes of a level: 1 is above the leaves, `log` the root. */
  readonly node: (level: number) => HashMode;
}

/** Allocates a tree and builds it in this thread. */
export function buildTree(kernels: ClearKernels, rows: LeafRows, log: number, modes: TreeModes): MerkleTree {
  const { exports, heap } = kernels;
  const tree = { pointer: heap.allocate(treeBytes(log), 64), log };
  const mark = heap.mark();
  const scratch = heap.allocate(Math.max(HASH_SCRATCH_BYTES, leavesScratchBytes(exports, rows)));
  hashLeaves(exports, tree, rows, modes.leaf, { from: 0, to: 2 ** log, scratch });
  for (let level = 1; level <= log; level++) {
    hashNodes(exports, tree, level, modes.node(level), { from: 0, to: 2 ** (log - level), scratch });
  }
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
