import type { Lc } from '../../../../circuits/builder.js';
import { linearCombination } from '../../../../circuits/lc.js';
import { ZkonnxError } from '../../../base/errors.js';
import { accumulate } from '../../real/accumulate.js';
import type { IrAttrs } from '../graph.js';
import { at, element, EXACT, lowerLive, type IrOp } from '../op.js';

/** y = bias + Σ_s maps[s](x_s). */
export const linear: IrOp<IrAttrs['linear']> = {
  infer({ maps, bias }, inputs, size) {
    const lo = Float64Array.from(bias);
    const hi = Float64Array.from(bias);
    const reach = Float64Array.from(bias, Math.abs);
    maps.forEach((map, s) => {
      const fact = at(inputs, s);
      for (let i = 0; i < size; i++) {
        const p = map.rowPattern[i]!;
        const base = map.rowBase[i]!;
        for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++) {
          const coef = map.patCoef[k]!;
          const j = base + map.patOffset[k]!;
          const [a, b] = [coef * fact.lo[j]!, coef * fact.hi[j]!];
          lo[i]! += Math.min(a, b);
          hi[i]! += Math.max(a, b);
          reach[i]! += Math.max(Math.abs(a), Math.abs(b));
        }
      }
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
      for (let i = 0; i < live.length; i++) {
        if (!live[i]) continue;
        const p = map.rowPattern[i]!;
        for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++) mark[map.rowBase[i]! + map.patOffset[k]!] = 1;
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
