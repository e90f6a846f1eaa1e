import type { Lc } from '../../../../circuits/builder.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, type IrOp } from '../op.js';

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
