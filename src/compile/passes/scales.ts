/** Scales of quantised tensors: what a requantisation aims at, how many fractional bits an accumulator needs. */
import { OWN_ENDS, type Ends } from '../ir/graph.js';
import { rounded } from '../ir/ops/requantise.js';
import { rowPatternsOf, rowsOf, scalarMap, type LinearMap } from '../real/linear-map.js';
import type { Statistics } from './calibrate.js';
import type { CalibratedEnd, IrEmitter } from './emitter.js';

/** An integer tensor of the IR and what it stands for: real = q·scale + offset. */
export interface Quantised {
  /** Name of the IR node. */
  readonly node: string;
  readonly scale: number;
  readonly offset: number;
  /** Right to a part of each value, over many magnitudes: readers take it as it is. */
  readonly wide?: true;
  /** Set on raw accumulators: the tensor its reader will round it to, */
  readonly target?: Target;
  /** and by which shift, when scale·2^shift is exactly the target's scale. */
  readonly shift?: number;
}

/** y ∈ [lo, lo + 2^bits − 1], real = y·scale. */
export interface Target {
  readonly scale: number;
  readonly lo: number;
  readonly bits: number;
  /** An end where only calibrated values end, not the model's own (ReLU's 0): what lies beyond it is lost. */
  readonly calibrated: { readonly lo: boolean; readonly hi: boolean };
  /** Whoever reads it stops there too, as a table does: the range cannot be made wider. */
  readonly rigid?: true;
}

/**
 * Room beyond the calibrated range before values saturate: unseen inputs exceed what a few samples showed. It costs 0.6 bits of
 * resolution and saves as much in the proven bound, so it is nearly free.
 */
export const HEADROOM = 1.5;
/** Bits of a rescaling factor beyond those of the largest result: rounding it moves no value by more than an eighth of a quantum. */
const RESCALE_GUARD_BITS = 2;

/** Where targets end: the range that was chosen for the tensor, or the calibrated one with headroom. */
export function reachOf({ min, max, range }: Statistics): { readonly lo: number; readonly hi: number } {
  const headroom = Math.max(Math.abs(min), Math.abs(max)) * (HEADROOM - 1);
  return range ?? { lo: min - headroom, hi: max + headroom };
}

/** Target for values in the calibrated range with headroom, both signs. */
export function signedTarget(stats: Statistics, bits: number): Target {
  return targetOf(stats, bits, { lo: -Infinity, hi: Infinity });
}

/** Target for values clamped to [lo, hi] (ReLU: [0, ∞)); infinite sides take the calibrated range with headroom. */
export function targetOf(stats: Statistics, bits: number, clamp: { readonly lo: number; readonly hi: number }): Target {
  const reach = reachOf(stats);
  const lo = Math.max(clamp.lo, Math.min(reach.lo, clamp.hi));
  const hi = Math.min(clamp.hi, Math.max(reach.hi, lo));
  const scale = (hi - lo) / (2 ** bits - 1) || 1;
  return { scale, lo: Math.round(lo / scale), bits, calibrated: { lo: clamp.lo < lo, hi: clamp.hi > hi } };
}

/** Rounding weights may add this much to an accumulator, as a root mean square in units of the target's quantum. */
const WEIGHT_NOISE = 0.2;
const MIN_SHIFT = 4;
const MAX_SHIFT = 24;

/** A source of a linear layer: what one unit of its integers is worth in the target's quanta, and how its values are distributed. */
export interface Source {
  /** Accumulator units an input integer is worth at coefficient 1: source scale over accumulator scale. */
  readonly factor: number;
  /** Mean and root mean square of (real value) / (source scale). */
  readonly mean: number;
  readonly rms: number;
}

/**
 * What rounding the coefficients w·factor to integers adds to the worst row: errors δ_k average out where they are random and add up
 * where they are alike (all weights of an average pool are), so the estimate is sqrt((Σ δ_k·mean)² + Σ δ_k²·rms²).
 * Of more than `enough` a part is returned that is more.
 */
export function roundingError(maps: readonly LinearMap[], sources: readonly Source[], enough = Infinity): number {
  let total = 0;
  for (const [s, map] of maps.entries()) {
    const { factor, mean, rms } = sources[s]!;
    let worst = 0;
    const { start, tap, weights } = rowsOf(map);
    const { weight, classOf } = rowPatternsOf(map);
    for (let p = 0; p < classOf.length; p++) {
      const first = weight[p]!;
      const end = start[classOf[p]! + 1]!;
      let sum = 0;
      let squares = 0;
      for (let k = start[classOf[p]!]!; k < end; k++) {
        const exact = weights[first + tap[k]!]! * factor;
        const error = Math.round(exact) - exact;
        sum += error;
        squares += error * error;
      }
      worst = Math.max(worst, (sum * mean) ** 2 + squares * rms ** 2);
      if (Math.sqrt(total + worst) > enough) return Math.sqrt(total + worst);
    }
    total += worst;
  }
  return Math.sqrt(total);
}

