// BLAKE3 of equal-length inputs, four at a time, and of one input with any length of output. Every mode is a key of eight words and base flags: hash
// (IV, 0), keyed_hash (the key, KEYED), derive_key (the context's key, DERIVE_MATERIAL; the context's key itself is made with IV and DERIVE_CONTEXT).
// Control depends on lengths and never on data. Inputs are below 2^32 bytes.
import { compress4 } from './blake3-compress';

const CHUNK_START: i32 = 1;
const CHUNK_END: i32 = 2;
const PARENT: i32 = 4;
const ROOT: i32 = 8;

const CHUNK: u32 = 1024;
const BLOCK: u32 = 64;
/** Bytes of a chaining value of four lanes. */
const CV_BYTES: usize = 128;

// Scratch: the key on four lanes, a chaining value, sixteen words of output, a message block, length, flags and chaining value of the root, and a stack of chaining
// values. Of two neighbours there, the left one first, a parent's message is made without moving them. 2^22 chunks need 23 at most.
const CV: usize = 128;
const OUT: usize = 256;
const MESSAGE: usize = 512;
const ROOT_BYTES: usize = 768;
const ROOT_FLAGS: usize = 772;
const ROOT_CV: usize = 776;
const STACK: usize = 784;
/** Bytes of scratch for `b3_hash_n`, `b3_xof`, `b3_grind`; `b3_leaves` takes more. */
const SCRATCH: usize = 4096;

@inline
function copyCv(out: usize, input: usize): void {
  for (let o: usize = 0; o < CV_BYTES; o += 16) v128.store(out + o, v128.load(input + o));
}

/** Eight words onto four lanes each. */
function splatKey(scratch: usize, key: usize): void {
  for (let i: usize = 0; i < 8; i++) v128.store(scratch + (i << 4), v128.load32_splat(key + (i << 2)));
}

