/** y[i] = max of x[index[k]], k in start[i] .. start[i+1]: pools and reductions. */
import { emptyBox, maximaLines } from '../box.js';
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
  interval({ start, index }, inputs, size) {
    const x = inputs[0]!;
    const out = emptyBox(size);
    for (let i = 0; i < size; i++) {
      let [lo, hi] = [-Infinity, -Infinity];
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        lo = Math.max(lo, x.lo[index[k]!]!);
        hi = Math.max(hi, x.hi[index[k]!]!);
      }
      out.lo[i] = lo;
      out.hi[i] = hi;
    }
    return out;
  },
  lines: ({ start, index }, x) => maximaLines(start, index, x),
  backward({ start, index }, inputs, grad, into) {
    const [x, to] = [inputs[0]!, into[0]!];
    for (let i = 0; i < grad.length; i++) {
      let best = index[start[i]!]!;
      for (let k = start[i]!; k < start[i + 1]!; k++) if (x[index[k]!]! > x[best]!) best = index[k]!;
      to[best]! += grad[i]!;
    }
  },
  takesMaxima: true,
  isWide: true,
};
