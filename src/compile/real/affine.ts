/** An affine tensor: rows over several sources plus a bias, as in the real graph's `linear` op. */
import { LinearMapBuilder, type LinearMap } from './linear-map.js';

export interface Affine {
  readonly maps: readonly LinearMap[];
  readonly bias: Float64Array;
}

/** The affine form of a movement over sources of the given sizes: y[i] = concatenation[index[i]], or fill. */
export function gatherAffine(sizes: readonly number[], index: Int32Array, fill: number): Affine {
  const starts: number[] = [];
  let total = 0;
  for (const size of sizes) {
    starts.push(total);
    total += size;
  }
  const maps = sizes.map((size, s) => {
    const builder = new LinearMapBuilder(size);
    const take = builder.pattern([0], [1]);
    const none = builder.pattern([], []);
    for (const j of index) {
      const local = j - starts[s]!;
      if (j >= 0 && local >= 0 && local < size) builder.row(take, local);
      else builder.row(none, 0);
    }
    return builder.build();
  });
  return { maps, bias: Float64Array.from(index, (j) => (j < 0 ? fill : 0)) };
}
