/** Maxima over windows: of integers as they are; of an accumulator before or after it is rounded, whichever costs fewer rows by the bounds. */
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
      const span = Math.log2(hi - lo + 1);
      const perRound = span + 5;
      const windows = start.length - 1;
      const maxima = index.length - windows;
      const distinct = new Set(index).size;
      const before = maxima * (span + 3) + windows * perRound;
      const after = distinct * perRound + maxima * (x.target.bits + 3);
      if (after < before) x = lane.requantise(x, x.target);
    }
    return { ...x, node: lane.emitter.emit('maxWindows', { start, index }, [x.node]) };
  },
  wants: (lane, node) => ({ target: lane.targetFor(node) }),
};
