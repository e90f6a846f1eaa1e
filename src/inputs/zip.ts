/**
 * Zip archives as numpy.savez writes them (PKWARE APPNOTE 6.3): stored or deflated entries found through the central directory.
 * Sizes are checked before anything is inflated, inflating stops at the stated size, and every CRC is checked; fflate does
 * neither of the last two. Zip64 is only needed above 4 GiB, encryption and other methods by nobody: all refused.
 */
import { crc32, inflateRawSync } from 'node:zlib';
import { ZkonnxError } from '../base/errors.js';
import { formatBytes } from './files.js';

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly compressedBytes: number;
  readonly bytes: number;
  readonly localHeader: number;
}

export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/**
 * The central directory.
 * @throws ZkonnxError INPUT_FORMAT when it is damaged or missing, as in a truncated archive.
 */
export function listZip(archive: Buffer, origin: string): ZipEntry[] {
  const end = findEndRecord(archive, origin);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || archive.readUInt32LE(at) !== DIRECTORY_HEADER)
      throw damaged(origin, 'its directory is damaged');
    const nameLength = archive.readUInt16LE(at + 28);
    const next = at + 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    if (next > end) throw damaged(origin, 'its directory is damaged');
    entries.push({
      flags: archive.readUInt16LE(at + 8),
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      compressedBytes: archive.readUInt32LE(at + 20),
      bytes: archive.readUInt32LE(at + 24),
      localHeader: archive.readUInt32LE(at + 42),
      name: archive.toString('utf8', at + 46, at + 46 + nameLength),
    });
    at = next;
  }
  return entries;
}

function findEndRecord(archive: Buffer, origin: string): number {
  const first = Math.max(0, archive.length - END_RECORD_BYTES - MAX_COMMENT_BYTES);
  for (let at = archive.length - END_RECORD_BYTES; at >= first; at--) {
    if (archive.readUInt32LE(at) === END_RECORD) return at;
  }
  throw damaged(origin, 'it has no directory: it is no zip archive, or cut short');
}

/**
 * The bytes of one entry: a view of the archive when stored, else inflated to exactly the stated size.
 * @throws ZkonnxError INPUT_FORMAT for a damaged, encrypted or otherwise compressed entry.
 */
export function readZipEntry(archive: Buffer, entry: ZipEntry, origin: string): Buffer {
  const { localHeader: at, name } = entry;
  const fail = (why: string) => damaged(origin, `entry ${JSON.stringify(name.slice(0, 64))} ${why}`);
  if ((entry.flags & ENCRYPTED) !== 0) throw fail('is encrypted');
  if (entry.method !== STORED && entry.method !== DEFLATED) throw fail(`uses compression method ${entry.method}`);
  if (at + 30 > archive.length || archive.readUInt32LE(at) !== LOCAL_HEADER) throw fail('has a damaged header');
  const nameEnd = at + 30 + archive.readUInt16LE(at + 26);
  // Readers that go by the local headers would see another array.
  if (archive.toString('utf8', at + 30, nameEnd) !== name) throw fail('has another name in its own header');
  const start = nameEnd + archive.readUInt16LE(at + 28);
  if (start + entry.compressedBytes > archive.length) throw fail('is cut short');
  const packed = archive.subarray(start, start + entry.compressedBytes);
  const bytes = entry.method === STORED ? packed : inflate(packed, entry.bytes, fail);
  if (bytes.length !== entry.bytes) {
    throw fail(`does not have its stated size, ${formatBytes(entry.bytes)}`);
  }
  if (crc32(bytes) !== entry.crc) throw fail('is damaged: its checksum differs');
  return bytes;
}

function inflate(packed: Buffer, bytes: number, fail: (why: string) => ZkonnxError): Buffer {
  try {
    // One byte more than stated shows an entry that is larger. In one piece: pieces would be there twice when they are joined.
    return inflateRawSync(packed, { maxOutputLength: bytes + 1, chunkSize: Math.max(bytes + 1, 64) });
  } catch {
    throw fail(`does not inflate to its stated size, ${formatBytes(bytes)}`);
  }
}

function damaged(origin: string, why: string): ZkonnxError {
  return new ZkonnxError('INPUT_FORMAT', `${origin} is not a readable zip archive: ${why}`);
}
