/** What compile may be told, and what it takes where it is not told. */
import type { ImagePreprocessing, Protocol, Visibility } from '../verify/statement.js';
import type { RealValues } from './passes/calibrate.js';

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

export interface CompileOptions {
  /** Calibration samples by input name: real values, as the model takes them. */
  readonly samples?: readonly RealValues[];
  /** Declared domain of every input, or of inputs by name. */
  readonly domain?: Range | ReadonlyMap<string, Range>;
  /** Worst error allowed on the calibration samples, as a part of the largest magnitude of the output. Default 0.005. */
  readonly tolerance?: number;
  /** Bits of activations; chosen by tolerance when absent. */
  readonly bits?: number;
  readonly overflow?: 'saturate' | 'reject';
  readonly input?: Visibility;
  readonly output?: Visibility;
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
  readonly softmax?: 'circuit' | 'reader';
  readonly labels?: readonly string[];
  readonly image?: ImagePreprocessing;
  /** `mirage` (default) has lookups and fewer constraints; `groth16` is every verifier's. */
  readonly protocol?: Protocol;
}

export const DEFAULT_PROTOCOL: Protocol = 'mirage';
export const DEFAULT_TOLERANCE = 0.005;

export function domainFor(options: CompileOptions, name: string): Range | undefined {
  const { domain } = options;
  return domain instanceof Map ? (domain as ReadonlyMap<string, Range>).get(name) : (domain as Range | undefined);
}
