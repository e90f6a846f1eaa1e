/** y = 1 where x ≥ 0 (x > 0 if `strict`), else 0. */
import { uniformBox } from '../box.js';
import type { RealOpOf, RealOpRecord } from '../op.js';

export const step: RealOpRecord<RealOpOf<'step'>> = {
  values: 'computed',
  evaluate({ strict }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) out[i] = x[i]! > 0 || (x[i] === 0 && !strict) ? 1 : 0;
  },
  interval(_op, inputs, size) {
    const box = uniformBox(size, 0, 1);
    inputs[0]!.lo.forEach((lo, i) => {
      if (lo > 0) box.lo[i] = 1;
      if (inputs[0]!.hi[i]! < 0) box.hi[i] = 0;
    });
    return box;
  },
};
