/** Sums of products of two computed tensors: of integers exact, of others narrowed to b bits before. */
import type { RealOpOf } from '../../real/op.js';
import { EXACT } from '../../ir/op.js';
import { isWhole, moved, wholeTensor, type ExactLane } from '../exact.js';
import type { CalibratedLane, Lowering, NodeOf } from '../lowering.js';
import { signedTarget, type Quantised, type Target } from '../scales.js';

type Bilinear = RealOpOf<'bilinear'>;

export const bilinear: Lowering<Bilinear> = {
  exact(lane, node) {
    if (!isWhole(node)) return undefined;
    const [a, b] = node.inputs.map((name) => wholeTensor(lane, name));
    return a && b && product(lane, node, moved(lane, a, 1, 0), moved(lane, b, 1, 0));
  },
  calibrated(lane, node) {
    const [left, right] = node.inputs as [string, string];
    const factors = lane.magnitudes.isWantedBy(node) ? wholeFactors(lane, node) : undefined;
    if (factors !== undefined) return { ...product(lane, node, ...factors), target: ownTarget(lane, node) };
    const result = product(lane, node, lane.symmetric(left), lane.symmetric(right));
    return isWhole(node) ? result : { ...result, target: ownTarget(lane, node) };
  },
};

const ownTarget = (lane: CalibratedLane, node: NodeOf<Bilinear>): Target =>
  signedTarget(lane.stats(node.name), lane.bitsOf(node));

/** Both factors over all that they are proven to be; undefined where the sums would leave the exact integers. */
function wholeFactors(lane: CalibratedLane, node: NodeOf<Bilinear>): [Quantised, Quantised] | undefined {
  const [left, right] = node.inputs.map((name) => lane.magnitudes.factor(lane, name)) as [Quantised, Quantised];
  const [a, b] = [left, right].map(({ node: name }) => {
    const { lo, hi } = lane.emitter.bounds(name);
    return Math.max(-lo, hi);
  }) as [number, number];
  const { start } = node.op;
  const longest = start.reduce((most, end, i) => (i === 0 ? 0 : Math.max(most, end - start[i - 1]!)), 0);
  return a * b * longest < EXACT ? [left, right] : undefined;
}

function product({ emitter }: ExactLane, { op }: NodeOf<Bilinear>, a: Quantised, b: Quantised): Quantised {
  const { start, left, right, shape } = op;
  const attrs = { start, left, right, ...(shape === undefined ? {} : { shape }) };
  return { node: emitter.emit('bilinear', attrs, [a.node, b.node]), scale: a.scale * b.scale, offset: 0 };
}
