/** The width of activations: the least within the tolerance. */
import { ZkonnxError } from '../base/errors.js';
import { part, type Work } from '../base/work.js';
import { comparing, worstRelativeError } from './accuracy.js';
import { Interpreter } from './ir/program.js';
import { outputsOver } from './measure.js';
import { DEFAULT_OVERFLOW, DEFAULT_TOLERANCE, domainFor, type CompileOptions } from './options.js';
import type { InputDomain, RealValues, Statistics } from './passes/calibrate.js';
import { inputDomains } from './passes/domains.js';
import { neverObstacle } from './passes/never.js';
import { overflowModes } from './passes/overflow.js';
import { quantising, type QuantisedModel } from './passes/quantise.js';
import type { PreparedModel } from './prepare.js';
import type { Variant } from './protocols.js';
import type { RealGraph } from './real/graph.js';

/** Activation widths tried in order: each costs about a constraint an activation more than the one before. */
const BIT_CHOICES = [8, 9, 10, 11, 12, 13, 14, 16];
/** Bits that activations may grow by so that no clamp is needed, tried for lookups, where width costs little. */
const GROWTH_CHOICES = [3, 6];
/** The width search looks at this many samples; the report at all. */
const SEARCH_SAMPLES = 48;

export interface Choice {
  /** Programs of these bits, the first without growth; see GROWTH_CHOICES. */
  readonly variants: readonly Variant[];
  readonly bits: number;
  readonly domains: ReadonlyMap<string, InputDomain>;
}

/**
 * Tries activation widths from the cheapest until the worst error on the samples is within the tolerance; if none is, once more with
 * finer inputs. Few models need more than two attempts, so each counts as half of what is left.
 */
export function* choosingBits(
  prepared: PreparedModel,
  samples: readonly RealValues[],
  statistics: ReadonlyMap<string, Statistics>,
  options: CompileOptions,
): Work<Choice> {
  const { graph, original } = prepared;
  const tolerance = options.tolerance ?? DEFAULT_TOLERANCE;
  const overflow = options.overflow ?? DEFAULT_OVERFLOW;
  const given = options.samples === undefined ? [] : samples;
  const subset = samples.slice(0, SEARCH_SAMPLES);
  const references = yield* part(outputsOver(original, subset), 0, REFERENCES);
  const dtypes = new Map(graph.nodes.map(({ name, dtype }) => [name, dtype]));
  const declared = (name: string) => domainFor(options, { name, dtype: dtypes.get(name)! });
  let done = REFERENCES;
  let best = Infinity;
  for (const fine of [false, true]) {
    const domains = inputDomains(graph, given, declared, fine);
    for (const bits of options.bits === undefined ? BIT_CHOICES : [options.bits]) {
      const end = (done + 1) / 2;
      const model = yield* part(quantising(graph, statistics, { bits, overflow, domains }), done, (done + end) / 2);
      const comparison = comparing({ ...outputsOnly(graph, model, domains), samples: subset, references });
      const error = worstRelativeError(yield* part(comparison, (done + end) / 2, end));
      done = end;
      best = Math.min(best, error);
      if (error > tolerance) continue;
      const { grows, mustStay } = overflowModes[overflow];
      const mayGrow = grows && model.exact.size < graph.nodes.length;
      const grown = GROWTH_CHOICES.map((growth): Variant => ({
        growth,
        quantise: () => quantising(graph, statistics, { bits, overflow, domains, growth }),
      }));
      const plain = { growth: 0, quantise: () => ready(model) };
      const variants = [plain, ...(mayGrow ? grown : [])];
      return { variants: mustStay ? yield* staying(variants) : variants, bits, domains };
    }
  }
  throw new ZkonnxError('TOLERANCE_UNREACHABLE', 'the integer program misses the tolerance', {
    expected: `worst error at most ${percent(tolerance)} of the output's largest magnitude`,
    got: `${percent(best)}${options.bits === undefined ? ` with up to ${BIT_CHOICES.at(-1)} bits` : ` with ${options.bits} bits`}`,
    help: 'raise --bits or --tolerance, or calibrate on data the model was trained for',
  });
}

/** The float model's outputs take about this part of the choice. */
const REFERENCES = 0.2;

/** The variants of which no input of the domain reaches beyond a range. Throws what `requireNever` does of the last where none is. */
function* staying(variants: readonly Variant[]): Work<Variant[]> {
  const kept: Variant[] = [];
  let obstacle: ZkonnxError | undefined;
  for (const { growth, quantise } of variants) {
    const model = yield* quantise();
    obstacle = neverObstacle(model);
    if (obstacle === undefined) kept.push({ growth, quantise: () => ready(model) });
  }
  if (kept.length === 0) throw obstacle!;
  return kept;
}

/** A program that is there already. */
function* ready(model: QuantisedModel): Work<QuantisedModel> {
  yield 1;
  return model;
}

/** What `comparing` needs for the outputs' errors alone. */
function outputsOnly(graph: RealGraph, model: QuantisedModel, domains: ReadonlyMap<string, InputDomain>) {
  return {
    model,
    interpreter: new Interpreter(model.ir),
    domains,
    layers: [],
    outputs: graph.outputs.map(({ name, node }) => ({ name, node, op: '' })),
    floats: () => new Map(),
    reference: 'float64',
  };
}

function percent(part: number): string {
  return `${(100 * part).toPrecision(3)} %`;
}
