import { positive as positiveGadget } from '../../../../circuits/gadgets/positive.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, readSameElement, type IrOp } from '../op.js';

export const positive: IrOp<IrAttrs['positive']> = {
  infer(_attrs, inputs, size) {
    const x = at(inputs, 0);
    return { size, lo: x.lo.map((v) => Math.max(0, v)), hi: x.hi.map((v) => Math.max(0, v)) };
  },
  evaluate(_attrs, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) out[i] = Math.max(0, x[i]!);
  },
  reads: readSameElement,
  lower(_attrs, b, inputs, live) {
    return lowerLive(live, (i) => positiveGadget(b, element(inputs[0], i)));
  },
};
