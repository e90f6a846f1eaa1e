/**
 * .r1cs, version 1 (iden3/r1csfile, doc/r1cs_bin_format.md): container of iden3-container.ts with magic "r1cs", all little-endian.
 *
 *   section 1, header (64 bytes): field size u32 = 32 ‖ r (32 bytes) ‖ nWires u32 ‖ nPubOut u32 ‖ nPubIn u32 ‖ nPrvIn u32
 *                                 ‖ nLabels u64 ‖ nConstraints u32
 *   section 2, constraints:       for every row, its sides A, B, C: n u32 ‖ n × { wire u32 ‖ coefficient 32 bytes }
 *   section 3, labels:            nWires × u64, the label of each wire
 *
 * Coefficients are canonical (below r, not Montgomery), never zero, wires ascend within a side. We write label = wire and nPrvIn = 0:
 * wires after the public ones are all "internal", which no reader treats differently.
 *
 * The bytes are a function of the constraint system alone. Their SHA-256 is the circuit's hash (`hashCircuit`, circuit.ts),
 * so `sha256sum` of an exported file checks it.
 */
import { BIG_COEF_BASE, coefficient, WireClass, type R1cs, type SparseMatrix } from '../constraint/r1cs.js';
import { SparseRows } from '../constraint/growable.js';
import { R } from '../field/bn254.js';
import {
  bigCoefWords,
  CoefficientEncoder,
  FIELD_WORDS,
  putCoefficient,
  valueOfWords,
  wordsOf,
} from './coefficients.js';
import {
  bytesOf,
  containerHeader,
  readContainer,
  sectionHeader,
  view,
  type ByteSource,
  type Container,
  type Section,
} from './iden3-container.js';

const KIND = { magic: 'r1cs', version: 1, title: 'an .r1cs file', code: 'ARTIFACT_INVALID' } as const;
const HEADER_BYTES = 64;
/** wire u32 ‖ 32 bytes. */
const ENTRY_WORDS = 1 + FIELD_WORDS;
const CHUNK_WORDS = 1 << 18;

/** The file's bytes, in order. A chunk's buffer is reused by the next one. */
export function* r1csChunks(r1cs: R1cs): Generator<Uint8Array> {
  const system = canonicalR1cs(r1cs);
  const entries = system.a.wires.length + system.b.wires.length + system.c.wires.length;
  yield containerHeader(KIND, 3);
  yield sectionHeader(1, HEADER_BYTES);
  yield headerBytes(r1cs);
  yield sectionHeader(2, 4 * (entries * ENTRY_WORDS + 3 * r1cs.nConstraints));
  yield* constraintChunks(system);
  yield sectionHeader(3, 8 * r1cs.nWires);
  yield* labelChunks(r1cs.nWires);
}

function headerBytes(r1cs: R1cs): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const header = view(bytes);
  header.setUint32(0, 32, true);
  bytes.set(bytesOf(wordsOf(R)), 4);
  header.setUint32(36, r1cs.nWires, true);
  header.setUint32(40, r1cs.nPubOut, true);
  header.setUint32(44, r1cs.nPubIn, true);
  header.setUint32(48, 0, true);
  header.setBigUint64(52, BigInt(r1cs.nWires), true);
  header.setUint32(60, r1cs.nConstraints, true);
  return bytes;
}

function* constraintChunks(r1cs: R1cs): Generator<Uint8Array> {
  const words = new Uint32Array(CHUNK_WORDS);
  const big = bigCoefWords(r1cs.bigCoefs);
  const sides = [r1cs.a, r1cs.b, r1cs.c];
  let at = 0;
  for (let row = 0; row < r1cs.nConstraints; row++) {
    for (const { rowStart, wires, coefs } of sides) {
      const end = rowStart[row + 1]!;
      for (let k = rowStart[row]!, first = true; first || k < end; first = false) {
        // Room for a count and an entry.
        if (at + 1 + ENTRY_WORDS > CHUNK_WORDS) {
          yield bytesOf(words.subarray(0, at));
          at = 0;
        }
        if (first) words[at++] = end - k;
        if (k === end) continue;
        words[at] = wires[k]!;
        putCoefficient(words, at + 1, coefs[k]!, big);
        at += ENTRY_WORDS;
        k++;
      }
    }
  }
  yield bytesOf(words.subarray(0, at));
}

function* labelChunks(nWires: number): Generator<Uint8Array> {
  const words = new Uint32Array(Math.min(CHUNK_WORDS, 2 * nWires));
  for (let wire = 0; wire < nWires;) {
    let at = 0;
    for (; at < words.length && wire < nWires; at += 2) words[at] = wire++;
    yield bytesOf(words.subarray(0, at));
  }
}

/** The same system with wires ascending and distinct and no zero coefficient in any side of a row; `r1cs` itself where it has that. */
export function canonicalR1cs(r1cs: R1cs): R1cs {
  const encoder = new CoefficientEncoder(r1cs.bigCoefs);
  const [a, b, c] = [r1cs.a, r1cs.b, r1cs.c].map((matrix) => canonicalMatrix(matrix, r1cs, encoder)) as [
    SparseMatrix,
    SparseMatrix,
    SparseMatrix,
  ];
  if (a === r1cs.a && b === r1cs.b && c === r1cs.c) return r1cs;
  return { ...r1cs, a, b, c, bigCoefs: encoder.bigCoefs };
}

