/** Softmax, or its logarithm, over each group of elements. */
import type { RealOpOf, RealOpRecord } from '../op.js';

export const softmax: RealOpRecord<RealOpOf<'softmax'>> = {
  values: 'computed',
  evaluate({ groups: { base, size, stride }, log }, inputs, out) {
    const x = inputs[0]!;
    for (const first of base) {
      const end = first + size * stride;
      let top = -Infinity;
      for (let i = first; i < end; i += stride) top = Math.max(top, x[i]!);
      let sum = 0;
      for (let i = first; i < end; i += stride) sum += Math.exp(x[i]! - top);
      const logSum = Math.log(sum);
      for (let i = first; i < end; i += stride) out[i] = log ? x[i]! - top - logSum : Math.exp(x[i]! - top) / sum;
    }
  },
  forReader: ({ groups, log }) => ({ apply: log ? 'logSoftmax' : 'softmax', groups }),
};
