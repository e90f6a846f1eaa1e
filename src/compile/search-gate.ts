/**
 * The tolerance beyond the samples: of the widths that hold it on them, the least that holds it at the points where a search finds the largest
 * errors too. Where more bits do not help, as at the jump of a comparison, the least width that the samples ask for is taken.
 */
import type { Work } from '../base/work.js';
import { searchingErrors } from './bounds/searched-errors.js';
import type { InputDomain, RealValues } from './passes/calibrate.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { RealGraph } from './real/graph.js';

/** Multiply-adds of one search. */
const GATE_WORK = 2 ** 27;
/** Part of the tolerance that is left for what a short search does not find. */
const GATE_PART = 0.5;
/** After so many widths more, the error must be less than half of the first one's. */
const PATIENCE = 3;

export class SearchGate<Choice> {
  private first: { readonly choice: Choice; readonly error: number } | undefined;
  private looks = 0;

  constructor(private readonly limit: number) {}

  /** The choice to take; undefined: look at the next width. */
  judge(choice: Choice, error: number): Choice | undefined {
    if (error <= GATE_PART * this.limit) return choice;
    this.first ??= { choice, error };
    if (this.looks++ < PATIENCE || error <= this.first.error / 2) return undefined;
    return this.takeFallback();
  }

  /** What the samples alone would take, once no width is left; once. */
  takeFallback(): Choice | undefined {
    const choice = this.first?.choice;
    this.first = undefined;
    this.looks = 0;
    return choice;
  }
}

interface GateInputs {
  readonly samples: readonly RealValues[];
  readonly magnitudes: ReadonlyMap<string, number>;
  /** The search ends early beyond it. */
  readonly limit: number;
}

/** The worst searched error over the outputs, each as a part of its largest magnitude on the samples. */
export function* searchedWorst(
  graph: RealGraph,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  { samples, magnitudes, limit }: GateInputs,
): Work<number> {
  if (model.exact.size === graph.nodes.length) return 0;
  const relative = (name: string, error: number) => error / (magnitudes.get(name)! || 1);
  const isEnough = (name: string, error: number) => relative(name, error) > limit;
  const { outputs } = yield* searchingErrors(graph, model, domains, { work: GATE_WORK, samples, isEnough });
  return outputs.reduce((worst, { name, maxAbsError }) => Math.max(worst, relative(name, maxAbsError)), 0);
}
