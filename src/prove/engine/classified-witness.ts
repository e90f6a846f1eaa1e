/**
 * Witnesses as the prover takes them: wires by what their values are. Integers of less than 2^31 in absolute value, which are nearly
 * all wires of a compiled model, go to sums of a few windows; a negative one negates its point and never becomes r − x.
 */
import { FIELD_BYTES, fromBytesLE, mod, R } from '../../field/bn254.js';
import { FIELD_WORDS, wordsOf } from '../../formats/coefficients.js';
import { putResidue, type Witness } from '../../constraint/solver.js';

export interface ClassifiedWitness {
  /** One integer a wire, |value| < 2^31; 0 for the wires in `wide`. */
  readonly small: Int32Array;
  /** The other wires, ascending. */
  readonly wide: Uint32Array;
  /** Their canonical residues, FIELD_BYTES each, little-endian. */
  readonly scalars: Uint8Array;
}

const SMALL_LIMIT = 2 ** 31;

/** Classifies what `solve` computed. */
export function classifyWitness({ small, field }: Witness): ClassifiedWitness {
  const integers = new Int32Array(small.length);
  const wide: number[] = [];
  for (let wire = 0; wire < small.length; wire++) {
    const value = small[wire]!;
    if (Math.abs(value) < SMALL_LIMIT) integers[wire] = value;
    else wide.push(wire);
  }
  const scalars = new Uint8Array(wide.length * FIELD_BYTES);
  wide.forEach((wire, i) => {
    const value = small[wire]!;
    putResidue(scalars, i * FIELD_BYTES, Number.isNaN(value) ? field.get(wire)! : value);
  });
  return { small: integers, wide: Uint32Array.from(wide), scalars };
}

const R_WORDS = wordsOf(R);

/** Classifies the values of a .wtns file: canonical residues, FIELD_BYTES a wire; those just below r are negative integers. */
export function classifyValues(values: Uint8Array): ClassifiedWitness {
  const words = new Uint32Array(values.slice().buffer);
  const n = values.length / FIELD_BYTES;
  const small = new Int32Array(n);
  const wide: number[] = [];
  for (let wire = 0; wire < n; wire++) {
    const integer = integerOf(words, wire * FIELD_WORDS);
    if (integer === undefined) wide.push(wire);
    else small[wire] = integer;
  }
  const scalars = new Uint8Array(wide.length * FIELD_BYTES);
  wide.forEach((wire, i) => {
    scalars.set(values.subarray(wire * FIELD_BYTES, (wire + 1) * FIELD_BYTES), i * FIELD_BYTES);
  });
  return { small, wide: Uint32Array.from(wide), scalars };
}

/** The integer x, |x| < 2^31, that eight words of a canonical residue stand for, if there is one. */
function integerOf(words: Uint32Array, at: number): number | undefined {
  const low = words[at]!;
  if (low < SMALL_LIMIT && isZeroFrom(words, at + 1)) return low;
  // r's lowest word is above 2^31: r − x with 0 < x < 2^31 shares all other words with r.
  const below = R_WORDS[0]! - low;
  if (below > 0 && below < SMALL_LIMIT && sharesHighWords(words, at)) return -below;
  return undefined;
}

function isZeroFrom(words: Uint32Array, at: number): boolean {
  for (let i = 0; i < FIELD_WORDS - 1; i++) if (words[at + i] !== 0) return false;
  return true;
}

function sharesHighWords(words: Uint32Array, at: number): boolean {
  for (let i = 1; i < FIELD_WORDS; i++) if (words[at + i] !== R_WORDS[i]) return false;
  return true;
}

/** Public signals: wires 1 … nPublic as canonical decimals. */
export function publicSignalsOf({ small, wide, scalars }: ClassifiedWitness, nPublic: number): string[] {
  const places = new Map(Array.from(wide.subarray(0, nPublic + 1), (wire, i) => [wire, i]));
  return Array.from({ length: nPublic }, (_, i) => {
    const place = places.get(i + 1);
    return String(place === undefined ? mod(BigInt(small[i + 1]!)) : fromBytesLE(scalars, place * FIELD_BYTES));
  });
}
