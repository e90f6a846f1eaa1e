/**
 * Linear layers. By calibration: integer coefficients are round(w·s_x/s_y·2^s), so the accumulator has scale s_y/2^s and the requantisation
 * after it is a shift by s; s_y is the scale the *reader* wants, so ReLU, clip and max pool see no rescaling (docs/architecture.md, Scales).
 */
import { ZkonnxError } from '../../../base/errors.js';
import type { Affine } from '../../real/affine.js';
import type { RealNode } from '../../real/graph.js';
import { coefficientsOf, rowsOf, uniformFactor } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import { emitAffine } from '../emit-affine.js';
import type { IrEmitter } from '../emitter.js';
import { isWhole, type ExactLane } from '../exact.js';
import type { CalibratedLane, Lowering } from '../lowering.js';
import { chooseShift, roundingError, type Quantised, type Source } from '../scales.js';

export const linear: Lowering<RealOpOf<'linear'>> = {
  exact: (lane, node) => exactLinear(lane, node, node.op),
  calibrated: (lane, node) => calibratedLinear(lane, node, node.op),
};

/** Integers, and what a comparison reads, keep the scale of their sources, where all have one and the weights are integers. */
export function exactLinear(lane: ExactLane, node: RealNode, { maps, bias }: Affine): Quantised | undefined {
  if (!isWhole(node) && !lane.isOnlyCompared(node)) return undefined;
  const sources = node.inputs.map((name) => lane.tensor(name));
  const scale = sources[0]?.scale ?? 1;
  const whole =
    sources.every((x) => x.scale === scale && Number.isInteger(x.offset / scale)) &&
    maps.every((map) => coefficientsOf(map).every(Number.isInteger)) &&
    bias.every((value) => Number.isInteger(value / scale));
  return whole ? { node: emitAffine(lane.emitter, maps, bias, sources, scale), scale, offset: 0 } : undefined;
}

export function calibratedLinear(lane: CalibratedLane, node: RealNode, affine: Affine): Quantised {
  const free = rescaled(lane, node, affine);
  if (free !== undefined) return free;
  const { maps, bias } = affine;
  const rational = lane.magnitudes.isWanted(node.name) ? byWholeWeights(lane, node, affine) : undefined;
  if (rational !== undefined) return rational;
  const sources = node.inputs.map((name) => operand(lane, name));
  const target = lane.targetFor(node);
  if (target === undefined) return outputAccumulator(lane, node, affine, sources);
  const shift = chooseShift(maps, distributions(lane, node.inputs, sources, target.scale));
  const scale = target.scale * 2 ** -shift;
  return { node: emitAffine(lane.emitter, maps, bias, sources, scale), scale, offset: 0, target, shift };
}

/** Bits of an input that a linear layer reads as it is: coefficients are free, and 2^24 of them leave an accumulator 29 bits for the rest. */
const INPUT_BITS = 24;

/** What a linear layer reads: b bits, or an input's own. */
function operand(lane: CalibratedLane, name: string): Quantised {
  const x = lane.tensor(name);
  const { lo, hi } = lane.emitter.bounds(x.node);
  return lane.isInput(name) && hi - lo < 2 ** INPUT_BITS ? x : lane.narrow(name);
}

/** Denominators tried of weights that are fractions, as those of a mean are. */
const MAX_DENOMINATOR = 2 ** 13;
/** What of 2^53 such a sum may take: others sum it in turn. */
const WHOLE_LIMIT = 2 ** 48;

/**
 * Sums and means that a reciprocal or a root is taken of, or that one is multiplied by, on their sources' own integers: weights of one denominator
 * are integers over it, so that nothing is rounded and the differences of equal values are zero. Undefined where they are not.
 */
function byWholeWeights(lane: CalibratedLane, node: RealNode, { maps, bias }: Affine): Quantised | undefined {
  const sources = node.inputs.map((name) => lane.tensor(name));
  if (sources.length === 0 || lane.isOutput(node.name)) return undefined;
  const finest = Math.min(...sources.map(({ scale }) => scale));
  const denominator = denominatorOf(
    maps.flatMap((map, s) => [...new Set(coefficientsOf(map))].map((coef) => coef * (sources[s]!.scale / finest))),
  );
  if (denominator === undefined) return undefined;
  const scale = finest / denominator;
  const worst = realReach(lane.emitter, { maps, bias }, sources) / scale;
  if (worst >= WHOLE_LIMIT) return undefined;
  return { node: emitAffine(lane.emitter, maps, bias, sources, scale), scale, offset: 0 };
}

/** The least n with which all weights are multiples of 1/n, to float64's accuracy. */
function denominatorOf(weights: readonly number[]): number | undefined {
  const coefs = [...new Set(weights)];
  if (coefs.length > MAX_FRACTIONS) return undefined;
  const whole = (n: number) => coefs.every((coef) => Math.abs(coef * n - Math.round(coef * n)) <= 1e-9 * n);
  for (let n = 1; n <= MAX_DENOMINATOR; n++) if (whole(n)) return n;
  return undefined;
}

