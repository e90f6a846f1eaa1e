import { addConstant } from '../../../../circuits/lc.js';
import { ZkonnxError } from '../../../base/errors.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, readSameElement, type IrOp } from '../op.js';

export const table: IrOp<IrAttrs['table']> = {
  infer({ values, lo, name }, inputs, size) {
    const x = at(inputs, 0);
    const top = lo + values.length - 1;
    for (let i = 0; i < size; i++) {
      if (x.lo[i]! < lo || x.hi[i]! > top) {
        throw new ZkonnxError('BOUND_OVERFLOW', `table ${name} is read outside its domain`, {
          expected: `[${lo}, ${top}]`,
          got: `[${x.lo[i]}, ${x.hi[i]}] at element ${i}`,
        });
      }
    }
    const slice = (i: number) => values.subarray(x.lo[i]! - lo, x.hi[i]! - lo + 1);
    return {
      size,
      lo: Float64Array.from({ length: size }, (_, i) => slice(i).reduce((a, v) => Math.min(a, v), Infinity)),
      hi: Float64Array.from({ length: size }, (_, i) => slice(i).reduce((a, v) => Math.max(a, v), -Infinity)),
    };
  },
  evaluate({ values, lo }, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) out[i] = values[x[i]! - lo]!;
  },
  reads: readSameElement,
  lower({ values, lo, name }, b, inputs, live) {
    return lowerLive(live, (i) => b.table(addConstant(element(inputs[0], i), -lo), { name, values }));
  },
};
