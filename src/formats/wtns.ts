/**
 * .wtns, version 2 (snarkjs): container of iden3-container.ts with magic "wtns", all little-endian.
 *
 *   section 1, header: field size u32 = 32 ‖ r (32 bytes) ‖ nWitness u32
 *   section 2, values: nWitness × 32 bytes, canonical (below r, not Montgomery); value 0 is the constant 1
 */
import { R } from '../field/bn254.js';
import { invariant } from '../base/errors.js';
import { FIELD_WORDS, valueOfWords, wordsOf } from './coefficients.js';
import {
  bytesOf,
  concatenate,
  containerHeader,
  readContainer,
  sectionHeader,
  view,
  type ByteSource,
} from './iden3-container.js';

const KIND = { magic: 'wtns', version: 2, title: 'a .wtns file', code: 'ARTIFACT_INVALID' } as const;
const FIELD_BYTES = 32;
const HEADER_BYTES = 40;
const TOP_WORD_OF_R = wordsOf(R)[FIELD_WORDS - 1]!;

/** The file's bytes. `values` are the wires as 32-byte little-endian canonical residues, wire 0 first. */
export function wtnsBytes(values: Uint8Array): Uint8Array {
  return concatenate(wtnsChunks(values));
}

/** The same in chunks, without a copy of the values. */
export function* wtnsChunks(values: Uint8Array): Generator<Uint8Array> {
  invariant(values.length % FIELD_BYTES === 0, 'a witness is whole field elements', { bytes: values.length });
  const header = new Uint8Array(HEADER_BYTES);
  view(header).setUint32(0, FIELD_BYTES, true);
  header.set(bytesOf(wordsOf(R)), 4);
  view(header).setUint32(36, values.length / FIELD_BYTES, true);
  yield containerHeader(KIND, 2);
  yield sectionHeader(1, HEADER_BYTES);
  yield header;
  yield sectionHeader(2, values.length);
  yield values;
}

/**
 * The witness values, 32 bytes a wire, each checked to be below r and wire 0 to be 1.
 * Throws what the source throws, FORMAT_VERSION, ARTIFACT_INVALID.
 */
export async function readWtns(source: ByteSource): Promise<Uint8Array> {
  const container = await readContainer(source, KIND);
  const header = await container.read(container.section(1, 'header', HEADER_BYTES));
  const words = new Uint32Array(header.slice().buffer);
  if (words[0] !== FIELD_BYTES) throw container.corrupt('field elements are not 32 bytes');
  if (valueOfWords(words, 1) !== R) throw container.corrupt('the witness is over another field', 'BN254');
  const count = words[1 + FIELD_WORDS]!;
  const values = await container.read(container.section(2, 'values', FIELD_BYTES * count));
  const elements = new Uint32Array(values.buffer, values.byteOffset, values.length / 4);
  for (let wire = 0; wire < count; wire++) {
    // By the highest word first: a BigInt a wire would take longer than reading the file.
    const top = elements[wire * FIELD_WORDS + FIELD_WORDS - 1]!;
    if (top >= TOP_WORD_OF_R && valueOfWords(elements, wire * FIELD_WORDS) >= R)
      throw container.corrupt(`the value of wire ${wire} is not below r`);
  }
  if (count === 0 || valueOfWords(elements, 0) !== 1n) throw container.corrupt('wire 0 is not the constant 1');
  return values;
}
