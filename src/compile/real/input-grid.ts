/** The grid of an input: which integers stand for its real values. */

/**
 * How an input's real values become integers: q = round(x / scale + zeroPoint) ∈ [0, 2^bits − 1]. Scale and zero point are one for all elements,
 * or lists along the last axis, one of each a column. passes/input-domain.ts says how they are chosen.
 */
export interface InputDomain {
  /** Ends of the real values that the integers stand for, over all columns. */
  readonly min: number;
  readonly max: number;
  readonly bits: number;
  readonly scale: number | readonly number[];
  readonly zeroPoint: number | readonly number[];
  /** How the domain was found, for the report. */
  readonly source: 'declared' | 'grid' | 'calibration';
  /** What the caller declared; the integers may reach further, and no sample that is proven does. */
  readonly declared?: readonly [lo: number, hi: number];
}

export interface Step {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Scale and zero point of the element at a row-major position. */
export function stepAt({ scale, zeroPoint }: Pick<InputDomain, 'scale' | 'zeroPoint'>): (position: number) => Step {
  if (typeof scale === 'number' && typeof zeroPoint === 'number') {
    const step = { scale, zeroPoint };
    return () => step;
  }
  const [scales, zeroPoints] = [scale, zeroPoint] as [readonly number[], readonly number[]];
  return (position) => {
    const column = position % scales.length;
    return { scale: scales[column]!, zeroPoint: zeroPoints[column]! };
  };
}

/** What the integers from 0 to 2^bits − 1 stand for. */
export function endsOf({ scale, zeroPoint }: Step, bits: number): { readonly min: number; readonly max: number } {
  // 0 − 0 is not −0.
  return { min: (0 - zeroPoint) * scale, max: (2 ** bits - 1 - zeroPoint) * scale };
}

/** Ends of the real values of the element at a row-major position. */
export function endsAt(domain: InputDomain): (position: number) => { readonly lo: number; readonly hi: number } {
  const step = stepAt(domain);
  return (position) => {
    const { min, max } = endsOf(step(position), domain.bits);
    return { lo: min, hi: max };
  };
}

/** The integers of real values, clamped to the domain's ends (callers refuse out-of-domain values first). */
export function encodeValues(values: Float64Array, domain: InputDomain): Float64Array {
  const step = stepAt(domain);
  const top = 2 ** domain.bits - 1;
  return values.map((x, i) => {
    const { scale, zeroPoint } = step(i);
    return Math.min(top, Math.max(0, Math.round(x / scale + zeroPoint)));
  });
}

/** The integers of a sample, by input. */
export function encodeInputs(
  values: ReadonlyMap<string, Float64Array>,
  domains: ReadonlyMap<string, InputDomain>,
): Map<string, Float64Array> {
  return new Map([...domains].map(([name, domain]) => [name, encodeValues(values.get(name)!, domain)]));
}
