/** One ONNX operator: which versions and forms are known, and how it expands into real nodes. */
import type { OpContext, Value } from './context.js';

export interface Operator {
  /** Lowest opset accepted. */
  readonly since: number;
  /** Attributes known of any opset in range; another one on a node is an error, for it might change the meaning. */
  readonly attributes?: readonly string[];
  /** Fewest and most inputs of any opset in range. */
  readonly inputs: readonly [number, number];
  /** Inputs that must be known at compile time. */
  readonly constantInputs?: readonly number[];
  /** For the users' table: what is covered, what is not. */
  readonly notes: string;
  /** The values of the node's outputs; those nobody reads may be left out. */
  expand(context: OpContext): readonly Value[];
}

export type OperatorTable = Readonly<Record<string, Operator>>;
