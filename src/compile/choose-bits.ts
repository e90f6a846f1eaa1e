/** The width of activations: the least within the tolerance. */
import { ZkonnxError } from '../base/errors.js';
import { accuracyReport, worstRelativeError } from './accuracy.js';
import { Interpreter } from './ir/program.js';
import { outputValues } from './measure.js';
import { DEFAULT_TOLERANCE, domainFor, type CompileOptions } from './options.js';
import type { InputDomain, RealValues, Statistics } from './passes/calibrate.js';
import { inputDomains } from './passes/domains.js';
import { quantise, type QuantisedModel } from './passes/quantise.js';
import type { PreparedModel } from './prepare.js';
import type { RealGraph } from './real/graph.js';

/** Activation widths tried in order: each costs about a constraint an activation more than the one before. */
const BIT_CHOICES = [8, 9, 10, 11, 12, 13, 14, 16];
/** Bits that activations may grow by so that no clamp is needed, tried for lookups, where width costs little. */
const GROWTH_CHOICES = [3, 6];
/** The width search looks at this many samples; the report at all. */
const SEARCH_SAMPLES = 48;

/**
 * Tries activation widths from the cheapest until the worst error on the samples is within the tolerance; if none is, once more with
 * finer inputs.
 */
export function chooseBits(
  prepared: PreparedModel,
  samples: readonly RealValues[],
  statistics: ReadonlyMap<string, Statistics>,
  options: CompileOptions,
): {
  /** At these bits, the first without growth; see GROWTH_CHOICES. */
  readonly variants: readonly (() => QuantisedModel)[];
  readonly bits: number;
  readonly domains: ReadonlyMap<string, InputDomain>;
} {
  const { graph, original } = prepared;
  const tolerance = options.tolerance ?? DEFAULT_TOLERANCE;
  const overflow = options.overflow ?? 'saturate';
  const given = options.samples === undefined ? [] : samples;
  const subset = samples.slice(0, SEARCH_SAMPLES);
  const references = subset.map((sample) => outputValues(original, sample));
  let best = Infinity;
  for (const fine of [false, true]) {
    const domains = inputDomains(graph, given, (name) => domainFor(options, name), fine);
    for (const bits of options.bits === undefined ? BIT_CHOICES : [options.bits]) {
      const model = quantise(graph, statistics, { bits, overflow, domains });
      const error = outputError(graph, model, domains, subset, references);
      best = Math.min(best, error);
      if (error > tolerance) continue;
      const grown = GROWTH_CHOICES.map(
        (growth) => () => quantise(graph, statistics, { bits, overflow, domains, growth }),
      );
      return { variants: [() => model, ...(overflow === 'saturate' ? grown : [])], bits, domains };
    }
  }
  throw new ZkonnxError('TOLERANCE_UNREACHABLE', 'the integer program misses the tolerance', {
    expected: `worst error at most ${percent(tolerance)} of the output's largest magnitude`,
    got: `${percent(best)}${options.bits === undefined ? ` with up to ${BIT_CHOICES.at(-1)} bits` : ` with ${options.bits} bits`}`,
    help: 'raise --bits or --tolerance, or calibrate on data the model was trained for',
  });
}

/** Worst relative error of the integer program's outputs over the samples. */
function outputError(
  graph: RealGraph,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  samples: readonly RealValues[],
  references: readonly RealValues[],
): number {
  const report = accuracyReport({
    model,
    interpreter: new Interpreter(model.ir),
    domains,
    layers: [],
    outputs: graph.outputs.map(({ name, node }) => ({ name, node, op: '' })),
    samples,
    floats: () => new Map(),
    references: (s) => references[s]!,
    reference: 'float64',
  });
  return worstRelativeError(report);
}

function percent(part: number): string {
  return `${(100 * part).toPrecision(3)} %`;
}
