/** What calibration chose, as a manifest shows it and as compiling again reads it. */
import { ZkonnxError } from '../base/errors.js';
import type { CompileChoices } from '../formats/manifest.js';
import type { Choice } from './choose-bits.js';
import type { CompileOptions } from './options.js';
import type { Statistics } from './passes/calibrate.js';
import type { InputDomain } from './real/input-grid.js';
import { endsOf, type Step } from './real/input-grid.js';

/**
 * Version of how models become circuits: raised whenever any model, with equal choices, gives another relation. test/golden/relations.csv notices
 * when that is due.
 */
export const LOWERING = 2;

export function choicesOf(
  { domains }: Choice,
  growth: number,
  statistics: ReadonlyMap<string, Statistics>,
  { inputShapes = new Map() }: CompileOptions,
): CompileChoices {
  const ranges = [...statistics].flatMap(([name, { range }]) =>
    range === undefined ? [] : [[name, range.lo, range.hi] as const],
  );
  return {
    growth,
    statistics: [...statistics].map(([name, { min, max, mean, rms }]) => [name, min, max, mean, rms] as const),
    ...(ranges.length === 0 ? {} : { ranges }),
    domains: [...domains].map(([input, domain]) => ({ input, ...domain })),
    inputShapes: [...inputShapes],
  };
}

/** What the quantiser takes. */
export interface ReadChoices {
  readonly statistics: ReadonlyMap<string, Statistics>;
  readonly domains: ReadonlyMap<string, InputDomain>;
  readonly inputShapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * Throws ARTIFACT_INVALID for a name that has two choices of one kind, and for a domain whose ends are not what its scale, zero point and bits
 * say: people read the first, and the ends.
 */
export function readChoices({ statistics, ranges = [], domains, inputShapes }: CompileChoices): ReadChoices {
  // prettier-ignore
  const names = { statistics: statistics.map(([name]) => name), ranges: ranges.map(([name]) => name), domains: domains.map(({ input }) => input), inputShapes: inputShapes.map(([name]) => name) };
  for (const [list, said] of Object.entries(names)) requireOnce(list, said);
  domains.forEach(requireOwnEnds);
  const chosen = new Map(ranges.map(([name, lo, hi]) => [name, { range: { lo, hi } }]));
  return {
    statistics: new Map(
      statistics.map(([name, min, max, mean, rms]) => [name, { min, max, mean, rms, ...chosen.get(name) }]),
    ),
    domains: new Map(domains.map(({ input, ...domain }) => [input, domain])),
    inputShapes: new Map(inputShapes),
  };
}

function requireOnce(list: string, names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return;
  throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest shows two choices for one tensor', {
    expected: 'every name once',
    where: `choices.${list}, ${JSON.stringify(twice)}`,
    help: 'the manifest was edited: compile the model again',
  });
}

/** One step, or one a column. Throws ARTIFACT_INVALID where there is not a zero point for each scale. */
function stepsOf({ scale, zeroPoint }: InputDomain, input: string): Step[] {
  const [scales, zeroPoints] = [scale, zeroPoint].map((value) => (typeof value === 'number' ? [value] : value));
  if (typeof scale === typeof zeroPoint && scales!.length > 0 && scales!.length === zeroPoints!.length) {
    return scales!.map((each, column) => ({ scale: each, zeroPoint: zeroPoints![column]! }));
  }
  throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest does not show a zero point for each scale of an input', {
    expected: 'two numbers, or two lists of one length',
    where: `choices.domains, ${JSON.stringify(input)}`,
    help: 'the manifest was edited: compile the model again',
  });
}

/** As a part of the domain: what float64 rounds away. */
const ROUNDING = 1e-9;

function requireOwnEnds({ input, ...domain }: CompileChoices['domains'][number]): void {
  const { min, max } = domain;
  const ends = stepsOf(domain, input).map((step) => endsOf(step, domain.bits));
  const [lo, hi] = [Math.min(...ends.map((each) => each.min)), Math.max(...ends.map((each) => each.max))];
  const slack = ROUNDING * (hi - lo + Math.abs(lo));
  const [from, to] = domain.declared ?? [lo, hi];
  if (!(from >= lo - slack && from <= to && to <= hi + slack)) {
    throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest shows a declared domain that the integers do not cover', {
      expected: `within [${lo}, ${hi}]`,
      got: `[${from}, ${to}]`,
      where: `choices.domains, ${JSON.stringify(input)}`,
      help: 'the manifest was edited: compile the model again',
    });
  }
  if (Math.abs(min - lo) <= slack && Math.abs(max - hi) <= slack) return;
  throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest shows another domain of an input than its scale gives', {
    expected: `[${lo}, ${hi}], by scale, zero point and bits`,
    got: `[${min}, ${max}]`,
    where: `choices.domains, ${JSON.stringify(input)}`,
    help: 'the manifest was edited: compile the model again',
  });
}
