/** Operators that move elements: each is one index array. */
import type { OpContext, Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { broadcastDims, broadcastIndex, elementCount, stridedIndex, stridesOf, type Dims } from '../shapes.js';

function transpose(context: OpContext): Value {
  const x = context.input(0);
  const rank = x.dims.length;
  const perm = context.attributes.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (
    perm.length !== rank ||
    new Set(perm).size !== rank ||
    !perm.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank)
  ) {
    throw context.mismatch(`perm [${perm.join(', ')}] is no permutation of the axes`, x.dims);
  }
  const strides = stridesOf(x.dims);
  const dims = perm.map((axis) => x.dims[axis]!);
  context.reserve(dims);
  return context.gather(
    x,
    stridedIndex(
      dims,
      perm.map((axis) => strides[axis]!),
    ),
    dims,
  );
}

function concat(context: OpContext): Value {
  const parts = context.node.inputs.map((_, i) => context.input(i));
  const first = parts[0]!;
  const axis = context.axis(context.attributes.requiredInt('axis'), first.dims.length);
  for (const { dims, dtype } of parts) {
    const fits = dims.length === first.dims.length && dims.every((dim, i) => i === axis || dim === first.dims[i]);
    if (!fits) throw context.mismatch(`the inputs differ outside axis ${axis}`, first.dims, dims);
    if (dtype !== first.dtype) throw context.invalid(`inputs of different types: ${first.dtype} and ${dtype}`);
  }
  const dims = first.dims.map((dim, i) =>
    i === axis ? parts.reduce((total, part) => total + part.dims[axis]!, 0) : dim,
  );
  const index = new Int32Array(context.reserve(dims));
  const rows = elementCount(first.dims.slice(0, axis));
  const rowSize = elementCount(dims.slice(axis));
  let [base, column] = [0, 0];
  for (const part of parts) {
    const width = elementCount(part.dims.slice(axis));
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < width; c++) index[r * rowSize + column + c] = base + r * width + c;
    }
    base += rows * width;
    column += width;
  }
  return context.emit({ kind: 'gather', index, fill: 0 }, parts, dims, first.dtype);
}

function split(context: OpContext): Value[] {
  const x = context.input(0);
  const axis = context.axis(context.attributes.int('axis', 0), x.dims.length);
  const total = x.dims[axis]!;
  const count = context.node.outputs.length;
  const declared = context.attributes.int('num_outputs', count);
  const given =
    context.opset < 13 ? context.attributes.ints('split') : context.optionalConstant(1, 'the sizes')?.values;
  const sizes = given === undefined ? equalParts(context, total, count) : Array.from(given);
  const sane = sizes.every((size) => Number.isInteger(size) && size >= 0);
  if (declared !== count || sizes.length !== count || !sane || sizes.reduce((sum, size) => sum + size, 0) !== total) {
    throw context.mismatch(`cannot split axis ${axis} into [${sizes.join(', ')}] for ${count} outputs`, x.dims);
  }
  const strides = stridesOf(x.dims);
  let from = 0;
  return sizes.map((size, output) => {
    const dims = x.dims.map((dim, i) => (i === axis ? size : dim));
    context.reserve(dims);
    const part = context.gather(x, stridedIndex(dims, strides, from * strides[axis]!), dims, output);
    from += size;
    return part;
  });
}

/** All parts alike; from opset 18 on the last may be smaller. */
function equalParts(context: OpContext, total: number, count: number): number[] {
  const size = Math.ceil(total / count);
  const sizes = Array.from({ length: count }, (_, i) => Math.max(0, Math.min(size, total - i * size)));
  if (context.opset < 18 && size * count !== total) throw context.invalid(`${total} elements in ${count} equal parts`);
  return sizes;
}

