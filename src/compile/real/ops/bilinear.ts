/** y[i] = Σ_k a[left[k]]·b[right[k]]: products of two computed tensors. */
import type { RealOpOf, RealOpRecord } from '../op.js';
import { productOf } from '../unary.js';

export const bilinear: RealOpRecord<RealOpOf<'bilinear'>> = {
  values: 'computed',
  evaluate({ start, left, right }, inputs, out) {
    const [a, b] = [inputs[0]!, inputs[1]!];
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (let k = start[i]!; k < start[i + 1]!; k++) sum += a[left[k]!]! * b[right[k]!]!;
      out[i] = sum;
    }
  },
  /** Where it is a[i]·b[i]. */
  asFunction({ start, left, right }, args) {
    const plain = [left, right].every((index) => index.every((j, i) => j === i));
    const single = start.every((first, i) => first === i);
    return plain && single ? { fn: productOf(args[0]!, args[1]!), free: false } : undefined;
  },
  isWide: true,
};