/**
 * Fractional bits s of an accumulator: the least with which rounding the coefficients adds at most WEIGHT_NOISE quanta of the target.
 * `sources` have the factor for s = 0.
 */
export function chooseShift(maps: readonly LinearMap[], sources: readonly Source[]): number {
  for (let shift = MIN_SHIFT; shift < MAX_SHIFT; shift++) {
    const scaled = sources.map((source) => ({ ...source, factor: source.factor * 2 ** shift }));
    const most = WEIGHT_NOISE * 2 ** shift;
    if (roundingError(maps, scaled, most) <= most) return shift;
  }
  return MAX_SHIFT;
}

/**
 * The target, or one of up to `growth` bits more that no value in `bounds` (of the floor that will be clamped) leaves: where a clamp costs
 * constraints and bits do not, values may as well run on.
 */
function widened(target: Target, bounds: { readonly lo: number; readonly hi: number }, growth: number): Target {
  const { calibrated, rigid = false, bits } = target;
  const top = target.lo + 2 ** bits - 1;
  if (growth === 0 || rigid || (!calibrated.hi && bounds.hi > top)) return target;
  const lo = calibrated.lo ? Math.min(target.lo, bounds.lo) : target.lo;
  const hi = Math.max(top, bounds.hi);
  const wider = Math.ceil(Math.log2(hi - lo + 1));
  return wider > bits + growth ? target : { ...target, lo, bits: wider };
}

/**
 * Rounds and clamps x to the target. A raw accumulator made for this target is shifted; any other tensor is first multiplied by an
 * integer that carries the ratio of scales to the accuracy the target needs.
 */
export function requantise(
  emitter: IrEmitter,
  x: Quantised,
  target: Target,
  { name, dims }: { readonly name?: string; readonly dims?: readonly number[] } = {},
): Quantised {
  const direct = x.shift !== undefined && x.target?.scale === target.scale && x.offset === 0;
  const acc = direct ? { node: x.node, shift: x.shift } : rescaled(emitter, x, target);
  const bounds = emitter.bounds(acc.node);
  const { lo, bits } = widened(
    target,
    { lo: rounded(bounds.lo, acc.shift), hi: rounded(bounds.hi, acc.shift) },
    emitter.growth,
  );
  const attrs = { shift: acc.shift, lo, bits, ends: endsOf(target, emitter.beyond) };
  const as =
    name === undefined ? { name: `${x.node}.round`, like: x.node } : { name, ...(dims === undefined ? {} : { dims }) };
  return { node: emitter.emit('requantise', attrs, [acc.node], as), scale: target.scale, offset: 0 };
}

function endsOf({ calibrated }: Target, beyond: CalibratedEnd): Ends {
  return { lo: calibrated.lo ? beyond : 'own', hi: calibrated.hi ? beyond : 'own' };
}

function rescaled(emitter: IrEmitter, x: Quantised, target: Target): { node: string; shift: number } {
  const ratio = x.scale / target.scale;
  const reach = Math.max(Math.abs(target.lo), Math.abs(target.lo + 2 ** target.bits));
  // The least shift that gives the factor enough bits; a factor that is a power of two anyway needs no more.
  let shift = Math.max(0, Math.ceil(Math.log2(reach) + RESCALE_GUARD_BITS - Math.log2(ratio)));
  if (Number.isInteger(Math.log2(ratio))) shift = Math.max(0, -Math.log2(ratio));
  const factor = Math.round(ratio * 2 ** shift);
  const bounds = emitter.bounds(x.node);
  const excess = Math.log2(Math.max(-bounds.lo, bounds.hi, 1)) + Math.log2(factor) - PRODUCT_BITS;
  if (excess > 0 && factor > 1) return rescaled(emitter, coarser(emitter, x, Math.ceil(excess)), target);
  const size = emitter.fact(x.node).size;
  const bias = Math.round((x.offset / target.scale) * 2 ** shift);
  if (factor === 1 && bias === 0) return { node: x.node, shift };
  const attrs = { maps: [scalarMap(size, factor)], bias: new Float64Array(size).fill(bias) };
  return { node: emitter.emit('linear', attrs, [x.node], { name: `${x.node}.rescale`, like: x.node }), shift };
}

/** What a factor may make of a tensor. */
const PRODUCT_BITS = 48;

/** x over all it is proven to be, without its last bits: of what is that wide, none that a target sees. */
function coarser(emitter: IrEmitter, x: Quantised, shift: number): Quantised {
  const { lo, hi } = emitter.bounds(x.node);
  const [least, most] = [lo, hi].map((value) => Math.floor(value / 2 ** shift + 0.5)) as [number, number];
  const attrs = { shift, lo: least, bits: Math.max(1, Math.ceil(Math.log2(most - least + 1))), ends: OWN_ENDS };
  const node = emitter.emit('requantise', attrs, [x.node], { name: `${x.node}.coarser`, like: x.node });
  return { node, scale: x.scale * 2 ** shift, offset: x.offset };
}
