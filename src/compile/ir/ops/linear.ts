import type { Lc } from '../../../../circuits/builder.js';
import { linearCombination } from '../../../../circuits/lc.js';
import { ZkonnxError } from '../../../base/errors.js';
import { accumulate } from '../../real/accumulate.js';
import { addIntervals } from '../../real/integer-intervals.js';
import { rowsOf } from '../../real/linear-map.js';
import type { IrAttrs } from '../graph.js';
import { at, element, EXACT, lowerLive, type IrOp } from '../op.js';

/** y = bias + Σ_s maps[s](x_s). */
export const linear: IrOp<IrAttrs['linear']> = {
  infer({ maps, bias }, inputs, size) {
    const lo = Float64Array.from(bias);
    const hi = Float64Array.from(bias);
    const reach = Float64Array.from(bias, Math.abs);
    maps.forEach((map, s) => {
      addIntervals(map, at(inputs, s), { lo, hi, reach });
    });
    const worst = reach.reduce((max, value) => Math.max(max, value), 0);
    if (worst >= EXACT) {
      throw new ZkonnxError('BOUND_OVERFLOW', 'an accumulator may leave the range of exact integers', {
        expected: 'sum of |coefficient|·|bound| below 2^53',
        got: `2^${Math.log2(worst).toFixed(1)}`,
      });
    }
    return { size, lo, hi };
  },
  evaluate({ maps, bias }, inputs, out) {
    out.set(bias);
    maps.forEach((map, s) => accumulate(map, at(inputs, s), out));
  },
  reads({ maps }, live, reads) {
    maps.forEach((map, s) => {
      const mark = at(reads, s);
      const { rowClass, rowBase, start, offset } = rowsOf(map);
      for (let i = 0; i < live.length; i++) {
        if (!live[i]) continue;
        const [base, c] = [rowBase[i]!, rowClass[i]!];
        for (let k = start[c]!; k < start[c + 1]!; k++) mark[base + offset[k]!] = 1;
      }
    });
  },
  lower({ maps, bias }, _b, inputs, live) {
    return lowerLive(live, (i) => {
      const terms: Lc[] = [];
      const coefs: number[] = [];
      maps.forEach((map, s) => {
        const p = map.rowPattern[i]!;
        for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++) {
          terms.push(element(inputs[s], map.rowBase[i]! + map.patOffset[k]!));
          coefs.push(map.patCoef[k]!);
        }
      });
      return linearCombination(terms, coefs, bias[i]!);
    });
  },
};
