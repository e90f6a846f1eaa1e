/** What a proof draws, as reference/randomness.ts draws it, by the kernels: a seed, streams of uniform elements, salts. */
import { ORDER } from '../../field/goldilocks.js';
import { deriveKeyMode, hash, keyedMode } from '../../kernels/clear/blake3.js';
import { HASH_SCRATCH_BYTES } from '../../kernels/clear/exports.js';
import type { StatementBytes } from '../../verify/clear/channel.js';
import { joined } from '../../verify/clear/channel.js';
import { SALT_BYTES } from '../../verify/clear/merkle.js';
import type { TableMemory } from './memory.js';

const FRESH_BYTES = 32;

/** BLAKE3 with 32 fresh bytes as its key over statement and witness, each part with its length before it. */
export function proofSeed(
  { kernels }: TableMemory,
  fresh: Uint8Array,
  statement: StatementBytes,
  witness: readonly BigUint64Array[],
): Uint8Array {
  if (fresh.length !== FRESH_BYTES) throw new RangeError(`a seed of ${fresh.length} fresh bytes`);
  const mark = kernels.heap.mark();
  const parts = [statement.keyDigest, statement.publicBytes, statement.context].flatMap((part) => [
    length64(part.length),
    part,
  ]);
  // Words in memory are little-endian on every machine that runs WebAssembly's typed arrays; big-endian ones are turned.
  const tensors = witness.flatMap((tensor) => [length64(tensor.length), littleEndian(tensor)]);
  const seed = hash(kernels, keyedMode(kernels, fresh), joined([...parts, ...tensors]));
  kernels.heap.release(mark);
  return seed;
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function littleEndian(words: BigUint64Array): Uint8Array {
  if (isLittleEndian) return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const bytes = new Uint8Array(words.byteLength);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setBigUint64(8 * i, word, true));
  return bytes;
}

/** Nanoseconds of a block of 64 bytes. */
const COMPRESSION = 40;
const BLOCK_BYTES = 64;

/** The first `count` elements of one use of a seed: words of the stream, those ≥ p left out. */
export async function secretElements(
  memory: TableMemory,
  seed: Uint8Array,
  use: string,
  count: number,
): Promise<BigUint64Array> {
  const { kernels } = memory;
  const { heap, exports } = kernels;
  const mark = heap.mark();
  const { key, flags } = deriveKeyMode(kernels, `zkonnx clear v1 secret ${use}`);
  const input = heap.copyIn(seed);
  for (let words = count + 4; ; words *= 2) {
    const blocks = Math.ceil((8 * words) / BLOCK_BYTES);
    const drawn = heap.allocate(blocks * BLOCK_BYTES);
    await memory.split(
      blocks,
      COMPRESSION,
      (from, to, scratch) => [
        ['b3_xof', drawn + BLOCK_BYTES * from, from, to - from, input, seed.length, key, flags, scratch],
      ],
      { scratchBytes: HASH_SCRATCH_BYTES },
    );
    const stream = littleEndianWords(heap.bytes(drawn, 8 * words));
    // One in 2^32 is beyond.
    const found = exports.gl_count_noncanonical(drawn, words) === 0 ? stream : stream.filter((word) => word < ORDER);
    if (found.length >= count) {
      const elements = found.slice(0, count);
      heap.release(mark);
      return elements;
    }
  }
}

/** Of bytes at a multiple of 8. */
function littleEndianWords(bytes: Uint8Array): BigUint64Array {
  const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  if (isLittleEndian) return words;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return words.map((_, i) => view.getBigUint64(8 * i, true));
}

/** 2^log salts of 16 bytes, one behind the other; allocated. */
export async function saltTable(memory: TableMemory, seed: Uint8Array, log: number): Promise<number> {
  const { kernels } = memory;
  const { heap } = kernels;
  const count = 2 ** log;
  const salts = heap.allocate(SALT_BYTES * count);
  const mark = heap.mark();
  const derive = deriveKeyMode(kernels, 'zkonnx clear v1 secret salts');
  const mode = keyedMode(kernels, hash(kernels, derive, seed));
  const inputs = heap.allocate(8 * count);
  const words = heap.words(inputs, 2 * count);
  for (let i = 0; i < count; i++) {
    words[2 * i] = i;
    words[2 * i + 1] = 0;
  }
  const digests = heap.allocate(32 * count);
  await memory.split(
    count,
    COMPRESSION,
    (from, to, scratch) => [['b3_hash_n', digests, inputs, 8, 8, from, to, mode.key, mode.flags, scratch]],
    { scratchBytes: HASH_SCRATCH_BYTES, unit: 4 },
  );
  const from = heap.words(digests, 8 * count);
  const to = heap.words(salts, 4 * count);
  for (let i = 0; i < count; i++) {
    for (let word = 0; word < 4; word++) to[4 * i + word] = from[8 * i + word]!;
  }
  heap.release(mark);
  return salts;
}

function length64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
