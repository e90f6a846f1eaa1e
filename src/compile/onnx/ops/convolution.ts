/** Conv over any number of spatial axes: windows along each, all channels of a group with all. */
import { structuredMap } from '../../real/linear-map.js';
import type { OpContext, Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { elementCount } from '../shapes.js';
import { slidingWindows } from './windows.js';

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
  for (const { taps } of windows.classes) context.reserveEntries(2 * perGroup * taps.length);
  const map = structuredMap({
    axes: [
      { kind: 'shared', size: batch },
      { kind: 'own', size: groups },
      { kind: 'full', out: outputs / groups, in: perGroup },
      ...windows.axes,
    ],
    weights: weights.values,
  });
  const plane = elementCount(windows.outDims);
  const biases = new Float64Array(size);
  if (bias !== undefined) for (let i = 0; i < size; i++) biases[i] = bias.values[Math.floor(i / plane) % outputs]!;
  return context.linear([{ value: x, map }], biases, dims, x.dtype);
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
