/**
 * Calibration: the range and root mean square of every tensor of the real graph over the samples the user gave, and the domain of
 * each input. Ranges choose scales; they prove nothing. What is proven comes from the domain, by interval arithmetic.
 */
import { ZkonnxError } from '../../base/errors.js';
import { finish, type Work } from '../../base/work.js';
import type { RealGraph } from '../real/graph.js';
import { RealEvaluator } from '../real/evaluate.js';

export interface Statistics {
  readonly min: number;
  readonly max: number;
  /** Mean and root mean square of all elements over all samples. */
  readonly mean: number;
  readonly rms: number;
  /** Where targets end, as it is; left out: at `min` and `max` and headroom. */
  readonly range?: { readonly lo: number; readonly hi: number };
}

/** Real values by tensor name, flat and row-major, as the model takes and gives them. */
export type RealValues = ReadonlyMap<string, Float64Array>;

/** Statistics of every node of `graph` over the samples. */
export function calibrate(graph: RealGraph, samples: readonly RealValues[]): Map<string, Statistics> {
  return finish(calibrating(graph, samples));
}

/** As `calibrate`, sample by sample. */
export function* calibrating(graph: RealGraph, samples: readonly RealValues[]): Work<Map<string, Statistics>> {
  const running = new Map<string, { min: number; max: number; sum: number; squares: number; count: number }>();
  const evaluator = new RealEvaluator(graph);
  for (const [s, sample] of samples.entries()) {
    yield s / samples.length;
    for (const [name, values] of evaluator.run(sample)) {
      let stats = running.get(name);
      if (stats === undefined) {
        stats = { min: Infinity, max: -Infinity, sum: 0, squares: 0, count: 0 };
        running.set(name, stats);
      }
      for (const value of values) {
        if (value < stats.min) stats.min = value;
        if (value > stats.max) stats.max = value;
        stats.sum += value;
        stats.squares += value * value;
      }
      stats.count += values.length;
    }
  }
  const result = new Map<string, Statistics>();
  for (const [name, { min, max, sum, squares, count }] of running) {
    if (count === 0) {
      result.set(name, { min: 0, max: 0, mean: 0, rms: 0 });
      continue;
    }
    if (!Number.isFinite(min) || !Number.isFinite(max)) {
      throw new ZkonnxError('CALIBRATION_INVALID', 'the model gives infinity or NaN on a calibration sample', {
        where: name,
        help: 'check the calibration data for the range and layout the model was trained on',
      });
    }
    result.set(name, { min, max, mean: sum / count, rms: Math.sqrt(squares / count) });
  }
  return result;
}

/** How an input's real values become integers: q = round(x / scale + zeroPoint) ∈ [0, 2^bits − 1]. */
export interface InputDomain {
  readonly min: number;
  readonly max: number;
  readonly bits: number;
  readonly scale: number;
  readonly zeroPoint: number;
  /** How the domain was found, for the report. */
  readonly source: 'declared' | 'grid' | 'calibration';
}

/** Quantisation levels of 8-bit data: pixels, bytes. */
const GRID_LEVELS = 255;
/** A calibrated domain reaches this far, as a part of the observed range, beyond it on both sides. */
const DOMAIN_MARGIN = 0.25;

/**
 * The domain of an input: declared, or an exact 8-bit grid when every calibration value lies on one that spans the data
 * (pictures, whatever their normalisation), or the observed range and a margin.
 */
export function inputDomain(
  values: readonly Float64Array[],
  bits: number,
  declared?: { readonly lo: number; readonly hi: number },
): InputDomain {
  const grid = findGrid(values, declared);
  if (grid !== undefined) return grid;
  let { lo, hi } = declared ?? observed(values);
  const source = declared === undefined ? 'calibration' : 'declared';
  if (declared === undefined) {
    const margin = (hi - lo) * DOMAIN_MARGIN || Math.abs(hi) || 1;
    [lo, hi] = [lo - margin, hi + margin];
  }
  const scale = (hi - lo) / (2 ** bits - 1);
  return { min: lo, max: hi, bits, scale, zeroPoint: -lo / scale, source };
}

function observed(values: readonly Float64Array[]): { lo: number; hi: number } {
  let lo = Infinity;
  let hi = -Infinity;
  for (const tensor of values) {
    for (const value of tensor) {
      lo = Math.min(lo, value);
      hi = Math.max(hi, value);
    }
  }
  return lo <= hi ? { lo, hi } : { lo: 0, hi: 0 };
}

/**
 * 8-bit data is recognised by its values: they lie on lo + k·(hi − lo)/255 to float32 accuracy. Too few distinct values say nothing
 * (a 0/1 flag is on every grid), so at least 16 are asked for, unless the domain was declared with such data in mind.
 */
function findGrid(
  values: readonly Float64Array[],
  declared?: { readonly lo: number; readonly hi: number },
): InputDomain | undefined {
  const { lo, hi } = declared ?? observed(values);
  const step = (hi - lo) / GRID_LEVELS;
  if (!(step > 0)) return undefined;
  const tolerance = 1e-3;
  const seen = new Set<number>();
  for (const tensor of values) {
    for (const value of tensor) {
      const level = (value - lo) / step;
      const nearest = Math.round(level);
      if (Math.abs(level - nearest) > tolerance || nearest < 0 || nearest > GRID_LEVELS) return undefined;
      seen.add(nearest);
    }
  }
  if (seen.size < 16) return undefined;
  return { min: lo, max: hi, bits: 8, scale: step, zeroPoint: -lo / step, source: 'grid' };
}
