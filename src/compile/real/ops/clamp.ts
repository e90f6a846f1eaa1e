/** y = min(max(x, lo), hi); Relu is [0, ∞). */
import { boxOf, clampLines, emptyLines, setLines } from '../box.js';
import type { RealOpOf, RealOpRecord } from '../op.js';
import { after, clamp as clampTo } from '../unary.js';

export const clamp: RealOpRecord<RealOpOf<'clamp'>> = {
  values: 'computed',
  evaluate({ lo, hi }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) out[i] = Math.min(Math.max(x[i]!, lo), hi);
  },
  interval: ({ lo, hi }, inputs) =>
    boxOf(inputs[0]!, (least, most) => [Math.min(Math.max(least, lo), hi), Math.min(Math.max(most, lo), hi)]),
  lines({ lo, hi }, x) {
    if (!(lo < hi)) return undefined;
    const lines = emptyLines(x.lo.length);
    for (let i = 0; i < x.lo.length; i++) {
      const { low, high } = clampLines(x.lo[i]!, x.hi[i]!, lo, hi);
      setLines(lines, i, low, high);
    }
    return lines;
  },
  backward({ lo, hi }, inputs, grad, into) {
    const [x, to] = [inputs[0]!, into[0]!];
    for (let i = 0; i < grad.length; i++) if (x[i]! >= lo && x[i]! <= hi) to[i]! += grad[i]!;
  },
  isMonotone: () => true,
  asFunction: ({ lo, hi }, args) => ({ fn: after(clampTo(lo, hi), args[0]!), free: false }),
};
