/**
 * The container that .r1cs, .wtns, .zkey and our circuit.bin share (iden3's binary file layout). All integers little-endian.
 *
 *   magic      4 bytes ASCII
 *   version    u32
 *   nSections  u32
 *   nSections × { type u32 ‖ size u64 ‖ size bytes }
 *
 * Sections come in any order; a reader ignores types it does not know. A known type may appear once.
 * Reading never allocates by a length that the file's own size does not back.
 */
import { ZkonnxError, type ErrorCode } from '../base/errors.js';

/** More sections than any known file has; a hostile count stops here. */
const MAX_SECTIONS = 64;
const CONTAINER_HEADER_BYTES = 12;
const SECTION_HEADER_BYTES = 12;

/** Random access to the bytes of a file or a buffer. */
export interface ByteSource {
  /** For messages. */
  readonly name: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`; the caller stays within `size`. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Fills `target`, which may lie in a memory shared with workers, from `offset` on. */
  readInto(offset: number, target: Uint8Array): Promise<void>;
}

export interface Section {
  readonly offset: number;
  readonly size: number;
}

/** A kind of file: what its header must say, and how refusals are coded. */
export interface ContainerKind {
  readonly magic: string;
  readonly version: number;
  /** For messages: "an .r1cs file". */
  readonly title: string;
  readonly code: ErrorCode;
}

export class Container {
  constructor(
    readonly source: ByteSource,
    readonly kind: ContainerKind,
    private readonly sections: ReadonlyMap<number, Section>,
  ) {}

  /** The section of that type; refuses the file if it has none or if its size is not `size`. */
  section(type: number, name: string, size?: number): Section {
    const section = this.sections.get(type);
    if (section === undefined) throw this.corrupt(`section ${type} (${name}) is missing`);
    if (size !== undefined && section.size !== size) {
      throw this.corrupt(`section ${type} (${name}) has a wrong size`, `${size} bytes`, `${section.size} bytes`);
    }
    return section;
  }

  has(type: number): boolean {
    return this.sections.has(type);
  }

  async read(section: Section): Promise<Uint8Array> {
    return this.source.read(section.offset, section.size);
  }

  corrupt(what: string, expected?: string, got?: string): ZkonnxError {
    return refusal(this.kind, this.source, what, expected, got);
  }
}

/** Bytes in memory as a source; reads are copies, also of a Buffer, whose own `slice` would share memory. */
export function bytesSource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => new Uint8Array(bytes.subarray(offset, offset + length)),
    readInto: async (offset, target) => {
      target.set(bytes.subarray(offset, offset + target.length));
    },
  };
}

/**
 * Reads the section table. Throws kind.code on another magic, a section table that does not fit the file or a repeated section;
 * FORMAT_VERSION on another version.
 */
export async function readContainer(source: ByteSource, kind: ContainerKind): Promise<Container> {
  if (source.size < CONTAINER_HEADER_BYTES) throw refusal(kind, source, 'the file is too short to have a header');
  const header = view(await source.read(0, CONTAINER_HEADER_BYTES));
  const magic = String.fromCharCode(...new Uint8Array(header.buffer, header.byteOffset, 4));
  if (magic !== kind.magic) {
    throw refusal(kind, source, `not ${kind.title}`, `magic "${kind.magic}"`, JSON.stringify(magic));
  }
  const version = header.getUint32(4, true);
  if (version !== kind.version) {
    throw new ZkonnxError('FORMAT_VERSION', `${kind.title} of an unknown format version`, {
      expected: String(kind.version),
      got: String(version),
      where: source.name,
      help: 'use the version of the tool that wrote it, or make the file again',
    });
  }
  const count = header.getUint32(8, true);
  if (count > MAX_SECTIONS) throw refusal(kind, source, 'too many sections', `at most ${MAX_SECTIONS}`, String(count));
  const sections = new Map<number, Section>();
  let offset = CONTAINER_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (offset + SECTION_HEADER_BYTES > source.size)
      throw refusal(kind, source, `truncated at section ${i + 1} of ${count}`);
    const entry = view(await source.read(offset, SECTION_HEADER_BYTES));
    const type = entry.getUint32(0, true);
    const size = Number(entry.getBigUint64(4, true));
    offset += SECTION_HEADER_BYTES;
    if (size > source.size - offset) {
      throw refusal(
        kind,
        source,
        `section ${type} does not fit the file`,
        `at most ${source.size - offset} bytes`,
        `${size} bytes`,
      );
    }
    if (sections.has(type)) throw refusal(kind, source, `section ${type} appears twice`);
    sections.set(type, { offset, size });
    offset += size;
  }
  if (offset !== source.size) throw refusal(kind, source, `${source.size - offset} bytes follow the last section`);
  return new Container(source, kind, sections);
}

export function containerHeader(kind: ContainerKind, nSections: number): Uint8Array {
  const bytes = new Uint8Array(CONTAINER_HEADER_BYTES);
  bytes.set(new TextEncoder().encode(kind.magic));
  view(bytes).setUint32(4, kind.version, true);
  view(bytes).setUint32(8, nSections, true);
  return bytes;
}

export function sectionHeader(type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(SECTION_HEADER_BYTES);
  view(bytes).setUint32(0, type, true);
  view(bytes).setBigUint64(4, BigInt(size), true);
  return bytes;
}

/** Joins the chunks of a small file. */
export function concatenate(chunks: Iterable<Uint8Array>): Uint8Array {
  const copies = Array.from(chunks, (chunk) => chunk.slice());
  const bytes = new Uint8Array(copies.reduce((sum, chunk) => sum + chunk.length, 0));
  let offset = 0;
  for (const chunk of copies) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The bytes of a typed array, as the machine holds them: little-endian on every platform of WebAssembly and of Node 20, save s390x. */
export function bytesOf(array: Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function refusal(kind: ContainerKind, source: ByteSource, what: string, expected?: string, got?: string): ZkonnxError {
  return new ZkonnxError(kind.code, what, {
    ...(expected === undefined ? {} : { expected }),
    ...(got === undefined ? {} : { got }),
    where: source.name,
    help: `the file is damaged or was not written as ${kind.title}; make it again`,
  });
}
