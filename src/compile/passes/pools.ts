/** Whether a pool's accumulator is rounded before its maxima are taken: the integers are the same either way, what a circuit pays is not. */
import type { Protocol } from '../../verify/statement.js';

export interface PoolCost {
  /** Of the accumulator that windows are taken of, and of what its reader rounds it to. */
  readonly bits: { readonly accumulator: number; readonly target: number };
  /** Windows, elements that are in some window, and maxima of two. */
  readonly windows: number;
  readonly elements: number;
  readonly maxima: number;
}

export interface PoolOrder {
  roundsFirst(cost: PoolCost): boolean;
}

/** Rows of a rounding and of a maximum, beside one a bit. */
const [ROUNDING, MAXIMUM] = [5, 3];

const byRows: PoolOrder = {
  roundsFirst({ bits, windows, elements, maxima }) {
    const rounding = bits.accumulator + ROUNDING;
    const before = maxima * (bits.accumulator + MAXIMUM) + windows * rounding;
    const after = elements * rounding + maxima * (bits.target + MAXIMUM);
    return after < before;
  },
};

/**
 * Of `clear` the program says what the pool means, maxima of accumulators, and the lowering changes their places with the rounding (src/compile/clear/ops/pooled.ts):
 * there the costs of all ways are known, and what counts as clamped stays the window's largest.
 */
const byLowering: PoolOrder = { roundsFirst: () => false };

export const poolOrders: { readonly [P in Protocol]: PoolOrder } = {
  groth16: byRows,
  mirage: byRows,
  clear: byLowering,
};
