/**
 * IDX, the format of the MNIST files: two zero bytes, the element type (0x08: unsigned byte), the number of axes, each axis as a
 * big-endian uint32, then the elements. A file may be gzipped.
 */
import { gunzipSync } from 'node:zlib';
import { ZkonnxError } from '../base/errors.js';
import { DEFAULT_MAX_FILE_BYTES, readBounded } from './files.js';
import { sizeOf } from './tensor.js';

export interface IdxImages {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** count × height × width, row-major, 0 to 255. */
  readonly pixels: Uint8Array;
}

export interface IdxOptions {
  /** Of the file, and of what it unpacks to. Default 256 MiB. */
  readonly maxFileBytes?: number;
}

/** @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE, INPUT_FORMAT. */
export async function readIdxImages(path: string, options: IdxOptions = {}): Promise<IdxImages> {
  const maxBytes = options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES;
  return parseIdxImages(await readBounded(path, maxBytes), path, maxBytes);
}

export function isIdx(bytes: Uint8Array): boolean {
  return isGzip(bytes) || (bytes[0] === 0 && bytes[1] === 0 && bytes[2] === 0x08);
}

/** The content of a file, gzipped or not. @throws ZkonnxError FILE_TOO_LARGE, INPUT_FORMAT. */
export function parseIdxImages(bytes: Uint8Array, path: string, maxBytes: number): IdxImages {
  const { dims, data } = parseIdx(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), path, 3, maxBytes);
  return { count: dims[0]!, height: dims[1]!, width: dims[2]!, pixels: data };
}

/** One label a sample, 0 to 255. @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE, INPUT_FORMAT. */
export async function readIdxLabels(path: string, options: IdxOptions = {}): Promise<Uint8Array> {
  const maxBytes = options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES;
  return parseIdx(await readBounded(path, maxBytes), path, 1, maxBytes).data;
}

function parseIdx(content: Buffer, path: string, axes: number, maxBytes: number) {
  const bytes = unpack(content, path, maxBytes);
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0) throw malformed(path, 'it does not begin as IDX does');
  if (bytes[2] !== 0x08) throw malformed(path, 'its elements are not unsigned bytes');
  if (bytes[3] !== axes) throw malformed(path, `it has ${bytes[3]} axes instead of ${axes}`);
  const dataStart = 4 + 4 * axes;
  if (bytes.length < dataStart) throw malformed(path, 'it is cut short');
  const dims = Array.from({ length: axes }, (_, axis) => bytes.readUInt32BE(4 + 4 * axis));
  const data = bytes.subarray(dataStart);
  if (dims[0]! > 0 && dims.includes(0)) throw malformed(path, `its pictures are ${dims.slice(1).join(' × ')}`);
  if (data.length !== sizeOf(dims)) {
    throw malformed(path, `it holds ${data.length} bytes of elements instead of ${dims.join(' × ')}`);
  }
  return { dims, data };
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Deflate cannot do better than 1032 : 1. */
const MAX_DEFLATE_RATIO = 1032;

function unpack(bytes: Buffer, path: string, maxBytes: number): Buffer {
  if (!isGzip(bytes)) return bytes;
  // What it unpacks to is in its last four bytes (RFC 1952); in one piece, since pieces would be there twice when they are joined.
  const size = bytes.length < 4 ? 0 : bytes.readUInt32LE(bytes.length - 4);
  if (size > MAX_DEFLATE_RATIO * bytes.length) throw malformed(path, 'its gzip data is damaged or cut short');
  if (size > maxBytes) throw new ZkonnxError('FILE_TOO_LARGE', `${path} unpacks to more than ${maxBytes} bytes`);
  try {
    return gunzipSync(bytes, { maxOutputLength: size + 1, chunkSize: Math.max(size + 1, 64) });
  } catch {
    throw malformed(path, 'its gzip data is damaged or cut short');
  }
}

function malformed(path: string, why: string): ZkonnxError {
  return new ZkonnxError('INPUT_FORMAT', `${path} is not a readable IDX file: ${why}`);
}
