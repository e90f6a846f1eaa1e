import type { IrAttrs } from '../graph.js';
import { uniformFact, type IrOp } from '../op.js';

/** A model input: its elements are range-checked where they enter, so every later bound is proven. */
export const input: IrOp<IrAttrs['input']> = {
  infer: ({ lo, hi }, _inputs, size) => uniformFact(size, lo, hi),
  evaluate() {
    throw new TypeError('inputs are given, not evaluated');
  },
  reads() {
    /* nothing before an input */
  },
  lower() {
    throw new TypeError('inputs are bound by the circuit, not lowered');
  },
};
