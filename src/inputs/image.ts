/**
 * Pictures as model inputs. The steps, in this order, each deterministic (additions and multiplications in float64 only):
 *   1. decode to 8-bit RGB (image-decode.ts);
 *   2. colour: `gray` is (19595·R + 38470·G + 7471·B + 32768) >> 16, ITU-R 601 as Pillow rounds it (R = G = B stays itself);
 *      a gray picture fills three channels with copies;
 *   3. resize, without keeping the aspect ratio, pixel centres at half integers: `nearest` takes pixel floor((i + ½)·from/to),
 *      `bilinear` weighs the two neighbours an axis around (i + ½)·from/to − ½, clamped to the edge, and does not round
 *      (OpenCV's INTER_LINEAR, torch's interpolate without antialiasing); `none` demands the size of the model;
 *   4. invert: p → 255 − p;
 *   5. value = (p / 255 · range − mean[c]) / std[c], c in the order of `color`;
 *   6. layout.
 */
import { ZkonnxError } from '../base/errors.js';
import type { ImagePreprocessing } from '../verify/statement.js';
import { decodeImage } from './image-decode.js';
import type { Raster } from './image-decode.js';
import { checkValues, describeInputs, formatDims, sizeOf } from './tensor.js';
import type { InputSpec } from './tensor.js';

/** How pictures become numbers. */
export type ImageOptions = ImagePreprocessing;

/** The command line's flags, as typed. */
export interface ImageFlags {
  /** `NCHW` or `NHWC`; default: where the 1 or 3 channels stand in the model's dims, NCHW if both or neither. */
  readonly layout?: string;
  /** `none` (default), `nearest` or `bilinear`. */
  readonly resize?: string;
  /** `rgb`, `bgr` or `gray`; default by the model's channels. */
  readonly color?: string;
  /** One number, or one a channel, comma-separated. Default 0. */
  readonly mean?: string;
  /** As `mean`. Default 1. */
  readonly std?: string;
  /** The value of a white pixel before mean and std: 1 (default) or 255 are usual. */
  readonly range?: string;
  readonly invert?: boolean;
}

/** How the model's dims read as a picture; `size` undefined when the model takes all pixels in a row, of whatever size. */
interface Geometry {
  readonly channels: 1 | 3;
  readonly size: { readonly height: number; readonly width: number } | undefined;
}

type Layout = ImagePreprocessing['layout'];

/** The only input, if it can be a picture. @throws ZkonnxError INPUT_NAME when the model has several inputs. */
export function onlyImageInput(inputs: readonly InputSpec[], origin: string): InputSpec {
  if (inputs.length === 1) return inputs[0]!;
  throw new ZkonnxError('INPUT_NAME', 'a picture can feed only a model with one input', {
    expected: describeInputs(inputs),
    where: origin,
    help: 'use .npz or JSON, which name the inputs',
  });
}

/**
 * Axes by layout: [1, C, H, W] or [1, H, W, C], the leading 1 optional; [H, W] and [1, H, W] are gray;
 * [n] and [1, n] take the pixels of a picture of any size with n values.
 */
function geometryOf(spec: InputSpec, layout: Layout, color: ImagePreprocessing['color']): Geometry {
  const { dims } = spec;
  const colorChannels = color === 'gray' ? 1 : 3;
  const inner = dims.length > 1 && dims[0] === 1 ? dims.slice(1) : dims;
  if (inner.length === 1) return { channels: colorChannels, size: undefined };
  if (inner.length > 3 || inner.length === 0) throw notAPicture(spec);
  const [channels, height, width] =
    inner.length === 2 ? [1, ...inner] : layout === 'NCHW' ? inner : [inner[2], inner[0], inner[1]];
  if (channels !== 1 && channels !== 3) throw notAPicture(spec, layout, channels);
  if (channels !== colorChannels) {
    throw new ZkonnxError('INPUT_SHAPE', `the colours do not fit input ${spec.name}`, {
      expected: channels === 1 ? 'gray: the model has one channel' : 'rgb or bgr: the model has three channels',
      got: color,
      where: `${describeInputs([spec])}, layout ${layout}`,
    });
  }
  return { channels, size: { height: height!, width: width! } };
}

