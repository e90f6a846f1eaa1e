/**
 * The second lane: values that are integers by nature go to the integer IR as they are. Truth values, comparisons, positions, integer tensors and
 * their movement, sums, products, maxima and clamps: nothing is rounded, so there is no scale to choose, nothing to calibrate and no tolerance.
 *
 * Every node is offered to this lane first (`Lowering.exact`). What the lane can see says what it may depend on: integer tensors, their proven
 * bounds and domains; no statistics, no widths. A lowering emits nothing before it knows that it is exact, and declines by returning undefined.
 */
import { isWholeType } from '../../base/element-types.js';
import type { Fact } from '../ir/graph.js';
import type { RealNode } from '../real/graph.js';
import { scalarMap } from '../real/linear-map.js';
import type { InputDomain } from './calibrate.js';
import { emitAffine } from './emit-affine.js';
import type { IrEmitter } from './emitter.js';
import type { Quantised } from './scales.js';

export interface ExactLane {
  readonly emitter: IrEmitter;
  /** What an earlier node became, by whichever lane: real = q·scale + offset. */
  tensor(name: string): Quantised;
  domain(name: string): InputDomain;
  /** Whether all that readers ask of the node is on which side of zero it is, and the model's user does not see it. */
  isOnlyCompared(node: RealNode): boolean;
}

/** Whether the node's values are integers by their type: no rounding may be modelled. */
export function isWhole({ dtype }: Pick<RealNode, 'dtype'>): boolean {
  return isWholeType(dtype);
}

/** An earlier node whose integers are its values but for an integer offset: value = q + offset. Undefined where a scale is involved. */
export function wholeTensor(lane: ExactLane, name: string): Quantised | undefined {
  const x = lane.tensor(name);
  return x.scale === 1 && x.target === undefined && Number.isInteger(x.offset) ? x : undefined;
}

/** factor·x + shift of a whole tensor, with offset 0; x itself where that changes nothing. */
export function moved(lane: ExactLane, x: Quantised, factor: 1 | -1, shift: number): Quantised {
  if (factor === 1 && shift === 0 && x.offset === 0) return x;
  const { size } = lane.emitter.fact(x.node);
  const bias = new Float64Array(size).fill(shift);
  return { node: emitAffine(lane.emitter, [scalarMap(size, factor)], bias, [x], 1), scale: 1, offset: 0 };
}

/** Whether no element can be below `lo` or above `hi`. */
export function isWithin(fact: Fact, lo: number, hi: number): boolean {
  return fact.lo.every((value) => value >= lo) && fact.hi.every((value) => value <= hi);
}

/** Integers known at compile time. */
export function exactConstant(emitter: IrEmitter, values: Float64Array): Quantised {
  return { node: emitter.emit('linear', { maps: [], bias: values }, []), scale: 1, offset: 0 };
}
