/**
 * The samples that compile calibrates on and measures by: the user's, or drawn from the declared domain, independent elements and patterns in turn.
 * Every fifth is held out: no range, scale or width is chosen by it (an input's domain alone must hold it, or the data given would be refused), and what is chosen must do for it too.
 */
import { ZkonnxError } from '../base/errors.js';
import type { Work } from '../base/work.js';
import { patternLevels } from './bounds/patterns.js';
import { CORNER_ELEMENTS } from './bounds/points.js';
import { lehmer } from './bounds/random.js';
import { domainFor, type CompileOptions, type Range } from './options.js';
import { calibrating, type RealValues, type Statistics } from './passes/calibrate.js';
import { inputNodes } from './passes/domains.js';
import { isTruth, isWhole } from './passes/exact.js';
import { RealEvaluator } from './real/evaluate.js';
import { sizeOf, type RealGraph, type RealNode } from './real/graph.js';

/** Samples drawn from a declared domain when no data is given: 64 to choose by, and the held-out ones. */
export const DRAWN_SAMPLES = 80;

/** One in so many samples is held out; fewer than this hold none out. */
const HELD_OUT_EVERY = 5;

export interface Samples {
  /** In the order given. */
  readonly all: readonly RealValues[];
  /** From the declared domain, because no data was given. */
  readonly drawn: boolean;
}

/** Whether sample `index` of so many is held out: the fifth, the tenth, … */
export function isHeldOut(index: number, count: number): boolean {
  return count >= HELD_OUT_EVERY && index % HELD_OUT_EVERY === HELD_OUT_EVERY - 1;
}

/** Those that ranges and scales are chosen by. */
export function chosenBy({ all }: Pick<Samples, 'all'>): readonly RealValues[] {
  return all.filter((_, index) => !isHeldOut(index, all.length));
}

/** A sample's name in messages. */
export function labelOf({ drawn, all }: Samples, index: number): string {
  const name = drawn ? 'drawn sample' : 'calibration sample';
  return `${name} ${index}${isHeldOut(index, all.length) ? ' (held out)' : ''}`;
}

export function sampling(graph: RealGraph, options: CompileOptions): Samples {
  return {
    all: calibrationSamples(graph, options),
    drawn: options.samples === undefined || options.samples.length === 0,
  };
}

/** The statistics of the graph over the samples that choices are made by. */
export function* calibratingOn(graph: RealGraph, samples: Samples): Work<ReadonlyMap<string, Statistics>> {
  return yield* calibrating(graph, chosenBy(samples), { byLargest: samples.drawn && isPatterned(graph) });
}

/** Whether drawn samples hold patterns: not where inputs are so few elements that corners and independent draws tell all. */
function isPatterned(graph: RealGraph): boolean {
  return inputNodes(graph).reduce((total, node) => total + sizeOf(node), 0) > CORNER_ELEMENTS;
}

/** The given samples, checked against the inputs' shapes and domains; or ones drawn from the declared domain. */
function calibrationSamples(graph: RealGraph, options: CompileOptions): readonly RealValues[] {
  const nodes = inputNodes(graph);
  if (options.samples !== undefined && options.samples.length > 0) {
    options.samples.forEach((sample, s) => {
      const isQuotable = (options.input ?? 'public') === 'public';
      for (const node of nodes) {
        checkSample(sample.get(node.name), node, s, domainFor(options, node), isQuotable);
        if (isTruth(node)) checkTruths(sample.get(node.name)!, node, s, isQuotable);
      }
    });
    return options.samples;
  }
  return drawnSamples(
    graph,
    nodes.map((node) => [node, rangeOf(node, options)]),
  );
}

function rangeOf(node: RealNode, options: CompileOptions): Range {
  const range = domainFor(options, node);
  if (range !== undefined) return isTruth(node) ? TRUTHS : range;
  throw new ZkonnxError('CALIBRATION_INVALID', 'nothing says which values an input takes', {
    expected: '--calibrate DATA and/or --domain LO..HI',
    where: `input ${node.name}`,
    help: 'give some real inputs (best), or the range of values the model will ever see',
  });
}

/** Patterns only where the model has an answer: a constant has no deviation to be divided by. */
function drawnSamples(graph: RealGraph, inputs: readonly (readonly [RealNode, Range])[]): RealValues[] {
  const random = lehmer(20261121);
  const evaluator = isPatterned(graph) ? new RealEvaluator(graph) : undefined;
  const drawn = (levels: (node: RealNode) => Float64Array): RealValues =>
    new Map(inputs.map(([node, range]) => [node.name, valuesAt(levels(node), node, range)]));
  const independent = () => drawn((node) => Float64Array.from({ length: sizeOf(node) }, random));
  return Array.from({ length: DRAWN_SAMPLES }, (_, s) => {
    if (evaluator === undefined || s % 2 === 0) return independent();
    const pattern = drawn(({ dims }) => patternLevels(dims, random));
    const isAnswered = [...evaluator.run(pattern).values()].every((values) => values.every(Number.isFinite));
    return isAnswered ? pattern : independent();
  });
}

/** Of levels 0 … 1. */
function valuesAt(levels: Float64Array, node: RealNode, { lo, hi }: Range): Float64Array {
  return isWhole(node) || isTruth(node)
    ? levels.map((level) => Math.min(hi, Math.floor(lo + (hi - lo + 1) * level)))
    : levels.map((level) => lo + (hi - lo) * level);
}

function checkSample(
  values: Float64Array | undefined,
  node: { readonly name: string; readonly dims: readonly number[] },
  index: number,
  range: Range | undefined,
  isQuotable: boolean,
): void {
  const where = `calibration sample ${index}, input ${node.name}`;
  if (values?.length !== sizeOf(node)) {
    throw new ZkonnxError('CALIBRATION_INVALID', 'a calibration sample has the wrong shape', {
      expected: `[${node.dims.join(', ')}], ${sizeOf(node)} values`,
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

const TRUTHS: Range = { lo: 0, hi: 1 };

/** Throws CALIBRATION_INVALID for a value of a mask that is neither 0 nor 1. */
function checkTruths(values: Float64Array, { name }: RealNode, index: number, isQuotable: boolean): void {
  const at = values.findIndex((value) => value !== 0 && value !== 1);
  if (at < 0) return;
  throw new ZkonnxError(
    'CALIBRATION_INVALID',
    'an input that masks the scores of a softmax holds another value than 0 and 1',
    {
      expected: '0 or 1',
      ...(isQuotable ? { got: String(values[at]) } : {}),
      where: `calibration sample ${index}, input ${name}, element ${at}`,
      help: 'give the mask itself, as the model was trained with; a mask between 0 and 1 cannot be proven',
    },
  );
}
