import { ZkonnxError } from '../../../base/errors.js';
import type { IrAttrs } from '../graph.js';
import { at, element, lowerLive, readSameElement, type IrOp } from '../op.js';

/** What a root may be taken of: see Builder.squareRoot. */
export const ROOT_LIMIT = 2 ** 52;

const root = (value: number): number => Math.floor(Math.sqrt(value));

export const squareRoot: IrOp<IrAttrs['squareRoot']> = {
  infer(_attrs, inputs, size) {
    const x = at(inputs, 0);
    for (let i = 0; i < size; i++) {
      if (x.lo[i]! < 0 || x.hi[i]! >= ROOT_LIMIT) {
        throw new ZkonnxError('BOUND_OVERFLOW', 'a square root leaves its domain', {
          expected: '[0, 2^52)',
          got: `[${x.lo[i]}, ${x.hi[i]}] at element ${i}`,
        });
      }
    }
    return { size, lo: x.lo.map(root), hi: x.hi.map(root) };
  },
  evaluate(_attrs, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) out[i] = root(x[i]!);
  },
  reads: readSameElement,
  lower(_attrs, b, inputs, live) {
    return lowerLive(live, (i) => b.squareRoot(element(inputs[0], i)));
  },
};
