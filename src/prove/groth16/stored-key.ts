/**
 * A proving key in the kernels' own form, kept beside the .zkey so that loading it is reading it. Container of iden3-container.ts with
 * magic "zkxk", version 1, all little-endian; elements are nine 29-bit limbs in u32 words (src/kernels/field-exports.ts), G1 points 72
 * bytes, G2 points 144.
 *
 *   section  1  identity (32 bytes) of the .zkey it was made from ‖ nVars u32 ‖ nPublic u32 ‖ log2 of the domain u32
 *   sections 3–10   of A, B in G1, B in G2, C: wires with finite points (u32 each, ascending), then those points
 *   section 11  2^log2 H points
 *   sections 12–15  rows of A, then of B: 2^log2 + 1 starts (u32 each), then entries { wire u32 ‖ coefficient u32 } (src/kernels/sparse.ts)
 *   section 16  the coefficients' dictionary, elements
 *
 * The single points, δ's among them, always come from the .zkey: whoever could write both [δ]_1 and the lists could have every proof verify and
 * show its witness.
 */
import {
  bytesOf,
  containerHeader,
  readContainer,
  sectionHeader,
  type ByteSource,
  type Container,
} from '../../formats/iden3-container.js';
import { domainSize, type Domain } from '../../kernels/domain.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import type { Kernels } from '../../kernels/module.js';
import { groupOf, type GroupName } from '../../kernels/msm.js';
import { createJoinConstants, createNttTable } from '../../kernels/ntt.js';
import type { SparseRows } from '../../kernels/sparse.js';
import type { ZkeyVerifierPart } from '../../formats/zkey.js';
import type { WirePoints } from '../engine/wire-points.js';
import { singlePoints, type EngineKey } from './kernel-key.js';

const KIND = { magic: 'zkxk', version: 1, title: 'a proving key in the kernels’ form', code: 'KEY_INVALID' } as const;
export const IDENTITY_BYTES = 32;
const HEADER_BYTES = IDENTITY_BYTES + 12;
const Section = { header: 1, lists: 3, h: 11, rows: 12, dictionary: 16 } as const;
const N_SECTIONS = 15;
const LISTS = ['a', 'b1', 'b2', 'c'] as const;
const GROUPS: Readonly<Record<(typeof LISTS)[number], GroupName>> = { a: 'g1', b1: 'g1', b2: 'g2', c: 'g1' };
const ENTRY_BYTES = 8;

/** The file, in chunks that are views of the kernels' memory where they are large. */
export function* storedKeyChunks(
  kernels: Kernels,
  key: EngineKey,
  identity: Uint8Array,
): Generator<Uint8Array, void, undefined> {
  const { heap } = kernels;
  const size = (group: GroupName): number => groupOf(kernels.exports, group).pointBytes;
  const header = new Uint8Array(HEADER_BYTES);
  header.set(identity);
  header.set(bytesOf(new Uint32Array([key.nVars, key.nPublic, key.domain.logSize])), IDENTITY_BYTES);
  yield containerHeader(KIND, N_SECTIONS);
  yield* section(Section.header, [header]);
  for (const [i, name] of LISTS.entries()) {
    const { wires, points, group } = key[name];
    yield* section(Section.lists + 2 * i, [bytesOf(wires)]);
    yield* section(Section.lists + 2 * i + 1, [heap.bytes(points, wires.length * size(group))]);
  }
  yield* section(Section.h, [heap.bytes(key.h, domainSize(key.domain) * size('g1'))]);
  for (const [i, rows] of [key.rowsA, key.rowsB].entries()) {
    const starts = heap.words(rows.rowStart, rows.nRows + 1);
    yield* section(Section.rows + 2 * i, [bytesOf(starts)]);
    yield* section(Section.rows + 2 * i + 1, [heap.bytes(rows.entries, starts[rows.nRows]! * ENTRY_BYTES)]);
  }
  const { dictionary, dictionaryEntries } = key.rowsA;
  yield* section(Section.dictionary, [heap.bytes(dictionary, dictionaryEntries * ELEMENT_BYTES)]);
}

function* section(type: number, parts: readonly Uint8Array[]): Generator<Uint8Array, void, undefined> {
  yield sectionHeader(
    type,
    parts.reduce((sum, part) => sum + part.length, 0),
  );
  yield* parts;
}

/**
 * Loads a stored key, with the single points of the .zkey itself (`part`), if it was made from the .zkey of this identity; undefined if from another. Everything that is an index is checked:
 * a damaged file gives a wrong proof, which is not handed out, but nothing is read or written out of place. Throws KEY_INVALID,
 * FORMAT_VERSION, FILE_UNREADABLE.
 */
