/**
 * The code of a key's weights as a file, so that opening a prover is reading it (docs/formats.md, "weights.clear"):
 *
 *   magic "zkcw" ‖ version u32 (1) ‖ n u32 ‖ rateLog u32 ‖ columns u32 ‖ 12 bytes 0 ‖ root (32 bytes)
 *   columns × 2^(n + rateLog) residues of 8 bytes: the columns' words, one behind the other
 *   (2^(n + rateLog + 1) − 1) × 32 bytes: the tree's levels, leaves first
 *
 * all little-endian. It saves time only. Nothing is computed with its content: rows and nodes are copied into the opening of a proof, which the prover verifies before
 * it hands it out; so a stranger's file, or a damaged one, may cost a proof and nothing else. Uses no Node API.
 */
import { FIELD_BYTES } from '../../field/goldilocks.js';
import { allocateTree, columnList, rootOf, treeBytes } from '../../kernels/clear/merkle.js';
import type { OpeningParameters } from '../../verify/clear/parameters.js';
import type { ArgumentPlan } from '../../verify/clear/plan.js';
import type { OpenTree, Workshop } from './matrices.js';
import type { TableMemory } from './memory.js';

const MAGIC = 0x77636b7a;
const VERSION = 1;
const HEADER_BYTES = 64;
const ROOT_AT = 32;
/** Bytes read before others at the thread have their turn. */
const CHUNK = 2 ** 23;

/**
 * Elements of a code from which on it is stored: 2^21 are 16 MiB, which take 50 ms to encode and hash and 10 ms to read. Of fewer the file would cost more than it saves.
 */
const WORTH_STORING = 2 ** 21;

/** The file, or what stands for it. */
export interface StoredCode {
  readonly size: number;
  /** Fills `target`, which may lie in a memory shared with workers, from `offset` on. */
  readInto(offset: number, target: Uint8Array): Promise<void>;
}

/** Gives the stored code to `use`; undefined where there is none. */
export type WithStoredCode = <T>(use: (code: StoredCode) => Promise<T>) => Promise<T | undefined>;

type Rows = Pick<OpeningParameters, 'n' | 'rateLog'>;

/** Whether the weights of a relation have a code that is worth storing. */
export function isWorthStoring({ layouts }: Pick<ArgumentPlan, 'layouts'>, { n, rateLog }: Rows): boolean {
  return (layouts.weights?.columns ?? 0) * 2 ** (n + rateLog) >= WORTH_STORING;
}

function headerOf({ n, rateLog }: Rows, columns: number, root: Uint8Array): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  [MAGIC, VERSION, n, rateLog, columns].forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  header.set(root, ROOT_AT);
  return header;
}

/** The file in chunks, views of the kernels' memory: nothing may be proven meanwhile. */
export function* storedCodeChunks(
  { kernels }: TableMemory,
  { tree, root, columns }: OpenTree,
  rows: Rows,
): Generator<Uint8Array, void, undefined> {
  const bytes = FIELD_BYTES * 2 ** (rows.n + rows.rateLog);
  yield headerOf(rows, columns.length, root);
  for (const column of columns) yield kernels.heap.bytes(column, bytes);
  yield kernels.heap.bytes(tree.pointer, treeBytes(tree.log));
}

/** Reads the code of a key's weights into the memory; undefined where the file is of another key, another version or another length. */
export async function loadStoredCode(
  { memory }: Workshop,
  code: StoredCode,
  rows: Rows,
  count: number,
  root: Uint8Array,
): Promise<OpenTree | undefined> {
  const log = rows.n + rows.rateLog;
  const word = FIELD_BYTES * 2 ** log;
  if (code.size !== HEADER_BYTES + count * word + treeBytes(log)) return undefined;
  const header = new Uint8Array(HEADER_BYTES);
  await code.readInto(0, header);
  if (!headerOf(rows, count, root).every((byte, i) => byte === header[i])) return undefined;
  const { kernels } = memory;
  const { heap } = kernels;
  const mark = heap.mark();
  const first = heap.allocate(count * word);
  const columns = Array.from({ length: count }, (_, j) => first + j * word);
  columnList(kernels, columns);
  const tree = allocateTree(kernels, log);
  await read(memory, code, HEADER_BYTES, first, count * word);
  await read(memory, code, HEADER_BYTES + count * word, tree.pointer, treeBytes(log));
  if (rootOf(kernels, tree).every((byte, i) => byte === root[i])) return { tree, root, columns, salts: 0 };
  heap.release(mark);
  return undefined;
}

async function read(
  memory: TableMemory,
  code: StoredCode,
  offset: number,
  pointer: number,
  length: number,
): Promise<void> {
  const { heap } = memory.kernels;
  for (let done = 0; done < length; done += CHUNK) {
    await memory.step();
    await code.readInto(offset + done, heap.bytes(pointer + done, Math.min(CHUNK, length - done)));
  }
}
