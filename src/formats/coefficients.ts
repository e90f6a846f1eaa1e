/** R1CS coefficients between their float64 code (src/constraint/r1cs.ts) and 32 little-endian bytes, as eight 32-bit words. */
import { BIG_COEF_BASE } from '../constraint/r1cs.js';
import { R } from '../field/bn254.js';

/** 32-bit words of a field element. */
export const FIELD_WORDS = 8;

const R_WORDS = wordsOf(R);

/** The eight words of a value in [0, 2^256), least significant first. */
export function wordsOf(value: bigint): Uint32Array {
  const words = new Uint32Array(FIELD_WORDS);
  putWords(value, words, 0);
  return words;
}

/** Writes the eight words of a value in [0, 2^256). */
export function putWords(value: bigint, words: Uint32Array, at: number): void {
  let rest = value;
  for (let i = 0; i < FIELD_WORDS; i += 2) {
    const low = rest & 0xffff_ffff_ffff_ffffn;
    words[at + i] = Number(low & 0xffff_ffffn);
    words[at + i + 1] = Number(low >> 32n);
    rest >>= 64n;
  }
}

/** The value of eight words. */
export function valueOfWords(words: Uint32Array, at: number): bigint {
  let value = 0n;
  for (let i = FIELD_WORDS - 2; i >= 0; i -= 2) {
    value = (value << 64n) | (BigInt(words[at + i + 1]!) << 32n) | BigInt(words[at + i]!);
  }
  return value;
}

/** All big coefficients as words, for `putCoefficient`. */
export function bigCoefWords(bigCoefs: readonly bigint[]): Uint32Array {
  const words = new Uint32Array(FIELD_WORDS * bigCoefs.length);
  bigCoefs.forEach((value, i) => {
    putWords(value, words, FIELD_WORDS * i);
  });
  return words;
}

/** Writes the canonical residue of a coded coefficient: eight words at `at`. */
export function putCoefficient(words: Uint32Array, at: number, coef: number, big: Uint32Array): void {
  if (coef >= BIG_COEF_BASE) {
    const from = ((coef - BIG_COEF_BASE) / 2) * FIELD_WORDS;
    for (let i = 0; i < FIELD_WORDS; i++) words[at + i] = big[from + i]!;
    return;
  }
  const magnitude = Math.abs(coef);
  const high = Math.floor(magnitude / 2 ** 32);
  if (coef >= 0) {
    words[at] = magnitude >>> 0;
    words[at + 1] = high;
    words.fill(0, at + 2, at + FIELD_WORDS);
    return;
  }
  // r − |c| with |c| < 2^53: the borrow ends in word 1, because high < 2^21 < word 1 of r (0x43e1f593).
  const low = R_WORDS[0]! - (magnitude >>> 0);
  words[at] = low >>> 0;
  words[at + 1] = R_WORDS[1]! - high - (low < 0 ? 1 : 0);
  for (let i = 2; i < FIELD_WORDS; i++) words[at + i] = R_WORDS[i]!;
}

/** Codes residues as float64, collecting the full-width ones. */
export class CoefficientEncoder {
  private readonly indices = new Map<bigint, number>();
  readonly bigCoefs: bigint[] = [];

  constructor(initial: readonly bigint[] = []) {
    // Indices must stay those of `initial`, so that coefficients coded against it keep their meaning.
    for (const value of initial) {
      if (!this.indices.has(value)) this.indices.set(value, this.bigCoefs.length);
      this.bigCoefs.push(value);
    }
  }

  /** The code of a canonical residue. */
  encode(value: bigint): number {
    if (value < BigInt(BIG_COEF_BASE)) return Number(value);
    if (R - value < BigInt(BIG_COEF_BASE)) return -Number(R - value);
    let index = this.indices.get(value);
    if (index === undefined) {
      index = this.bigCoefs.push(value) - 1;
      this.indices.set(value, index);
    }
    return BIG_COEF_BASE + 2 * index;
  }
}