function notAPicture(spec: InputSpec, layout?: Layout, channels?: number): ZkonnxError {
  return new ZkonnxError('INPUT_SHAPE', `input ${spec.name} is not shaped as a picture`, {
    expected: '[1, C, H, W] or [1, H, W, C] with 1 or 3 channels, [H, W], or all pixels in a row [n]',
    got: formatDims(spec.dims) + (layout === undefined ? '' : `: ${channels} channels in layout ${layout}`),
    ...(layout === undefined ? {} : { help: 'state the other layout, or give the input as .npy' }),
  });
}

/**
 * Makes the preprocessing of one input from flags.
 * @returns mean and std with one number a channel.
 * @throws ZkonnxError USAGE naming the flag, INPUT_SHAPE when the input is not shaped as a picture of that layout and colour.
 */
export function parseImageFlags(flags: ImageFlags, spec: InputSpec): ImagePreprocessing {
  const layout = choice('layout', flags.layout, ['NCHW', 'NHWC'] as const) ?? inferLayout(spec.dims);
  const color = choice('color', flags.color, ['rgb', 'bgr', 'gray'] as const) ?? inferColor(spec.dims, layout);
  const { channels } = geometryOf(spec, layout, color);
  const std = perChannel('std', flags.std ?? '1', channels);
  if (std.some((value) => value <= 0)) throw badFlag('std', 'numbers above 0', flags.std ?? '1');
  const range = perChannel('range', flags.range ?? '1', 1)[0]!;
  if (range <= 0) throw badFlag('range', 'a number above 0', flags.range ?? '1');
  return {
    layout,
    resize: choice('resize', flags.resize, ['none', 'nearest', 'bilinear'] as const) ?? 'none',
    color,
    invert: flags.invert ?? false,
    range,
    mean: perChannel('mean', flags.mean ?? '0', channels),
    std,
  };
}

const isChannels = (dim: number | undefined) => dim === 1 || dim === 3;

function inferLayout(dims: readonly number[]): Layout {
  const [first, , last] = dims.slice(-3);
  return dims.length >= 3 && !isChannels(first) && isChannels(last) ? 'NHWC' : 'NCHW';
}

function inferColor(dims: readonly number[], layout: Layout): 'rgb' | 'gray' {
  const image = dims.slice(-3);
  return image.length === 3 && image[layout === 'NCHW' ? 0 : 2] === 3 ? 'rgb' : 'gray';
}

/** Case-insensitive. */
function choice<T extends string>(flag: string, value: string | undefined, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((name) => name.toLowerCase() === value.toLowerCase());
  if (found === undefined) throw badFlag(flag, `one of ${allowed.join(', ')}`, value);
  return found;
}

function perChannel(flag: string, value: string, channels: number): number[] {
  const numbers = value.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (!numbers.every(Number.isFinite) || (numbers.length !== 1 && numbers.length !== channels)) {
    throw badFlag(flag, channels === 1 ? 'one number' : `one number, or ${channels} separated by commas`, value);
  }
  return numbers.length === channels ? numbers : Array.from({ length: channels }, () => numbers[0]!);
}

function badFlag(flag: string, expected: string, got: string): ZkonnxError {
  return new ZkonnxError('USAGE', `--image-${flag} is not usable`, { expected, got: JSON.stringify(got) });
}

/**
 * A PNG or JPEG as the values of the input.
 * @throws ZkonnxError INPUT_FORMAT, FILE_TOO_LARGE (decoding), INPUT_SHAPE (size, layout), INPUT_TYPE (an integer model that
 *   the preprocessing gives fractions).
 */
export function imageToTensor(
  bytes: Uint8Array,
  spec: InputSpec,
  prep: ImagePreprocessing,
  origin = 'the picture',
): Float64Array {
  return rasterToTensor(decodeImage(bytes, origin), spec, prep, origin);
}

