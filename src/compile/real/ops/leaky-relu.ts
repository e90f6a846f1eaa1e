/** y = x where x ≥ 0, else slope·x; of PRelu with a slope for each element. */
import { boxOf, emptyLines, setLines, type Line } from '../box.js';
import type { RealOpOf, RealOpRecord } from '../op.js';
import { after, leakyRelu as leaky } from '../unary.js';

export const leakyRelu: RealOpRecord<RealOpOf<'leakyRelu'>> = {
  values: 'computed',
  evaluate({ slope }, inputs, out) {
    const x = inputs[0]!;
    const slopeOf = slopesOf(slope);
    for (let i = 0; i < out.length; i++) out[i] = value(slopeOf(i), x[i]!);
  },
  interval({ slope }, inputs) {
    const slopeOf = slopesOf(slope);
    return boxOf(inputs[0]!, (lo, hi, i) => {
      const [a, b] = [value(slopeOf(i), lo), value(slopeOf(i), hi)];
      const least = Math.min(a, b);
      return [lo < 0 && hi > 0 ? Math.min(least, 0) : least, Math.max(a, b)];
    });
  },
  /** The chord on one side, the steeper or the shallower branch on the other: y is convex where slope ≤ 1, concave beyond. */
  lines({ slope: slopes }, x) {
    const slopeOf = slopesOf(slopes);
    const lines = emptyLines(x.lo.length);
    for (let i = 0; i < x.lo.length; i++) {
      const slope = slopeOf(i);
      const [l, u] = [x.lo[i]!, x.hi[i]!];
      if (l >= 0) setLines(lines, i, [1, 0], [1, 0]);
      else if (u <= 0) setLines(lines, i, [slope, 0], [slope, 0]);
      else if (!Number.isFinite(u - l)) return undefined;
      else {
        const rise = (u - slope * l) / (u - l);
        const chord: Line = [rise, u - rise * u];
        const branch: Line = [u > -l ? 1 : slope, 0];
        if (slope <= 1) setLines(lines, i, branch, chord);
        else setLines(lines, i, chord, branch);
      }
    }
    return lines;
  },
  backward({ slope }, inputs, grad, into) {
    const [x, to, slopeOf] = [inputs[0]!, into[0]!, slopesOf(slope)];
    for (let i = 0; i < grad.length; i++) to[i]! += x[i]! >= 0 ? grad[i]! : slopeOf(i) * grad[i]!;
  },
  isFinite: ({ slope }) => (typeof slope === 'number' ? Number.isFinite(slope) : slope.every(Number.isFinite)),
  // With a slope for each element it is no function of one variable.
  isMonotone: ({ slope }) => typeof slope === 'number' && slope >= 0,
  asFunction({ slope }, args) {
    return typeof slope === 'number' ? { fn: after(leaky(slope), args[0]!), free: false } : undefined;
  },
  isWide: true,
};

/** The slope of each element. */
export function slopesOf(slope: number | Float64Array): (i: number) => number {
  return typeof slope === 'number' ? () => slope : (i) => slope[i]!;
}

function value(slope: number, x: number): number {
  return x >= 0 ? x : slope * x;
}
