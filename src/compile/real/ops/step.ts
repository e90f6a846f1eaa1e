/** y = 1 where x ≥ 0 (x > 0 if `strict`), else 0. */
import type { RealOpOf, RealOpRecord } from '../op.js';

export const step: RealOpRecord<RealOpOf<'step'>> = {
  values: 'computed',
  evaluate({ strict }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) out[i] = x[i]! > 0 || (x[i] === 0 && !strict) ? 1 : 0;
  },
};
