/** How a real op becomes integers: one record, two lanes, and what an op wants of the accumulator it reads. */
import type { RealNode, RealOp } from '../real/graph.js';
import type { Statistics } from './calibrate.js';
import type { ExactLane } from './exact.js';
import type { Magnitudes } from './magnitudes.js';
import type { PoolOrder } from './pools.js';
import type { Quantised, Target } from './scales.js';
import type { Range } from './unary.js';
import type { UnaryFunction } from '../real/unary.js';

export type NodeOf<Op extends RealOp> = RealNode & { readonly op: Op };

/** The first lane: values by scales that calibration chose. */
export interface CalibratedLane extends ExactLane {
  /** Bits of activations. */
  readonly bits: number;
  stats(name: string): Statistics;
  /** Whether it is an input of the model: its integers are what their domain says. */
  isInput(name: string): boolean;
  isOutput(name: string): boolean;
  /** How many nodes and outputs read it. */
  readers(name: string): number;
  /** Bits of the node's own values: outputs are read as numbers, so they get at least 12. */
  bitsOf(node: RealNode): number;
  /** What the readers of a raw accumulator will requantise it to; undefined when it is exposed as an output. */
  targetFor(node: RealNode): Target | undefined;
  /** The tensor in b bits, as multiplications want it. Rounded once, shared by all readers. */
  narrow(name: string): Quantised;
  /** As `narrow`, and with zero at zero: products and tables have no place for an offset. */
  symmetric(name: string): Quantised;
  /** Rounds and clamps x to the target; `name` is that of the IR node. */
  requantise(x: Quantised, target: Target, name?: string): Quantised;
  readonly poolOrder: PoolOrder;
  /** Which tensors are of many magnitudes. */
  readonly magnitudes: Magnitudes;
  /** What a function's node wants of the accumulator it reads, found once. */
  argumentTarget(node: NodeOf<Extract<RealOp, { kind: 'unary' }>>): Target;
  /** Declares the error of a function that became the IR tensor `name`, and its clamping where x may leave `range`. */
  declare(name: string, node: RealNode, fn: UnaryFunction, x: Quantised, approximation: Approximation): void;
}

export interface Approximation {
  readonly range: Range;
  /** Nothing changes outside the range: arguments may be clamped without a note. */
  readonly whole: boolean;
  readonly error: number;
  /** The same as a part of each value, where it is that. */
  readonly relative?: number;
}

/** What an op wants of the one accumulator that it alone reads. */
interface Reading<Op extends RealOp> {
  /** The target to round it to; `{ target: undefined }` leaves it as it is. Without an answer, the accumulator's own range decides. */
  wants?(lane: CalibratedLane, node: NodeOf<Op>): { readonly target: Target | undefined } | undefined;
  /** Looks at it more closely than b bits: exp and sigmoid magnify what they read. */
  readonly isPrecise?: true;
  /** Asks only on which side of zero it is. */
  readonly compares?: true;
}

export type Lowering<Op extends RealOp> = Reading<Op> &
  (
    | { exact(lane: ExactLane, node: NodeOf<Op>): Quantised; readonly calibrated?: undefined }
    | {
        /** Undefined, and nothing emitted, where the node needs a scale. Left out where it always does. */
        exact?(lane: ExactLane, node: NodeOf<Op>): Quantised | undefined;
        calibrated(lane: CalibratedLane, node: NodeOf<Op>): Quantised;
      }
  );

export type Lowerings = { readonly [K in RealOp['kind']]: Lowering<Extract<RealOp, { kind: K }>> };
