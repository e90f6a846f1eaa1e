/** Softmax, or its logarithm, over each group of elements. */
import { emptyBox, ROUNDOFF, type Box } from '../box.js';
import type { AxisGroups, EmptyRow } from '../graph.js';
import type { RealOpOf, RealOpRecord } from '../op.js';

export const softmax: RealOpRecord<RealOpOf<'softmax'>> = {
  values: 'computed',
  evaluate({ groups, log, empty = 'none' }, inputs, out) {
    const [x, keep] = inputs as [Float64Array, Float64Array?];
    if (keep !== undefined) {
      masked(groups, empty, x, keep, out);
      return;
    }
    const { base, size, stride } = groups;
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
    const [x, keep] = inputs as [Box, Box?];
    // Which elements a row keeps is not followed: a part of a whole is between none of it and all.
    if (keep !== undefined) return { lo: new Float64Array(count), hi: new Float64Array(count).fill(1) };
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
  /** Softmax: y_i·(g_i − Σ_j g_j·y_j); its logarithm: g_i − y_i·Σ_j g_j, where y_i is the softmax. A mask has no gradient, and a row it empties none. */
  backward({ groups: { base, size, stride }, log }, inputs, grad, into) {
    const [x, keep, to] = [inputs[0]!, inputs[1], into[0]!];
    const weight = (i: number, top: number): number => (keep?.[i] === 0 ? 0 : Math.exp(x[i]! - top));
    for (const first of base) {
      const end = first + size * stride;
      let top = -Infinity;
      for (let i = first; i < end; i += stride) top = Math.max(top, x[i]!);
      let [sum, dot, total] = [0, 0, 0];
      for (let i = first; i < end; i += stride) {
        const e = weight(i, top);
        sum += e;
        dot += e * grad[i]!;
        total += grad[i]!;
      }
      for (let i = first; i < end; i += stride) {
        const y = sum === 0 ? 0 : weight(i, top) / sum;
        to[i]! += log ? grad[i]! - y * total : y * (grad[i]! - dot / sum);
      }
    }
  },
  forReader: ({ groups, log }) => ({ apply: log ? 'logSoftmax' : 'softmax', groups }),
};

/** What a group that keeps nothing weighs its elements by; of NaN the group's values are none. */
const EMPTY_WEIGHT: { readonly [E in EmptyRow]: (distance: number) => number } = {
  none: () => NaN,
  uniform: () => 1,
  scores: Math.exp,
};

function masked(
  { base, size, stride }: AxisGroups,
  empty: EmptyRow,
  x: Float64Array,
  keep: Float64Array,
  out: Float64Array,
): void {
  for (const first of base) {
    const group = Array.from({ length: size }, (_, j) => first + j * stride);
    const kept = group.filter((i) => keep[i] !== 0);
    const top = (kept.length === 0 ? group : kept).reduce((max, i) => Math.max(max, x[i]!), -Infinity);
    const weight = kept.length === 0 ? EMPTY_WEIGHT[empty] : Math.exp;
    for (const i of group) out[i] = kept.length === 0 || keep[i] !== 0 ? weight(x[i]! - top) : 0;
    const sum = group.reduce((total, i) => total + out[i]!, 0);
    for (const i of group) out[i]! /= sum;
  }
}

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