export async function loadStoredKey(
  kernels: Kernels,
  source: ByteSource,
  identity: Uint8Array,
  part: ZkeyVerifierPart,
): Promise<EngineKey | undefined> {
  const container = await readContainer(source, KIND);
  const header = await container.read(container.section(Section.header, 'header', HEADER_BYTES));
  if (!header.subarray(0, IDENTITY_BYTES).every((byte, i) => byte === identity[i])) return undefined;
  const [nVars, nPublic, logSize] = new Uint32Array(header.slice(IDENTITY_BYTES).buffer) as unknown as [
    number,
    number,
    number,
  ];
  if (nVars !== part.nVars || nPublic !== part.nPublic || 2 ** logSize !== part.domainSize)
    throw container.corrupt('the sizes are not those of the .zkey');
  const domain: Domain = { logSize, cosets: 1 };
  const loader = new Loader(kernels, container, nVars, domain);
  const [a, b1, b2, c] = [
    await loader.list(0, 0),
    await loader.list(1, 0),
    await loader.list(2, 0),
    await loader.list(3, nPublic + 1),
  ] as const;
  const h = await loader.region(Section.h, 'H', part.domainSize * loader.pointBytes('g1'));
  const dictionary = await loader.region(Section.dictionary, 'dictionary');
  const rowsA = await loader.rows(0, dictionary);
  const rowsB = await loader.rows(1, dictionary);
  return {
    nVars,
    nPublic,
    domain,
    a,
    b1,
    b2,
    c,
    h: h.pointer,
    ...singlePoints(kernels, part.points),
    rowsA,
    rowsB,
    table: createNttTable(kernels, logSize),
    join: createJoinConstants(kernels, domain),
  };
}

interface Region {
  readonly pointer: number;
  readonly size: number;
}

class Loader {
  constructor(
    private readonly kernels: Kernels,
    private readonly container: Container,
    private readonly nVars: number,
    private readonly domain: Domain,
  ) {}

  pointBytes(group: GroupName): number {
    return groupOf(this.kernels.exports, group).pointBytes;
  }

  /** A section's bytes in the kernels' memory. */
  async region(type: number, name: string, expectedSize?: number): Promise<Region> {
    const { offset, size } = this.container.section(type, name, expectedSize);
    const pointer = this.kernels.heap.allocate(size);
    await this.container.source.readInto(offset, this.kernels.heap.bytes(pointer, size));
    return { pointer, size };
  }

  async list(number: 0 | 1 | 2 | 3, firstWire: number): Promise<WirePoints> {
    const name = LISTS[number];
    const group = GROUPS[name];
    const section = this.container.section(Section.lists + 2 * number, `wires of ${name}`);
    const bytes = await this.container.read(section);
    if (bytes.length % 4 !== 0) throw this.container.corrupt(`the wires of ${name} are truncated`);
    const wires = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    for (let i = 0; i < wires.length; i++) {
      const least = i === 0 ? firstWire : wires[i - 1]! + 1;
      if (wires[i]! < least || wires[i]! >= this.nVars)
        throw this.container.corrupt(`the wires of ${name} are damaged`);
    }
    const size = wires.length * this.pointBytes(group);
    const { pointer } = await this.region(Section.lists + 2 * number + 1, `points of ${name}`, size);
    return { group, points: pointer, wires };
  }

  async rows(number: 0 | 1, dictionary: Region): Promise<SparseRows> {
    const { heap } = this.kernels;
    const nRows = domainSize(this.domain);
    const type = Section.rows + 2 * number;
    const { pointer: rowStart } = await this.region(type, 'row starts', 4 * (nRows + 1));
    const entries = await this.region(type + 1, 'rows');
    const dictionaryEntries = dictionary.size / ELEMENT_BYTES;
    const starts = heap.words(rowStart, nRows + 1);
    const words = heap.words(entries.pointer, entries.size / 4);
    const isWhole = entries.size % ENTRY_BYTES === 0 && Number.isInteger(dictionaryEntries);
    if (!isWhole || !areStarts(starts, entries.size / ENTRY_BYTES))
      throw this.container.corrupt('the rows are damaged');
    for (let i = 0; i < words.length; i += 2) {
      if (words[i]! >= this.nVars || words[i + 1]! >= dictionaryEntries + 2) {
        throw this.container.corrupt('an entry of the rows is out of place');
      }
    }
    return {
      rowStart,
      entries: entries.pointer,
      dictionary: dictionary.pointer,
      dictionaryEntries,
      nRows,
      domain: this.domain,
    };
  }
}

/** From 0 to `count`, never falling. */
function areStarts(starts: Uint32Array, count: number): boolean {
  for (let i = 1; i < starts.length; i++) if (starts[i]! < starts[i - 1]!) return false;
  return starts[0] === 0 && starts[starts.length - 1] === count;
}
