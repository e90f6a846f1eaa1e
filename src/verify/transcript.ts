/**
 * The transcript of protocol `mirage`: what the challenges X and Θ are drawn from, byte by byte, and D, the public values folded by Θ.
 * Everything that a prover may choose before the challenges is in it. Words are 32 bytes, big-endian:
 *
 *   seed = keccak256(DST ‖ keyDigest ‖ n ‖ P_1 ‖ … ‖ P_n ‖ len(context) ‖ context, zeros after it ‖ C1.x ‖ C1.y)
 *   X = keccak256(seed ‖ 0x01) mod r,  Θ = keccak256(seed ‖ 0x02) mod r,  D = Σ P_j·Θ^j, j = 1 … n
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { R } from './curve.js';
import { MAX_CONTEXT_BYTES } from './proof.js';

export interface Transcript {
  /** "0x" and 64 hexadecimal digits: `zkonnx.keyDigest`. */
  readonly keyDigest: string;
  /** P_1 … P_n in [0, r), n ≥ 1. */
  readonly publicValues: readonly bigint[];
  /** At most 32 bytes. */
  readonly context: Uint8Array;
  /** C1, affine, in [0, q). */
  readonly c1: { readonly x: bigint; readonly y: bigint };
}

/** Values of the public wires, in [0, r). */
export interface Challenges {
  readonly x: bigint;
  readonly theta: bigint;
  readonly d: bigint;
}

const DST = 'zkonnx mirage transcript v1';
const WORD = 32;

/** X, Θ and D. Throws RangeError for values that no proof has: such a transcript would say something else than its caller thinks. */
export function drawChallenges({ keyDigest, publicValues, context, c1 }: Transcript): Challenges {
  if (context.length > MAX_CONTEXT_BYTES) throw new RangeError(`a context of ${context.length} bytes`);
  if (publicValues.length === 0) throw new RangeError('no public value');
  if (publicValues.some((value) => value < 0n || value >= R)) throw new RangeError('a public value outside [0, r)');
  const hash = keccak_256.create();
  hash.update(padded(new TextEncoder().encode(DST)));
  hash.update(word(BigInt(keyDigest)));
  hash.update(word(BigInt(publicValues.length)));
  for (const value of publicValues) hash.update(word(value));
  hash.update(word(BigInt(context.length)));
  hash.update(padded(context));
  hash.update(word(c1.x));
  hash.update(word(c1.y));
  const seed = hash.digest();
  const theta = challenge(seed, 2);
  return { x: challenge(seed, 1), theta, d: fold(publicValues, theta) };
}

/** 256 bits mod r: a residue comes from 5 or 6 of the 2^256 hashes. */
function challenge(seed: Uint8Array, suffix: number): bigint {
  const hash = keccak_256.create().update(seed).update(Uint8Array.of(suffix));
  return BigInt(`0x${bytesToHex(hash.digest())}`) % R;
}

function fold(values: readonly bigint[], theta: bigint): bigint {
  return values.reduceRight((sum, value) => ((sum + value) * theta) % R, 0n);
}

/** A value in [0, 2^256). */
function word(value: bigint): Uint8Array {
  return hexToBytes(value.toString(16).padStart(2 * WORD, '0'));
}

function padded(bytes: Uint8Array): Uint8Array {
  const word = new Uint8Array(WORD);
  word.set(bytes);
  return word;
}
