/** All that bits, ranges and scales are chosen by. */
import type { Samples } from './calibration-samples.js';
import type { Judgement } from './judge.js';
import type { CompileOptions } from './options.js';
import type { Statistics } from './passes/calibrate.js';
import type { PreparedModel } from './prepare.js';

export interface ChoiceInputs {
  readonly prepared: PreparedModel;
  readonly samples: Samples;
  readonly judgement: Judgement;
  /** Of the samples, with the ranges of ranges.ts. */
  readonly statistics: ReadonlyMap<string, Statistics>;
  readonly options: CompileOptions;
}
