/** y = bias + Σ maps[s](inputs[s]): every linear ONNX operator. */
import { affineBox } from '../box.js';
import { after, affine, sumOf } from '../unary.js';
import { accumulate } from '../accumulate.js';
import { accumulateTransposed, coefficientsOf, uniformFactor } from '../linear-map.js';
import type { RealOpOf, RealOpRecord } from '../op.js';

export const linear: RealOpRecord<RealOpOf<'linear'>> = {
  values: 'computed',
  evaluate({ maps, bias }, inputs, out) {
    out.set(bias);
    maps.forEach((map, s) => {
      accumulate(map, inputs[s]!, out);
    });
  },
  interval: (op, inputs) => affineBox(op, inputs),
  backward({ maps }, _inputs, grad, into) {
    maps.forEach((map, s) => {
      accumulateTransposed(map, grad, into[s]!);
    });
  },
  isFinite: ({ maps, bias }) =>
    bias.every(Number.isFinite) && maps.every((map) => coefficientsOf(map).every(Number.isFinite)),
  affine: (op) => op,
  /** Where it is offset + Σ factors[s]·x_s, element by element. */
  asFunction({ maps, bias }, args) {
    const factors = maps.map(uniformFactor);
    const offset = bias[0] ?? 0;
    if (factors.includes(undefined) || bias.some((value) => value !== offset)) return undefined;
    const known = factors as number[];
    const fn = known.length === 1 ? after(affine(known[0]!, offset), args[0]!) : sumOf(args, known, offset);
    return { fn, free: true };
  },
};
