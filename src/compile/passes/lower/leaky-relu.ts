/** LeakyRelu: slope·x + (1 − slope)·max(x, 0) with a slope of 8 bits, on the raw accumulator. */
import { scalarMap } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import type { Lowering } from '../lowering.js';
import { signedTarget } from '../scales.js';
import { sizeOf } from '../simplify.js';

const SLOPE_BITS = 8;

export const leakyRelu: Lowering<RealOpOf<'leakyRelu'>> = {
  calibrated(lane, node) {
    const [source] = node.inputs as [string];
    const own = lane.tensor(source);
    const x = own.offset === 0 ? own : lane.symmetric(source);
    const positive = lane.emitter.emit('positive', {}, [x.node], { name: `${node.name}.positive` });
    const alpha = Math.round(node.op.slope * 2 ** SLOPE_BITS);
    const size = sizeOf(node);
    const maps = [alpha, 2 ** SLOPE_BITS - alpha].map((coef) => scalarMap(size, coef));
    const raw = lane.emitter.emit('linear', { maps, bias: new Float64Array(size) }, [x.node, positive]);
    const scale = x.scale * 2 ** -SLOPE_BITS;
    const target = signedTarget(lane.stats(node.name), lane.bitsOf(node));
    const exact = x.target?.scale === target.scale && x.shift !== undefined;
    return { node: raw, scale, offset: 0, target, ...(exact ? { shift: x.shift + SLOPE_BITS } : {}) };
  },
  wants: (lane, node) => ({ target: signedTarget(lane.stats(node.name), lane.bitsOf(node)) }),
};