/** Different weights of what is still a mean or a difference. */
const MAX_FRACTIONS = 16;

/** Largest magnitude of the real values that the sources' proven bounds allow, all terms of one sign. */
function realReach(emitter: IrEmitter, { maps, bias }: Affine, sources: readonly Quantised[]): number {
  const reach = bias.map(Math.abs);
  maps.forEach((map, s) => {
    const { scale, offset, node } = sources[s]!;
    const { lo, hi } = emitter.bounds(node);
    const most = Math.max(Math.abs(lo * scale), Math.abs(hi * scale)) + Math.abs(offset);
    const { rowClass, rowWeight, start, tap, weights } = rowsOf(map);
    for (let i = 0; i < reach.length; i++) {
      const c = rowClass[i]!;
      for (let k = start[c]!; k < start[c + 1]!; k++) reach[i]! += Math.abs(weights[rowWeight[i]! + tap[k]!]!) * most;
    }
  });
  return reach.reduce((most, value) => Math.max(most, value), 0);
}

/** A positive multiple of one tensor is the same integers at another scale; with a constant added where all readers take that too. */
function rescaled(lane: CalibratedLane, node: RealNode, { maps, bias }: Affine): Quantised | undefined {
  const [map, ...others] = maps;
  if (map === undefined || others.length > 0 || lane.isOutput(node.name)) return undefined;
  const factor = uniformFactor(map);
  if (factor === undefined || factor <= 0) return undefined;
  const x = lane.tensor(node.inputs[0]!);
  const [shift = 0] = bias;
  if (shift !== 0 && bias.every((value) => value === shift) && lane.magnitudes.isArgument(node.name)) {
    return { node: x.node, scale: x.scale * factor, offset: x.offset * factor + shift };
  }
  if (bias.some((value) => value !== 0)) return undefined;
  const target = x.target === undefined ? undefined : { ...x.target, scale: x.target.scale * factor };
  return {
    ...x,
    scale: x.scale * factor,
    offset: x.offset * factor,
    ...(target === undefined ? {} : { target }),
  };
}

function distributions(
  lane: CalibratedLane,
  inputs: readonly string[],
  sources: readonly Quantised[],
  accScale: number,
): Source[] {
  return inputs.map((name, s) => {
    const { mean, rms } = lane.stats(name);
    const { scale } = sources[s]!;
    return { factor: scale / accScale, mean: mean / scale, rms: rms / scale };
  });
}

/** An output accumulator is exposed as it is (free) if it fits three bytes at this error, relative to the output's magnitude. */
const OUTPUT_ERROR = 1e-3;

/**
 * A linear output needs no requantisation: its bounds are proven by interval arithmetic. Its scale is chosen so that a digit takes
 * three bytes, or four or five where the weights' rounding would show.
 */
function outputAccumulator(
  lane: CalibratedLane,
  node: RealNode,
  affine: Affine,
  sources: readonly Quantised[],
): Quantised {
  const { maps, bias } = affine;
  const span = realSpan(lane.emitter, affine, sources);
  const { min, max } = lane.stats(node.name);
  const magnitude = Math.max(Math.abs(min), Math.abs(max)) || span || 1;
  for (const bytes of [3, 4, 5, 6]) {
    // 0.1 % of room for the rounding of coefficients.
    const scale = (span * 1.001 || 1) / (256 ** bytes - 2);
    const noise = roundingError(maps, distributions(lane, node.inputs, sources, scale)) * scale;
    if (noise > OUTPUT_ERROR * magnitude && bytes < 6) continue;
    return { node: emitAffine(lane.emitter, maps, bias, sources, scale), scale, offset: 0 };
  }
  throw new ZkonnxError('BOUND_OVERFLOW', 'an output has no integer scale', { where: node.origin });
}

/** Widest span of real values, over all rows together, that the inputs' proven bounds allow. */
function realSpan(emitter: IrEmitter, { maps, bias }: Affine, sources: readonly Quantised[]): number {
  const lo = Float64Array.from(bias);
  const hi = Float64Array.from(bias);
  maps.forEach((map, s) => {
    const { scale, offset, node } = sources[s]!;
    const fact = emitter.fact(node);
    const { rowClass, rowBase, rowWeight, start, offset: reads, tap, weights } = rowsOf(map);
    for (let i = 0; i < lo.length; i++) {
      const [base, first, c] = [rowBase[i]!, rowWeight[i]!, rowClass[i]!];
      for (let k = start[c]!; k < start[c + 1]!; k++) {
        const [j, coef] = [base + reads[k]!, weights[first + tap[k]!]!];
        const a = coef * (fact.lo[j]! * scale + offset);
        const b = coef * (fact.hi[j]! * scale + offset);
        lo[i]! += Math.min(a, b);
        hi[i]! += Math.max(a, b);
      }
    }
  });
  return hi.reduce((max, v) => Math.max(max, v), -Infinity) - lo.reduce((min, v) => Math.min(min, v), Infinity);
}
