/** A model input: the integers of its domain. */
import type { RealOpOf } from '../../real/op.js';
import { isTruth, isWhole, type ExactLane } from '../exact.js';
import type { Lowering, NodeOf } from '../lowering.js';
import type { Quantised } from '../scales.js';

type Input = RealOpOf<'input'>;

export const input: Lowering<Input> = {
  exact: (lane, node) =>
    (isWhole(node) || isTruth(node)) && lane.domain(node.name).scale === 1 ? bound(lane, node) : undefined,
  calibrated: bound,
};

function bound(lane: ExactLane, node: NodeOf<Input>): Quantised {
  const { bits, scale, zeroPoint } = lane.domain(node.name);
  return { node: lane.emitter.emit('input', { lo: 0, hi: 2 ** bits - 1 }, []), scale, offset: -zeroPoint * scale };
}
