/** Section 4 of a .zkey: the coefficients of A and B, and the rows that bind the public wires. Layout in formats/zkey.ts. */
import { coefficient, type R1cs } from '../constraint/r1cs.js';
import { R } from '../field/bn254.js';
import { FIELD_WORDS, wordsOf } from '../formats/coefficients.js';
import { bytesOf, sectionHeader } from '../formats/iden3-container.js';
import { COEFFICIENT_BYTES, ZkeySection } from '../formats/zkey.js';

const ENTRY_WORDS = COEFFICIENT_BYTES / 4;
const CHUNK_ENTRIES = 1 << 14;
/** Distinct coefficients are few (bits, ±1, packing); where they are not, forgetting bounds the memory. */
const MAX_CACHED = 1 << 16;
const R_SQUARED = (1n << 512n) % R;

/** The section with its header, in chunks; a chunk's buffer is reused by the next one. */
export function* coefficientSection(r1cs: R1cs, nPublic: number): Generator<Uint8Array> {
  const count = r1cs.a.wires.length + r1cs.b.wires.length + nPublic + 1;
  yield sectionHeader(ZkeySection.coefficients, 4 + count * COEFFICIENT_BYTES);
  yield bytesOf(new Uint32Array([count]));
  const words = new Uint32Array(CHUNK_ENTRIES * ENTRY_WORDS);
  let at = 0;
  for (const [matrix, row, wire, value] of entries(r1cs, nPublic)) {
    words[at] = matrix;
    words[at + 1] = row;
    words[at + 2] = wire;
    words.set(value, at + 3);
    at += ENTRY_WORDS;
    if (at === words.length) {
      yield bytesOf(words);
      at = 0;
    }
  }
  yield bytesOf(words.subarray(0, at));
}

type Entry = [matrix: number, row: number, wire: number, value: Uint32Array];

/** Row by row, A before B, then the binding rows. One entry object is reused. */
function* entries(r1cs: R1cs, nPublic: number): Generator<Entry> {
  const cache = new Map<number, Uint32Array>();
  const scaled = (coef: number): Uint32Array => {
    let value = cache.get(coef);
    if (value === undefined) {
      value = wordsOf((coefficient(coef, r1cs.bigCoefs) * R_SQUARED) % R);
      if (cache.size >= MAX_CACHED) cache.clear();
      cache.set(coef, value);
    }
    return value;
  };
  const entry: Entry = [0, 0, 0, new Uint32Array(FIELD_WORDS)];
  for (let row = 0; row < r1cs.nConstraints; row++) {
    entry[1] = row;
    for (const [matrix, { rowStart, wires, coefs }] of [r1cs.a, r1cs.b].entries()) {
      entry[0] = matrix;
      for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
        entry[2] = wires[k]!;
        entry[3] = scaled(coefs[k]!);
        yield entry;
      }
    }
  }
  for (let s = 0; s <= nPublic; s++) yield [0, r1cs.nConstraints + s, s, scaled(1)];
}
