/** What the bench calls of ffjavascript 0.3.1, whose declaration in src is only what the product calls. */
import { buildBn128, type Bn128 } from 'ffjavascript';

export interface FfGroup {
  /** Σ scalar_i·point_i of affine points in key form and canonical scalars of 32 bytes. */
  multiExpAffine(points: Uint8Array, scalars: Uint8Array): Promise<Uint8Array>;
  toAffine(point: Uint8Array): Uint8Array;
}

/** Elements are 32 bytes in Montgomery form. */
export interface FfField {
  readonly one: Uint8Array;
  /** w[k] is a root of unity of order 2^k. */
  readonly w: readonly Uint8Array[];
  fft(values: Uint8Array): Promise<Uint8Array>;
  ifft(values: Uint8Array): Promise<Uint8Array>;
  /** values[i]·first·increment^i. */
  batchApplyKey(values: Uint8Array, first: Uint8Array, increment: Uint8Array): Promise<Uint8Array>;
}

export interface FfCurve extends Omit<Bn128, 'Gt' | 'pairing'> {
  readonly Fr: FfField;
  readonly G1: FfGroup;
  readonly G2: FfGroup;
  terminate(): Promise<void>;
}

/** The engine that snarkjs itself uses, with a worker for each processor. `terminate` ends them; nobody may need it then. */
export function openFfjavascript(): Promise<FfCurve> {
  const build = buildBn128 as unknown as (singleThread: boolean) => Promise<FfCurve>;
  return build(false);
}
