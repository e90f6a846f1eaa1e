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
import { FIELD_BYTES, type Element } from '../../field/goldilocks.js';
import { Refusal } from '../refusal.js';
import type { Arithmetic, OpenedRows } from './arithmetic.js';
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
  return hasherOf(leafContext(kind)).update(bytes).digest();
}

/** A node of a level ≥ 1 from the two below it. */
export function nodeHash(level: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  return hasherOf(nodeContext(level)).update(left).update(right).digest();
}

const leafContext = (kind: LeafKind): string => `zkonnx clear v1 leaf ${kind}`;
const nodeContext = (level: number): string => `zkonnx clear v1 node ${level}`;

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
  arithmetic: Pick<Arithmetic, 'digests'>,
): OpenedRows {
  const salt = SALTED[kind] ? SALT_BYTES : 0;
  const length = salt + FIELD_BYTES * width;
  const rows = { bytes: channel.take(length * indices.length), count: indices.length, salt, width };
  checkResidues(rows);
  let level: Level = { indices, digests: arithmetic.digests(leafContext(kind), rows.bytes, length) };
  for (let above = 1; above <= log; above++) {
    const { parents, children } = pairsOf(channel, level);
    level = { indices: parents, digests: arithmetic.digests(nodeContext(above), children, 2 * HASH_BYTES) };
  }
  const isRoot = level.digests.length === root.length && root.every((byte, i) => byte === level.digests[i]);
  if (!isRoot) {
    throw new Refusal('ROOT_MISMATCH', `the opened rows are not those of the root of ${kind}`);
  }
  return rows;
}

/** Known nodes of a level, rising, and their hashes one behind the other. */
interface Level {
  readonly indices: readonly number[];
  readonly digests: Uint8Array;
}

/** Both children of each node above the known ones; those that are not known are read. */
function pairsOf(
  channel: VerifierChannel,
  { indices, digests }: Level,
): { readonly parents: readonly number[]; readonly children: Uint8Array } {
  const parents = indices.map((index) => index >>> 1).filter((parent, i, all) => i === 0 || parent !== all[i - 1]);
  const children = new Uint8Array(2 * HASH_BYTES * parents.length);
  let next = 0;
  parents.forEach((parent, i) => {
    for (const side of [0, 1]) {
      const isKnown = indices[next] === 2 * parent + side;
      const at = HASH_BYTES * next;
      const hash = isKnown ? digests.subarray(at, at + HASH_BYTES) : channel.take(HASH_BYTES);
      if (isKnown) next++;
      children.set(hash, HASH_BYTES * (2 * i + side));
    }
  });
  return { parents, children };
}

function checkResidues({ bytes, count, salt, width }: OpenedRows): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (let row = 0; row < count; row++) {
    at += salt;
    for (let i = 0; i < width; i++, at += FIELD_BYTES) {
      // Not below 2^64 − 2^32 + 1: the upper half is all ones, the lower one not 0.
      if (view.getUint32(at + 4, true) === 0xffffffff && view.getUint32(at, true) !== 0) {
        throw new Refusal('PROOF_MALFORMED', `element ${i} of an opened row is not below p`);
      }
    }
  }
}

/** A row as its leaf has it, 8 bytes a residue, little-endian. */
export function residueBytes(row: readonly Element[]): Uint8Array {
  const bytes = new Uint8Array(FIELD_BYTES * row.length);
  const view = new DataView(bytes.buffer);
  row.forEach((value, i) => view.setBigUint64(FIELD_BYTES * i, value, true));
  return bytes;
}
