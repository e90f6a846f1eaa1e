/** Pools over any number of spatial axes: averages are linear, maxima windows. */
import { LinearMapBuilder, structuredMap, type LinearMap } from '../../real/linear-map.js';
import { sizesOf } from '../../real/map-structure.js';
import type { OpContext, Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { elementCount } from '../shapes.js';
import { slidingWindows, type Windows } from './windows.js';

interface Pool {
  readonly x: Value;
  /** Batch times channels: planes pooled alike. */
  readonly planes: number;
  readonly planeSize: number;
  readonly windows: Windows;
  readonly dims: number[];
}

function pool(context: OpContext): Pool {
  const x = context.input(0);
  const kernel = context.attributes.ints('kernel_shape');
  if (kernel === undefined) throw context.attributes.error('kernel_shape', 'is missing');
  if (x.dims.length < 3) throw context.mismatch('a batch, channels and at least one spatial axis are expected', x.dims);
  const [batch, channels, ...inDims] = x.dims as [number, number, ...number[]];
  const windows = slidingWindows(context, inDims, kernel);
  const dims = [batch, channels, ...windows.outDims];
  context.reserve(dims);
  return { x, planes: batch * channels, planeSize: elementCount(inDims), windows, dims };
}

/** The pool whose one window is the whole plane. */
function globalPool(context: OpContext): Pool {
  const x = context.input(0);
  if (x.dims.length < 3) throw context.mismatch('a batch, channels and at least one spatial axis are expected', x.dims);
  const [batch, channels, ...inDims] = x.dims as [number, number, ...number[]];
  const planeSize = elementCount(inDims);
  const taps = Int32Array.from({ length: planeSize }, (_, i) => i);
  const windows: Windows = {
    outDims: inDims.map(() => 1),
    origin: Int32Array.of(0),
    classOf: Uint32Array.of(0),
    classes: [{ offsets: taps, taps, padded: planeSize }],
    axes: [{ kind: 'full', out: 1, in: planeSize }],
  };
  return { x, planes: batch * channels, planeSize, windows, dims: [batch, channels, ...windows.outDims] };
}

function checkWindows(context: OpContext, { windows }: Pool): void {
  if (windows.classes.some(({ offsets }) => offsets.length === 0)) {
    throw context.unsupported('a window that lies in the padding altogether', 'use pads smaller than the kernel');
  }
}

function maximum(context: OpContext, pooled: Pool): Value {
  const { x, planes, planeSize, windows, dims } = pooled;
  checkWindows(context, pooled);
  const perPlane = windows.classOf.reduce((total, id) => total + windows.classes[id]!.offsets.length, 0);
  context.reserveEntries(planes * perPlane);
  const start = new Uint32Array(planes * windows.origin.length + 1);
  const index = new Uint32Array(planes * perPlane);
  let [window, at] = [0, 0];
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < windows.origin.length; i++) {
      const base = plane * planeSize + windows.origin[i]!;
      for (const offset of windows.classes[windows.classOf[i]!]!.offsets) index[at++] = base + offset;
      start[++window] = at;
    }
  }
  return context.emit({ kind: 'maxWindows', start, index }, [x], dims, x.dtype);
}

function average(context: OpContext, pooled: Pool, countPadding: boolean): Value {
  const { x, dims } = pooled;
  context.requireReal(x);
  checkWindows(context, pooled);
  const map = averageMap(pooled, countPadding);
  return context.linear([{ value: x, map }], new Float64Array(elementCount(dims)), dims, x.dtype);
}

/** Windows of one count have one weight; where borders count fewer elements, rows have weights that no structure has. */
function averageMap({ planes, planeSize, windows }: Pool, countPadding: boolean): LinearMap {
  const counts = windows.classes.map(({ offsets, padded }) => (countPadding ? padded : offsets.length));
  const [count = 1] = counts;
  if (counts.every((each) => each === count)) {
    const axes = [{ kind: 'shared', size: planes } as const, ...windows.axes];
    return structuredMap({ axes, weights: new Float64Array(sizesOf({ axes }).weights).fill(1 / count) });
  }
  const builder = new LinearMapBuilder(planes * planeSize);
  const patterns = windows.classes.map(({ offsets }, c) =>
    builder.pattern(offsets, new Float64Array(offsets.length).fill(1 / counts[c]!)),
  );
  for (let plane = 0; plane < planes; plane++) {
    for (let i = 0; i < windows.origin.length; i++) {
      builder.row(patterns[windows.classOf[i]!]!, plane * planeSize + windows.origin[i]!);
    }
  }
  return builder.build();
}

function maxPool(context: OpContext): Value {
  if (context.outputRead(1)) {
    throw context.unsupported(
      'the output Indices',
      'remove the nodes that read the positions of the maxima (MaxUnpool is not supported)',
    );
  }
  context.attributes.flag('storage_order');
  return maximum(context, pool(context));
}

export const pooling = {
  MaxPool: {
    since: 7,
    attributes: ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'storage_order', 'strides'],
    inputs: [1, 1],
    notes: '1-D, 2-D, 3-D, dilations, ceil_mode; not the output Indices',
    expand: (context) => [maxPool(context)],
  },
  AveragePool: {
    since: 7,
    attributes: ['auto_pad', 'ceil_mode', 'count_include_pad', 'dilations', 'kernel_shape', 'pads', 'strides'],
    inputs: [1, 1],
    notes: '1-D, 2-D, 3-D, dilations, ceil_mode, count_include_pad; free in the circuit',
    expand: (context) => [average(context, pool(context), context.attributes.flag('count_include_pad'))],
  },
  GlobalAveragePool: {
    since: 7,
    inputs: [1, 1],
    notes: 'free in the circuit',
    expand: (context) => [average(context, globalPool(context), false)],
  },
  GlobalMaxPool: {
    since: 7,
    inputs: [1, 1],
    notes: '',
    expand: (context) => [maximum(context, globalPool(context))],
  },
} satisfies OperatorTable;
