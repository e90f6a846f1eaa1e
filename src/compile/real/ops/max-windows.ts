/** y[i] = max of x[index[k]], k in start[i] .. start[i+1]: pools and reductions. */
import type { RealOpOf, RealOpRecord } from '../op.js';

export const maxWindows: RealOpRecord<RealOpOf<'maxWindows'>> = {
  values: 'computed',
  evaluate({ start, index }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) {
      let best = -Infinity;
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        const value = x[index[k]!]!;
        if (value > best) best = value;
      }
      out[i] = best;
    }
  },
  takesMaxima: true,
  isWide: true,
};
