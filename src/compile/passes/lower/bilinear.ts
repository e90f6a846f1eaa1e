/** Sums of products of two computed tensors: of integers exact, of others narrowed to b bits before. */
import type { RealOpOf } from '../../real/op.js';
import { isWhole, moved, wholeTensor, type ExactLane } from '../exact.js';
import type { Lowering, NodeOf } from '../lowering.js';
import { signedTarget, type Quantised } from '../scales.js';

type Bilinear = RealOpOf<'bilinear'>;

export const bilinear: Lowering<Bilinear> = {
  exact(lane, node) {
    if (!isWhole(node)) return undefined;
    const [a, b] = node.inputs.map((name) => wholeTensor(lane, name));
    return a && b && product(lane, node, moved(lane, a, 1, 0), moved(lane, b, 1, 0));
  },
  calibrated(lane, node) {
    const [left, right] = node.inputs as [string, string];
    const result = product(lane, node, lane.symmetric(left), lane.symmetric(right));
    return isWhole(node) ? result : { ...result, target: signedTarget(lane.stats(node.name), lane.bitsOf(node)) };
  },
};

function product({ emitter }: ExactLane, { op }: NodeOf<Bilinear>, a: Quantised, b: Quantised): Quantised {
  const { start, left, right, shape } = op;
  const attrs = { start, left, right, ...(shape === undefined ? {} : { shape }) };
  return { node: emitter.emit('bilinear', attrs, [a.node, b.node]), scale: a.scale * b.scale, offset: 0 };
}
