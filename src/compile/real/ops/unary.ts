/** y = fn(x); becomes a table. */
import type { RealOpOf, RealOpRecord } from '../op.js';
import { after } from '../unary.js';

export const unary: RealOpRecord<RealOpOf<'unary'>> = {
  values: 'computed',
  evaluate({ fn }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) out[i] = fn.apply(x[i]!);
  },
  asFunction: ({ fn }, args) => ({ fn: after(fn, args[0]!), free: false }),
  isTable: true,
};
