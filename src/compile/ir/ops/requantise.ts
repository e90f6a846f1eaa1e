import { requantise as requantiseGadget } from '../../../../circuits/gadgets/requantise.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, readSameElement, type IrOp } from '../op.js';

/** See IrAttrs.requantise. */
export const requantise: IrOp<IrAttrs['requantise']> = {
  infer({ shift, lo, bits }, inputs, size) {
    const x = at(inputs, 0);
    const top = lo + 2 ** bits - 1;
    const clamp = (value: number) => Math.min(top, Math.max(lo, rounded(value, shift)));
    return { size, lo: x.lo.map(clamp), hi: x.hi.map(clamp) };
  },
  evaluate({ shift, lo, bits }, inputs, out) {
    const x = at(inputs, 0);
    const top = lo + 2 ** bits - 1;
    const inverse = 2 ** -shift;
    const half = shift === 0 ? 0 : 0.5;
    for (let i = 0; i < out.length; i++) {
      // x·2^−shift + 1/2 is exact in float64: |x| < 2^53 and scaling by a power of two loses nothing.
      const z = Math.floor(x[i]! * inverse + half);
      out[i] = z < lo ? lo : z > top ? top : z;
    }
  },
  reads: readSameElement,
  lower({ shift, lo, bits, ends }, b, inputs, live) {
    const x = at(inputs, 0);
    return lowerLive(live, (i) => requantiseGadget(b, element(x, i), { shift, lo, bits, ends }));
  },
};

/** floor(x/2^shift + 1/2), for integers x with |x| < 2^53: exact, as scaling by a power of two loses nothing. */
export function rounded(x: number, shift: number): number {
  return shift === 0 ? x : Math.floor(x * 2 ** -shift + 0.5);
}
