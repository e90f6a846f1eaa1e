/**
 * The segments of a JPEG by ITU T.81, walked before jpeg-js sees a byte. It allocates at every frame header, wherever it comes to one, and
 * reads tables beyond the end of their segment: so a file has one frame header, before its first scan, and segments that are filled exactly.
 */
import { checkSize, damaged, tooLarge } from './image-limits.js';

/** Pixels, in blocks of 64 a component: a block takes some 600 bytes of jpeg-js. */
const MAX_BLOCKS = 2 ** 19;
/** What jpeg-js counts itself: 256 bytes a block, and the pixels. */
export const JPEG_MEMORY_MIB = 256;
const MAX_JPEG_BYTES = 32 * 2 ** 20;
/** A progressive JPEG may visit every pixel once a scan; encoders write about ten. */
const MAX_SCANS = 32;

const SOF = new Set([0xc0, 0xc1, 0xc2]);
const DHT = 0xc4;
const EOI = 0xd9;
const SOS = 0xda;
const DQT = 0xdb;
const DNL = 0xdc;
const DRI = 0xdd;
/** Lossless, hierarchical and arithmetic ones. */
const isOtherFrame = (marker: number) => marker >= 0xc3 && marker <= 0xcf && ![DHT, 0xc8, 0xcc].includes(marker);
const isApplicationOrComment = (marker: number) => (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;

/** The file up to its end marker, of known size. Throws INPUT_FORMAT for what is cut short or corrupt, FILE_TOO_LARGE. */
export function wholeJpeg(bytes: Buffer, origin: string): Buffer {
  if (bytes.length > MAX_JPEG_BYTES) throw tooLarge(origin, 'bytes', String(MAX_JPEG_BYTES), String(bytes.length));
  let firstScan: number | undefined;
  let scans = 0;
  let hasFrame = false;
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined) throw damaged(origin, 'the JPEG is cut short or corrupt');
    if (marker === EOI) break;
    const segment = segmentAt(bytes, at, origin);
    if (SOF.has(marker)) {
      if (hasFrame) throw damaged(origin, 'the JPEG has more than one frame');
      checkFrame(segment, bytes.length, origin);
      hasFrame = true;
    } else if (isOtherFrame(marker)) {
      throw noFrame(origin);
    } else if (!isWellFormed(marker, segment)) {
      throw damaged(origin, `the JPEG has a segment 0x${marker.toString(16)} that is damaged or not supported`);
    }
    at += 4 + segment.length;
    if (marker !== SOS) continue;
    if (!hasFrame) throw noFrame(origin);
    if (++scans > MAX_SCANS) throw damaged(origin, `the JPEG has more than ${MAX_SCANS} scans`);
    firstScan ??= at;
    at = scanEnd(bytes, at);
  }
  if (firstScan === undefined) throw hasFrame ? damaged(origin, 'the JPEG is cut short') : noFrame(origin);
  // Not inside a segment either: where a scan is shorter or longer than it looks, jpeg-js goes on there.
  const after = bytes.subarray(firstScan, at);
  if ([...SOF].some((marker) => after.includes(Buffer.of(0xff, marker)))) {
    throw damaged(origin, 'the JPEG has more than one frame');
  }
  return bytes.subarray(0, at + 2);
}

function noFrame(origin: string) {
  return damaged(origin, 'the JPEG has no frame header that can be read (baseline and progressive can)');
}

/** The content of the segment whose marker is at `at`. */
function segmentAt(bytes: Buffer, at: number, origin: string): Buffer {
  const length = at + 4 > bytes.length ? 0 : bytes.readUInt16BE(at + 2);
  if (length < 2 || at + 2 + length > bytes.length) throw damaged(origin, 'the JPEG is cut short or corrupt');
  return bytes.subarray(at + 4, at + 2 + length);
}

/** Where the first marker after a scan's data is: inside, 0xff is followed by 0x00 or is a restart marker. */
function scanEnd(bytes: Buffer, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at !== -1; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== 0x00 && !(next !== undefined && next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.length;
}

function checkFrame(segment: Buffer, fileBytes: number, origin: string): void {
  const components = segment[5];
  if (components === undefined || ![1, 3, 4].includes(components) || segment.length !== 6 + 3 * components) {
    throw damaged(origin, 'the JPEG has a damaged frame header');
  }
  const height = segment.readUInt16BE(1);
  const width = segment.readUInt16BE(3);
  checkSize(width, height, origin);
  const sampling = Array.from({ length: components }, (_, c) => segment[7 + 3 * c]!).map(
    (hv) => [hv >> 4, hv & 15] as const,
  );
  if (!sampling.every(([h, v]) => h >= 1 && h <= 4 && v >= 1 && v <= 4)) {
    throw damaged(origin, 'the JPEG has sampling factors outside 1 to 4');
  }
  const across = Math.ceil(width / 8 / Math.max(...sampling.map(([h]) => h)));
  const down = Math.ceil(height / 8 / Math.max(...sampling.map(([, v]) => v)));
  const blocks = sampling.reduce((sum, [h, v]) => sum + across * h * down * v, 0);
  if (blocks > MAX_BLOCKS)
    throw tooLarge(origin, 'blocks of 8 × 8 values', String(MAX_BLOCKS), `${blocks}: ${width} × ${height}`);
  // Huffman codes are never empty: a block of 64 pixels takes a bit at least. Keeps small files from costing much memory.
  if ((width * height) / 64 > 8 * fileBytes) throw damaged(origin, 'the JPEG is cut short');
}

/** Whether a segment other than a frame header holds what its length says. */
function isWellFormed(marker: number, segment: Buffer): boolean {
  if (isApplicationOrComment(marker)) return true;
  switch (marker) {
    case SOS:
      return segment.length === 4 + 2 * (segment[0] ?? 0);
    case DRI:
    case DNL:
      return segment.length === 2;
    case DQT:
      return isFilled(segment, (at) => 1 + 64 * (1 + (segment[at]! >> 4)));
    case DHT:
      return isFilled(segment, (at) => 17 + segment.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0));
    default:
      return false;
  }
}

/** Whether tables, of the size that each begins with, end where the segment does. */
function isFilled(segment: Buffer, sizeAt: (at: number) => number): boolean {
  let at = 0;
  while (at < segment.length) at += sizeAt(at);
  return at === segment.length;
}
