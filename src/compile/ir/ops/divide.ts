import { ZkonnxError } from '../../../base/errors.js';
import type { IrAttrs } from '../graph.js';
import { at, element, EXACT, lowerLive, type IrOp } from '../op.js';

export const divide: IrOp<IrAttrs['divide']> = {
  infer({ shift }, inputs, size) {
    const [n, d] = [at(inputs, 0), at(inputs, 1)];
    const quotient = (a: number, by: number) => Math.floor((a * 2 ** shift) / by);
    for (let i = 0; i < size; i++) {
      if (n.lo[i]! < 0 || d.lo[i]! < 1 || n.hi[i]! * 2 ** shift >= EXACT) {
        throw new ZkonnxError('BOUND_OVERFLOW', 'a division leaves its domain', {
          expected: 'numerator ≥ 0, numerator·2^shift < 2^53, denominator ≥ 1',
          got: `numerator [${n.lo[i]}, ${n.hi[i]}], shift ${shift}, denominator from ${d.lo[i]}`,
        });
      }
    }
    return {
      size,
      lo: n.lo.map((v, i) => quotient(v, d.hi[i]!)),
      hi: n.hi.map((v, i) => quotient(v, d.lo[i]!)),
    };
  },
  evaluate({ shift }, inputs, out) {
    const [n, d] = [at(inputs, 0), at(inputs, 1)];
    for (let i = 0; i < out.length; i++) {
      const scaled = n[i]! * 2 ** shift;
      // The remainder is exact in float64, so the quotient is too; dividing first could round up across an integer.
      out[i] = (scaled - (scaled % d[i]!)) / d[i]!;
    }
  },
  reads(_attrs, live, reads) {
    for (const mark of reads) for (let i = 0; i < live.length; i++) if (live[i]) mark[i] = 1;
  },
  lower({ shift }, b, inputs, live) {
    return lowerLive(live, (i) => {
      const n = element(inputs[0], i);
      const factor = 2 ** shift;
      const scaled = {
        wires: n.wires,
        coefs: Array.from(n.coefs, (coef) => coef * factor),
        constant: n.constant * factor,
        lo: n.lo * factor,
        hi: n.hi * factor,
      };
      return b.divide(scaled, element(inputs[1], i)).quotient;
    });
  },
};
