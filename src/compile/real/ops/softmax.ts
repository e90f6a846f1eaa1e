/** Softmax, or its logarithm, over each group of elements. */
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
