/**
 * The tolerance beyond the samples: of the widths that hold it on them, the least that holds it at the points where a search finds the largest
 * errors too. Where more bits do not help, as at the jump of a comparison, the least width that the samples ask for is taken.
 */
import type { Work } from '../base/work.js';
import type { DrawnOutputs } from './bounds/drawn-outputs.js';
import { searchingApart } from './bounds/searched-errors.js';
import type { RealValues } from './passes/calibrate.js';
import type { InputDomain } from './real/input-grid.js';
import { inputNodes } from './passes/domains.js';
import type { QuantisedModel } from './passes/quantise.js';
import { FEATURES } from './ranges.js';
import { sizeOf, type RealGraph } from './real/graph.js';

/** Multiply-adds of one search. */
const GATE_WORK = 2 ** 27;
/**
 * Part of the tolerance that a searched error may take; the rest is for what a short search does not find. Ascents of acasxu-1-1 came to 1.6 times
 * it, and so did digits where mnist-12 was compiled from a domain alone; ascents from pictures that the data shows, whose many roundings average
 * out, no further than random points do.
 */
const GATE_PART = { unseen: 0.5, seen: 0.8 };
/** A search ends early once it has found so many times the tolerance. */
const HOPELESS = 8;
/** So many widths with errors that large, or that bring the error no further down, and no more are tried. */
const PATIENCE = { hopeless: 6, stale: 3 };
/** Of the least error so far: what counts as further down. */
const FURTHER = 0.8;

/** Searched errors: of all points, and but for climbs from patterns. */
export interface SearchedWorst {
  readonly all: number;
  readonly unpatterned: number;
}

export class SearchGate<Choice> {
  private first: Choice | undefined;
  /** The first with the room that is asked for, but for patterns: where rows that vary little are divided by their deviation, no bits help there. */
  unpatterned: Choice | undefined;
  /** The first that holds the tolerance but for patterns. */
  private closeUnpatterned: Choice | undefined;
  /** The first that holds the tolerance, with less room than is asked for. */
  private close: Choice | undefined;
  private least = Infinity;
  private hopeless = 0;
  private stale = 0;
  private isRenewed = false;
  /** Whether more bits do not help. */
  isSpent = false;

  private readonly enough: number;

  /** `limit`: the tolerance; `isSeen`: whether data shows what inputs look like. */
  constructor(
    private readonly limit: number,
    isSeen: boolean,
  ) {
    this.enough = limit * (isSeen ? GATE_PART.seen : GATE_PART.unseen);
  }

  /** The choice to take; undefined: look at the next width, unless `isSpent`. */
  judge(choice: Choice, { all, unpatterned }: SearchedWorst): Choice | undefined {
    if (all <= this.enough) return choice;
    this.first ??= choice;
    if (all <= this.limit) this.close ??= choice;
    if (unpatterned <= this.limit) this.closeUnpatterned ??= choice;
    if (this.unpatterned === undefined && unpatterned <= this.enough) {
      this.unpatterned = choice;
      this.least = Infinity;
    }
    const error = this.unpatterned === undefined ? unpatterned : all;
    const stands = error > FURTHER * this.least;
    const isHopeless = error > HOPELESS * this.limit;
    if (isHopeless) this.hopeless++;
    else if (stands) this.stale++;
    const isOut = this.hopeless > PATIENCE.hopeless || this.stale > PATIENCE.stale;
    const isLeft = this.unpatterned !== undefined && (isHopeless || stands);
    this.isSpent = isOut || isLeft || (this.isRenewed && stands);
    this.isRenewed = false;
    this.least = Math.min(this.least, error);
    return undefined;
  }

  /** Finer inputs are tried: worthwhile where the first of them brings the error further down. */
  renew(): void {
    this.isSpent = false;
    this.isRenewed = true;
    this.hopeless = this.stale = 0;
  }

  /** The best of what has been looked at, once no width is left; once. */
  takeFallback(): Choice | undefined {
    const choice = this.close ?? this.unpatterned ?? this.closeUnpatterned ?? this.first;
    this.first = this.close = this.unpatterned = this.closeUnpatterned = undefined;
    this.least = Infinity;
    this.hopeless = this.stale = 0;
    this.isSpent = this.isRenewed = false;
    return choice;
  }
}

interface GateInputs {
  readonly samples: readonly RealValues[];
  readonly magnitudes: ReadonlyMap<string, number>;
  /** The tolerance. */
  readonly limit: number;
  /** Of this graph, for all widths. */
  readonly floats: DrawnOutputs;
}

/**
 * The worst searched error over the outputs, each as a part of its largest magnitude on the samples; where the caller stated the domain of
 * features, on the points of the search too: of pictures no picture is near what gives the largest values.
 */
export function* searchedWorst(
  graph: RealGraph,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  { samples, magnitudes, limit, floats }: GateInputs,
): Work<SearchedWorst> {
  if (model.exact.size === graph.nodes.length) return { all: 0, unpatterned: 0 };
  const isReached =
    inputElements(graph) <= FEATURES && [...domains.values()].every(({ source }) => source === 'declared');
  const relative = (name: string, error: number, magnitude: number) =>
    error / (Math.max(magnitudes.get(name)!, isReached ? magnitude : 0) || 1);
  const isEnough = (name: string, error: number, magnitude: number) =>
    relative(name, error, magnitude) > HOPELESS * limit;
  const search = { work: GATE_WORK, samples, floats, isEnough };
  const { errors, unpatterned } = yield* searchingApart(graph, model, domains, search);
  const worst = (errorAt: (output: number) => number) =>
    Math.max(0, ...errors.outputs.map(({ name, magnitude }, o) => relative(name, errorAt(o), magnitude)));
  return { all: worst((o) => errors.outputs[o]!.maxAbsError), unpatterned: worst((o) => unpatterned[o]!) };
}

/** Over all inputs. */
export function inputElements(graph: RealGraph): number {
  return inputNodes(graph).reduce((total, node) => total + sizeOf(node), 0);
}
