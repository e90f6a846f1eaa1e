/** y = x where x ≥ 0, else slope·x. */
import type { RealOpOf, RealOpRecord } from '../op.js';
import { after, leakyRelu as leaky } from '../unary.js';

export const leakyRelu: RealOpRecord<RealOpOf<'leakyRelu'>> = {
  values: 'computed',
  evaluate({ slope }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) out[i] = x[i]! >= 0 ? x[i]! : slope * x[i]!;
  },
  isMonotone: ({ slope }) => slope >= 0,
  asFunction: ({ slope }, args) => ({ fn: after(leaky(slope), args[0]!), free: false }),
  isWide: true,
};
