/** Softmax, or its logarithm, over each group of elements. */
import { emptyBox, ROUNDOFF, type Box } from '../box.js';
import type { RealOpOf, RealOpRecord } from '../op.js';

export const softmax: RealOpRecord<RealOpOf<'softmax'>> = {
  values: 'computed',
  evaluate({ groups: { base, size, stride }, log }, inputs, out) {
    const x = inputs[0]!;
    for (const first of base) {
      const end = first + size * stride;
      let top = -Infinity;
      for (let i = first; i < end; i += stride) top = Math.max(top, x[i]!);
      let sum = 0;
      for (let i = first; i < end; i += stride) sum += Math.exp(x[i]! - top);
      const logSum = Math.log(sum);
      for (let i = first; i < end; i += stride) out[i] = log ? x[i]! - top - logSum : Math.exp(x[i]! - top) / sum;
    }
  },
  interval({ groups: { base, size, stride }, log }, inputs, count) {
    const x = inputs[0]!;
    const out = emptyBox(count);
    for (const first of base) {
      const end = first + size * stride;
      for (let i = first; i < end; i += stride) {
        // −log Σ_j e^(x_j − x_i): least where x_i is low and the others are high, and the other way round.
        const lo = -logSum(x, { first, end, stride, i }, 'lo', 'hi') - SOFTMAX_SLACK;
        const hi = Math.min(0, -logSum(x, { first, end, stride, i }, 'hi', 'lo') + SOFTMAX_SLACK);
        out.lo[i] = log ? lo * (1 + SOFTMAX_SLACK) : Math.max(0, Math.exp(lo) * (1 - SOFTMAX_SLACK));
        out.hi[i] = log ? hi : Math.min(1, Math.exp(hi) * (1 + SOFTMAX_SLACK));
      }
    }
    return out;
  },
  /** Softmax: y_i·(g_i − Σ_j g_j·y_j); its logarithm: g_i − y_i·Σ_j g_j, where y_i is the softmax. */
  backward({ groups: { base, size, stride }, log }, inputs, grad, into) {
    const [x, to] = [inputs[0]!, into[0]!];
    for (const first of base) {
      const end = first + size * stride;
      let top = -Infinity;
      for (let i = first; i < end; i += stride) top = Math.max(top, x[i]!);
      let [sum, dot, total] = [0, 0, 0];
      for (let i = first; i < end; i += stride) {
        const e = Math.exp(x[i]! - top);
        sum += e;
        dot += e * grad[i]!;
        total += grad[i]!;
      }
      for (let i = first; i < end; i += stride) {
        const y = Math.exp(x[i]! - top) / sum;
        to[i]! += log ? grad[i]! - y * total : y * (grad[i]! - dot / sum);
      }
    }
  },
  forReader: ({ groups, log }) => ({ apply: log ? 'logSoftmax' : 'softmax', groups }),
};

/** More than exp, log and a sum of 2^20 terms of one sign lose. */
const SOFTMAX_SLACK = 2 ** 24 * ROUNDOFF;

/** log Σ_j e^(x_j − x_i) with x_i at the one end and the other elements of its group at the other; 0 where nothing is known of them. */
function logSum(
  x: Box,
  {
    first,
    end,
    stride,
    i,
  }: { readonly first: number; readonly end: number; readonly stride: number; readonly i: number },
  own: keyof Box,
  others: keyof Box,
): number {
  const at = x[own][i]!;
  let top = 0;
  for (let j = first; j < end; j += stride) if (j !== i) top = Math.max(top, x[others][j]! - at);
  if (!Number.isFinite(top)) return own === 'lo' ? Infinity : 0;
  let sum = Math.exp(-top);
  for (let j = first; j < end; j += stride) if (j !== i) sum += Math.exp(x[others][j]! - at - top);
  return Number.isNaN(sum) ? (own === 'lo' ? Infinity : 0) : top + Math.log(sum);
}
