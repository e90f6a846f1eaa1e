/**
 * Merkle trees over 2^log rows of residues, and the opening of many rows at once. BLAKE3 in key-derivation mode; contexts separate the kinds of
 * leaves and the levels of nodes, so no leaf is a node, no node stands at another level, and a node is one compression:
 *
 *   leaf(kind, salt, row) = BLAKE3-derive("zkonnx clear v1 leaf <kind>", salt ‖ row), a residue in 8 bytes, little-endian
 *   node(level, a, b)     = BLAKE3-derive("zkonnx clear v1 node <level>", a ‖ b); parents of leaves have level 1; decimal
 *
 * An opening of distinct rising indices is their rows in that order (salt first, where the tree has salts), then those siblings that no known node
 * is, level by level from the leaves up, from left to right. It is the only encoding: its length follows from the indices.
 */
import { FIELD_BYTES, ORDER, type Element } from '../../field/goldilocks.js';
import { Refusal } from '../refusal.js';
import type { VerifierChannel } from './channel.js';
import { hasherOf } from './hash.js';

export const HASH_BYTES = 32;
export const SALT_BYTES = 16;

/** What a tree's leaves are: rows of the weights' or of the cells' matrix, or cosets of a folded word. */
export type LeafKind = 'weights' | 'cells' | 'fold';

/** Leaves of secret values carry a salt: an unsalted leaf confirms guesses. Words that are uniform to the verifier need none. */
export const SALTED = { weights: false, cells: true, fold: false } satisfies { readonly [K in LeafKind]: boolean };

export interface TreeShape {
  readonly kind: LeafKind;
  /** 2^log leaves. */
  readonly log: number;
  /** Residues in a row. */
  readonly width: number;
}

/** `bytes` is salt ‖ row, or the row alone. */
export function leafHash(kind: LeafKind, bytes: Uint8Array): Uint8Array {
  return hasherOf(`zkonnx clear v1 leaf ${kind}`).update(bytes).digest();
}

/** A node of a level ≥ 1 from the two below it. */
export function nodeHash(level: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  return hasherOf(`zkonnx clear v1 node ${level}`).update(left).update(right).digest();
}

/** Nodes that an opening brings, in its order: for distinct rising indices of leaves. */
export function siblingsOf(
  indices: readonly number[],
  log: number,
): { readonly level: number; readonly index: number }[] {
  const siblings: { level: number; index: number }[] = [];
  let known = [...indices];
  for (let level = 0; level < log; level++) {
    const here = new Set(known);
    for (const index of known) if (!here.has(index ^ 1)) siblings.push({ level, index: index ^ 1 });
    known = [...new Set(known.map((index) => index >>> 1))];
  }
  return siblings;
}

/**
 * Reads the opening of a tree at distinct rising indices and returns its rows. Throws Refusal PROOF_MALFORMED for a residue ≥ p, ROOT_MISMATCH
 * where the rows are not those of the root.
 */
export function readRows(
  channel: VerifierChannel,
  root: Uint8Array,
  { kind, log, width }: TreeShape,
  indices: readonly number[],
): Element[][] {
  const saltBytes = SALTED[kind] ? SALT_BYTES : 0;
  const leaves = indices.map(() => channel.take(saltBytes + FIELD_BYTES * width));
  const rows = leaves.map((bytes) => residuesOf(bytes.subarray(saltBytes)));
  let known = new Map(indices.map((index, i) => [index, leafHash(kind, leaves[i]!)]));
  for (let level = 0; level < log; level++) {
    const above = new Map<number, Uint8Array>();
    for (const [index, hash] of known) {
      const parent = index >>> 1;
      if (above.has(parent)) continue;
      const sibling = known.get(index ^ 1) ?? channel.take(HASH_BYTES);
      above.set(parent, index & 1 ? nodeHash(level + 1, sibling, hash) : nodeHash(level + 1, hash, sibling));
    }
    known = above;
  }
  if (!known.get(0)!.every((byte, i) => byte === root[i])) {
    throw new Refusal('ROOT_MISMATCH', `the opened rows are not those of the root of ${kind}`);
  }
  return rows;
}

function residuesOf(bytes: Uint8Array): Element[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / FIELD_BYTES }, (_, i) => {
    const value = view.getBigUint64(FIELD_BYTES * i, true);
    if (value >= ORDER) throw new Refusal('PROOF_MALFORMED', `element ${i} of an opened row is not below p`);
    return value;
  });
}

/** A row as its leaf has it, 8 bytes a residue, little-endian. */
export function residueBytes(row: readonly Element[]): Uint8Array {
  const bytes = new Uint8Array(FIELD_BYTES * row.length);
  const view = new DataView(bytes.buffer);
  row.forEach((value, i) => view.setBigUint64(FIELD_BYTES * i, value, true));
  return bytes;
}
