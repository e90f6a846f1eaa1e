/** The position of the largest integer: exact of the quantised values, whatever their scale. */
import type { RealOpOf } from '../../real/op.js';
import type { Lowering } from '../lowering.js';

export const argmax: Lowering<RealOpOf<'argmax'>> = {
  exact({ emitter, tensor }, { op, inputs }) {
    const { groups, last } = op;
    return { node: emitter.emit('argmax', { groups, last }, [tensor(inputs[0]!).node]), scale: 1, offset: 0 };
  },
  isPrecise: true,
};
