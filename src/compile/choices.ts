/** What calibration chose, as a manifest shows it and as compiling again reads it. */
import type { CompileChoices } from '../formats/manifest.js';
import type { Choice } from './choose-bits.js';
import type { CompileOptions } from './options.js';
import type { InputDomain, Statistics } from './passes/calibrate.js';

/**
 * Version of how models become circuits: raised whenever any model, with equal choices, gives another relation. `test/golden` notices when that is
 * due (compile-again.test.ts).
 */
export const LOWERING = 1;

export function choicesOf(
  { domains }: Choice,
  growth: number,
  statistics: ReadonlyMap<string, Statistics>,
  { inputShapes = new Map() }: CompileOptions,
): CompileChoices {
  return {
    growth,
    statistics: [...statistics].map(([name, { min, max, mean, rms }]) => [name, min, max, mean, rms] as const),
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

export function readChoices({ statistics, domains, inputShapes }: CompileChoices): ReadChoices {
  return {
    statistics: new Map(statistics.map(([name, min, max, mean, rms]) => [name, { min, max, mean, rms }])),
    domains: new Map(domains.map(({ input, ...domain }) => [input, domain])),
    inputShapes: new Map(inputShapes),
  };
}
