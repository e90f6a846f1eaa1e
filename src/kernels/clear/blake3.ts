/** BLAKE3 on the kernels: modes, single inputs, many equal-length inputs. Only for the owner of the heap, but for the functions that take exports. */
import { HASH_SCRATCH_BYTES, unsigned } from './exports.js';
import type { ClearKernels } from './module.js';

/** SHA-256's initial value, BLAKE3's key where there is none. */
const IV = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
const KEYED_HASH = 16;
const DERIVE_KEY_CONTEXT = 32;
const DERIVE_KEY_MATERIAL = 64;

export const DIGEST_BYTES = 32;
const KEY_BYTES = 32;
const BLOCK_BYTES = 64;

/** A mode of BLAKE3 in the kernels' memory: eight words at `key`, and base flags. */
export interface HashMode {
  readonly key: number;
  readonly flags: number;
}

/** Plain hash. Allocates 32 bytes, as all of these. */
export function hashMode(kernels: ClearKernels): HashMode {
  return { key: wordsIn(kernels, IV), flags: 0 };
}

/** keyed_hash. Throws RangeError for a key that has not 32 bytes. */
export function keyedMode({ heap }: ClearKernels, key: Uint8Array): HashMode {
  if (key.length !== KEY_BYTES) throw new RangeError(`a BLAKE3 key of ${key.length} bytes`);
  return { key: heap.copyIn(key), flags: KEYED_HASH };
}

/** derive_key with a context; what is hashed is its key material. */
export function deriveKeyMode(kernels: ClearKernels, context: string | Uint8Array): HashMode {
  const { heap } = kernels;
  const bytes = typeof context === 'string' ? new TextEncoder().encode(context) : context;
  const key = heap.allocate(KEY_BYTES);
  const mark = heap.mark();
  const mode = { key: wordsIn(kernels, IV), flags: DERIVE_KEY_CONTEXT };
  const digest = hash(kernels, mode, bytes);
  heap.bytes(key, KEY_BYTES).set(digest);
  heap.release(mark);
  return { key, flags: DERIVE_KEY_MATERIAL };
}

/** `outputBytes` (32 if absent) of one input of any length below 2^31 bytes. */
export function hash(
  { exports, heap }: ClearKernels,
  { key, flags }: HashMode,
  input: Uint8Array,
  outputBytes = DIGEST_BYTES,
): Uint8Array {
  const mark = heap.mark();
  const scratch = heap.allocate(HASH_SCRATCH_BYTES);
  const blocks = Math.ceil(outputBytes / BLOCK_BYTES);
  const out = heap.allocate(blocks * BLOCK_BYTES);
  exports.b3_xof(out, 0, blocks, heap.copyIn(input), input.length, key, flags, scratch);
  const result = heap.copyOut(out, outputBytes);
  heap.release(mark);
  return result;
}

/** Nonces tried between two looks at the clock or a signal. */
const GRIND_STEP = 1n << 18n;

/**
 * The least nonce for which the hash of nonce (8 bytes, little-endian) ‖ tail (at most 56 bytes) begins with `bits` ≤ 32 zero bits, the highest bit of a byte
 * first. Yields between stretches of nonces, for callers that have to answer meanwhile.
 */
export function* grind(
  { exports, heap }: ClearKernels,
  { key, flags }: HashMode,
  tail: Uint8Array,
  bits: number,
): Generator<undefined, bigint> {
  if (tail.length > 56 || !Number.isInteger(bits) || bits < 0 || bits > 32) {
    throw new RangeError(`grinding of ${bits} bits with ${tail.length} bytes: at most 32 and 56`);
  }
  for (let first = 0n; ; first += GRIND_STEP) {
    const mark = heap.mark();
    const scratch = heap.allocate(HASH_SCRATCH_BYTES);
    const nonce = exports.b3_grind(first, GRIND_STEP, bits, heap.copyIn(tail), tail.length, key, flags, scratch);
    heap.release(mark);
    if (nonce !== -1n) return unsigned(nonce);
    yield;
  }
}

function wordsIn({ heap }: ClearKernels, words: Uint32Array): number {
  const pointer = heap.allocate(words.byteLength);
  heap.words(pointer, words.length).set(words);
  return pointer;
}