function canonicalMatrix(matrix: SparseMatrix, r1cs: R1cs, encoder: CoefficientEncoder): SparseMatrix {
  if (isCanonical(matrix, r1cs.nConstraints)) return matrix;
  const rows = new SparseRows();
  for (let row = 0; row < r1cs.nConstraints; row++) {
    const sums = new Map<number, bigint>();
    for (let k = matrix.rowStart[row]!; k < matrix.rowStart[row + 1]!; k++) {
      const wire = matrix.wires[k]!;
      sums.set(wire, ((sums.get(wire) ?? 0n) + coefficient(matrix.coefs[k]!, r1cs.bigCoefs)) % R);
    }
    for (const [wire, sum] of [...sums].sort(([left], [right]) => left - right)) {
      if (sum !== 0n) rows.push(wire, encoder.encode(sum));
    }
    rows.endRow();
  }
  return rows.finish();
}

function isCanonical({ rowStart, wires, coefs }: SparseMatrix, nRows: number): boolean {
  for (let row = 0; row < nRows; row++) {
    let previous = -1;
    for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
      if (wires[k]! <= previous || coefs[k] === 0) return false;
      previous = wires[k]!;
    }
  }
  return true;
}

/** Reads any BN254 .r1cs without custom gates. Throws what the source throws, FORMAT_VERSION, ARTIFACT_INVALID. */
export async function readR1cs(source: ByteSource): Promise<R1cs> {
  const container = await readContainer(source, KIND);
  const header = view(await container.read(container.section(1, 'header', HEADER_BYTES)));
  if (header.getUint32(0, true) !== 32) throw container.corrupt('field elements are not 32 bytes');
  const prime = new Uint32Array(FIELD_WORDS);
  for (let i = 0; i < FIELD_WORDS; i++) prime[i] = header.getUint32(4 + 4 * i, true);
  if (valueOfWords(prime, 0) !== R) {
    throw container.corrupt('the constraints are over another field', 'BN254', `prime ${valueOfWords(prime, 0)}`);
  }
  if (container.has(4) || container.has(5))
    throw container.corrupt('the circuit uses custom gates, which Groth16 cannot prove');
  const [nWires, nPubOut, nPubIn] = [36, 40, 44].map((at) => header.getUint32(at, true)) as [number, number, number];
  const nConstraints = header.getUint32(60, true);
  if (nPubOut + nPubIn >= nWires) {
    throw container.corrupt('more public signals than wires', `fewer than ${nWires}`, String(nPubOut + nPubIn));
  }
  // Every wire has its label in section 3: this bounds nWires by the file's size before anything is allocated by it.
  container.section(3, 'labels', 8 * nWires);
  const sides = await readConstraints(container, nWires, nConstraints);
  const wireClass = new Uint8Array(nWires).fill(WireClass.Field);
  wireClass[0] = WireClass.Bit;
  return { nWires, nPubOut, nPubIn, nConstraints, ...sides, wireClass };
}

async function readConstraints(
  container: Container,
  nWires: number,
  nConstraints: number,
): Promise<Pick<R1cs, 'a' | 'b' | 'c' | 'bigCoefs'>> {
  const section = container.section(2, 'constraints');
  if (section.size % 4 !== 0 || section.size < 12 * nConstraints)
    throw container.corrupt('the constraints are truncated');
  const words = new WordReader(container, section);
  const encoder = new CoefficientEncoder();
  const sides = [new SparseRows(), new SparseRows(), new SparseRows()] as const;
  for (let row = 0; row < nConstraints; row++) {
    for (const side of sides) {
      if (words.available < 1) await words.fill(1);
      const count = words.next();
      if (count > nWires) throw container.corrupt(`row ${row} has ${count} terms on one side of ${nWires} wires`);
      for (let k = 0; k < count; k++) {
        if (words.available < ENTRY_WORDS) await words.fill(ENTRY_WORDS);
        const wire = words.next();
        if (wire >= nWires)
          throw container.corrupt(`row ${row} names a wire that is not there`, `below ${nWires}`, String(wire));
        const value = words.nextField();
        if (value >= R) throw container.corrupt(`row ${row} has a coefficient that is not below r`);
        side.push(wire, encoder.encode(value));
      }
      side.endRow();
    }
  }
  if (words.left > 0) throw container.corrupt(`${4 * words.left} bytes follow the last constraint`);
  const [a, b, c] = sides;
  return { a: a.finish(), b: b.finish(), c: c.finish(), bigCoefs: encoder.bigCoefs };
}

/** Sequential 32-bit words of a section, read in chunks. */
class WordReader {
  private words = new Uint32Array(0);
  private at = 0;
  private unread: number;
  private offset: number;

  constructor(
    private readonly container: Container,
    section: Section,
  ) {
    this.unread = section.size / 4;
    this.offset = section.offset;
  }

  /** Words in the buffer. */
  get available(): number {
    return this.words.length - this.at;
  }

  /** Words not taken yet. */
  get left(): number {
    return this.available + this.unread;
  }

  /** Makes at least `count` words available. */
  async fill(count: number): Promise<void> {
    if (this.left < count) throw this.container.corrupt('the constraints are truncated');
    const kept = this.words.subarray(this.at);
    const fresh = Math.min(this.unread, CHUNK_WORDS);
    const next = new Uint32Array(kept.length + fresh);
    next.set(kept);
    bytesOf(next).set(await this.container.source.read(this.offset, 4 * fresh), 4 * kept.length);
    this.offset += 4 * fresh;
    this.unread -= fresh;
    this.words = next;
    this.at = 0;
  }

  next(): number {
    return this.words[this.at++]!;
  }

  nextField(): bigint {
    const { words, at } = this;
    this.at += FIELD_WORDS;
    let high = 0;
    for (let i = 2; i < FIELD_WORDS; i++) high |= words[at + i]!;
    // Most coefficients are small; no BigInt arithmetic for them.
    if (high === 0 && words[at + 1]! < BIG_COEF_BASE / 2 ** 32) return BigInt(words[at + 1]! * 2 ** 32 + words[at]!);
    return valueOfWords(words, at);
  }
}
