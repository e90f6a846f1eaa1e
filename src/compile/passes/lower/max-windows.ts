/** Maxima over windows: of integers as they are; of an accumulator before or after it is rounded, as the protocol's pools go. */
import type { RealOpOf } from '../../real/op.js';
import { isWhole, wholeTensor } from '../exact.js';
import type { Lowering } from '../lowering.js';

export const maxWindows: Lowering<RealOpOf<'maxWindows'>> = {
  exact(lane, node) {
    const x = isWhole(node) ? wholeTensor(lane, node.inputs[0]!) : undefined;
    if (x === undefined) return undefined;
    const { start, index } = node.op;
    return { ...x, node: lane.emitter.emit('maxWindows', { start, index }, [x.node]) };
  },
  calibrated(lane, node) {
    const { start, index } = node.op;
    const source = node.inputs[0]!;
    let x = lane.tensor(source);
    if (x.target !== undefined && x.shift !== undefined && lane.readers(source) === 1) {
      const { lo, hi } = lane.emitter.bounds(x.node);
      const windows = start.length - 1;
      const cost = {
        bits: { accumulator: Math.log2(hi - lo + 1), target: x.target.bits },
        windows,
        elements: new Set(index).size,
        maxima: index.length - windows,
      };
      if (lane.poolOrder.roundsFirst(cost)) x = lane.requantise(x, x.target);
    }
    return { ...x, node: lane.emitter.emit('maxWindows', { start, index }, [x.node]) };
  },
  wants: (lane, node) => ({ target: lane.targetFor(node) }),
};
