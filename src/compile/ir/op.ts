/** What every IR op is: one record whose parts agree bit for bit. `evaluate` is the meaning; the others are held to it by tests. */
import type { Builder, Lc } from '../../../circuits/builder.js';
import { internal, invariant } from '../../base/errors.js';
import type { Fact, IrAttrs, IrOpName } from './graph.js';

/** The Lc of each element, or undefined where no later node reads the element. */
export type LcTensor = readonly (Lc | undefined)[];

/** Integers up to this are exact in float64. */
export const EXACT = 2 ** 53;

export interface IrOp<Attrs> {
  /** Bounds of every output element, from the bounds of the inputs; throws BOUND_OVERFLOW past 2^53. */
  infer(attrs: Attrs, inputs: readonly Fact[], size: number): Fact;
  /** Exact integer meaning: fills `out`. All partial sums stay below 2^53 because `infer` accepted the bounds. */
  evaluate(attrs: Attrs, inputs: readonly Float64Array[], out: Float64Array): void;
  /** Marks in `reads[s]` the elements of input s that the output elements marked in `live` depend on. */
  reads(attrs: Attrs, live: Uint8Array, reads: readonly Uint8Array[]): void;
  /** Constraints for the live output elements. */
  lower(attrs: Attrs, b: Builder, inputs: readonly LcTensor[], live: Uint8Array): (Lc | undefined)[];
}

export type IrOps = { readonly [K in IrOpName]: IrOp<IrAttrs[K]> };

/** The element's Lc; it is an internal error to read one that liveness called dead. */
export function element(tensor: LcTensor | undefined, index: number): Lc {
  const lc = tensor?.[index];
  if (lc === undefined) throw internal('lowering reads an element that liveness called dead', { index });
  return lc;
}

/** The i-th input, which `verifyIr` has checked to exist. */
export function at<T>(inputs: readonly T[], index: number): T {
  const value = inputs[index];
  invariant(value !== undefined, 'IR op lacks an input', { index });
  return value;
}

/** `reads` of an elementwise op of one input. */
export function readSameElement(_attrs: unknown, live: Uint8Array, reads: readonly Uint8Array[]): void {
  const mark = at(reads, 0);
  for (let i = 0; i < live.length; i++) if (live[i]) mark[i] = 1;
}

/** Applies `make` to every live element. */
export function lowerLive(live: Uint8Array, make: (index: number) => Lc): (Lc | undefined)[] {
  const out = new Array<Lc | undefined>(live.length);
  for (let i = 0; i < live.length; i++) out[i] = live[i] ? make(i) : undefined;
  return out;
}

/** A fact with the same bounds for every element. */
export function uniformFact(size: number, lo: number, hi: number): Fact {
  return { size, lo: new Float64Array(size).fill(lo), hi: new Float64Array(size).fill(hi) };
}

/** Least number of bits w ≥ 0 with value < 2^w. */
export function bitLength(value: number): number {
  let bits = 0;
  while (2 ** bits <= value) bits++;
  return bits;
}
