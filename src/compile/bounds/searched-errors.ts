/**
 * A search for the largest |integer − float|: from corners, samples with noise and draws uphill, by moves of a few elements that are kept where the
 * error grows (the difference of two nearly equal functions has no derivative worth following). Points that clamp are counted apart: their proofs
 * say so. What is found is reached for sure; larger errors may be there. Work is counted, and what is drawn is the same on every machine.
 */
import { finish, type Work } from '../../base/work.js';
import { clampWatch } from '../ir/clamped.js';
import { Interpreter } from '../ir/program.js';
import type { RealGraph } from '../real/graph.js';
import { encodeInputs } from '../real/input-grid.js';
import { DrawnOutputs } from './drawn-outputs.js';
import { evaluationWork, type Values } from './gradient.js';
import { searchDomains, type InputDomains, type IntegerModel, type IntegerTensor } from './integer-model.js';
import { corner, cornerCount, nudged, patternPoint, randomCorner, randomPoint, type SearchDomains } from './points.js';
import { lehmer } from './random.js';

export interface SearchedErrors {
  /** Starts made, the corners among them, and points looked at in all. */
  readonly starts: number;
  readonly corners: number;
  readonly evaluations: number;
  /** Points left out because a value was clamped. */
  readonly clamped: number;
  /** In the order of the graph's outputs, over the points where nothing was clamped; `magnitude`: the largest |float| of them. */
  readonly outputs: readonly { readonly name: string; readonly maxAbsError: number; readonly magnitude: number }[];
}

export interface SearchOptions {
  /** Default 200. */
  readonly starts?: number;
  /** Multiply-adds of the float model at most; however many, a few points are looked at. */
  readonly work?: number;
  /** Points whose neighbourhood counts more than others. */
  readonly samples?: readonly Values[];
  /** Of the same graph: what earlier searches over it have drawn. */
  readonly floats?: DrawnOutputs;
  /** Ends the search early, after some starts, once it says so of the worst error of an output, patterns apart. */
  readonly isEnough?: (output: string, maxAbsError: number, magnitude: number) => boolean;
}

/** Default of `starts`. */
export const SEARCHED_STARTS = 200;
/** Default of `work`: some seconds. */
export const SEARCHED_WORK = 2 ** 30;
const MIN_EVALUATIONS = 16;
/** Starts before a search may end early. */
const EARLIEST = 20;
/** Points that a start is the best of. */
const DRAWS = 20;
/** Moves from each start, and from each of the best afterwards. */
const FIRST_MOVES = 8;
const LATER_MOVES = 64;
const BEST_STARTS = 24;
/** The largest move, as a part of the domain's width, and how fast moves become smaller. */
const MOVE = 1 / 4;
const SHRINK = 0.9;
/** Part of the elements that one move changes, by chance. */
const SHARE = 0.2;
/** Noise on samples, as a part of the domain's width. */
const NOISE = 1 / 16;

/** What a search found, and which of it without the climbs from patterns: of each output the worst error. */
export interface SearchedApart {
  readonly errors: SearchedErrors;
  readonly unpatterned: readonly number[];
}

export function* searchingErrors(...args: Parameters<typeof searchingApart>): Work<SearchedErrors> {
  return (yield* searchingApart(...args)).errors;
}

export function* searchingApart(
  graph: RealGraph,
  model: IntegerModel,
  domains: InputDomains,
  options: SearchOptions = {},
): Work<SearchedApart> {
  const { starts = SEARCHED_STARTS, work = SEARCHED_WORK, samples = [], isEnough = () => false } = options;
  const where = searchDomains(graph, domains);
  const points = Math.max(MIN_EVALUATIONS, Math.floor(work / (2 * evaluationWork(graph))));
  const most = Math.min(points, starts * (DRAWS + FIRST_MOVES) + BEST_STARTS * LATER_MOVES);
  const draws = Math.max(1, Math.min(DRAWS, Math.floor(points / starts / 2)));
  const search = new ErrorSearch(graph, model, { domains, floats: options.floats ?? new DrawnOutputs(graph) });
  const random = lehmer(20261201);
  const climbers: Climber[] = [];
  const corners = Math.min(cornerCount(where) ?? 2, starts);
  for (let s = 0; s < starts && search.looks < most; s++) {
    yield (0.6 * s) / starts;
    const climber: Climber = { point: new Map(), error: -Infinity, isPattern: false };
    for (let d = 0; d < (s < corners ? 1 : draws); d++) {
      const isPattern = s >= corners && isPatternStart(where, samples, s + d);
      search.isOnPattern = isPattern;
      const point = s < corners ? cornerOf(where, s) : startOf(where, samples, s + d, random);
      if (take(climber, point, search.lookAtDraw(point))) climber.isPattern = isPattern;
    }
    climb(search, where, climber, { moves: Math.min(FIRST_MOVES, most - search.looks), size: MOVE, random });
    climbers.push(climber);
    if (s >= EARLIEST && search.isAny(isEnough)) break;
  }
  const best = [...climbers].sort((a, b) => b.error - a.error).slice(0, BEST_STARTS);
  for (const [i, climber] of search.isAny(isEnough) ? [] : best.entries()) {
    yield 0.6 + (0.4 * i) / best.length;
    climb(search, where, climber, { moves: Math.min(LATER_MOVES, most - search.looks), size: MOVE / 2, random });
  }
  const made = { starts: climbers.length, corners: Math.min(corners, climbers.length) };
  return { errors: { ...made, ...search.result() }, unpatterned: search.unpatterned() };
}

