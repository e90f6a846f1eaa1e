import { argmax as argmaxGadget } from '../../../../circuits/gadgets/argmax.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, uniformFact, type IrOp } from '../op.js';

export const argmax: IrOp<IrAttrs['argmax']> = {
  infer: ({ groups }, _inputs, size) => uniformFact(size, 0, groups.size - 1),
  evaluate({ groups, last }, inputs, out) {
    const x = at(inputs, 0);
    for (let g = 0; g < out.length; g++) {
      let best = 0;
      let max = -Infinity;
      for (let j = 0; j < groups.size; j++) {
        const value = x[groups.base[g]! + j * groups.stride]!;
        if (value > max || (last && value === max)) [best, max] = [j, value];
      }
      out[g] = best;
    }
  },
  reads({ groups }, live, reads) {
    for (let g = 0; g < live.length; g++) {
      if (live[g]) for (let j = 0; j < groups.size; j++) at(reads, 0)[groups.base[g]! + j * groups.stride] = 1;
    }
  },
  lower({ groups, last }, b, inputs, live) {
    return lowerLive(live, (g) =>
      argmaxGadget(
        b,
        Array.from({ length: groups.size }, (_, j) => element(inputs[0], groups.base[g]! + j * groups.stride)),
        { last },
      ),
    );
  },
};
