/**
 * PNG and JPEG to 8-bit RGB. What the formats leave open is decided here, once:
 * - 16-bit samples become round(v·255/65535); 1-, 2- and 4-bit samples are spread to 0…255; palettes and Adam7 are undone;
 * - transparent pixels are composited on black: floor((v·alpha + 127)/255);
 * - colour profiles, gamma and EXIF orientation are not applied: pixels as stored;
 * - JPEG as jpeg-js decodes it (its inverse DCT may differ by a unit from another decoder's); CMYK is converted to RGB.
 * Headers are checked before pixels are unpacked: a small file can announce gigabytes.
 */
import jpeg from 'jpeg-js';
import { inflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { checkSize, damaged, MAX_PIXELS, MAX_SIDE, tooLarge } from './image-limits.js';
import { isJpeg, isPng } from './image-signature.js';
import { JPEG_MEMORY_MIB, wholeJpeg } from './jpeg-segments.js';

/** Of the file: more than MAX_PIXELS of four channels, unpacked. */
const MAX_PNG_BYTES = 80 * 2 ** 20;
/** Of the filtered rows: MAX_PIXELS of four channels of 8 bits. */
const MAX_SCANLINE_BYTES = 4 * MAX_PIXELS + MAX_SIDE;
/** Encoders write some kilobytes into each. */
const MAX_PNG_CHUNKS = 2 ** 16;

/** Pixels of 8 bits, row-major, channels interleaved. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/**
 * Decodes by content, whatever the file is called.
 * @throws ZkonnxError INPUT_FORMAT for anything but a whole PNG or JPEG, FILE_TOO_LARGE above MAX_PIXELS.
 */
export function decodeImage(bytes: Uint8Array, origin: string): Raster {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (isPng(buffer)) return decodePng(buffer, origin);
  if (isJpeg(buffer)) return decodeJpeg(buffer, origin);
  throw damaged(origin, 'it is neither PNG nor JPEG');
}

function decodePng(bytes: Buffer, origin: string): Raster {
  if (bytes.length > MAX_PNG_BYTES) throw tooLarge(origin, 'bytes', String(MAX_PNG_BYTES), String(bytes.length));
  checkPng(bytes, origin);
  try {
    const { width, height, data } = PNG.sync.read(bytes);
    return onBlack(width, height, data);
  } catch (cause) {
    throw damaged(origin, 'the PNG is corrupt', cause);
  }
}

interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly interlaced: boolean;
}

const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Chunks whole, pixel data inflating to exactly what the header announces. pngjs itself inflates an interlaced picture without
 * a bound, and takes some truncated ones for whole.
 */
function checkPng(bytes: Buffer, origin: string): void {
  const cutShort = () => damaged(origin, 'the PNG is cut short');
  if (bytes.length < 33 || bytes.toString('latin1', 12, 16) !== 'IHDR') throw cutShort();
  const header: PngHeader = {
    width: bytes.readUInt32BE(16),
    height: bytes.readUInt32BE(20),
    bitsPerPixel: bytes[24]! * (PNG_CHANNELS[bytes[25]!] ?? NaN),
    interlaced: bytes[28] === 1,
  };
  checkSize(header.width, header.height, origin);
  if (!(header.bitsPerPixel >= 1)) throw damaged(origin, 'the PNG has an unknown colour type');
  const expected = scanlineBytes(header);
  if (expected > MAX_SCANLINE_BYTES) {
    throw tooLarge(origin, 'bytes in its rows', String(MAX_SCANLINE_BYTES), String(expected));
  }
  const parts: Buffer[] = [];
  let chunks = 0;
  for (let at = 8, type = ''; type !== 'IEND';) {
    if (at + 12 > bytes.length) throw cutShort();
    const length = bytes.readUInt32BE(at);
    type = bytes.toString('latin1', at + 4, at + 8);
    if (at + 12 + length > bytes.length) throw cutShort();
    if (type === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
    if (++chunks > MAX_PNG_CHUNKS) throw damaged(origin, `the PNG has more than ${MAX_PNG_CHUNKS} chunks`);
  }
  let inflated: number;
  try {
    // In one piece: pieces would be there twice when they are joined.
    const options = { maxOutputLength: expected + 1, chunkSize: Math.max(expected + 1, 64) };
    inflated = inflateSync(Buffer.concat(parts), options).length;
  } catch (cause) {
    throw damaged(origin, 'the PNG has corrupt pixel data', cause);
  }
  if (inflated !== expected) throw damaged(origin, 'the PNG has too little or too much pixel data');
}

/** Start and step of the seven passes of Adam7: [x, y, dx, dy]. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of the filtered scanlines: each row is a filter byte and its pixels, padded to a byte. */
function scanlineBytes({ width, height, bitsPerPixel, interlaced }: PngHeader): number {
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  return passes.reduce((sum, [x, y, dx, dy]) => {
    const columns = Math.ceil((width - x) / dx);
    const rows = Math.ceil((height - y) / dy);
    return columns <= 0 || rows <= 0 ? sum : sum + rows * (1 + Math.ceil((columns * bitsPerPixel) / 8));
  }, 0);
}

function onBlack(width: number, height: number, rgba: Uint8Array): Raster {
  const data = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; to < data.length; from += 4) {
    const alpha = rgba[from + 3]!;
    for (let c = 0; c < 3; c++) data[to++] = Math.floor((rgba[from + c]! * alpha + 127) / 255);
  }
  return { width, height, channels: 3, data };
}

function decodeJpeg(bytes: Buffer, origin: string): Raster {
  const picture = wholeJpeg(bytes, origin);
  try {
    const { width, height, data } = jpeg.decode(picture, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: MAX_PIXELS / 1e6,
      maxMemoryUsageInMB: JPEG_MEMORY_MIB,
    });
    return { width, height, channels: 3, data };
  } catch (cause) {
    throw damaged(origin, 'the JPEG is corrupt or of a kind that is not supported', cause);
  }
}
