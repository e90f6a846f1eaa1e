/** A tensor known at compile time. */
import type { RealOpOf, RealOpRecord } from '../op.js';

export const constant: RealOpRecord<RealOpOf<'constant'>> = {
  values: 'known',
  evaluate({ values }, _inputs, out) {
    out.set(values);
  },
  interval: ({ values }) => ({ lo: values, hi: values }),
  affine: ({ values }) => ({ maps: [], bias: values }),
  inlines: () => true,
};
