/** The samples that compile calibrates on and measures by: the user's, or drawn from the declared domain. */
import { ZkonnxError } from '../base/errors.js';
import { part, type Work } from '../base/work.js';
import { domainFor, type CompileOptions, type Range } from './options.js';
import { calibrating, type RealValues, type Statistics } from './passes/calibrate.js';
import { inputDomains, inputNodes } from './passes/domains.js';
import { isWhole } from './passes/exact.js';
import { choosingRanges, type Ranges } from './ranges.js';
import type { RealGraph } from './real/graph.js';

/** Samples drawn from a declared domain when no data is given. */
export const DRAWN_SAMPLES = 64;

/** The samples, and the statistics of the graph over them. */
export function* sampling(graph: RealGraph, options: CompileOptions): Work<Sampled> {
  const samples = calibrationSamples(graph, options);
  const statistics = yield* part(calibrating(graph, samples), 0, 0.5);
  const given = options.samples === undefined ? [] : samples;
  return { samples, ...(yield* part(ranging(graph, given, statistics, options), 0.5, 1)) };
}

export interface Sampled {
  readonly samples: readonly RealValues[];
  readonly statistics: ReadonlyMap<string, Statistics>;
  /** What the samples lack, in sentences. */
  readonly notes: readonly string[];
}

/** `statistics` with the ranges of `choosingRanges`, over the domains that inputs are given first. */
export function* ranging(
  graph: RealGraph,
  given: readonly RealValues[],
  statistics: ReadonlyMap<string, Statistics>,
  options: CompileOptions,
): Work<Ranges> {
  const nodes = new Map(inputNodes(graph).map((node) => [node.name, node]));
  const declared = (name: string) => domainFor(options, nodes.get(name)!);
  const domains = inputDomains(graph, given, declared);
  const isDeclared = graph.inputs.every((name) => declared(name) !== undefined);
  return yield* choosingRanges({ graph, statistics, given, domains, declared: isDeclared, stays: false });
}

/** The given samples, checked against the inputs' shapes and domains; or uniform ones drawn from the declared domain. */
function calibrationSamples(graph: RealGraph, options: CompileOptions): readonly RealValues[] {
  const nodes = inputNodes(graph);
  if (options.samples !== undefined && options.samples.length > 0) {
    options.samples.forEach((sample, s) => {
      const isQuotable = (options.input ?? 'public') === 'public';
      for (const node of nodes) checkSample(sample.get(node.name), node, s, domainFor(options, node), isQuotable);
    });
    return options.samples;
  }
  const random = lehmer(20261121);
  return Array.from({ length: DRAWN_SAMPLES }, () => {
    const sample = new Map<string, Float64Array>();
    for (const node of nodes) {
      const range = domainFor(options, node);
      if (range === undefined) {
        throw new ZkonnxError('CALIBRATION_INVALID', 'nothing says which values an input takes', {
          expected: '--calibrate DATA and/or --domain LO..HI',
          where: `input ${node.name}`,
          help: 'give some real inputs (best), or the range of values the model will ever see',
        });
      }
      const { lo, hi } = range;
      const draw = isWhole(node)
        ? () => Math.min(hi, Math.floor(lo + (hi - lo + 1) * random()))
        : () => lo + (hi - lo) * random();
      sample.set(node.name, Float64Array.from({ length: elementCount(node.dims) }, draw));
    }
    return sample;
  });
}

function checkSample(
  values: Float64Array | undefined,
  node: { readonly name: string; readonly dims: readonly number[] },
  index: number,
  range: Range | undefined,
  isQuotable: boolean,
): void {
  const where = `calibration sample ${index}, input ${node.name}`;
  if (values?.length !== elementCount(node.dims)) {
    throw new ZkonnxError('CALIBRATION_INVALID', 'a calibration sample has the wrong shape', {
      expected: `[${node.dims.join(', ')}], ${elementCount(node.dims)} values`,
      got: values === undefined ? 'nothing' : `${values.length} values`,
      where,
    });
  }
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      throw new ZkonnxError('CALIBRATION_INVALID', 'a calibration value is not finite', {
        got: String(value),
        where: `${where}, element ${i}`,
      });
    }
    if (range !== undefined && (value < range.lo || value > range.hi)) {
      throw new ZkonnxError('CALIBRATION_INVALID', 'a calibration value lies outside the declared domain', {
        expected: `${range.lo}..${range.hi}`,
        ...(isQuotable ? { got: String(value) } : {}),
        where: `${where}, element ${i}`,
        help: 'widen --domain, or take the sample out',
      });
    }
  });
}

/** Park–Miller generator: calibration drawn from a domain must be the same on every machine, and proves nothing. */
function lehmer(seed: number): () => number {
  let state = seed % 2147483647;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
