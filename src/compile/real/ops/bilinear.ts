/** y[i] = Σ_k a[left[k]]·b[right[k]]: products of two computed tensors. */
import { emptyBox, ROUNDOFF, sumSlack, type Box } from '../box.js';
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
  interval({ start, left, right }, inputs, size) {
    const [a, b] = [inputs[0]!, inputs[1]!];
    const out = emptyBox(size);
    for (let i = 0; i < size; i++) {
      let [lo, hi, reach] = [0, 0, 0];
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        const [least, most] = productRange(a, left[k]!, b, right[k]!);
        lo += least;
        hi += most;
        reach += Math.max(Math.abs(least), Math.abs(most));
      }
      const slack = (sumSlack(start[i + 1]! - start[i]!) + ROUNDOFF) * reach;
      out.lo[i] = Number.isNaN(lo - slack) ? -Infinity : lo - slack;
      out.hi[i] = Number.isNaN(hi + slack) ? Infinity : hi + slack;
    }
    return out;
  },
  backward({ start, left, right }, inputs, grad, into) {
    const [a, b] = [inputs[0]!, inputs[1]!];
    const [toA, toB] = [into[0]!, into[1]!];
    for (let i = 0; i < grad.length; i++) {
      const g = grad[i]!;
      if (g === 0) continue;
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        toA[left[k]!]! += g * b[right[k]!]!;
        toB[right[k]!]! += g * a[left[k]!]!;
      }
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

/** The products of a_i and b_j; a square is not negative. */
function productRange(a: Box, i: number, b: Box, j: number): readonly [number, number] {
  const [aLo, aHi, bLo, bHi] = [a.lo[i]!, a.hi[i]!, b.lo[j]!, b.hi[j]!];
  const corners = [aLo * bLo, aLo * bHi, aHi * bLo, aHi * bHi];
  if (corners.some(Number.isNaN)) return [-Infinity, Infinity];
  const square = a === b && i === j;
  return [square && aLo <= 0 && aHi >= 0 ? 0 : Math.min(...corners), Math.max(...corners)];
}