/** out[0 … 3] = words 0 … 3 on four lanes, from four lanes of four words; its own inverse. Distances in bytes between the outputs. */
@inline
function transpose(out: usize, step: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  v128.store(out, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(out + step, v128.shuffle<i64>(ab, cd, 1, 3));
  const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(out + 2 * step, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
  v128.store(out + 3 * step, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
}

/** The message block at `offset` of four inputs `stride` bytes apart (0: one input on all lanes), zero behind `bytes` ≤ 64. */
@inline
function messageOf(scratch: usize, input: usize, stride: usize, bytes: u32): void {
  const m = scratch + MESSAGE;
  if (bytes == BLOCK) {
    for (let o: usize = 0; o < 64; o += 16) {
      const p = input + o;
      transpose(m + (o << 2), 16, v128.load(p), v128.load(p + stride), v128.load(p + 2 * stride), v128.load(p + 3 * stride));
    }
    return;
  }
  for (let o: usize = 0; o < 256; o += 16) v128.store(m + o, i32x4.splat(0));
  for (let lane: usize = 0; lane < 4; lane++, input += stride) {
    for (let i: usize = 0; i < <usize>bytes; i++) store<u8>(m + ((i >> 2) << 4) + (lane << 2) + (i & 3), load<u8>(input + i));
  }
}

/**
 * Everything but the root's compression, of four inputs of `bytes` bytes. `input` is as `messageOf` takes it, or, if `laid`, message words on four lanes as
 * `compress4` takes them, zero up to a multiple of 64 bytes. Leaves where the root's chaining value is, its length and its flags in scratch, and gives where its message is.
 */
function upToRoot(input: usize, stride: usize, laid: bool, bytes: u32, flags: i32, scratch: usize): usize {
  const cv = scratch + CV;
  const message = scratch + MESSAGE;
  let top = scratch + STACK;
  const chunks: u32 = bytes == 0 ? 1 : (bytes - 1) / CHUNK + 1;
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    // The key goes into a chunk's first block.
    let chaining = scratch;
    const first = chunk * CHUNK;
    const end = min(bytes, first + CHUNK);
    let start = CHUNK_START;
    for (let at = first; ; at += BLOCK, start = 0) {
      const length = min(BLOCK, end - at);
      if (!laid) messageOf(scratch, input + at, stride, length);
      const m = laid ? input + (<usize>at << 2) : message;
      const last = at + BLOCK >= end;
      const blockFlags = flags | start | (last ? CHUNK_END : 0);
      if (last && chunks == 1) return leaveRoot(scratch, chaining, m, length, blockFlags);
      compress4(cv, chaining, m, i32x4.splat(chunk), length, blockFlags, false);
      if (last) break;
      chaining = cv;
    }
    copyCv(top, cv);
    top += CV_BYTES;
    // Subtrees that are complete while there is more input: none of them is the root.
    if (chunk + 1 < chunks) for (let t = chunk + 1; (t & 1) == 0; t >>= 1) top = join(top, flags, scratch);
  }
  while (top > scratch + STACK + 2 * CV_BYTES) top = join(top, flags, scratch);
  return leaveRoot(scratch, scratch, scratch + STACK, BLOCK, flags | PARENT);
}

function leaveRoot(scratch: usize, chaining: usize, message: usize, bytes: u32, flags: i32): usize {
  store<usize>(scratch + ROOT_CV, chaining);
  store<u32>(scratch + ROOT_BYTES, bytes);
  store<i32>(scratch + ROOT_FLAGS, flags | ROOT);
  return message;
}

/** The parent of the stack's two topmost chaining values in their place; gives the new top. */
function join(top: usize, flags: i32, scratch: usize): usize {
  const left = top - 2 * CV_BYTES;
  compress4(left, scratch, left, i32x4.splat(0), BLOCK, flags | PARENT, false);
  return left + CV_BYTES;
}

/** Digests of four inputs in scratch's output, on lanes. */
@inline
function digests(input: usize, stride: usize, laid: bool, bytes: u32, flags: i32, scratch: usize): void {
  if (!laid && bytes == BLOCK) {
    // A node: one block, which is all there is.
    messageOf(scratch, input, stride, BLOCK);
    compress4(scratch + OUT, scratch, scratch + MESSAGE, i32x4.splat(0), BLOCK, flags | CHUNK_START | CHUNK_END | ROOT, false);
    return;
  }
  const m = upToRoot(input, stride, laid, bytes, flags, scratch);
  compress4(scratch + OUT, load<usize>(scratch + ROOT_CV), m, i32x4.splat(0), load<u32>(scratch + ROOT_BYTES), load<i32>(scratch + ROOT_FLAGS), false);
}

/** Four digests of 32 bytes from scratch's output. */
@inline
function storeDigests(out: usize, scratch: usize): void {
  const w = scratch + OUT;
  transpose(out, 32, v128.load(w), v128.load(w, 16), v128.load(w, 32), v128.load(w, 48));
  transpose(out + 16, 32, v128.load(w, 64), v128.load(w, 80), v128.load(w, 96), v128.load(w, 112));
}

/** Lane 0's. */
@inline
function storeFirst(out: usize, scratch: usize): void {
  for (let i: usize = 0; i < 8; i++) store<u32>(out + (i << 2), load<u32>(scratch + OUT + (i << 4)));
}

/**
 * out[i] = 32 bytes, BLAKE3 of the `bytes` bytes at input + i·stride, for from ≤ i < to. `key` is eight words, `flags` the mode's; `scratch` takes 4,096
 * bytes, aligned to 16.
 */
export function b3_hash_n(out: usize, input: usize, bytes: u32, stride: u32, from: u32, to: u32, key: usize, flags: i32, scratch: usize): void {
  splatKey(scratch, key);
  let i = from;
  for (; i + 4 <= to; i += 4) {
    digests(input + <usize>i * stride, stride, false, bytes, flags, scratch);
    storeDigests(out + (<usize>i << 5), scratch);
  }
  for (; i < to; i++) {
    digests(input + <usize>i * stride, 0, false, bytes, flags, scratch);
    storeFirst(out + (<usize>i << 5), scratch);
  }
}

/** 64·blocks bytes of output from the block number `first` on, of one input. */
export function b3_xof(out: usize, first: u32, blocks: u32, input: usize, bytes: u32, key: usize, flags: i32, scratch: usize): void {
  splatKey(scratch, key);
  const m = upToRoot(input, 0, false, bytes, flags, scratch);
  const w = scratch + OUT;
  for (let i: u32 = 0; i < blocks; i += 4) {
    const counter = i32x4.add(i32x4.splat(first + i), i32x4(0, 1, 2, 3));
    compress4(w, load<usize>(scratch + ROOT_CV), m, counter, load<u32>(scratch + ROOT_BYTES), load<i32>(scratch + ROOT_FLAGS), true);
    const lanes = min<u32>(4, blocks - i);
    for (let lane: u32 = 0; lane < lanes; lane++, out += 64) {
      for (let k: usize = 0; k < 16; k++) store<u32>(out + (k << 2), load<u32>(w + (k << 4) + (<usize>lane << 2)));
    }
  }
}

/**
 * The first nonce from `first` on, `count` (a multiple of 4) tried at most, for which BLAKE3 of nonce (8 bytes, little-endian) ‖ tail begins with `bits` ≤ 32 zero
 * bits, the highest bit of a byte first; −1 if there is none. `tail` is at most 56 bytes. Scratch as `b3_hash_n`. This branches on hashes: nonces are public.
 */
export function b3_grind(first: i64, count: i64, bits: u32, tail: usize, tailBytes: u32, key: usize, flags: i32, scratch: usize): i64 {
  if (bits == 0) return first;
  splatKey(scratch, key);
  const m = scratch + MESSAGE;
  const all = flags | CHUNK_START | CHUNK_END | ROOT;
  // Nonce words are lanes of their own, the tail is the same on all.
  for (let o: usize = 0; o < 256; o += 16) v128.store(m + o, i32x4.splat(0));
  for (let i: usize = 0; i < <usize>tailBytes; i++) {
    for (let lane: usize = 0; lane < 4; lane++) store<u8>(m + (((i + 8) >> 2) << 4) + (lane << 2) + (i & 3), load<u8>(tail + i));
  }
  const end = first + count;
  for (let nonce = first; nonce < end; nonce += 4) {
    for (let lane: i64 = 0; lane < 4; lane++) {
      store<u32>(m + (<usize>lane << 2), <u32>(nonce + lane));
      store<u32>(m + (<usize>lane << 2), <u32>((nonce + lane) >> 32), 16);
    }
    compress4(scratch + OUT, scratch, m, i32x4.splat(0), 8 + tailBytes, all, false);
    for (let lane: i64 = 0; lane < 4; lane++) {
      if (<u32>clz(bswap(load<u32>(scratch + OUT + (<usize>lane << 2)))) >= bits) return nonce + lane;
    }
  }
  return -1;
}

/** Bytes of scratch for `b3_leaves` of rows of `bytes` bytes. */
export function b3_leaves_scratch(bytes: u32): u32 {
  return <u32>SCRATCH + 8 * ((bytes + BLOCK) & ~(BLOCK - 1));
}

/**
 * out[i] = 32 bytes, BLAKE3 of leaf i for from ≤ i < to: salt i (16 bytes at salts + 16·i; none if `salts` is 0), then the elements at row i of J columns, 8
 * bytes each. `columns` is J pointers. Rows are taken by eights, a cache line of each column; so workers should cut at multiples of 8.
 */
export function b3_leaves(out: usize, columns: usize, J: u32, salts: usize, from: u32, to: u32, key: usize, flags: i32, scratch: usize): void {
  splatKey(scratch, key);
  const saltWords: usize = salts == 0 ? 0 : 4;
  const bytes = <u32>(saltWords << 2) + 8 * J;
  const lanes0 = scratch + SCRATCH;
  const lanesBytes = <usize>((bytes + BLOCK - 1) & ~(BLOCK - 1)) << 2;
  const lanes1 = lanes0 + lanesBytes;
  let i = from;
  if (i + 8 <= to) {
    for (let o = <usize>bytes << 2; o < lanesBytes; o += 16) {
      v128.store(lanes0 + o, i32x4.splat(0));
      v128.store(lanes1 + o, i32x4.splat(0));
    }
  }
  for (; i + 8 <= to; i += 8) {
    if (salts != 0) {
      const s = salts + (<usize>i << 4);
      transpose(lanes0, 16, v128.load(s), v128.load(s, 16), v128.load(s, 32), v128.load(s, 48));
      transpose(lanes1, 16, v128.load(s, 64), v128.load(s, 80), v128.load(s, 96), v128.load(s, 112));
    }
    let o = saltWords << 4;
    for (let j: usize = 0; j < <usize>J; j++, o += 32) {
      const p = <usize>load<u32>(columns + (j << 2)) + (<usize>i << 3);
      const a = v128.load(p);
      const b = v128.load(p, 16);
      const c = v128.load(p, 32);
      const d = v128.load(p, 48);
      v128.store(lanes0 + o, v128.shuffle<i32>(a, b, 0, 2, 4, 6));
      v128.store(lanes0 + o, v128.shuffle<i32>(a, b, 1, 3, 5, 7), 16);
      v128.store(lanes1 + o, v128.shuffle<i32>(c, d, 0, 2, 4, 6));
      v128.store(lanes1 + o, v128.shuffle<i32>(c, d, 1, 3, 5, 7), 16);
    }
    digests(lanes0, 0, true, bytes, flags, scratch);
    storeDigests(out + (<usize>i << 5), scratch);
    digests(lanes1, 0, true, bytes, flags, scratch);
    storeDigests(out + (<usize>i << 5) + 128, scratch);
  }
  for (; i < to; i++) {
    if (salts != 0) v128.store(lanes0, v128.load(salts + (<usize>i << 4)));
    for (let j: usize = 0; j < <usize>J; j++) {
      store<u64>(lanes0 + (saltWords << 2) + (j << 3), load<u64>(<usize>load<u32>(columns + (j << 2)) + (<usize>i << 3)));
    }
    digests(lanes0, 0, false, bytes, flags, scratch);
    storeFirst(out + (<usize>i << 5), scratch);
  }
}
