/** Conv over any number of spatial axes: one pattern for each output channel and boundary class. */
import { LinearMapBuilder } from '../../real/linear-map.js';
import type { OpContext, Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { elementCount, type Dims } from '../shapes.js';
import { slidingWindows, type Windows } from './windows.js';

interface Channels {
  readonly batch: number;
  /** Input channels. */
  readonly inputs: number;
  readonly outputs: number;
  readonly groups: number;
}

function conv(context: OpContext): Value {
  const x = context.input(0);
  const weights = context.constant(1, 'the weights');
  const bias = context.optionalConstant(2, 'the bias');
  context.requireReal(x);
  const groups = context.attributes.int('group', 1);
  const [batch, inputs, ...inDims] = x.dims as [number, number, ...number[]];
  const [outputs, perGroup, ...kernel] = weights.dims as [number, number, ...number[]];
  const fits =
    x.dims.length >= 3 &&
    weights.dims.length === x.dims.length &&
    groups >= 1 &&
    perGroup * groups === inputs &&
    outputs % groups === 0;
  if (!fits) throw context.mismatch(`input and weights do not fit (${groups} groups)`, x.dims, weights.dims);
  const declared = context.attributes.ints('kernel_shape');
  if (declared !== undefined && declared.join() !== kernel.join())
    throw context.mismatch('kernel_shape is not that of the weights', declared, kernel);
  if (bias !== undefined && bias.values.length !== outputs)
    throw context.mismatch('one bias a channel is expected', bias.dims, [outputs]);

  const windows = slidingWindows(context, inDims, kernel);
  const dims = [batch, outputs, ...windows.outDims];
  const size = context.reserve(dims);
  const map = convolutionMap(
    context,
    { batch, inputs, outputs, groups },
    inDims,
    weights.values,
    elementCount(kernel),
    windows,
  );
  const plane = elementCount(windows.outDims);
  const biases = new Float64Array(size);
  if (bias !== undefined) for (let i = 0; i < size; i++) biases[i] = bias.values[Math.floor(i / plane) % outputs]!;
  return context.linear([{ value: x, map }], biases, dims, x.dtype);
}

function convolutionMap(
  context: OpContext,
  channels: Channels,
  inDims: Dims,
  weights: Float64Array,
  kernelSize: number,
  windows: Windows,
) {
  const { batch, inputs, outputs, groups } = channels;
  const plane = elementCount(inDims);
  const perGroup = inputs / groups;
  const builder = new LinearMapBuilder(batch * inputs * plane);
  // All channels of a class share their offsets; `taps` are the weights' positions relative to the output channel's first.
  const shapes = windows.classes.map(({ offsets, taps }) => {
    context.reserveEntries(perGroup * offsets.length * (outputs + 2));
    const over = (inner: Int32Array, stride: number) => {
      const all = new Int32Array(perGroup * inner.length);
      for (let c = 0; c < perGroup; c++)
        for (let t = 0; t < inner.length; t++) all[c * inner.length + t] = c * stride + inner[t]!;
      return all;
    };
    return { offsets: over(offsets, plane), taps: over(taps, kernelSize) };
  });
  const patterns = new Int32Array(outputs * shapes.length).fill(-1);
  for (let n = 0; n < batch; n++) {
    for (let channel = 0; channel < outputs; channel++) {
      const group = Math.floor(channel / (outputs / groups));
      const base = (n * inputs + group * perGroup) * plane;
      for (let i = 0; i < windows.origin.length; i++) {
        const slot = channel * shapes.length + windows.classOf[i]!;
        if (patterns[slot] === -1) {
          const { offsets, taps } = shapes[windows.classOf[i]!]!;
          const first = channel * perGroup * kernelSize;
          patterns[slot] = builder.pattern(
            offsets,
            Float64Array.from(taps, (tap) => weights[first + tap]!),
          );
        }
        builder.row(patterns[slot]!, base + windows.origin[i]!);
      }
    }
  }
  return builder.build();
}

export const convolution = {
  Conv: {
    since: 7,
    attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'],
    inputs: [2, 3],
    constantInputs: [1, 2],
    notes: '1-D, 2-D, 3-D; strides, dilations, groups, every padding; constant weights; free in the circuit',
    expand: (context) => [conv(context)],
  },
} satisfies OperatorTable;
