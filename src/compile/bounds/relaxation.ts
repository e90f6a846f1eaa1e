/**
 * Bounds of every tensor of a program of affine and elementwise steps, by linear relaxation: an element of an affine step is written, from the
 * last step back to the first, as a linear combination of earlier and earlier tensors, a step that is not affine being replaced by the line above
 * or below it that its coefficient's sign asks for (DeepPoly: Singh, Gehr, Püschel, Vechev, An Abstract Domain for Certifying Neural Networks,
 * POPL 2019; CROWN: Zhang, Weng, Chen, Hsieh, Daniel, Efficient Neural Network Robustness Certification with General Activation Functions, NeurIPS 2018).
 * Wherever one tensor alone is left, its box gives a bound; the best of them counts, and plain intervals where they are better.
 *
 * Sound against float64: rounding a combination's coefficients at an affine step perturbs it by at most sumSlack · Σ |c_i| · reach_i, where reach_i is
 * the sum of the magnitudes of row i's terms over the boxes; these perturbations are added up and the bound is widened by them.
 *
 * Work is counted in multiply-adds and bounded for each step, never by time: the same bounds come out on every machine.
 */
import { rowsOf, type LinearMap } from '../real/linear-map.js';
import { affineBox, intersection, reachOf, sumSlack, type Box, type Lines } from '../real/box.js';

/** One tensor of a program. */
export interface Step {
  readonly name: string;
  /** Names of earlier steps. */
  readonly inputs: readonly string[];
  readonly size: number;
  /** The plain interval, given the inputs' boxes. */
  interval(inputs: readonly Box[]): Box;
  /** Where it is affine. */
  readonly affine?: { readonly maps: readonly LinearMap[]; readonly bias: Float64Array } | undefined;
  /** Lines around it as a function of one element of its one input. Undefined where only the interval is known. */
  lines?(x: Box): Lines | undefined;
}

export interface RelaxedBounds {
  readonly boxes: ReadonlyMap<string, Box>;
  /** The steps where the bound of work was reached: the rows that remained have plain intervals. */
  readonly plain: readonly string[];
}

/** Multiply-adds that the relaxation of one step may take: about half a second. */
export const LAYER_WORK = 2 ** 27;

/** Bounds of all steps, which are in topological order; `work`: multiply-adds a step. */
export function relaxedBounds(steps: readonly Step[], work = LAYER_WORK): RelaxedBounds {
  const relaxation = new Relaxation(steps, work);
  steps.forEach((_, s) => {
    relaxation.add(s);
  });
  return relaxation;
}

interface Term {
  readonly step: Step;
  readonly inputs: readonly number[];
  /** Coefficients of the combination at hand, all zero between two. */
  readonly coefs: Float64Array;
  /** The elements that may have one: first … end − 1. */
  first: number;
  end: number;
  box: Box;
  lines: Lines | undefined;
  /** Of affine steps. */
  reach: Float64Array;
}

/** What a linear step's lines may be off by: slope and offset are each a few operations. */
const LINE_SLACK = 2 ** -48;

class Relaxation implements RelaxedBounds {
  readonly boxes = new Map<string, Box>();
  readonly plain: string[] = [];
  private readonly terms: Term[] = [];
  private readonly index = new Map<string, number>();
  private readonly wanted: ReadonlySet<string>;
  private spent = 0;

  constructor(
    private readonly steps: readonly Step[],
    private readonly work: number,
  ) {
    const read = new Set(steps.flatMap((step) => step.inputs));
    const forms = new Set(steps.filter((step) => step.affine === undefined).flatMap((step) => step.inputs));
    this.wanted = new Set(steps.map((step) => step.name).filter((name) => forms.has(name) || !read.has(name)));
  }

  add(s: number): void {
    const step = this.steps[s]!;
    const inputs = step.inputs.map((name) => this.index.get(name)!);
    const boxes = inputs.map((i) => this.terms[i]!.box);
    const plain = step.interval(boxes);
    const lines = step.affine === undefined && boxes.length === 1 ? step.lines?.(boxes[0]!) : undefined;
    const reach = step.affine === undefined ? new Float64Array(0) : affineBox(step.affine, boxes).reach;
    const coefs = new Float64Array(step.size);
    const term: Term = { step, inputs, coefs, first: step.size, end: 0, box: plain, lines, reach };
    this.terms.push(term);
    this.index.set(step.name, s);
    if (step.affine !== undefined && this.wanted.has(step.name) && this.isDeep(inputs)) {
      term.box = intersection(plain, this.tightened(term, plain));
    }
    this.boxes.set(step.name, term.box);
  }

  /** Whether substitution says more than the interval: something below is a step that itself has inputs. */
  private isDeep(inputs: readonly number[]): boolean {
    return inputs.some((i) => {
      const { inputs: below, lines, step } = this.terms[i]!;
      return below.length > 0 && (lines !== undefined || step.affine !== undefined);
    });
  }

