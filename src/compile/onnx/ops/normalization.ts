/** BatchNormalization as it runs in inference, and Dropout, which then does nothing. */
import { structuredMap } from '../../real/linear-map.js';
import { isConstant, type OpContext, type Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { elementCount } from '../shapes.js';
import { copy } from './shape.js';

function batchNormalization(context: OpContext): Value {
  const { attributes } = context;
  const x = context.input(0);
  context.requireReal(x);
  const training = attributes.flag('training_mode') || [1, 2, 3, 4].some((output) => context.outputRead(output));
  if (training) {
    throw context.unsupported(
      'training mode: the result depends on the whole batch',
      'export the model in inference mode (model.eval())',
    );
  }
  if (!attributes.flag('spatial', true)) throw context.unsupported('spatial = 0', 'export for opset 9 or later');
  const channels = x.dims[1];
  if (channels === undefined) throw context.mismatch('a batch and channels are expected', x.dims);
  const parameter = (position: number, what: string): Float64Array => {
    const { values, dims } = context.constant(position, what);
    if (values.length !== channels) throw context.mismatch(`${what} must have one element a channel`, dims, [channels]);
    return values;
  };
  const scale = parameter(1, 'scale');
  const shift = parameter(2, 'B');
  const mean = parameter(3, 'the mean');
  const variance = parameter(4, 'the variance');
  const epsilon = attributes.float('epsilon', 1e-5);
  const factor = scale.map((value, c) => value / Math.sqrt(variance[c]! + epsilon));
  const offset = shift.map((value, c) => value - mean[c]! * factor[c]!);
  const size = context.reserve(x.dims);
  const plane = elementCount(x.dims.slice(2));
  const channelOf = (i: number) => Math.floor(i / plane) % channels;
  const map = structuredMap({
    axes: [
      { kind: 'shared', size: x.dims[0]! },
      { kind: 'own', size: channels },
      { kind: 'shared', size: plane },
    ],
    weights: factor,
  });
  const bias = Float64Array.from({ length: size }, (_, i) => offset[channelOf(i)]!);
  return context.linear([{ value: x, map }], bias, x.dims, x.dtype);
}

function dropout(context: OpContext): Value[] {
  const x = context.input(0);
  const trainingMode = context.inputs[2];
  if (trainingMode !== undefined) {
    const training = isConstant(trainingMode) ? trainingMode.values[0] !== 0 : true;
    const ratio = context.optionalConstant(1, 'the ratio')?.values[0] ?? 0.5;
    if (training && ratio !== 0) {
      throw context.unsupported(
        'training mode: the result is random',
        'export the model in inference mode (model.eval())',
      );
    }
  }
  const out = copy(context, x, x.dims);
  if (!context.outputRead(1)) return [out];
  // Nothing is dropped; before opset 10 the mask has the type of the data.
  const mask = new Float64Array(context.reserve(x.dims)).fill(1);
  return [out, context.known(mask, x.dims, context.opset < 10 ? x.dtype : 'bool', 1)];
}

export const normalization = {
  BatchNormalization: {
    since: 7,
    attributes: ['epsilon', 'momentum', 'spatial', 'training_mode'],
    inputs: [5, 5],
    constantInputs: [1, 2, 3, 4],
    notes: 'inference; folded into its neighbours',
    expand: (context) => [batchNormalization(context)],
  },
  Dropout: {
    since: 7,
    attributes: ['ratio', 'seed'],
    inputs: [1, 3],
    constantInputs: [1, 2],
    notes: 'inference, where it is the identity',
    expand: dropout,
  },
} satisfies OperatorTable;