function slice(context: OpContext): Value {
  const x = context.input(0);
  const list = (name: string, position: number): readonly number[] | undefined => {
    if (context.opset < 10) return context.attributes.ints(name);
    const input = context.optionalConstant(position, `the ${name}`);
    return input === undefined ? undefined : Array.from(input.values);
  };
  const starts = list('starts', 1);
  const ends = list('ends', 2);
  if (starts === undefined || ends === undefined) throw context.invalid('starts or ends are missing');
  const axes = (list('axes', 3) ?? [...starts.keys()]).map((axis) => context.axis(axis, x.dims.length));
  const steps = (context.opset < 10 ? undefined : list('steps', 4)) ?? axes.map(() => 1);
  if (
    starts.length !== axes.length ||
    ends.length !== axes.length ||
    steps.length !== axes.length ||
    new Set(axes).size !== axes.length
  ) {
    throw context.invalid('starts, ends, axes and steps do not fit together');
  }
  const strides = stridesOf(x.dims);
  const dims = [...x.dims];
  const moves = [...strides];
  let base = 0;
  axes.forEach((axis, i) => {
    const { first, count } = range(context, x.dims[axis]!, starts[i]!, ends[i]!, steps[i]!);
    dims[axis] = count;
    moves[axis] = steps[i]! * strides[axis]!;
    base += first * strides[axis]!;
  });
  context.reserve(dims);
  return context.gather(x, stridedIndex(dims, moves, base), dims);
}

/** NumPy's rule; start and end may be ±Infinity. */
function range(
  context: OpContext,
  size: number,
  start: number,
  end: number,
  step: number,
): { first: number; count: number } {
  if (step === 0 || !Number.isSafeInteger(step)) throw context.invalid(`a step of ${step}`);
  const clamp = (value: number, lo: number, hi: number) => Math.min(Math.max(value < 0 ? value + size : value, lo), hi);
  const [lo, hi] = step > 0 ? [0, size] : [-1, size - 1];
  // A negative end that is still negative after adding the size means "before the first" when stepping backwards.
  const first = step > 0 ? clamp(start, lo, hi) : Math.max(0, clamp(start, 0, hi));
  const stop = clamp(end, lo, hi);
  const count = Math.max(0, Math.ceil((stop - first) / step));
  return { first: count === 0 ? 0 : first, count };
}

function pad(context: OpContext): Value {
  const x = context.input(0);
  const rank = x.dims.length;
  const byAttribute = context.opset < 11;
  const pads = byAttribute ? context.attributes.ints('pads') : Array.from(context.constant(1, 'the pads').values);
  const fill = byAttribute
    ? context.attributes.float('value', 0)
    : (context.optionalConstant(2, 'the padding value')?.values[0] ?? 0);
  const given = byAttribute ? undefined : context.optionalConstant(3, 'the axes')?.values;
  const axes = given === undefined ? [...x.dims.keys()] : Array.from(given, (axis) => context.axis(axis, rank));
  if (pads?.length !== 2 * axes.length || !pads.every(Number.isSafeInteger) || new Set(axes).size !== axes.length) {
    throw context.invalid(`pads [${String(pads)}] do not fit ${axes.length} axes`);
  }
  const [before, after] = [x.dims.map(() => 0), x.dims.map(() => 0)];
  axes.forEach((axis, i) => {
    before[axis] = pads[i]!;
    after[axis] = pads[axes.length + i]!;
  });
  const dims = x.dims.map((dim, axis) => dim + before[axis]! + after[axis]!);
  context.reserve(dims);
  const mode = context.attributes.string('mode', 'constant');
  const sources = x.dims.map((size, axis) => paddedAxis(context, mode, size, before[axis]!, dims[axis]!));
  if (!Number.isFinite(fill)) throw context.unsupported('padding with NaN or infinity', 'pad with a finite value');
  return context.emit({ kind: 'gather', index: productIndex(x.dims, dims, sources), fill }, [x], dims, x.dtype);
}

