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

/** The first `count` elements of one use of a seed: words of the stream, those ≥ p left out. */
export function secretElements({ kernels }: TableMemory, seed: Uint8Array, use: string, count: number): BigUint64Array {
  const mark = kernels.heap.mark();
  const mode = deriveKeyMode(kernels, `zkonnx clear v1 secret ${use}`);
  for (let words = count + 4; ; words *= 2) {
    const drawn = hash(kernels, mode, seed, 8 * words);
    const view = new DataView(drawn.buffer, drawn.byteOffset);
    const found = new BigUint64Array(count);
    let next = 0;
    for (let i = 0; i < words && next < count; i++) {
      const word = view.getBigUint64(8 * i, true);
      if (word < ORDER) found[next++] = word;
    }
    if (next === count) {
      kernels.heap.release(mark);
      return found;
    }
  }
}

/** 2^log salts of 16 bytes, one behind the other; allocated. */
export function saltTable({ kernels }: TableMemory, seed: Uint8Array, log: number): number {
  const { heap, exports } = kernels;
  const count = 2 ** log;
  const salts = heap.allocate(SALT_BYTES * count);
  const mark = heap.mark();
  const derive = deriveKeyMode(kernels, 'zkonnx clear v1 secret salts');
  const mode = keyedMode(kernels, hash(kernels, derive, seed));
  const inputs = heap.allocate(8 * count);
  const words = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) words[2 * i] = i;
  heap.words(inputs, words.length).set(words);
  const digests = heap.allocate(32 * count);
  const scratch = heap.allocate(HASH_SCRATCH_BYTES);
  exports.b3_hash_n(digests, inputs, 8, 8, 0, count, mode.key, mode.flags, scratch);
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
