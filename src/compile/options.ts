/** What compile may be told, and what it takes where it is not told. */
import type { ModelLabels } from '../verify/key.js';
import type { ImagePreprocessing, Overflow, Protocol, Visibility } from '../verify/statement.js';
import type { RealValues } from './passes/calibrate.js';

/** An inclusive range of real values. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
}

/** What the model file does not say. Calibration samples, a domain, or both are needed; the rest has defaults. */
export interface CompileOptions {
  /** Calibration samples by input name: real values, as the model takes them. */
  readonly samples?: readonly RealValues[];
  /** Declared domain of every input, or of inputs by name. */
  readonly domain?: Range | ReadonlyMap<string, Range>;
  /** Worst error allowed on the calibration samples, as a part of the largest magnitude of the output. Default 0.005. */
  readonly tolerance?: number;
  /** Bits of activations; chosen by tolerance when absent. */
  readonly bits?: number;
  /**
   * What becomes of a value beyond its calibrated range: `saturate` (default) clamps it, and the proof says so; with `reject` such an input has no
   * proof; `never` is refused where some input of the domain may have one.
   */
  readonly overflow?: Overflow;
  readonly input?: Visibility;
  readonly output?: Visibility;
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
  readonly softmax?: 'circuit' | 'reader';
  readonly labels?: readonly string[];
  readonly image?: ImagePreprocessing;
  /** `mirage` (default) has lookups and fewer constraints; `groth16` is every verifier's. */
  readonly protocol?: Protocol;
  /** What the publisher says of the model: name, version, a link to its card or a digest of it, at most 1,024 characters each. */
  readonly about?: ModelLabels;
}

export const DEFAULT_OVERFLOW: Overflow = 'saturate';

export const DEFAULT_PROTOCOL: Protocol = 'mirage';

export function protocolOf({ protocol }: Pick<CompileOptions, 'protocol'>): Protocol {
  return protocol ?? DEFAULT_PROTOCOL;
}

export const DEFAULT_TOLERANCE = 0.005;

/** The values an input may take: declared, or all of its type where no data says more and the type is narrow enough to need no saying. */
export function domainFor(
  { domain, samples = [] }: Pick<CompileOptions, 'domain' | 'samples'>,
  { name, dtype }: { readonly name: string; readonly dtype: string },
): Range | undefined {
  const declared =
    domain instanceof Map ? (domain as ReadonlyMap<string, Range>).get(name) : (domain as Range | undefined);
  return declared ?? (samples.length > 0 ? undefined : NARROW_TYPES[dtype]);
}

const NARROW_TYPES: Readonly<Record<string, Range>> = {
  bool: { lo: 0, hi: 1 },
  int8: { lo: -128, hi: 127 },
  uint8: { lo: 0, hi: 255 },
};