/** As `imageToTensor`, from pixels. */
export function rasterToTensor(
  raster: Raster,
  spec: InputSpec,
  prep: ImagePreprocessing,
  origin = 'the picture',
): Float64Array {
  const { channels, size } = geometryOf(spec, prep.layout, prep.color);
  const target = size ?? raster;
  checkSize(raster, target, channels, spec, prep, origin);
  const source = withChannels(raster, prep.color);
  const planes = Array.from({ length: channels }, (_, c) =>
    resize(source, prep.color === 'bgr' ? 2 - c : c, target.width, target.height, prep.resize),
  );
  const pixels = target.width * target.height;
  const values = new Float64Array(channels * pixels);
  for (let c = 0; c < channels; c++) {
    const plane = planes[c]!;
    // A schema from elsewhere may state one mean for all channels.
    const mean = prep.mean[c] ?? prep.mean[0] ?? 0;
    const std = prep.std[c] ?? prep.std[0] ?? 1;
    for (let i = 0; i < pixels; i++) {
      const pixel = prep.invert ? 255 - plane[i]! : plane[i]!;
      values[prep.layout === 'NCHW' ? c * pixels + i : i * channels + c] = ((pixel / 255) * prep.range - mean) / std;
    }
  }
  return checkValues(spec, values, origin);
}

function checkSize(
  raster: Raster,
  target: { readonly width: number; readonly height: number },
  channels: number,
  spec: InputSpec,
  prep: ImagePreprocessing,
  origin: string,
): void {
  const got = `${raster.width} × ${raster.height} pixels (width × height)`;
  if (target === raster) {
    const size = raster.width * raster.height * channels;
    if (size === sizeOf(spec.dims)) return;
    throw new ZkonnxError('INPUT_SHAPE', `the picture does not fill input ${spec.name}`, {
      expected: `${sizeOf(spec.dims)} values in a row; a picture cannot be resized to that`,
      got: `${got}, ${size} values`,
      where: origin,
    });
  }
  if (prep.resize !== 'none' || (raster.width === target.width && raster.height === target.height)) return;
  throw new ZkonnxError('INPUT_SHAPE', `the picture does not have the size of input ${spec.name}`, {
    expected: `${target.width} × ${target.height} pixels (width × height)`,
    got,
    where: origin,
    help: 'state --image-resize nearest or bilinear, or scale it first',
  });
}

/** RGB to one gray channel, or one channel to three equal ones; else the raster itself. */
function withChannels(raster: Raster, color: ImagePreprocessing['color']): Raster {
  const { width, height, data } = raster;
  const pixels = width * height;
  if (color === 'gray' && raster.channels === 3) {
    const gray = new Uint8Array(pixels);
    for (let i = 0; i < pixels; i++) {
      gray[i] = (19595 * data[3 * i]! + 38470 * data[3 * i + 1]! + 7471 * data[3 * i + 2]! + 32768) >> 16;
    }
    return { width, height, channels: 1, data: gray };
  }
  if (color !== 'gray' && raster.channels === 1) {
    return {
      width,
      height,
      channels: 3,
      data: Uint8Array.from({ length: 3 * pixels }, (_, i) => data[Math.floor(i / 3)]!),
    };
  }
  return raster;
}

/** Two source positions and the weight of the second, for one position of the target. */
interface Tap {
  readonly low: number;
  readonly high: number;
  readonly weight: number;
}

function tapsOf(from: number, to: number, method: ImagePreprocessing['resize']): Tap[] {
  return Array.from({ length: to }, (_, i) => {
    if (from === to) return { low: i, high: i, weight: 0 };
    const centre = ((i + 0.5) * from) / to;
    if (method === 'nearest') {
      const nearest = Math.min(Math.floor(centre), from - 1);
      return { low: nearest, high: nearest, weight: 0 };
    }
    const position = Math.max(centre - 0.5, 0);
    const low = Math.min(Math.floor(position), from - 1);
    return { low, high: Math.min(low + 1, from - 1), weight: position - low };
  });
}

/** One channel of the raster at the target's size, values 0 to 255. */
function resize(
  { width: stride, height, channels, data }: Raster,
  channel: number,
  toWidth: number,
  toHeight: number,
  method: ImagePreprocessing['resize'],
): Float64Array {
  const columns = tapsOf(stride, toWidth, method);
  const rows = tapsOf(height, toHeight, method);
  const at = (y: number, x: number) => data[(y * stride + x) * channels + channel]!;
  const plane = new Float64Array(toWidth * toHeight);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const low = at(row.low, column.low) * (1 - column.weight) + at(row.low, column.high) * column.weight;
      const high = at(row.high, column.low) * (1 - column.weight) + at(row.high, column.high) * column.weight;
      plane[to++] = low * (1 - row.weight) + high * row.weight;
    }
  }
  return plane;
}
