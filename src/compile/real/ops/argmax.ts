/** One integer a group: the position of the largest element (ties: the first, or the last if `last`). */
import { uniformBox } from '../box.js';
import type { RealOpOf, RealOpRecord } from '../op.js';

export const argmax: RealOpRecord<RealOpOf<'argmax'>> = {
  values: 'computed',
  evaluate({ groups: { base, size, stride }, last }, inputs, out) {
    const x = inputs[0]!;
    for (let g = 0; g < out.length; g++) {
      let best = 0;
      let top = x[base[g]!]!;
      for (let j = 1; j < size; j++) {
        const value = x[base[g]! + j * stride]!;
        if (value > top || (last && value === top)) {
          top = value;
          best = j;
        }
      }
      out[g] = best;
    }
  },
  interval: ({ groups }, _inputs, size) => uniformBox(size, 0, groups.size - 1),
  below: ({ groups }) => groups.size,
};