  private tightened(term: Term, plain: Box): Box {
    const [lo, hi] = [Float64Array.from(plain.lo), Float64Array.from(plain.hi)];
    this.spent = 0;
    for (let i = 0; i < lo.length; i++) {
      if (this.spent > this.work) {
        this.plain.push(term.step.name);
        break;
      }
      if (lo[i] === hi[i]) continue;
      hi[i] = Math.min(hi[i]!, this.bound(term, i, 1));
      lo[i] = Math.max(lo[i]!, -this.bound(term, i, -1));
    }
    return { lo, hi };
  }

  /** An upper bound of sign·(element i of the affine step). */
  private bound(term: Term, i: number, sign: 1 | -1): number {
    const open = new Set<number>();
    let [constant, slack, best] = [0, 0, Infinity];
    const affine = (from: Term, row: number, factor: number): void => {
      const { maps, bias } = from.step.affine!;
      constant += factor * bias[row]!;
      maps.forEach((map, s) => {
        this.scatter(map, row, factor, from.inputs[s]!, open);
      });
      slack += Math.abs(factor) * from.reach[row]! * sumSlack(from.step.size + 64);
    };
    affine(term, i, sign);
    while (open.size > 0) {
      const s = Math.max(...open);
      const at = this.terms[s]!;
      if (open.size === 1 || at.inputs.length === 0 || !isSubstituted(at)) {
        const [value, off] = concrete(at);
        this.spent += at.end - at.first;
        if (open.size === 1) best = least(best, constant + value + slack + off);
        if (!isSubstituted(at)) {
          constant += value;
          slack += off;
          this.clear(at);
          open.delete(s);
          continue;
        }
      }
      const { coefs, first, end, lines } = at;
      at.first = at.step.size;
      at.end = 0;
      open.delete(s);
      for (let j = first; j < end; j++) {
        const c = coefs[j]!;
        if (c === 0) continue;
        coefs[j] = 0;
        if (lines === undefined) {
          affine(at, j, c);
          continue;
        }
        const slope = c > 0 ? lines.highSlope[j]! : lines.lowSlope[j]!;
        const offset = c > 0 ? lines.highOffset[j]! : lines.lowOffset[j]!;
        constant += c * offset;
        const source = lines.source?.[j] ?? j;
        const below = this.terms[at.inputs[0]!]!;
        slack +=
          Math.abs(c) *
          LINE_SLACK *
          (Math.abs(offset) + (slope === 0 ? 0 : Math.abs(slope) * reachOf(below.box, source)));
        if (slope !== 0) this.put(at.inputs[0]!, source, c * slope, open);
      }
      this.spent += end - first;
    }
    return least(best, constant + slack + (Math.abs(constant) + slack) * LINE_SLACK);
  }

  private scatter(map: LinearMap, row: number, factor: number, into: number, open: Set<number>): void {
    const { rowClass, rowBase, rowWeight, start: starts, offset, tap, weights } = rowsOf(map);
    const [base, own, c] = [rowBase[row]!, rowWeight[row]!, rowClass[row]!];
    const [start, end] = [starts[c]!, starts[c + 1]!];
    if (start === end) return;
    const term = this.terms[into]!;
    const { coefs } = term;
    let { first, end: last } = term;
    for (let k = start; k < end; k++) {
      const j = base + offset[k]!;
      coefs[j]! += factor * weights[own + tap[k]!]!;
      if (j < first) first = j;
      if (j >= last) last = j + 1;
    }
    term.first = first;
    term.end = last;
    open.add(into);
    this.spent += end - start;
  }

  private put(into: number, j: number, coef: number, open: Set<number>): void {
    const term = this.terms[into]!;
    term.coefs[j]! += coef;
    term.first = Math.min(term.first, j);
    term.end = Math.max(term.end, j + 1);
    open.add(into);
  }

  private clear(term: Term): void {
    term.coefs.fill(0, term.first, term.end);
    term.first = term.step.size;
    term.end = 0;
  }
}

function isSubstituted({ lines, step }: Term): boolean {
  return lines !== undefined || step.affine !== undefined;
}

/** The largest value of the term's combination over its box, and what computing it may have lost. */
function concrete({ coefs, first, end, box }: Term): readonly [number, number] {
  let [sum, reach] = [0, 0];
  for (let j = first; j < end; j++) {
    const c = coefs[j]!;
    if (c === 0) continue;
    const value = c * (c > 0 ? box.hi[j]! : box.lo[j]!);
    sum += value;
    reach += Math.abs(value);
  }
  return [sum, sumSlack(end - first) * reach];
}

/** NaN, as of ∞ − ∞, is no bound. */
function least(a: number, b: number): number {
  return b < a ? b : a;
}
