/** LeakyRelu: slope·x + (1 − slope)·max(x, 0) on the raw accumulator, with a slope as precise as weights are. */
import { scalarMap } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import type { Lowering } from '../lowering.js';
import { signedTarget } from '../scales.js';
import { sizeOf } from '../../real/graph.js';

/** Rounding the slope moves no value by more than a part in 2^12 of a negative one, or of the largest of all. */
const SLOPE_BITS = 12;
const MAX_SLOPE_BITS = 20;

/** Fractional bits of a slope: none more than it has. */
function slopeBits(slope: number): number {
  if (slope === 0) return 0;
  const wanted = Math.min(MAX_SLOPE_BITS, Math.max(0, Math.ceil(SLOPE_BITS - Math.log2(Math.abs(slope)))));
  let bits = 0;
  while (bits < wanted && !Number.isInteger(slope * 2 ** bits)) bits++;
  return bits;
}

export const leakyRelu: Lowering<RealOpOf<'leakyRelu'>> = {
  calibrated(lane, node) {
    const [source] = node.inputs as [string];
    const own = lane.tensor(source);
    const x = own.offset === 0 ? own : lane.symmetric(source);
    const positive = lane.emitter.emit('positive', {}, [x.node], { name: `${node.name}.positive` });
    const fine = slopeBits(node.op.slope);
    const alpha = Math.round(node.op.slope * 2 ** fine);
    const size = sizeOf(node);
    const maps = [alpha, 2 ** fine - alpha].map((coef) => scalarMap(size, coef));
    const raw = lane.emitter.emit('linear', { maps, bias: new Float64Array(size) }, [x.node, positive]);
    const scale = x.scale * 2 ** -fine;
    const target = signedTarget(lane.stats(node.name), lane.bitsOf(node));
    const exact = x.target?.scale === target.scale && x.shift !== undefined;
    return { node: raw, scale, offset: 0, target, ...(exact ? { shift: x.shift + fine } : {}) };
  },
  wants: (lane, node) => ({ target: signedTarget(lane.stats(node.name), lane.bitsOf(node)) }),
};
