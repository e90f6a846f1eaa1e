/** A linear layer over integer tensors: coefficients rounded to the accumulator's scale, offsets taken into the bias. */
import { mapCoefs, rowPatternsOf, rowsOf, type LinearMap } from '../real/linear-map.js';
import type { IrEmitter } from './emitter.js';
import type { Quantised } from './scales.js';

/** Emits bias + Σ maps(sources) with accumulator scale `scale`, and returns its name. */
export function emitAffine(
  emitter: IrEmitter,
  maps: readonly LinearMap[],
  bias: Float64Array,
  sources: readonly Quantised[],
  scale: number,
): string {
  const integerBias = bias.map((value) => value / scale);
  const integerMaps = maps.map((map, s) => {
    const source = sources[s]!;
    const factor = source.scale / scale;
    const rounded = mapCoefs(map, (coef) => Math.round(coef * factor));
    subtractZeroPoint(rounded, -source.offset / source.scale, integerBias);
    return rounded;
  });
  return emitter.emit(
    'linear',
    { maps: integerMaps, bias: integerBias.map(Math.round) },
    sources.map((source) => source.node),
  );
}

/** bias[i] −= zeroPoint · Σ of row i: with the rounded coefficients, so that an input's offset cancels exactly. */
function subtractZeroPoint(map: LinearMap, zeroPoint: number, bias: Float64Array): void {
  if (zeroPoint === 0) return;
  const { start, tap, weights } = rowsOf(map);
  const { rowPattern, weight, classOf } = rowPatternsOf(map);
  const sums = new Float64Array(classOf.length);
  for (let p = 0; p < sums.length; p++) {
    const [first, c] = [weight[p]!, classOf[p]!];
    for (let k = start[c]!; k < start[c + 1]!; k++) sums[p]! += weights[first + tap[k]!]!;
  }
  for (let i = 0; i < bias.length; i++) bias[i]! -= zeroPoint * sums[rowPattern[i]!]!;
}
