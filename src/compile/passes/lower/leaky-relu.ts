/** LeakyRelu and PRelu: slope·x + (1 − slope)·max(x, 0) on the raw accumulator, with slopes as precise as weights are. */
import { scalarMap, scaleRows } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import { slopesOf } from '../../real/ops/leaky-relu.js';
import type { Lowering } from '../lowering.js';
import { signedTarget } from '../scales.js';
import { sizeOf } from '../../real/graph.js';

/**
 * Rounding a slope moves a value slope·x by at most 2^−13 of itself, where 20 bits are enough for that, and else (|slope| < 2^−8) by at most
 * 2^−21 of x. All slopes of a node have the bits of the one that needs most.
 */
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
    const { slope } = node.op;
    const slopeOf = slopesOf(slope);
    const slopes = new Set(typeof slope === 'number' ? [slope] : slope);
    const fine = [...slopes].reduce((most, each) => Math.max(most, slopeBits(each)), 0);
    const alpha = (i: number): number => Math.round(slopeOf(i) * 2 ** fine);
    const size = sizeOf(node);
    const map = (coef: (i: number) => number) => scaleRows(scalarMap(size, 1), coef);
    const maps = [map(alpha), map((i) => 2 ** fine - alpha(i))];
    const raw = lane.emitter.emit('linear', { maps, bias: new Float64Array(size) }, [x.node, positive]);
    const scale = x.scale * 2 ** -fine;
    const target = signedTarget(lane.stats(node.name), lane.bitsOf(node));
    const exact = x.target?.scale === target.scale && x.shift !== undefined;
    return { node: raw, scale, offset: 0, target, ...(exact ? { shift: x.shift + fine } : {}) };
  },
  wants: (lane, node) => ({ target: signedTarget(lane.stats(node.name), lane.bitsOf(node)) }),
};
