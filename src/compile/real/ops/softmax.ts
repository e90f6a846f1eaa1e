/** Softmax, or its logarithm, over each group of elements. */
import type { RealOpOf, RealOpRecord } from '../op.js';

export const softmax: RealOpRecord<RealOpOf<'softmax'>> = {
  values: 'computed',
  evaluate({ groups: { base, size, stride }, log, empty = 'none' }, inputs, out) {
    const [x, mask] = inputs as [Float64Array, Float64Array?];
    for (const first of base) {
      const group = Array.from({ length: size }, (_, j) => first + j * stride);
      const kept = mask === undefined ? group : group.filter((i) => mask[i] !== 0);
      if (kept.length === 0 && empty !== 'scores') {
        for (const i of group) out[i] = empty === 'uniform' ? 1 / size : NaN;
        continue;
      }
      if (kept.length < size) for (const i of group) out[i] = 0;
      const members = kept.length === 0 ? group : kept;
      let top = -Infinity;
      for (const i of members) top = Math.max(top, x[i]!);
      let sum = 0;
      for (const i of members) sum += Math.exp(x[i]! - top);
      const logSum = Math.log(sum);
      for (const i of members) out[i] = log ? x[i]! - top - logSum : Math.exp(x[i]! - top) / sum;
    }
  },
  forReader: ({ groups, log }) => ({ apply: log ? 'logSoftmax' : 'softmax', groups }),
};
