/** Movement: y[i] = concatenation(inputs)[index[i]], or `fill` where index[i] = −1. */
import { emptyBox } from '../box.js';
import { gatherAffine } from '../affine.js';
import type { RealOpOf, RealOpRecord } from '../op.js';

export const gather: RealOpRecord<RealOpOf<'gather'>> = {
  values: 'computed',
  evaluate({ index, fill }, inputs, out) {
    const x = inputs.length === 1 ? inputs[0]! : concatenation(inputs);
    for (let i = 0; i < out.length; i++) out[i] = index[i]! < 0 ? fill : x[index[i]!]!;
  },
  interval({ index, fill }, inputs, size) {
    const [lo, hi] = [concatenation(inputs.map((x) => x.lo)), concatenation(inputs.map((x) => x.hi))];
    const out = emptyBox(size);
    for (let i = 0; i < size; i++) {
      out.lo[i] = index[i]! < 0 ? fill : lo[index[i]!]!;
      out.hi[i] = index[i]! < 0 ? fill : hi[index[i]!]!;
    }
    return out;
  },
  backward({ index }, inputs, grad, into) {
    const starts = inputs.map((_, s) => inputs.slice(0, s).reduce((total, { length }) => total + length, 0));
    for (let i = 0; i < grad.length; i++) {
      if (index[i]! < 0) continue;
      const s = starts.findLastIndex((first) => first <= index[i]!);
      into[s]![index[i]! - starts[s]!]! += grad[i]!;
    }
  },
  below: ({ fill }, inputs) => (inputs.length === 1 && fill === 0 ? inputs[0] : undefined),
  isIdentity: ({ index }, size) => index.length === size && index.every((j, i) => j === i),
  affine: ({ index, fill }, sizes) => gatherAffine(sizes, index, fill),
  inlines: (inputs) => inputs > 1,
};

function concatenation(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
