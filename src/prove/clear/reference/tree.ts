/** A Merkle tree in memory, and its opening at many indices (verify/clear/merkle.ts has the format). */
import type { Element } from '../../../field/goldilocks.js';
import type { ProverChannel } from '../../../verify/clear/channel.js';
import { joined } from '../../../verify/clear/channel.js';
import { leafHash, nodeHash, residueBytes, siblingsOf, type LeafKind } from '../../../verify/clear/merkle.js';

export interface Tree {
  readonly root: Uint8Array;
  /** Salt ‖ row of each leaf. */
  readonly leaves: readonly Uint8Array[];
  /** Hashes, the leaves' first. */
  readonly levels: readonly (readonly Uint8Array[])[];
}

/** The tree of 2^log rows; `salt` gives a leaf's salt where the kind has them. */
export function treeOf(
  kind: LeafKind,
  rows: readonly (readonly Element[])[],
  salt: (index: number) => Uint8Array = () => new Uint8Array(0),
): Tree {
  const leaves = rows.map((row, index) => joined([salt(index), residueBytes(row)]));
  const levels: Uint8Array[][] = [leaves.map((leaf) => leafHash(kind, leaf))];
  for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!) {
    const level = levels.length;
    levels.push(Array.from({ length: below.length / 2 }, (_, i) => nodeHash(level, below[2 * i]!, below[2 * i + 1]!)));
  }
  return { root: levels.at(-1)![0]!, leaves, levels };
}

/** Appends the opening at distinct rising indices to the proof. */
export function openTree(channel: ProverChannel, tree: Tree, indices: readonly number[]): void {
  for (const index of indices) channel.append(tree.leaves[index]!);
  for (const { level, index } of siblingsOf(indices, tree.levels.length - 1))
    channel.append(tree.levels[level]![index]!);
}
