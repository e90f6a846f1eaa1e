/** Scales of quantised tensors: what a requantisation aims at, how many fractional bits an accumulator needs. */
import type { LinearMap } from '../real/linear-map.js';
import { scalarMap } from '../real/linear-map.js';
import type { Statistics } from './calibrate.js';
import type { IrEmitter } from './emitter.js';

/** An integer tensor of the IR and what it stands for: real = q·scale + offset. */
export interface Quantised {
  /** Name of the IR node. */
  readonly node: string;
  readonly scale: number;
  readonly offset: number;
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
}

/**
 * Room beyond the calibrated range before values saturate: unseen inputs exceed what a few samples showed. It costs 0.6 bits of
 * resolution and saves as much in the proven bound, so it is nearly free.
 */
const HEADROOM = 1.5;
/** Accuracy of the factor when an accumulator's scale is no power of two from its target. */
const RESCALE_BITS = 12;

/** Target for values in the calibrated range with headroom, both signs. */
export function signedTarget(stats: Statistics, bits: number): Target {
  return targetOf(stats, bits, { lo: -Infinity, hi: Infinity });
}

/** Target for values clamped to [lo, hi] (ReLU: [0, ∞)); infinite sides take the calibrated range with headroom. */
export function targetOf(stats: Statistics, bits: number, clamp: { readonly lo: number; readonly hi: number }): Target {
  const reach = Math.max(Math.abs(stats.min), Math.abs(stats.max)) * (HEADROOM - 1);
  const lo = Math.max(clamp.lo, Math.min(stats.min - reach, clamp.hi));
  const hi = Math.min(clamp.hi, Math.max(stats.max + reach, lo));
  const scale = (hi - lo) / (2 ** bits - 1) || 1;
  return { scale, lo: Math.round(lo / scale), bits };
}

/** Rounding weights may add this much to an accumulator, as a root mean square in units of the target's quantum. */
const WEIGHT_NOISE = 0.2;

/**
 * Fractional bits s of an accumulator: enough that rounding coefficients to integers adds at most WEIGHT_NOISE quanta, given the
 * inputs' root mean square in quanta. Fan-in 25 of 8-bit pixels needs 9, fan-in 11,616 needs 13.
 */
export function chooseShift(maps: readonly LinearMap[], rms: readonly number[]): number {
  let variance = 0;
  maps.forEach((map, s) => {
    for (let p = 0, worst = 0; p + 1 < map.patStart.length; p++) {
      const terms = map.patStart[p + 1]! - map.patStart[p]!;
      if (terms <= worst) continue;
      variance += ((terms - worst) * rms[s]! ** 2) / 12;
      worst = terms;
    }
  });
  const shift = Math.ceil(Math.log2(Math.sqrt(variance) / WEIGHT_NOISE));
  return Math.min(20, Math.max(6, Number.isFinite(shift) ? shift : 6));
}

/**
 * Rounds and clamps x to the target. A raw accumulator made for this target is shifted; any other tensor is first multiplied by an
 * integer that carries the ratio of scales to RESCALE_BITS bits. `window` (real values) is what `--overflow reject` accepts.
 */
export function requantise(
  emitter: IrEmitter,
  x: Quantised,
  target: Target,
  options: { readonly window?: Statistics | undefined; readonly name?: string } = {},
): Quantised {
  const { window, name } = options;
  const { lo, bits } = target;
  const direct = x.shift !== undefined && x.target?.scale === target.scale && x.offset === 0;
  const acc = direct ? { node: x.node, shift: x.shift } : rescaled(emitter, x, target);
  const unit = target.scale * 2 ** -acc.shift;
  const attrs = {
    shift: acc.shift,
    lo,
    bits,
    ...(window === undefined ? {} : { window: windowOf(window, unit) }),
  };
  const as = name === undefined ? { name: `${x.node}.round`, like: x.node } : { name };
  return { node: emitter.emit('requantise', attrs, [acc.node], as), scale: target.scale, offset: 0 };
}

function rescaled(emitter: IrEmitter, x: Quantised, target: Target): { node: string; shift: number } {
  const ratio = x.scale / target.scale;
  // The least shift that gives the factor RESCALE_BITS bits; a factor that is a power of two anyway needs no more.
  let shift = Math.max(0, Math.ceil(RESCALE_BITS - Math.log2(ratio)));
  if (Number.isInteger(Math.log2(ratio))) shift = Math.max(0, -Math.log2(ratio));
  const factor = Math.round(ratio * 2 ** shift);
  const size = emitter.fact(x.node).size;
  const bias = Math.round((x.offset / target.scale) * 2 ** shift);
  if (factor === 1 && bias === 0) return { node: x.node, shift };
  const attrs = { maps: [scalarMap(size, factor)], bias: new Float64Array(size).fill(bias) };
  return { node: emitter.emit('linear', attrs, [x.node], { name: `${x.node}.rescale`, like: x.node }), shift };
}

/** The calibrated range with headroom, in units of the accumulator. */
function windowOf(stats: Statistics, unit: number): { lo: number; hi: number } {
  const reach = Math.max(Math.abs(stats.min), Math.abs(stats.max)) * (HEADROOM - 1);
  return { lo: Math.floor((stats.min - reach) / unit), hi: Math.ceil((stats.max + reach) / unit) };
}
