/**
 * Composition of linear maps: outer ∘ inner as one map, sharing patterns again where the result repeats. This is how BatchNorm,
 * bias, scale, padding, concatenation and average pooling vanish into the convolution before or after them.
 */
import { accumulate } from '../real/accumulate.js';
import type { Affine } from '../real/affine.js';
import { diagonal, LinearMapBuilder, nonZeros, rowCount, structuredMap, type LinearMap } from '../real/linear-map.js';
import { scaledStructure } from '../real/map-structure.js';

/**
 * outer(inner(x)): one map a source of `inner`, and what inner's bias contributes to outer's rows.
 * Returns undefined when the result would hold more than `limit` non-zeros.
 */
export function compose(outer: LinearMap, inner: Affine, limit: number): Affine | undefined {
  const maps: LinearMap[] = [];
  let budget = limit;
  for (const map of inner.maps) {
    const composed = composeMap(outer, map, budget);
    if (composed === undefined) return undefined;
    budget -= nonZeros(composed);
    maps.push(composed);
  }
  return { maps, bias: applyToBias(outer, inner.bias) };
}

function applyToBias(outer: LinearMap, bias: Float64Array): Float64Array {
  const out = new Float64Array(rowCount(outer));
  accumulate(outer, bias, out);
  return out;
}

function composeMap(outer: LinearMap, inner: LinearMap, limit: number): LinearMap | undefined {
  const scaled = scaledMap(outer, inner);
  if (scaled !== undefined) return nonZeros(scaled) > limit ? undefined : scaled;
  const builder = new LinearMapBuilder(inner.inSize);
  const known = new Map<string, number>();
  const sizes: number[] = [];
  let total = 0;
  for (let i = 0; i < outer.rowPattern.length; i++) {
    const p = outer.rowPattern[i]!;
    const start = outer.patStart[p]!;
    const end = outer.patStart[p + 1]!;
    const base = outer.rowBase[i]!;
    const reference = start === end ? 0 : inner.rowBase[base + outer.patOffset[start]!]!;
    const key = rowKey(outer, inner, p, base, reference);
    let pattern = known.get(key);
    if (pattern === undefined) {
      const sums = new Map<number, number>();
      for (let k = start; k < end; k++) {
        const j = base + outer.patOffset[k]!;
        const q = inner.rowPattern[j]!;
        const shift = inner.rowBase[j]! - reference;
        for (let m = inner.patStart[q]!; m < inner.patStart[q + 1]!; m++) {
          const offset = shift + inner.patOffset[m]!;
          sums.set(offset, (sums.get(offset) ?? 0) + outer.patCoef[k]! * inner.patCoef[m]!);
        }
      }
      pattern = builder.pattern([...sums.keys()], [...sums.values()]);
      sizes[pattern] = sums.size;
      known.set(key, pattern);
    }
    total += sizes[pattern]!;
    if (total > limit) return undefined;
    builder.row(pattern, reference);
  }
  return builder.build();
}

/** Where one of the two has a factor an element and the other a structure that takes these factors into its weights. */
function scaledMap(outer: LinearMap, inner: LinearMap): LinearMap | undefined {
  const rows = inner.structure === undefined ? undefined : diagonal(outer);
  if (rows !== undefined) {
    const scaled = scaledStructure(inner.structure!, 'out', rows);
    if (scaled !== undefined) return structuredMap(scaled);
  }
  const columns = outer.structure === undefined ? undefined : diagonal(inner);
  const scaled = columns === undefined ? undefined : scaledStructure(outer.structure!, 'in', columns);
  return scaled === undefined ? undefined : structuredMap(scaled);
}

/** Rows with equal keys compose to equal patterns relative to `reference`. */
function rowKey(outer: LinearMap, inner: LinearMap, p: number, base: number, reference: number): string {
  const parts: number[] = [p];
  for (let k = outer.patStart[p]!; k < outer.patStart[p + 1]!; k++) {
    const j = base + outer.patOffset[k]!;
    parts.push(inner.rowPattern[j]!, inner.rowBase[j]! - reference);
  }
  return parts.join(',');
}
