/**
 * Sliding windows of convolutions and pools. Along each axis a window lies at `origin` (negative inside the padding) and
 * keeps the taps that hit the input; positions with the same taps form a class, so that patterns are made once a class.
 */
import type { MapAxis } from '../../real/map-structure.js';
import type { OpContext } from '../context.js';
import { elementCount, stridesOf, type Dims } from '../shapes.js';

/** One combination of classes over all axes. */
export interface WindowClass {
  /** Taps inside the input: offsets from the window's origin in the flat spatial plane. */
  readonly offsets: Int32Array;
  /** The same taps as flat positions in the kernel. */
  readonly taps: Int32Array;
  /** Taps inside the input and its padding (fewer than the kernel's only for windows that ceil_mode lets hang over). */
  readonly padded: number;
}

export interface Windows {
  readonly outDims: readonly number[];
  /** Flat origin of every output position in one channel's plane; negative in the padding. */
  readonly origin: Int32Array;
  readonly classOf: Uint32Array;
  readonly classes: readonly WindowClass[];
  /** The same as axes of a linear map. */
  readonly axes: readonly MapAxis[];
}

interface Axis {
  readonly out: number;
  readonly stride: number;
  readonly padBegin: number;
  readonly classOf: Uint32Array;
  readonly classes: readonly { readonly taps: readonly number[]; readonly padded: number }[];
  readonly dilation: number;
}

/** Reads strides, dilations, pads, auto_pad and ceil_mode off the node. `inDims`, `kernel`: spatial sizes. */
export function slidingWindows(context: OpContext, inDims: Dims, kernel: Dims): Windows {
  const rank = inDims.length;
  const { attributes } = context;
  const list = (name: string, length: number, fallback: number, least: number): number[] => {
    const values = attributes.ints(name) ?? new Array<number>(length).fill(fallback);
    if (values.length !== length || !values.every((value) => Number.isSafeInteger(value) && value >= least)) {
      throw attributes.error(name, `must be ${length} integers of at least ${least}, is [${values.join(', ')}]`);
    }
    return values;
  };
  const strides = list('strides', rank, 1, 1);
  const dilations = list('dilations', rank, 1, 1);
  const autoPad = attributes.string('auto_pad', 'NOTSET');
  const pads = list('pads', 2 * rank, 0, 0);
  const ceil = attributes.flag('ceil_mode');
  if (!kernel.every((size) => size >= 1) || kernel.length !== rank) {
    throw context.mismatch('the kernel does not fit the input', kernel, inDims);
  }
  const shapes = inDims.map((size, axis) => {
    const [k, stride, dilation] = [kernel[axis]!, strides[axis]!, dilations[axis]!];
    const reach = (k - 1) * dilation + 1;
    const [begin, end] = paddings(context, autoPad, size, stride, reach, pads[axis]!, pads[axis + rank]!);
    const steps = (size + begin + end - reach) / stride;
    let out = (ceil && autoPad === 'NOTSET' ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A last window that would start in the end padding is dropped.
    if (ceil && (out - 1) * stride >= size + begin) out--;
    if (out < 1) throw context.mismatch('the kernel is larger than the padded input', kernel, inDims);
    return { size, k, stride, dilation, padBegin: begin, padEnd: end, out };
  });
  // Before the tables are made: the result's plane, and for each axis at most the taps that hit the input times its positions.
  context.reserve(shapes.map(({ out }) => out));
  for (const { k, size, out } of shapes) context.reserveEntries(Math.min(k, size) * out);
  const axes = shapes.map(({ size, k, stride, dilation, padBegin, out }): MapAxis => {
    return { kind: 'window', out, in: size, kernel: k, stride, dilation, pad: padBegin };
  });
  return { ...combine(context, shapes.map(axisClasses), inDims, kernel), axes };
}

function paddings(
  context: OpContext,
  autoPad: string,
  size: number,
  stride: number,
  reach: number,
  begin: number,
  end: number,
): [number, number] {
  switch (autoPad) {
    case 'NOTSET':
    case '':
      return [begin, end];
    case 'VALID':
      return [0, 0];
    case 'SAME_UPPER':
    case 'SAME_LOWER': {
      const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
      const less = Math.floor(total / 2);
      return autoPad === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
    }
    default:
      throw context.attributes.error('auto_pad', `is "${autoPad}"`);
  }
}

function axisClasses(axis: {
  readonly size: number;
  readonly k: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
  readonly out: number;
}): Axis {
  const { size, k, stride, dilation, padBegin, padEnd, out } = axis;
  const classes: { taps: number[]; padded: number }[] = [];
  const known = new Map<string, number>();
  const classOf = new Uint32Array(out);
  for (let o = 0; o < out; o++) {
    const origin = o * stride - padBegin;
    const first = Math.max(0, Math.ceil(-origin / dilation));
    const end = Math.max(first, Math.min(k, Math.ceil((size - origin) / dilation)));
    const padded = Math.min(k, Math.ceil((size + padEnd - origin) / dilation));
    const key = `${first},${end},${padded}`;
    let id = known.get(key);
    if (id === undefined) {
      id = classes.length;
      known.set(key, id);
      classes.push({ taps: Array.from({ length: end - first }, (_, t) => first + t), padded });
    }
    classOf[o] = id;
  }
  return { out, stride, padBegin, classOf, classes, dilation };
}

function combine(context: OpContext, axes: readonly Axis[], inDims: Dims, kernel: Dims): Omit<Windows, 'axes'> {
  const outDims = axes.map(({ out }) => out);
  const size = context.reserve(outDims);
  const inStrides = stridesOf(inDims);
  const kernelStrides = stridesOf(kernel);
  const ids = new Map<number, number>();
  const classes: WindowClass[] = [];
  const origin = new Int32Array(size);
  const classOf = new Uint32Array(size);
  const position = new Array<number>(axes.length).fill(0);
  for (let i = 0; i < size; i++) {
    let at = 0;
    let key = 0;
    for (let axis = 0; axis < axes.length; axis++) {
      const { stride, padBegin, classOf: own, classes: ownClasses } = axes[axis]!;
      at += (position[axis]! * stride - padBegin) * inStrides[axis]!;
      key = key * ownClasses.length + own[position[axis]!]!;
    }
    origin[i] = at;
    let id = ids.get(key);
    if (id === undefined) {
      id = classes.length;
      ids.set(key, id);
      const parts = axes.map((axis, a) => ({ ...axis.classes[axis.classOf[position[a]!]!]!, dilation: axis.dilation }));
      context.reserveEntries(2 * elementCount(parts.map(({ taps }) => taps.length)));
      classes.push(windowClass(parts, inStrides, kernelStrides));
    }
    classOf[i] = id;
    for (let axis = axes.length - 1; axis >= 0 && ++position[axis]! === outDims[axis]; axis--) position[axis] = 0;
  }
  return { outDims, origin, classOf, classes };
}

function windowClass(
  parts: readonly { readonly taps: readonly number[]; readonly padded: number; readonly dilation: number }[],
  inStrides: Dims,
  kernelStrides: Dims,
): WindowClass {
  let offsets = [0];
  let taps = [0];
  parts.forEach((part, axis) => {
    offsets = offsets.flatMap((base) => part.taps.map((tap) => base + tap * part.dilation * inStrides[axis]!));
    taps = taps.flatMap((base) => part.taps.map((tap) => base + tap * kernelStrides[axis]!));
  });
  return {
    offsets: Int32Array.from(offsets),
    taps: Int32Array.from(taps),
    padded: parts.reduce((product, { padded }) => product * padded, 1),
  };
}
