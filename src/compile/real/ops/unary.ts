/** y = fn(x); becomes a table. */
import { boxOf, emptyLines, setLines } from '../box.js';
import type { RealOpOf, RealOpRecord } from '../op.js';
import { functionLines, imageOf } from '../image.js';
import { after } from '../unary.js';

export const unary: RealOpRecord<RealOpOf<'unary'>> = {
  values: 'computed',
  evaluate({ fn }, inputs, out) {
    const x = inputs[0]!;
    for (let i = 0; i < out.length; i++) out[i] = fn.apply(x[i]!);
  },
  interval: ({ fn }, inputs) => boxOf(inputs[0]!, (lo, hi) => imageOf(fn, lo, hi)),
  lines({ fn }, x) {
    const lines = emptyLines(x.lo.length);
    for (let i = 0; i < x.lo.length; i++) {
      const [low, high] = functionLines(fn, x.lo[i]!, x.hi[i]!);
      setLines(lines, i, low, high);
    }
    return lines;
  },
  backward({ fn }, inputs, grad, into) {
    const [x, to] = [inputs[0]!, into[0]!];
    for (let i = 0; i < grad.length; i++) {
      if (grad[i] === 0) continue;
      const h = 1e-5 * Math.max(1, Math.abs(x[i]!));
      const slope = (fn.apply(x[i]! + h) - fn.apply(x[i]! - h)) / (2 * h);
      if (Number.isFinite(slope)) to[i]! += slope * grad[i]!;
    }
  },
  asFunction: ({ fn }, args) => ({ fn: after(fn, args[0]!), free: false }),
  isTable: true,
};