/** As `searchingErrors`, at once. */
export function searchedErrors(...args: Parameters<typeof searchingErrors>): SearchedErrors {
  return finish(searchingErrors(...args));
}

/** Where there are too many corners for all, the two where every element is at one end. */
function cornerOf(where: SearchDomains, s: number): Values {
  return cornerCount(where) === undefined ? corner(where, s === 0 ? 0 : -1) : corner(where, s);
}

/** Samples with noise, or patterns; uniform points, corners by chance: in turn. */
function startOf(where: SearchDomains, samples: readonly Values[], s: number, random: () => number): Values {
  const sample = samples[s % Math.max(1, samples.length)];
  if (sample !== undefined && s % 4 !== 3) return nudged(where, sample, { size: NOISE * (s % 3), share: 1, random });
  if (s % 8 === 7) return randomCorner(where, random);
  return isPatternStart(where, samples, s) ? patternPoint(where, random) : randomPoint(where, random);
}

/** Where data is given, that shows what goes together. */
function isPatternStart(where: SearchDomains, samples: readonly Values[], s: number): boolean {
  return samples.length === 0 && s % 2 === 0 && cornerCount(where) === undefined;
}

interface Climber {
  point: Values;
  /** −∞ where the point clamps. */
  error: number;
  isPattern: boolean;
}

function climb(
  search: ErrorSearch,
  where: SearchDomains,
  climber: Climber,
  { moves, size: first, random }: { readonly moves: number; readonly size: number; readonly random: () => number },
): void {
  let size = first;
  search.isOnPattern = climber.isPattern;
  for (let i = 0; i < moves; i++) {
    const point = nudged(where, climber.point, { size, share: i % 2 === 0 ? SHARE : 1, random });
    if (!take(climber, point, search.look(point))) size *= SHRINK;
  }
}

/** Whether the point is better. The first is kept in any case. */
function take(climber: Climber, point: Values, error: number): boolean {
  if (error <= climber.error && climber.point.size > 0) return false;
  climber.point = point;
  climber.error = error;
  return true;
}

interface Output {
  readonly name: string;
  readonly node: string;
  readonly tensor: IntegerTensor;
  error: number;
  /** The worst error but of patterns and of climbs from them. */
  unpatterned: number;
  magnitude: number;
}

class ErrorSearch {
  looks = 0;
  /** Whether the next point is a pattern, or on a climb from one. */
  isOnPattern = false;
  private draws = 0;
  private clamped = 0;
  private readonly domains: InputDomains;
  private readonly floats: DrawnOutputs;
  private readonly integers: Interpreter;
  private readonly watch: ReturnType<typeof clampWatch>;
  private readonly outputs: readonly Output[];

  constructor(
    graph: RealGraph,
    model: IntegerModel,
    { domains, floats }: { readonly domains: InputDomains; readonly floats: DrawnOutputs },
  ) {
    this.domains = domains;
    this.floats = floats;
    this.integers = new Interpreter(model.ir);
    this.watch = clampWatch(model.ir);
    this.outputs = graph.outputs.map(({ name, node }) => ({
      name,
      node,
      tensor: model.tensors.get(node)!,
      error: 0,
      unpatterned: 0,
      magnitude: 0,
    }));
  }

  /** The worst error of the point over the outputs, each as a part of its largest magnitude so far; −∞ where a value is clamped. */
  look(point: Values): number {
    return this.judge(point, this.floats.at(point));
  }

  /** As `look`, at a point that no move led to. */
  lookAtDraw(point: Values): number {
    return this.judge(point, this.floats.atDraw(this.draws++, point));
  }

  private judge(point: Values, floats: Values): number {
    this.looks++;
    const values = this.integers.run(encodeInputs(point, this.domains));
    const isClamped = this.watch(values).length > 0;
    if (isClamped) this.clamped++;
    let worst = isClamped ? -Infinity : 0;
    for (const output of this.outputs) {
      const { error, magnitude } = differenceOf(output, values, floats);
      if (isClamped) continue;
      output.magnitude = Math.max(output.magnitude, magnitude);
      output.error = Math.max(output.error, error);
      if (!this.isOnPattern) output.unpatterned = Math.max(output.unpatterned, error);
      worst = Math.max(worst, error / (output.magnitude || 1));
    }
    return worst;
  }

  isAny(isEnough: NonNullable<SearchOptions['isEnough']>): boolean {
    return this.outputs.some(({ name, unpatterned, magnitude }) => isEnough(name, unpatterned, magnitude));
  }

  unpatterned(): readonly number[] {
    return this.outputs.map(({ unpatterned }) => unpatterned);
  }

  result(): Pick<SearchedErrors, 'evaluations' | 'clamped' | 'outputs'> {
    const outputs = this.outputs.map(({ name, error, magnitude }) => ({ name, maxAbsError: error, magnitude }));
    return { evaluations: this.looks, clamped: this.clamped, outputs };
  }
}

function differenceOf({ node, tensor }: Output, integers: Values, floats: Values) {
  const [q, x] = [integers.get(tensor.node)!, floats.get(node)!];
  let [error, magnitude] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    error = Math.max(error, Math.abs(q[i]! * tensor.scale + tensor.offset - x[i]!));
    magnitude = Math.max(magnitude, Math.abs(x[i]!));
  }
  return { error, magnitude };
}
