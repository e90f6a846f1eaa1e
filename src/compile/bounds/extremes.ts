/**
 * A search for the extremes of every tensor over the input domain: corners, random points, and from the best of them ascent along the derivative
 * of the extreme element, with steps that halve where they do not help (projected sign ascent, as Madry et al., ICLR 2018, attack with). What it finds is
 * reached for sure; what it does not find may be there. Work is counted, not timed, and what is drawn is the same on every machine.
 */
import type { Work } from '../../base/work.js';
import type { RealGraph } from '../real/graph.js';
import { realOpOf } from '../real/ops.js';
import { evaluationWork, GradientEvaluator, type Values } from './gradient.js';
import { corner, cornerCount, patternPoint, randomCorner, randomPoint, stepped, type SearchDomains } from './points.js';
import { lehmer } from './random.js';

/** Multiply-adds that a search may take: about a second. */
export const SEARCH_WORK = 2 ** 28;
/** And evaluations at most: what a small graph gains beyond is little. */
const MAX_EVALUATIONS = 6000;
/** However much work they are. */
const MIN_EVALUATIONS = 8;
/** Part of the evaluations that look at corners and draws. */
const DRAWN = 1 / 3;
/** In turn. */
const DRAWS = [randomCorner, patternPoint, randomPoint] as const;
/** Steps of one ascent, of the domain's width. */
const ASCENT = 14;
const FIRST_STEP = 1;
const LAST_STEP = 1 / 256;

export interface Extremes {
  /** Least and largest value of every computed node. */
  readonly ranges: ReadonlyMap<string, { readonly lo: number; readonly hi: number }>;
  readonly evaluations: number;
}

export function* searchingExtremes(
  graph: RealGraph,
  domains: SearchDomains,
  { work = SEARCH_WORK }: { readonly work?: number } = {},
): Work<Extremes> {
  // Backwards is about as much as forwards.
  const affordable = Math.floor(work / (2 * evaluationWork(graph)));
  const evaluations = Math.max(MIN_EVALUATIONS, Math.min(MAX_EVALUATIONS, affordable));
  const search = new Search(graph, domains);
  const drawn = Math.ceil(evaluations * DRAWN);
  const random = lehmer(20261130);
  const corners = cornerCount(domains) ?? 0;
  for (let i = 0; i < drawn; i++) {
    yield i / evaluations;
    if (i < corners) search.look(corner(domains, i));
    else search.look(DRAWS[i % DRAWS.length]!(domains, random));
  }
  for (;;) {
    const before = search.looks;
    for (const goal of search.goals()) {
      if (search.looks >= evaluations) return search.result();
      yield search.looks / evaluations;
      search.ascend(goal, Math.min(ASCENT, evaluations - search.looks));
    }
    if (search.looks === before) return search.result();
  }
}

/** One end of one tensor. */
interface Goal {
  readonly node: string;
  readonly sign: 1 | -1;
  best: number;
  element: number;
  at: Values;
}

class Search {
  looks = 0;
  private readonly evaluator: GradientEvaluator;
  private readonly ends: Goal[] = [];

  constructor(
    graph: RealGraph,
    private readonly domains: SearchDomains,
  ) {
    this.evaluator = new GradientEvaluator(graph);
    for (const { name, op } of graph.nodes) {
      if (realOpOf(op).values !== 'computed') continue;
      for (const sign of [1, -1] as const) {
        this.ends.push({ node: name, sign, best: -Infinity, element: 0, at: new Map() });
      }
    }
  }

  /** The ends of all tensors, the deepest first: they are the hardest. */
  goals(): readonly Goal[] {
    return this.ends.toReversed();
  }

  look(point: Values): void {
    this.looks++;
    const values = this.evaluator.run(point);
    for (const goal of this.ends) {
      const y = values.get(goal.node)!;
      for (let i = 0; i < y.length; i++) {
        const value = goal.sign * y[i]!;
        if (value > goal.best && value < Infinity) {
          goal.best = value;
          goal.element = i;
          goal.at = point;
        }
      }
    }
  }

  ascend(goal: Goal, steps: number): void {
    let direction: Values | undefined;
    let size = FIRST_STEP;
    for (let i = 0; i < steps && size >= LAST_STEP; i++) {
      const from = goal.at;
      if (direction === undefined) {
        this.evaluator.run(from);
        const found = this.evaluator.gradient(goal.node, goal.element);
        direction = new Map([...found].map(([name, grad]) => [name, grad.map((g) => goal.sign * g)]));
      }
      const before = goal.best;
      this.look(stepped(this.domains, from, direction, size));
      if (goal.best > before) direction = undefined;
      else size /= 2;
    }
  }

  result(): Extremes {
    const ranges = new Map<string, { lo: number; hi: number }>();
    for (const { node, sign, best } of this.ends) {
      const range = ranges.get(node) ?? { lo: 0, hi: 0 };
      if (sign === 1) range.hi = best;
      else range.lo = -best;
      ranges.set(node, range);
    }
    return { ranges, evaluations: this.looks };
  }
}
