/** What every real op is: one record of its meaning in float64, and of what passes may ask about it. A field left out says no. */
import type { Affine } from './affine.js';
import type { Box, Lines } from './box.js';
import type { AxisGroups, RealOp } from './graph.js';
import type { UnaryFunction } from './unary.js';

export type RealKind = RealOp['kind'];
export type RealOpOf<K extends RealKind> = Extract<RealOp, { kind: K }>;

export interface RealOpRecord<Op extends RealOp> {
  /** Where its values come from: each run, the op itself, or its inputs. */
  readonly values: 'given' | 'known' | 'computed';
  /** The meaning: fills `out`, which is none of the inputs. */
  evaluate(op: Op, inputs: readonly Float64Array[], out: Float64Array): void;

  /** Where the `size` elements of the result lie for inputs in these boxes: sound whatever float64 rounds. Never asked of a model's input. */
  interval(op: Op, inputs: readonly Box[], size: number): Box;
  /** Lines that each element lies between as a function of one element of the one input, over its box. Undefined: only `interval` is known. */
  lines?(op: Op, x: Box): Lines | undefined;
  /**
   * Adds to `into[s]` the derivative of Σ grad[i]·y[i] by input s (where y has a corner, of one side). Left out where it is zero. For searches, which
   * prove nothing.
   */
  backward?(op: Op, inputs: readonly Float64Array[], grad: Float64Array, into: readonly Float64Array[]): void;

  /** Whether all numbers of the op are finite, as those of weights must be. */
  isFinite?(op: Op): boolean;
  /** Exclusive upper bound of a result that is a non-negative integer, given those of the inputs. */
  below?(op: Op, inputs: readonly (number | undefined)[]): number | undefined;

  /** y = x, for one input of `size` elements. */
  isIdentity?(op: Op, size: number): boolean;
  /** y[i] = f(x[i]) and f never decreases: a maximum may be taken before it. */
  isMonotone?(op: Op): boolean;
  /** Every element is the largest of some elements of the one input. */
  readonly takesMaxima?: true;
  /** y as an affine map of its inputs, which have these sizes. */
  affine?(op: Op, sizes: readonly number[]): Affine;
  /** Whether `affine` vanishes into every reader at no cost, however many there are. */
  inlines?(inputs: number): boolean;

  /** y[i] as a function of one variable, its arguments being such functions; `free`: it costs no row. Undefined where it is none. */
  asFunction?(
    op: Op,
    args: readonly UnaryFunction[],
  ): { readonly fn: UnaryFunction; readonly free: boolean } | undefined;
  /** Becomes a table: chains are worth fusing where it is in them. */
  readonly isTable?: true;
  /** Its sums are exact and wide: what reads them through an affine step would have them rounded first. */
  readonly isWide?: true;

  /** What whoever reads an output could apply in the circuit's place. */
  forReader?(op: Op): { readonly apply: 'softmax' | 'logSoftmax'; readonly groups: AxisGroups };
}

export type RealOps = { readonly [K in RealKind]: RealOpRecord<RealOpOf<K>> };
