/**
 * The real graph: what ONNX operators expand into. A handful of ops over flat float64 tensors, no ONNX quirk left
 * (no opset, no attribute, no broadcasting rule, no axis sign); every index is resolved. The quantiser turns it into the integer IR.
 */
import type { LinearMap } from './linear-map.js';
import type { UnaryFunction } from './unary.js';

export type RealOp =
  /** A model input; with `truth` its values are 0 and 1, whatever its type. */
  | { readonly kind: 'input'; readonly truth?: true }
  /** A tensor known at compile time. */
  | { readonly kind: 'constant'; readonly values: Float64Array }
  /** y = bias + Σ_s maps[s](inputs[s]); one map an input, all with as many rows as y has elements. */
  | { readonly kind: 'linear'; readonly maps: readonly LinearMap[]; readonly bias: Float64Array }
  /** Movement: y[i] = concatenation(inputs)[index[i]], or `fill` where index[i] = −1. */
  | { readonly kind: 'gather'; readonly index: Int32Array; readonly fill: number }
  /** y = min(max(x, lo), hi); Relu is [0, ∞). */
  | { readonly kind: 'clamp'; readonly lo: number; readonly hi: number }
  /** y = x where x ≥ 0, else slope·x. */
  /** One slope, or one for each element. */
  | { readonly kind: 'leakyRelu'; readonly slope: number | Float64Array }
  /** y[i] = max of x[index[k]], k in start[i] .. start[i+1]; no window is empty. */
  | { readonly kind: 'maxWindows'; readonly start: Uint32Array; readonly index: Uint32Array }
  /** y[i] = Σ_k a[left[k]]·b[right[k]], k in start[i] .. start[i+1]: products of two computed tensors (Mul, MatMul). */
  | ({ readonly kind: 'bilinear' } & Bilinear)
  /** y = fn(x); becomes a table. */
  | { readonly kind: 'unary'; readonly fn: UnaryFunction }
  /** y = 1 where x ≥ 0 (x > 0 if `strict`), else 0. */
  | { readonly kind: 'step'; readonly strict: boolean }
  /**
   * Over each group of `size` elements: element j of group g is x[base[g] + j·stride]. Output has x's shape. With a second input, of as many
   * elements, only those count where it is 1 and not 0, and the others are exactly 0; not with `log`.
   */
  | { readonly kind: 'softmax'; readonly groups: AxisGroups; readonly log: boolean; readonly empty?: EmptyRow }
  /** One integer a group: the position of the largest element (ties: the first, or the last if `last`). */
  | { readonly kind: 'argmax'; readonly groups: AxisGroups; readonly last: boolean };

/** A softmax's group that keeps nothing has no value; or 1 / size for each element; or the softmax of all of them. */
export type EmptyRow = 'none' | 'uniform' | 'scores';

export interface Bilinear {
  readonly start: Uint32Array;
  readonly left: Uint32Array;
  readonly right: Uint32Array;
  /** Given where the sums are matrix products. */
  readonly shape?: ProductShape;
}

/**
 * The sums are `batch` products of an m×k by a k×n matrix, in row-major order: sum (b·m + i)·n + j has k terms, whose left elements do not
 * depend on j and whose right ones do not depend on i.
 */
export interface ProductShape {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export interface AxisGroups {
  readonly base: Uint32Array;
  readonly size: number;
  readonly stride: number;
}

export interface RealNode {
  /** Unique; the ONNX output name, or `${output}.suffix` for inner steps, so that a failure points home. */
  readonly name: string;
  readonly op: RealOp;
  /** Names of earlier nodes. */
  readonly inputs: readonly string[];
  readonly dims: readonly number[];
  /** ONNX element type of the value this stands for. */
  readonly dtype: string;
  /** The ONNX node this came from, for messages: `conv1 (Conv, opset 13)`. */
  readonly origin: string;
}

/** Nodes in topological order. */
export interface RealGraph {
  readonly nodes: readonly RealNode[];
  /** Model inputs in ONNX order (initialisers excluded). Unused inputs stay listed. */
  readonly inputs: readonly string[];
  readonly outputs: readonly RealOutput[];
}

/** An output of the model. Passes may move it to another node, which has as many elements: what it looks like is the model's to say. */
export interface RealOutput {
  /** The model's own. */
  readonly name: string;
  /** The real node that holds its elements, row-major. */
  readonly node: string;
  /** The model's own shape and ONNX element type. */
  readonly dims: readonly number[];
  readonly dtype: string;
}

/** How many elements a tensor has. */
export function sizeOf({ dims }: Pick<RealNode, 'dims'>): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
