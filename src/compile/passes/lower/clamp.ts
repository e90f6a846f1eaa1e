/** Clamps, ReLU among them: one requantisation to a target that ends where the clamp does; of integers two exact positive parts. */
import type { RealOpOf } from '../../real/op.js';
import { exactConstant, isWhole, isWithin, moved, wholeTensor, type ExactLane } from '../exact.js';
import type { Lowering } from '../lowering.js';
import { targetOf, type Quantised } from '../scales.js';
import { sizeOf } from '../../real/graph.js';
import { roundedConstant } from './constant.js';

export const clamp: Lowering<RealOpOf<'clamp'>> = {
  exact(lane, node) {
    const { lo, hi } = node.op;
    const x = isWhole(node) ? wholeTensor(lane, node.inputs[0]!) : undefined;
    if (x === undefined || ![lo, hi].every((end) => Number.isInteger(end) || Math.abs(end) === Infinity))
      return undefined;
    // ONNX's Clip is min(max(x, lo), hi).
    if (lo >= hi) return exactConstant(lane.emitter, new Float64Array(sizeOf(node)).fill(hi));
    return atMost(lane, atLeast(lane, x, lo), hi);
  },
  calibrated(lane, node) {
    const { lo, hi } = node.op;
    if (lo >= hi) return roundedConstant(lane.emitter, new Float64Array(sizeOf(node)).fill(hi));
    const x = lane.tensor(node.inputs[0]!);
    const target = targetOf(lane.stats(node.name), lane.bitsOf(node), { lo, hi });
    const { lo: xLo, hi: xHi } = lane.emitter.bounds(x.node);
    // Already rounded to the target by a pool that found it cheaper: nothing left to do.
    if (x.target === undefined && x.scale === target.scale && xLo >= target.lo && xHi < target.lo + 2 ** target.bits)
      return x;
    return lane.requantise(x, target, node.name);
  },
  wants: (lane, node) => ({ target: targetOf(lane.stats(node.name), lane.bitsOf(node), node.op) }),
};

/** max(x, lo) = lo + max(x − lo, 0). */
function atLeast(lane: ExactLane, x: Quantised, lo: number): Quantised {
  if (isWithin(lane.emitter.fact(x.node), lo - x.offset, Infinity)) return x;
  return { node: positivePart(lane, moved(lane, x, 1, -lo)), scale: 1, offset: lo };
}

/** min(x, hi) = hi − max(hi − x, 0). */
function atMost(lane: ExactLane, x: Quantised, hi: number): Quantised {
  if (isWithin(lane.emitter.fact(x.node), -Infinity, hi - x.offset)) return x;
  const excess = { node: positivePart(lane, moved(lane, x, -1, hi)), scale: 1, offset: 0 };
  return moved(lane, excess, -1, hi);
}

function positivePart({ emitter }: ExactLane, x: Quantised): string {
  return emitter.emit('positive', {}, [x.node]);
}
