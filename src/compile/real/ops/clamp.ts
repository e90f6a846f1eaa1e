/** y = min(max(x, lo), hi); Relu is [0, ∞). */
import type { RealOpOf, RealOpRecord } from '../op.js';
import { after, clamp as clampTo } from '../unary.js';

export const clamp: RealOpRecord<RealOpOf<'clamp'>> = {
  values: 'computed',
  evaluate({ lo, hi }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) out[i] = Math.min(Math.max(x[i]!, lo), hi);
  },
  isMonotone: () => true,
  asFunction: ({ lo, hi }, args) => ({ fn: after(clampTo(lo, hi), args[0]!), free: false }),
};
