/**
 * NumPy's .npy, formats 1.0 to 3.0 (numpy/lib/format.py): magic "\x93NUMPY", two version bytes, the header's length (2 bytes in
 * 1.0, else 4, little-endian), the header as a Python dict of descr, fortran_order and shape, then the elements.
 * Real numbers and booleans only: pickled objects, structures, strings and complex numbers are refused.
 */
import { float16ToNumber } from '../base/element-types.js';
import { ZkonnxError } from '../base/errors.js';
import { formatBytes } from './files.js';
import { sizeOf } from './tensor.js';
import type { ArraySource } from './tensor.js';

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');
/** NumPy itself reads no longer header unless told to trust the file. */
const MAX_HEADER_BYTES = 10_000;
const MAX_AXES = 32;

export function isNpy(bytes: Uint8Array): boolean {
  return MAGIC.equals(bytes.subarray(0, MAGIC.length));
}

interface Element {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number, little: boolean) => number;
}

/**
 * By the letter and width of NumPy's descr, the byte order aside. A 64-bit integer beyond 2^53 is rounded, to a number that is
 * no safe integer either: `checkValues` refuses it where the model wants integers.
 */
const ELEMENTS: Readonly<Record<string, Element>> = {
  f2: { bytes: 2, read: (view, offset, little) => float16ToNumber(view.getUint16(offset, little)) },
  f4: { bytes: 4, read: (view, offset, little) => view.getFloat32(offset, little) },
  f8: { bytes: 8, read: (view, offset, little) => view.getFloat64(offset, little) },
  i1: { bytes: 1, read: (view, offset) => view.getInt8(offset) },
  i2: { bytes: 2, read: (view, offset, little) => view.getInt16(offset, little) },
  i4: { bytes: 4, read: (view, offset, little) => view.getInt32(offset, little) },
  i8: { bytes: 8, read: (view, offset, little) => Number(view.getBigInt64(offset, little)) },
  u1: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  u2: { bytes: 2, read: (view, offset, little) => view.getUint16(offset, little) },
  u4: { bytes: 4, read: (view, offset, little) => view.getUint32(offset, little) },
  u8: { bytes: 8, read: (view, offset, little) => Number(view.getBigUint64(offset, little)) },
  b1: { bytes: 1, read: (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1) },
};

interface Header {
  readonly element: Element;
  readonly little: boolean;
  readonly fortran: boolean;
  readonly dims: readonly number[];
  readonly dataStart: number;
}

/**
 * Reads the header; elements are converted when asked for, so that a batch is never in memory a second time as float64.
 * @throws ZkonnxError INPUT_FORMAT for bytes that are no whole .npy, INPUT_TYPE for elements that are no real numbers.
 */
export function parseNpy(bytes: Buffer, origin: string): ArraySource {
  const header = parseHeader(bytes, origin);
  const { element, dims, dataStart } = header;
  const expected = sizeOf(dims) * element.bytes;
  const got = bytes.length - dataStart;
  if (got !== expected) {
    throw malformed(origin, got < expected ? 'it is cut short' : 'bytes follow the array', {
      expected: `${formatBytes(expected)} of elements`,
      got: formatBytes(got),
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataStart, expected);
  const storage = header.fortran ? fortranOrder(dims) : (position: number) => position;
  return {
    dims,
    read: (start, count) => {
      const values = new Float64Array(count);
      for (let i = 0; i < count; i++) {
        values[i] = element.read(view, storage(start + i) * element.bytes, header.little);
      }
      return values;
    },
  };
}

/** Where the element at a row-major position lies in column-major storage. */
function fortranOrder(dims: readonly number[]): (position: number) => number {
  const strides: number[] = [];
  dims.reduce((stride, dim) => {
    strides.push(stride);
    return stride * dim;
  }, 1);
  return (position) => {
    let rest = position;
    let offset = 0;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      offset += (rest % dims[axis]!) * strides[axis]!;
      rest = Math.floor(rest / dims[axis]!);
    }
    return offset;
  };
}

function parseHeader(bytes: Buffer, origin: string): Header {
  if (!isNpy(bytes)) throw malformed(origin, 'it does not begin with the magic of .npy');
  const major = bytes[6];
  const minor = bytes[7];
  if (major === undefined || minor === undefined || major < 1 || major > 3 || minor !== 0) {
    throw malformed(origin, 'its format is unknown', { expected: '1.0, 2.0 or 3.0', got: `${major}.${minor}` });
  }
  const textStart = major === 1 ? 10 : 12;
  if (bytes.length < textStart) throw malformed(origin, 'it is cut short');
  const textLength = major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const dataStart = textStart + textLength;
  if (textLength > MAX_HEADER_BYTES) throw malformed(origin, 'its header is too long');
  if (dataStart > bytes.length) throw malformed(origin, 'it is cut short');
  const text = bytes.toString('utf8', textStart, dataStart);
  return { ...parseDescr(field(text, 'descr', DESCR, origin), origin), ...parseLayout(text, origin), dataStart };
}

const DESCR = /^\s*(?:'([^']*)'|"([^"]*)"|(\[))/;
const FLAG = /^\s*(True|False)\s*[,}]/;
const SHAPE = /^\s*\(([0-9,\sL]*)\)/;

/** Matches the value of one key; the keys of the header's dict may come in any order. */
function field(text: string, key: string, value: RegExp, origin: string): string {
  const at = text.search(new RegExp(`['"]${key}['"]\\s*:`));
  const match = at === -1 ? null : value.exec(text.slice(text.indexOf(':', at) + 1));
  if (match === null) throw malformed(origin, `its header has no valid ${key}`);
  return match.slice(1).find((group) => group !== undefined) ?? '';
}

function parseDescr(descr: string, origin: string) {
  const [, order, code] = /^([<>|=]?)([a-z]\d+)$/.exec(descr) ?? [];
  const element = code === undefined ? undefined : ELEMENTS[code];
  if (element === undefined) {
    throw new ZkonnxError('INPUT_TYPE', `${origin} does not hold real numbers`, {
      expected: 'float16, float32, float64, bool, or integers of 8 to 64 bits',
      got: descr === '[' ? 'a structured array' : `dtype ${JSON.stringify(descr.slice(0, 64))}`,
      help: 'save it as array.astype(numpy.float32)',
    });
  }
  return { element, little: order !== '>' };
}

function parseLayout(text: string, origin: string) {
  const fortran = field(text, 'fortran_order', FLAG, origin) === 'True';
  const parts = field(text, 'shape', SHAPE, origin)
    .split(',')
    .map((part) => part.trim().replace(/L$/, ''));
  // A tuple of one is written (3,), so a last empty part is no axis.
  if (parts.at(-1) === '') parts.pop();
  const dims = parts.map((part) => (part === '' ? NaN : Number(part)));
  if (dims.length > MAX_AXES || !dims.every(Number.isSafeInteger) || !Number.isSafeInteger(8 * sizeOf(dims))) {
    throw malformed(origin, 'its shape is not usable', { got: `(${parts.slice(0, MAX_AXES).join(', ')})` });
  }
  return { fortran, dims };
}

function malformed(origin: string, why: string, facts: { expected?: string; got?: string } = {}): ZkonnxError {
  return new ZkonnxError('INPUT_FORMAT', `${origin} is not a readable .npy file: ${why}`, facts);
}
