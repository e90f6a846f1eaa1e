/** Linear maps and movement: free in R1CS. Weights are constants of the combination that a consumer's row inlines. */
import { linearCombination } from '../../../circuits/lc.js';
import type { Lc } from '../../../circuits/builder.js';
import { ZkonnxError } from '../../base/errors.js';
import { accumulate } from '../real/linear-map.js';
import type { IrAttrs } from './graph.js';
import { at, element, lowerLive, type IrOp } from './op.js';

/** Integers up to this are exact in float64. */
export const EXACT = 2 ** 53;

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
        help: 'lower --bits, or declare a narrower --domain',
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

/** y[i] = concatenation(inputs)[index[i]], or `fill` where index[i] = −1. */
export const gather: IrOp<IrAttrs['gather']> = {
  infer({ index, fill }, inputs, size) {
    const lo = new Float64Array(size).fill(fill);
    const hi = new Float64Array(size).fill(fill);
    eachSource(index, inputs, (i, s, j) => {
      lo[i] = at(inputs, s).lo[j]!;
      hi[i] = at(inputs, s).hi[j]!;
    });
    return { size, lo, hi };
  },
  evaluate({ index, fill }, inputs, out) {
    if (inputs.length === 1) {
      const x = at(inputs, 0);
      for (let i = 0; i < out.length; i++) out[i] = index[i]! < 0 ? fill : x[index[i]!]!;
      return;
    }
    out.fill(fill);
    eachSource(
      index,
      inputs.map((x) => ({ size: x.length })),
      (i, s, j) => {
        out[i] = inputs[s]![j]!;
      },
    );
  },
  reads({ index }, live, reads) {
    eachSource(
      index,
      reads.map((mark) => ({ size: mark.length })),
      (i, s, j) => {
        if (live[i]) reads[s]![j] = 1;
      },
    );
  },
  lower({ index, fill }, _b, inputs, live) {
    const fillLc: Lc = { wires: [], coefs: [], constant: fill, lo: fill, hi: fill };
    const out = lowerLive(live, () => fillLc);
    eachSource(
      index,
      inputs.map((tensor) => ({ size: tensor.length })),
      (i, s, j) => {
        if (live[i]) out[i] = element(inputs[s], j);
      },
    );
    return out;
  },
};

/** Calls back with (output element, source, element of the source) for every index that is not a fill. */
function eachSource(
  index: Int32Array,
  sources: readonly { readonly size: number }[],
  visit: (i: number, source: number, j: number) => void,
): void {
  const starts: number[] = [];
  let total = 0;
  for (const { size } of sources) {
    starts.push(total);
    total += size;
  }
  for (let i = 0; i < index.length; i++) {
    const j = index[i]!;
    if (j < 0) continue;
    let s = sources.length - 1;
    while (j < starts[s]!) s--;
    visit(i, s, j - starts[s]!);
  }
}
