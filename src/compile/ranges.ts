/**
 * Where targets end. The samples alone decide where nothing else is known; where a domain is declared, a search for extremes over it is joined with
 * them, and bounds over it cut off what no value reaches; where no value may leave its range, the bounds decide alone. Ranges choose scales: what
 * is proven comes from the integer program's own intervals.
 */
import { finish, part, type Work } from '../base/work.js';
import { searchingExtremes, type Extremes } from './bounds/extremes.js';
import { domainBoxes, gridStep, searchDomains } from './bounds/integer-model.js';
import { realBounds } from './bounds/real-bounds.js';
import type { SearchDomains } from './bounds/points.js';
import { isHeldOut, type Samples } from './calibration-samples.js';
import { DEFAULT_OVERFLOW, domainFor, type CompileOptions } from './options.js';
import type { RealValues, Statistics } from './passes/calibrate.js';
import type { InputDomain } from './real/input-grid.js';
import { inputDomains, inputNodes } from './passes/domains.js';
import { overflowModes } from './passes/overflow.js';
import { reachOf } from './passes/scales.js';
import { hull } from './real/box.js';
import { sizeOf, type RealGraph, type RealNode } from './real/graph.js';
import { realOpOf } from './real/ops.js';

/** The statistics with the ranges of their tensors, as samples, domains and what the caller wants of overflow ask for. */
export function* ranging(
  graph: RealGraph,
  samples: Samples,
  statistics: ReadonlyMap<string, Statistics>,
  options: CompileOptions,
): Work<Ranges> {
  const nodes = new Map(inputNodes(graph).map((node) => [node.name, node]));
  const declaredOf = (name: string) => domainFor(options, nodes.get(name)!);
  const domains = inputDomains(graph, samples.drawn ? [] : samples.all, declaredOf);
  const declared = isDeclared(graph, options);
  const given = samples.drawn ? [] : samples.all;
  const stays = overflowModes[options.overflow ?? DEFAULT_OVERFLOW].mustStay;
  return yield* choosingRanges({ graph, statistics, given, domains, declared, stays });
}

/** Whether the caller, or the type, says of every input which values it takes. */
export function isDeclared(graph: RealGraph, options: CompileOptions): boolean {
  return inputNodes(graph).every((node) => domainFor(options, node) !== undefined);
}

/** As `ranging` for `--overflow never`: ranges by bounds over the domain alone. */
export function boundedRanges(
  graph: RealGraph,
  samples: Samples,
  statistics: ReadonlyMap<string, Statistics>,
  options: CompileOptions,
): Ranges {
  return finish(ranging(graph, samples, statistics, { ...options, overflow: 'never' }));
}

export interface RangeInputs {
  readonly graph: RealGraph;
  readonly statistics: ReadonlyMap<string, Statistics>;
  /** The data given, held-out samples too; none where the statistics are of drawn samples. */
  readonly given: readonly RealValues[];
  readonly domains: ReadonlyMap<string, InputDomain>;
  /** Whether the caller stated the domain of every input. */
  readonly declared: boolean;
  /** Whether no value may leave its range: `--overflow never`. */
  readonly stays: boolean;
}

export interface Ranges {
  /** The samples' statistics, each with its range where that is not the default. */
  readonly statistics: ReadonlyMap<string, Statistics>;
  /** For the user, in sentences. */
  readonly notes: readonly string[];
}

/** Fewer samples than this say little of the extremes. */
export const FEW_SAMPLES = 64;
/** Inputs of at most so many elements are features, any mixture of which may come; of pictures the data alone says what comes. */
export const FEATURES = 256;
/** Multiply-adds a layer that bounds may cost where they only cut ranges off. */
const CUTTING_WORK = 2 ** 24;
/** Beyond what a search found: a sixteenth of the largest magnitude, or a quarter where it had few looks or the domain was not the caller's. */
const MARGIN = 1 / 16;
const WIDE_MARGIN = 1 / 4;
const MANY_LOOKS = 1000;
/** Beyond bounds of real values, for the roundings that integers carry. */
const ROUNDING_MARGIN = 1 / 64;

export function* choosingRanges(inputs: RangeInputs): Work<Ranges> {
  const { graph, statistics, given, domains, declared, stays } = inputs;
  if (stays) return bounded(inputs);
  const notes = sampleNotes(given);
  const elements = graph.inputs.reduce((total, name) => total + sizeOf(nodeOf(graph, name)), 0);
  const searched = declared || (isFew(given) && elements <= FEATURES);
  if (!searched) return { statistics, notes };
  const where = declared ? searchDomains(graph, domains) : hullOf(graph, chosenOf(given), domains);
  const found = yield* part(searchingExtremes(graph, where), 0, 0.7);
  const boxes = new Map([...where].map(([name, { box }]) => [name, box]));
  const bounds = realBounds(graph, declared ? domainBoxes(graph, domains) : boxes, CUTTING_WORK).boxes;
  const margin = declared && found.evaluations >= MANY_LOOKS ? MARGIN : WIDE_MARGIN;
  const joined = computed(graph).map(({ name }): [string, Statistics] => {
    const stats = statistics.get(name)!;
    return [
      name,
      {
        ...stats,
        range: joinedRange(stats, found.ranges.get(name)!, { margin, declared, bound: hull(bounds.get(name)!) }),
      },
    ];
  });
  return { statistics: new Map([...statistics, ...joined]), notes };
}

