import { maxOfMany } from '../../../../circuits/gadgets/max.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, type IrOp } from '../op.js';

export const maxWindows: IrOp<IrAttrs['maxWindows']> = {
  infer({ start, index }, inputs, size) {
    const x = at(inputs, 0);
    const lo = new Float64Array(size).fill(-Infinity);
    const hi = new Float64Array(size).fill(-Infinity);
    for (let i = 0; i < size; i++) {
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        lo[i] = Math.max(lo[i]!, x.lo[index[k]!]!);
        hi[i] = Math.max(hi[i]!, x.hi[index[k]!]!);
      }
    }
    return { size, lo, hi };
  },
  evaluate({ start, index }, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) {
      let max = -Infinity;
      for (let k = start[i]!; k < start[i + 1]!; k++) max = Math.max(max, x[index[k]!]!);
      out[i] = max;
    }
  },
  reads({ start, index }, live, reads) {
    const mark = at(reads, 0);
    for (let i = 0; i < live.length; i++) {
      if (live[i]) for (let k = start[i]!; k < start[i + 1]!; k++) mark[index[k]!] = 1;
    }
  },
  lower({ start, index }, b, inputs, live) {
    return lowerLive(live, (i) =>
      maxOfMany(
        b,
        Array.from(index.subarray(start[i]!, start[i + 1]!), (j) => element(inputs[0], j)),
      ),
    );
  },
};
