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
  /** Mean and root mean square of all elements, over all samples or of the sample where they are largest: see `CalibrateOptions`. */
  readonly mean: number;
  readonly rms: number;
  /** Where targets end, as it is; left out: at `min` and `max` and headroom. */
  readonly range?: { readonly lo: number; readonly hi: number };
}

/** Real values by tensor name, flat and row-major, as the model takes and gives them. */
export type RealValues = ReadonlyMap<string, Float64Array>;

export interface CalibrateOptions {
  /** Mean and rms are those of the sample where each is largest: where samples are not what the model will see, but it may be like any of them. */
  readonly byLargest?: boolean;
}

/** Statistics of every node of `graph` over the samples. */
export function calibrate(
  graph: RealGraph,
  samples: readonly RealValues[],
  options: CalibrateOptions = {},
): Map<string, Statistics> {
  return finish(calibrating(graph, samples, options));
}

interface Running {
  min: number;
  max: number;
  sum: number;
  squares: number;
  count: number;
  /** Of one sample. */
  largestMean: number;
  largestSquare: number;
}

/** As `calibrate`, sample by sample. */
export function* calibrating(
  graph: RealGraph,
  samples: readonly RealValues[],
  { byLargest = false }: CalibrateOptions = {},
): Work<Map<string, Statistics>> {
  const running = new Map<string, Running>();
  const evaluator = new RealEvaluator(graph);
  for (const [s, sample] of samples.entries()) {
    yield s / samples.length;
    for (const [name, values] of evaluator.run(sample)) {
      let stats = running.get(name);
      if (stats === undefined) {
        stats = { min: Infinity, max: -Infinity, sum: 0, squares: 0, count: 0, largestMean: 0, largestSquare: 0 };
        running.set(name, stats);
      }
      const before = { sum: stats.sum, squares: stats.squares };
      for (const value of values) {
        if (value < stats.min) stats.min = value;
        if (value > stats.max) stats.max = value;
        stats.sum += value;
        stats.squares += value * value;
      }
      const count = Math.max(1, values.length);
      const ownMean = (stats.sum - before.sum) / count;
      if (Math.abs(ownMean) > Math.abs(stats.largestMean)) stats.largestMean = ownMean;
      stats.largestSquare = Math.max(stats.largestSquare, (stats.squares - before.squares) / count);
      stats.count += values.length;
    }
  }
  const result = new Map<string, Statistics>();
  for (const [name, { min, max, sum, squares, count, largestMean, largestSquare }] of running) {
    if (count === 0) {
      result.set(name, { min: 0, max: 0, mean: 0, rms: 0 });
      continue;
    }
    if (!Number.isFinite(min) || !Number.isFinite(max)) throw notFinite(graph, name);
    const mean = byLargest ? largestMean : sum / count;
    result.set(name, { min, max, mean, rms: Math.sqrt(byLargest ? largestSquare : squares / count) });
  }
  return result;
}

/** Of the first such node: where infinity is in a constant, data has no part in it. */
function notFinite({ nodes }: RealGraph, name: string): ZkonnxError {
  const node = nodes.find((each) => each.name === name);
  if (node?.op.kind !== 'constant') {
    return new ZkonnxError('CALIBRATION_INVALID', 'the model gives infinity or NaN on a calibration sample', {
      where: node?.origin ?? name,
      got: `infinity or NaN in ${name}`,
      help: 'check the calibration data for the range and layout the model was trained on',
    });
  }
  const readers = nodes.filter(({ inputs }) => inputs.includes(name)).map(({ origin }) => origin);
  return new ZkonnxError(
    'CALIBRATION_INVALID',
    'the model reckons with infinity or NaN: it is in a constant of the model',
    {
      where: [`constant ${name}`, ...readers.slice(0, 3)].join(', read by '),
      help: 'infinity is known as a mask that reaches a Softmax by Where or Add; elsewhere put a finite number in its place',
    },
  );
}