interface Joining {
  readonly margin: number;
  readonly declared: boolean;
  /** Of the real values; an infinite end says that a pole may lie in the domain. */
  readonly bound: Range;
}

/**
 * Of a stated domain the search has seen more than samples with headroom would guess; else both count. Towards a pole a search finds whatever its
 * points come near to, and no step of a grid tells those values apart: there the samples alone count, and what lies beyond is clamped.
 */
function joinedRange(stats: Statistics, found: Range, { margin, declared, bound }: Joining): Range {
  const reach = Math.max(Math.abs(found.lo), Math.abs(found.hi)) * margin;
  const sampled = reachOf(stats);
  const seen = declared ? { lo: stats.min, hi: stats.max } : sampled;
  const limit = declared ? bound : ENDLESS;
  return {
    lo: bound.lo === -Infinity ? sampled.lo : Math.max(limit.lo, Math.min(seen.lo, found.lo - reach)),
    hi: bound.hi === Infinity ? sampled.hi : Math.min(limit.hi, Math.max(seen.hi, found.hi + reach)),
  };
}

type Range = Extremes['ranges'] extends ReadonlyMap<string, infer R> ? R : never;

const ENDLESS: Range = { lo: -Infinity, hi: Infinity };

/** Ranges that no value leaves. A tensor without bounds keeps its calibrated range, which the proof then finds too narrow and names. */
function bounded({ graph, statistics, domains }: RangeInputs): Ranges {
  const { boxes, plain } = realBounds(graph, domainBoxes(graph, domains));
  const wide = computed(graph).flatMap(({ name }): [string, Statistics][] => {
    const { lo, hi } = hull(boxes.get(name)!);
    if (!Number.isFinite(hi - lo)) return [];
    const room = Math.max(Math.abs(lo), Math.abs(hi)) * ROUNDING_MARGIN;
    return [[name, { ...statistics.get(name)!, range: { lo: lo - room, hi: hi + room } }]];
  });
  const notes = plain.length === 0 ? [] : [`bounds by plain intervals, for want of work, of: ${plain.join(', ')}`];
  return { statistics: new Map([...statistics, ...wide]), notes };
}

function computed(graph: RealGraph): readonly RealNode[] {
  return graph.nodes.filter(({ op }) => realOpOf(op).values === 'computed');
}

function nodeOf(graph: RealGraph, name: string): RealNode {
  return graph.nodes.find((node) => node.name === name)!;
}

/** Of each element what the samples show of it. */
function hullOf(
  graph: RealGraph,
  samples: readonly RealValues[],
  domains: ReadonlyMap<string, InputDomain>,
): SearchDomains {
  return new Map(
    graph.inputs.map((name) => {
      const node = nodeOf(graph, name);
      const lo = new Float64Array(sizeOf(node)).fill(Infinity);
      const hi = new Float64Array(sizeOf(node)).fill(-Infinity);
      for (const sample of samples) {
        sample.get(name)!.forEach((value, i) => {
          lo[i] = Math.min(lo[i]!, value);
          hi[i] = Math.max(hi[i]!, value);
        });
      }
      return [name, { box: { lo, hi }, step: gridStep(domains.get(name)!), dims: node.dims }];
    }),
  );
}

/** The hull of the samples that choices are made by. */
function chosenOf(given: readonly RealValues[]): readonly RealValues[] {
  return given.filter((_, index) => !isHeldOut(index, given.length));
}

function isFew(given: readonly RealValues[]): boolean {
  return given.length > 0 && given.length < FEW_SAMPLES;
}

/** That samples are few or all alike, in sentences. */
function sampleNotes(given: readonly RealValues[]): string[] {
  if (given.length === 0) return [];
  const notes: string[] = [];
  if (isFew(given)) {
    notes.push(
      `few calibration samples (${given.length}): ranges chosen by them may be left by other inputs; give ${FEW_SAMPLES} or more, or state --domain`,
    );
  }
  const [first, ...others] = given;
  const alike = others.every((sample) => [...sample].every(([name, values]) => isSame(values, first!.get(name)!)));
  if (others.length > 0 && alike) notes.push('the calibration samples are all alike: they say nothing of other inputs');
  return notes;
}

/** To a thousandth of the largest magnitude. */
function isSame(a: Float64Array, b: Float64Array): boolean {
  const magnitude = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return a.every((value, i) => Math.abs(value - b[i]!) <= magnitude / 1000);
}
