/**
 * The integer IR: a model as an integer program with one meaning. Tensors are flat Float64Arrays of exact integers, every element
 * inside its tensor's proven bounds [lo, hi] ⊂ (−2^53, 2^53). No floats, no ONNX, no scales: those stay in the schema.
 */
import type { LinearMap } from '../real/linear-map.js';
import type { Ends } from '../../../circuits/builder.js';
import type { AxisGroups, Bilinear } from '../real/graph.js';

export { OWN_ENDS, type End, type Ends } from '../../../circuits/builder.js';

export interface IrAttrs {
  input: { readonly lo: number; readonly hi: number };
  /** y = bias + Σ maps[s](x_s), integer coefficients and bias. No constraint of its own: consumers inline it. */
  linear: { readonly maps: readonly LinearMap[]; readonly bias: Float64Array };
  /** y[i] = concatenation(inputs)[index[i]], or `fill` where −1. */
  gather: { readonly index: Int32Array; readonly fill: number };
  /**
   * z = floor((x + 2^(shift−1)) / 2^shift) (z = x when shift = 0), y = clamp(z, lo, lo + 2^bits − 1). The circuit has no witness for a z beyond a
   * refused end, and says of one beyond a counted end that a value was clamped.
   */
  requantise: {
    readonly shift: number;
    readonly lo: number;
    readonly bits: number;
    /** What becomes of a z beyond [lo, lo + 2^bits − 1]. */
    readonly ends: Ends;
  };
  /** y = max(x, 0), exact, on a raw accumulator. */
  positive: Record<string, never>;
  /** y = 1 where x ≥ 0, else 0. */
  compare: Record<string, never>;
  maxWindows: { readonly start: Uint32Array; readonly index: Uint32Array };
  /** With a shape the sums are matrix products, which some builders prove in fewer rows than products. */
  bilinear: Bilinear;
  /** y = values[x − lo]; x's bounds are [lo, lo + values.length − 1]. */
  table: { readonly name: string; readonly lo: number; readonly values: Float64Array };
  /** y = floor(numerator·2^shift / denominator), elementwise; numerator ≥ 0, denominator ≥ 1. */
  divide: { readonly shift: number };
  /** y = floor(√x), elementwise; 0 ≤ x < 2^52. */
  squareRoot: Record<string, never>;
  argmax: { readonly groups: AxisGroups; readonly last: boolean };
}

export type IrOpName = keyof IrAttrs;

export type IrNode = {
  [K in IrOpName]: {
    readonly name: string;
    readonly op: K;
    readonly attrs: IrAttrs[K];
    readonly inputs: readonly string[];
    readonly dims: readonly number[];
    readonly origin: string;
  };
}[IrOpName];

/** What is known of a tensor's elements. */
export interface Fact {
  readonly size: number;
  /** Inclusive bounds of element i; proven for every input in its domain. */
  readonly lo: Float64Array;
  readonly hi: Float64Array;
}

export interface IrGraph {
  readonly nodes: readonly IrNode[];
  readonly inputs: readonly string[];
  readonly outputs: readonly { readonly name: string; readonly node: string }[];
}