/** The source position on one axis for every position of the result; −1 for the padding value. */
function paddedAxis(context: OpContext, mode: string, size: number, before: number, out: number): Int32Array {
  if (mode !== 'constant' && size === 0 && out > 0) throw context.mismatch(`mode ${mode} cannot pad an empty axis`);
  const period = 2 * (size - 1);
  const mirror = (at: number) => {
    const m = period === 0 ? 0 : ((at % period) + period) % period;
    return m < size ? m : period - m;
  };
  const rules: Record<string, (at: number) => number> = {
    constant: () => -1,
    edge: (at) => Math.min(Math.max(at, 0), size - 1),
    reflect: mirror,
    wrap: (at) => ((at % size) + size) % size,
  };
  const rule = rules[mode];
  if (rule === undefined || (mode === 'wrap' && context.opset < 19))
    throw context.attributes.error('mode', `is "${mode}"`);
  return Int32Array.from({ length: out }, (_, o) => {
    const at = o - before;
    return at >= 0 && at < size ? at : rule(at);
  });
}

/** Combines source positions by axis into flat indices; −1 on any axis makes −1. */
function productIndex(from: Dims, to: Dims, sources: readonly Int32Array[]): Int32Array {
  const strides = stridesOf(from);
  let index = Int32Array.of(0);
  to.forEach((size, axis) => {
    const next = new Int32Array(index.length * size);
    for (let i = 0; i < index.length; i++) {
      for (let o = 0; o < size; o++) {
        const source = sources[axis]![o]!;
        next[i * size + o] = index[i]! < 0 || source < 0 ? -1 : index[i]! + source * strides[axis]!;
      }
    }
    index = next;
  });
  return index;
}

function gather(context: OpContext): Value {
  const x = context.input(0);
  const axis = context.axis(context.attributes.int('axis', 0), x.dims.length);
  const indices = context.constant(1, 'the indices');
  const size = x.dims[axis]!;
  const picked = Int32Array.from(indices.values, (value) => {
    const from = value < 0 ? value + size : value;
    if (Number.isInteger(from) && from >= 0 && from < size) return from;
    throw context.mismatch(`index ${value} is outside axis ${axis}`, x.dims);
  });
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  const index = new Int32Array(context.reserve(dims));
  const inner = elementCount(x.dims.slice(axis + 1));
  const outer = elementCount(x.dims.slice(0, axis));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const from of picked) for (let i = 0; i < inner; i++) index[at++] = (o * size + from) * inner + i;
  }
  return context.gather(x, index, dims);
}

function expand(context: OpContext): Value {
  const x = context.input(0);
  const shape = Array.from(context.constant(1, 'the shape').values);
  const dims = broadcastDims([x.dims, shape]);
  if (dims === undefined) throw context.mismatch('the shapes do not broadcast', x.dims, shape);
  context.reserve(dims);
  return context.gather(x, broadcastIndex(x.dims, dims), dims);
}

export const movement = {
  Transpose: { since: 7, attributes: ['perm'], inputs: [1, 1], notes: '', expand: (context) => [transpose(context)] },
  Concat: { since: 7, attributes: ['axis'], inputs: [1, Infinity], notes: '', expand: (context) => [concat(context)] },
  Split: {
    since: 7,
    attributes: ['axis', 'split', 'num_outputs'],
    inputs: [1, 2],
    constantInputs: [1],
    notes: '',
    expand: split,
  },
  Slice: {
    since: 7,
    attributes: ['axes', 'ends', 'starts'],
    inputs: [1, 5],
    constantInputs: [1, 2, 3, 4],
    notes: 'constant bounds; negative steps',
    expand: (context) => [slice(context)],
  },
  Pad: {
    since: 7,
    attributes: ['mode', 'pads', 'value'],
    inputs: [1, 4],
    constantInputs: [1, 2, 3],
    notes: 'constant, reflect, edge, wrap; constant pads',
    expand: (context) => [pad(context)],
  },
  Gather: {
    since: 7,
    attributes: ['axis'],
    inputs: [2, 2],
    constantInputs: [1],
    notes: 'constant indices',
    expand: (context) => [gather(context)],
  },
  Expand: {
    since: 8,
    inputs: [2, 2],
    constantInputs: [1],
    notes: 'constant shape',
    expand: (context) => [expand(context)],
  },
} satisfies OperatorTable;
