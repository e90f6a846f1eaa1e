import { constant } from '../../../../circuits/builder.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, readSameElement, type IrOp } from '../op.js';

export const compare: IrOp<IrAttrs['compare']> = {
  infer(_attrs, inputs, size) {
    const x = at(inputs, 0);
    return { size, lo: x.lo.map((v) => (v >= 0 ? 1 : 0)), hi: x.hi.map((v) => (v >= 0 ? 1 : 0)) };
  },
  evaluate(_attrs, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) out[i] = x[i]! >= 0 ? 1 : 0;
  },
  reads: readSameElement,
  lower(_attrs, b, inputs, live) {
    return lowerLive(live, (i) => {
      const x = element(inputs[0], i);
      if (x.lo >= 0) return constant(1);
      return x.hi < 0 ? constant(0) : b.isNonNegative(x);
    });
  },
};
