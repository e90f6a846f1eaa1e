import { readFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import jpeg from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../../src/inputs/image-decode.js';
import { MAX_PIXELS, MAX_SIDE } from '../../src/inputs/image-limits.js';
import { readIdxImages } from '../../src/inputs/idx.js';
import { imageToTensor, parseImageFlags, rasterToTensor } from '../../src/inputs/image.js';
import type { ImageFlags } from '../../src/inputs/image.js';
import { fixture, input, refusal } from './inputs-support.js';

interface PngParts {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGBA. */
  readonly colorType: number;
  readonly interlaced?: boolean;
  readonly palette?: readonly number[];
  readonly transparency?: readonly number[];
}

const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** A PNG written from its specification (unfiltered rows), independent of the decoder under test. */
function png(parts: PngParts, sample: (x: number, y: number, c: number) => number, data?: Uint8Array): Buffer {
  const { width, height, depth, colorType } = parts;
  const channels = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[colorType]!;
  const rows: Buffer[] = [];
  for (const [x0, y0, dx, dy] of parts.interlaced ? PASSES : ([[0, 0, 1, 1]] as const)) {
    for (let y = y0; y < height && x0 < width; y += dy) {
      let bits = '';
      for (let x = x0; x < width; x += dx) {
        for (let c = 0; c < channels; c++) bits += sample(x, y, c).toString(2).padStart(depth, '0');
      }
      rows.push(Buffer.from([0, ...(bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt(byte.padEnd(8, '0'), 2))]));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, parts.interlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...(parts.palette === undefined ? [] : [chunk('PLTE', Uint8Array.from(parts.palette))]),
    ...(parts.transparency === undefined ? [] : [chunk('tRNS', Uint8Array.from(parts.transparency))]),
    chunk('IDAT', data ?? deflateSync(Buffer.concat(rows))),
    chunk('IEND', new Uint8Array()),
  ]);
}

const rgb = (bytes: Uint8Array) => [...decodeImage(bytes, 'picture').data];
const grayOf = (values: readonly number[]) => values.flatMap((value) => [value, value, value]);
const pixels = (width: number, height: number) =>
  Array.from({ length: width * height }, (_, i) => [i % width, Math.floor(i / width)] as const);

describe('PNG to 8-bit RGB', () => {
  const size = { width: 11, height: 9 };
  const all = pixels(11, 9);

  test.each([1, 2, 4, 8, 16])('gray of %i bits, plain and interlaced', (depth) => {
    const top = 2 ** depth - 1;
    const sample = (x: number, y: number) => (x * 7919 + y * 104729) % (top + 1);
    const expected = grayOf(all.map(([x, y]) => Math.floor((sample(x, y) * 255) / top + 0.5)));
    expect(rgb(png({ ...size, depth, colorType: 0 }, sample))).toEqual(expected);
    expect(rgb(png({ ...size, depth, colorType: 0, interlaced: true }, sample))).toEqual(expected);
  });

  test('every size up to 9 × 9 interlaced', () => {
    for (const [w, h] of pixels(9, 9)) {
      const sample = (x: number, y: number) => x * 16 + y;
      const expected = grayOf(pixels(w + 1, h + 1).map(([x, y]) => sample(x, y)));
      const bytes = png({ width: w + 1, height: h + 1, depth: 8, colorType: 0, interlaced: true }, sample);
      expect(rgb(bytes)).toEqual(expected);
    }
  });

  test('RGB of 8 and 16 bits', () => {
    const sample = (x: number, y: number, c: number) => (x * 20 + y * 3 + c * 50) % 256;
    const expected = all.flatMap(([x, y]) => [0, 1, 2].map((c) => sample(x, y, c)));
    expect(rgb(png({ ...size, depth: 8, colorType: 2 }, sample))).toEqual(expected);
    expect(rgb(png({ ...size, depth: 16, colorType: 2 }, (x, y, c) => sample(x, y, c) * 257))).toEqual(expected);
  });

  test('alpha is composited on black', () => {
    const alpha = [0, 255, 128];
    const expected = [0, 200, Math.floor((200 * 128 + 127) / 255)];
    const row = { width: 3, height: 1, depth: 8 };
    expect(rgb(png({ ...row, colorType: 4 }, (x, _, c) => (c === 0 ? 200 : alpha[x]!)))).toEqual(grayOf(expected));
    expect(rgb(png({ ...row, colorType: 6 }, (x, _, c) => (c < 3 ? 200 : alpha[x]!)))).toEqual(grayOf(expected));
  });

  test('palettes, with and without transparency', () => {
    const palette = [255, 0, 0, 0, 255, 0, 10, 20, 30];
    const row = { width: 3, height: 1, colorType: 3, palette };
    for (const depth of [2, 4, 8]) expect(rgb(png({ ...row, depth }, (x) => x))).toEqual(palette);
    const seen = rgb(png({ ...row, depth: 8, transparency: [0, 128] }, (x) => x));
    expect(seen).toEqual([0, 0, 0, 0, 128, 0, 10, 20, 30]);
  });

  test('a transparent colour becomes black', () => {
    const row = { width: 3, height: 1, depth: 8, colorType: 0, transparency: [0, 100] };
    expect(rgb(png(row, (x) => 99 + x))).toEqual(grayOf([99, 0, 101]));
  });
});

describe('pictures that are refused', () => {
  const gray = { width: 8, height: 8, depth: 8, colorType: 0 };
  const decode = (bytes: Uint8Array) => () => decodeImage(bytes, 'p.png');

  test('no picture, truncated, corrupt', async () => {
    const good = png(gray, (x, y) => (x * 31 + y * 17) % 256);
    await refusal(decode(Buffer.from('hello')), 'INPUT_FORMAT', 'p.png', 'neither PNG nor JPEG');
    await refusal(decode(new Uint8Array()), 'INPUT_FORMAT', 'neither');
    for (let cut = 8; cut < good.length; cut++) {
      await refusal(decode(good.subarray(0, cut)), 'INPUT_FORMAT', 'cut short');
    }
    for (const at of [23, 45, good.length - 14]) {
      const flipped = Buffer.from(good);
      flipped[at] = flipped[at]! ^ 0x10;
      await refusal(decode(flipped), 'INPUT_FORMAT', 'p.png');
    }
    await refusal(decode(png({ ...gray, colorType: 3, palette: [0, 0, 0] }, () => 1)), 'INPUT_FORMAT', 'palette');
    await refusal(decode(png({ ...gray, colorType: 3 }, () => 0)), 'INPUT_FORMAT', 'corrupt');
    await refusal(decode(png({ ...gray, width: 0 }, () => 0)), 'INPUT_FORMAT', '0 × 8');
  });

  test('too little or too much pixel data, plain and interlaced', async () => {
    for (const interlaced of [false, true]) {
      for (const bytes of [10, 10_000_000]) {
        const data = deflateSync(new Uint8Array(bytes), { level: 9 });
        await refusal(decode(png({ ...gray, interlaced }, () => 0, data)), 'INPUT_FORMAT', 'pixel data');
      }
    }
  });

  test('a header that announces too many pixels, before they are unpacked', async () => {
    const header = png({ ...gray, width: 1, height: 1 }, () => 0);
    header.writeUInt32BE(100_000, 16);
    header.writeUInt32BE(100_000, 20);
    await refusal(decode(header), 'FILE_TOO_LARGE', '100000 × 100000', String(MAX_PIXELS));
    const photo = jpegOf(8, 8, () => [1, 2, 3]);
    const frame = photo.indexOf(Buffer.from([0xff, 0xc0]));
    photo.writeUInt16BE(65535, frame + 5);
    photo.writeUInt16BE(65535, frame + 7);
    await refusal(decode(photo), 'FILE_TOO_LARGE', '65535 × 65535');
  });

  test('JPEG: truncated, without a frame, with endless scans', async () => {
    const good = jpegOf(16, 16, (x, y) => [x * 16, y * 16, 128]);
    for (let cut = 3; cut < good.length; cut += 7) {
      await refusal(decode(good.subarray(0, cut)), 'INPUT_FORMAT', 'p.png');
    }
    const wide = Buffer.from(good);
    wide.writeUInt16BE(3000, good.indexOf(Buffer.from([0xff, 0xc0])) + 5);
    wide.writeUInt16BE(3000, good.indexOf(Buffer.from([0xff, 0xc0])) + 7);
    await refusal(decode(wide), 'INPUT_FORMAT', 'cut short');
    const scan = good.indexOf(Buffer.from([0xff, 0xda]));
    const end = Buffer.from([0xff, 0xd9]);
    await refusal(decode(Buffer.concat([good.subarray(0, scan + 40), end])), 'INPUT_FORMAT', 'corrupt');
    const frame = good.indexOf(Buffer.from([0xff, 0xc0]));
    const lossless = Buffer.from(good);
    lossless[frame + 1] = 0xc3;
    await refusal(decode(lossless), 'INPUT_FORMAT', 'frame header');
    const scans = Array.from({ length: 100 }, () => good.subarray(scan, -2));
    await refusal(decode(Buffer.concat([good.subarray(0, scan), ...scans, end])), 'INPUT_FORMAT', '32 scans');
  });

  test('a PNG of one column, and one of too many chunks, before they are unpacked', async () => {
    const header = png({ ...gray, width: 1, height: 1 }, () => 0);
    const tall = (height: number) => {
      const bytes = Buffer.from(header);
      bytes.writeUInt32BE(height, 20);
      return bytes;
    };
    await refusal(decode(tall(2 ** 25)), 'FILE_TOO_LARGE', '1 × 33554432');
    await refusal(decode(tall(MAX_SIDE + 1)), 'FILE_TOO_LARGE', 'on one side', '32768', '1 × 32769');
    // Sixteen bits of four channels, so that rows are larger than pixels let expect.
    const deep = Buffer.from(png({ ...gray, depth: 16, colorType: 6, width: 1, height: 1 }, () => 0));
    deep.writeUInt32BE(4096, 16);
    deep.writeUInt32BE(4096, 20);
    await refusal(decode(deep), 'FILE_TOO_LARGE', 'bytes in its rows');
    const empty = chunk('IDAT', new Uint8Array());
    const many = Buffer.concat([
      header.subarray(0, 33),
      Buffer.alloc(empty.length * 70_000, empty),
      header.subarray(33),
    ]);
    await refusal(decode(many), 'INPUT_FORMAT', '65536 chunks');
  });

  test('a JPEG with a second frame, wherever the decoder would come to it', async () => {
    const good = jpegOf(16, 16, (x, y) => [x * 16, y * 16, 128]);
    const at = (marker: number) => good.indexOf(Buffer.of(0xff, marker));
    const frame = Buffer.from(good.subarray(at(0xc0), at(0xc0) + 19));
    frame.writeUInt16BE(4000, 5);
    frame.writeUInt16BE(4000, 7);
    const put = (where: number, ...what: Buffer[]) =>
      Buffer.concat([good.subarray(0, where), ...what, good.subarray(where)]);
    const end = good.length - 2;
    const comment = Buffer.concat([Buffer.of(0xff, 0xfe, 0, 2 + frame.length), frame]);
    for (const bytes of [put(end, frame), put(end, frame, frame, frame), put(at(0xda), frame), put(end, comment)]) {
      await refusal(decode(bytes), 'INPUT_FORMAT', 'more than one frame');
    }
    // A thumbnail before the frame, and another picture after the end, as telephones write them.
    const plain = rgb(good);
    expect(rgb(put(at(0xc0), comment))).toEqual(plain);
    expect(rgb(Buffer.concat([good, good]))).toEqual(plain);
  });

  test('a JPEG whose tables are not where their segment ends, of too many blocks, or with too many samples', async () => {
    const good = jpegOf(16, 16, (x, y) => [x * 16, y * 16, 128]);
    const changedAt = (marker: number, offset: number, change: (byte: number) => number) => {
      const bytes = Buffer.from(good);
      const at = bytes.indexOf(Buffer.of(0xff, marker)) + offset;
      bytes[at] = change(bytes[at]!);
      return bytes;
    };
    await refusal(decode(changedAt(0xdb, 4, (byte) => byte | 0x10)), 'INPUT_FORMAT', 'segment 0xdb');
    await refusal(decode(changedAt(0xc4, 20, () => 255)), 'INPUT_FORMAT', 'segment 0xc4');
    await refusal(decode(changedAt(0xc0, 11, () => 0xf1)), 'INPUT_FORMAT', 'sampling');
    await refusal(decode(changedAt(0xc0, 9, () => 200)), 'INPUT_FORMAT', 'frame header');
    const large = Buffer.concat([good, Buffer.alloc(100_000)]);
    large.writeUInt16BE(4096, good.indexOf(Buffer.of(0xff, 0xc0)) + 5);
    large.writeUInt16BE(4096, good.indexOf(Buffer.of(0xff, 0xc0)) + 7);
    await refusal(decode(large), 'FILE_TOO_LARGE', 'blocks', '4096 × 4096');
  });

  test('any changed byte gives a picture or a refusal, never a crash', () => {
    const pictures = [
      png({ ...gray, colorType: 2 }, (x, y, c) => x * y + c),
      png({ ...gray, interlaced: true }, (x) => x),
      jpegOf(16, 16, (x, y) => [x * 16, y * 16, 128]),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...pictures), fc.nat(), fc.nat(255), (picture, place, value) => {
        const bytes = Buffer.from(picture);
        bytes[place % bytes.length] = value;
        try {
          const { width, height, data } = decodeImage(bytes, 'p');
          expect(data).toHaveLength(3 * width * height);
        } catch (error) {
          expect(String(error)).toMatch(/INPUT_FORMAT|FILE_TOO_LARGE/);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function jpegOf(width: number, height: number, color: (x: number, y: number) => readonly number[]): Buffer {
  const data = Buffer.from(pixels(width, height).flatMap(([x, y]) => [...color(x, y), 255]));
  return Buffer.from(jpeg.encode({ width, height, data }, 100).data);
}

describe('JPEG', () => {
  test('decodes to nearly the colours it was made of', () => {
    const color = (x: number, y: number) => [x * 8, y * 8, 128];
    const decoded = rgb(jpegOf(32, 24, color));
    const expected = pixels(32, 24).flatMap(([x, y]) => color(x, y));
    expect(decoded).toHaveLength(expected.length);
    expect(Math.max(...decoded.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThanOrEqual(6);
  });
});

describe('MNIST', () => {
  const spec = input('Input3', [1, 1, 28, 28]);

  test('a PNG gives exactly the values of the IDX file', async () => {
    const { count, height, width, pixels: raw } = await readIdxImages(fixture('mnist-first-4-images-idx3-ubyte'));
    expect([count, height, width]).toEqual([4, 28, 28]);
    const normalised = parseImageFlags({ mean: '0.1307', std: '0.3081' }, spec);
    const bytes = parseImageFlags({ range: '255', invert: true }, spec);
    for (let i = 0; i < 4; i++) {
      const file = await readFile(fixture(`mnist-${i}.png`));
      const digit = [...raw.subarray(784 * i, 784 * (i + 1))];
      expect([...imageToTensor(file, spec, normalised)]).toEqual(
        digit.map((pixel) => Math.fround((pixel / 255 - 0.1307) / 0.3081)),
      );
      expect([...imageToTensor(file, spec, bytes)]).toEqual(digit.map((pixel) => 255 - pixel));
    }
  });

  test('range 255 gives the pixels themselves', () => {
    const prep = parseImageFlags({ range: '255' }, input('X', [256], 'uint8'));
    const raster = { width: 16, height: 16, channels: 1, data: Uint8Array.from({ length: 256 }, (_, i) => i) } as const;
    for (const dtype of ['float32', 'uint8']) {
      expect([...rasterToTensor(raster, input('X', [256], dtype), prep)]).toEqual([...raster.data]);
    }
  });
});

describe('from pixels to the tensor', () => {
  const color = { width: 2, height: 1, channels: 3, data: Uint8Array.of(10, 20, 30, 40, 50, 60) } as const;
  const convert = (dims: number[], flags: ImageFlags, raster: Parameters<typeof rasterToTensor>[0] = color) => {
    const spec = input('X', dims, 'float64');
    return [...rasterToTensor(raster, spec, parseImageFlags({ range: '255', ...flags }, spec))];
  };

  test('layout and order of colours', () => {
    expect(convert([1, 3, 1, 2], {})).toEqual([10, 40, 20, 50, 30, 60]);
    expect(convert([3, 1, 2], {})).toEqual([10, 40, 20, 50, 30, 60]);
    expect(convert([1, 1, 2, 3], { layout: 'nhwc' })).toEqual([10, 20, 30, 40, 50, 60]);
    expect(convert([1, 3, 1, 2], { color: 'bgr' })).toEqual([30, 60, 20, 50, 10, 40]);
    expect(convert([1, 6], { color: 'rgb' })).toEqual([10, 40, 20, 50, 30, 60]);
  });

  test('gray by ITU-R 601, and copied where the model wants colours', () => {
    expect(convert([1, 1, 1, 2], {})).toEqual([18, 48]);
    expect(convert([1, 2], {})).toEqual([18, 48]);
    const gray = { width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 200) } as const;
    expect(convert([1, 3, 1, 2], {}, gray)).toEqual([7, 200, 7, 200, 7, 200]);
    const same = {
      width: 256,
      height: 1,
      channels: 3,
      data: Uint8Array.from({ length: 768 }, (_, i) => i / 3),
    } as const;
    expect(convert([1, 256], {}, same)).toEqual(Array.from({ length: 256 }, (_, i) => i));
  });

  test('mean, std and invert by channel', () => {
    expect(convert([1, 3, 1, 2], { range: '1', mean: '0.5,0,1', std: '2, 1, 0.5' })).toEqual([
      (10 / 255 - 0.5) / 2,
      (40 / 255 - 0.5) / 2,
      20 / 255,
      50 / 255,
      (30 / 255 - 1) / 0.5,
      (60 / 255 - 1) / 0.5,
    ]);
    expect(convert([1, 3, 1, 2], { invert: true })).toEqual([245, 215, 235, 205, 225, 195]);
  });

  test('nearest and bilinear resizing, by hand', () => {
    const line = { width: 4, height: 1, channels: 1, data: Uint8Array.of(0, 100, 200, 40) } as const;
    expect(convert([1, 1, 1, 2], { resize: 'nearest' }, line)).toEqual([100, 40]);
    expect(convert([1, 1, 1, 8], { resize: 'nearest' }, line)).toEqual([0, 0, 100, 100, 200, 200, 40, 40]);
    expect(convert([1, 1, 1, 2], { resize: 'bilinear' }, line)).toEqual([50, 120]);
    expect(convert([1, 1, 1, 8], { resize: 'bilinear' }, line)).toEqual([0, 25, 75, 125, 175, 160, 80, 40]);
    const square = { width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 100, 200, 40) } as const;
    expect(convert([1, 1, 1, 1], { resize: 'bilinear' }, square)).toEqual([85]);
    expect(convert([1, 1, 2, 2], { resize: 'bilinear' }, square)).toEqual([0, 100, 200, 40]);
  });

  test('resizing keeps a flat picture flat and stays within its values', () => {
    const side = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.constantFrom('nearest', 'bilinear'),
        fc.infiniteStream(fc.nat(255)),
        (w, h, tw, th, resize, stream) => {
          const data = Uint8Array.from({ length: w * h }, () => stream.next().value as number);
          const values = convert([1, 1, th, tw], { resize }, { width: w, height: h, channels: 1, data });
          expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.min(...data) - 1e-9);
          expect(Math.max(...values)).toBeLessThanOrEqual(Math.max(...data) + 1e-9);
          if (w === tw && h === th) expect(values).toEqual([...data]);
        },
      ),
    );
  });

  test('sizes and types that do not fit', async () => {
    await refusal(() => convert([1, 3, 4, 4], {}), 'INPUT_SHAPE', '4 × 4 pixels', '2 × 1 pixels', '--image-resize');
    await refusal(() => convert([1, 7], { resize: 'nearest' }), 'INPUT_SHAPE', '7 values', '2 values');
    const int = input('X', [1, 2], 'int32');
    await refusal(() => rasterToTensor(color, int, parseImageFlags({}, int)), 'INPUT_TYPE', 'X[0,0]');
  });
});

describe('image flags', () => {
  const parse = (flags: ImageFlags, dims = [1, 3, 8, 8]) => parseImageFlags(flags, input('X', dims));

  test('defaults follow the shape of the model', () => {
    const plain = { resize: 'none', invert: false, range: 1 };
    const three = { mean: [0, 0, 0], std: [1, 1, 1] };
    const one = { mean: [0], std: [1] };
    expect(parse({})).toEqual({ ...plain, ...three, layout: 'NCHW', color: 'rgb' });
    expect(parse({}, [1, 8, 8, 3])).toEqual({ ...plain, ...three, layout: 'NHWC', color: 'rgb' });
    expect(parse({}, [1, 1, 28, 28])).toEqual({ ...plain, ...one, layout: 'NCHW', color: 'gray' });
    expect(parse({}, [1, 28, 28, 1])).toEqual({ ...plain, ...one, layout: 'NHWC', color: 'gray' });
    expect(parse({}, [28, 28])).toEqual({ ...plain, ...one, layout: 'NCHW', color: 'gray' });
    expect(parse({}, [1, 784])).toEqual({ ...plain, ...one, layout: 'NCHW', color: 'gray' });
  });

  test('all of them', () => {
    const flags = {
      layout: 'NHWC',
      resize: 'Bilinear',
      color: 'BGR',
      mean: '0.485,0.456,0.406',
      std: '0.5',
      range: '255',
      invert: true,
    };
    expect(parse(flags, [1, 8, 8, 3])).toEqual({
      layout: 'NHWC',
      resize: 'bilinear',
      color: 'bgr',
      mean: [0.485, 0.456, 0.406],
      std: [0.5, 0.5, 0.5],
      range: 255,
      invert: true,
    });
  });

  test('refusals name the flag', async () => {
    const usage = (flags: ImageFlags, ...words: string[]) => refusal(() => parse(flags), 'USAGE', ...words);
    await usage({ layout: 'HWC' }, '--image-layout', 'NCHW, NHWC', '"HWC"');
    await usage({ resize: 'cubic' }, '--image-resize', 'bilinear');
    await usage({ color: 'cmyk' }, '--image-color');
    await usage({ mean: '1,2' }, '--image-mean', 'one number, or 3', '"1,2"');
    await usage({ mean: '1,,2' }, '--image-mean');
    await usage({ mean: 'x' }, '--image-mean');
    await usage({ std: '1,0,1' }, '--image-std', 'above 0');
    await usage({ range: '-1' }, '--image-range', 'above 0');
    await usage({ range: 'NaN' }, '--image-range');
  });

  test('inputs that are no pictures', async () => {
    const shape = (dims: number[], flags: ImageFlags, ...words: string[]) =>
      refusal(() => parse(flags, dims), 'INPUT_SHAPE', ...words);
    await shape([1, 4, 8, 8], {}, '4 channels in layout NCHW');
    await shape([2, 3, 8, 8], {}, '[2, 3, 8, 8]');
    await shape([1, 1, 1, 3, 8, 8], {}, 'not shaped as a picture');
    await shape([], {}, 'not shaped as a picture');
    await shape([1, 3, 8, 8], { layout: 'NHWC' }, '8 channels in layout NHWC', 'other layout');
    await shape([1, 3, 8, 8], { color: 'gray' }, 'three channels', 'got: gray');
    await shape([1, 1, 8, 8], { color: 'rgb' }, 'one channel');
  });
});
