/** x ≥ 0 or x > 0 of the quantised x, exactly: q·scale + offset ≥ 0 where q is at least the least such integer. */
import { scalarMap } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import type { Lowering } from '../lowering.js';

export const step: Lowering<RealOpOf<'step'>> = {
  exact({ emitter, tensor }, { op, inputs }) {
    const x = tensor(inputs[0]!);
    const zero = -x.offset / x.scale;
    const least = op.strict ? Math.floor(zero) + 1 : Math.ceil(zero);
    const { size } = emitter.fact(x.node);
    const attrs = { maps: [scalarMap(size, 1)], bias: new Float64Array(size).fill(-least) };
    const distance = least === 0 ? x.node : emitter.emit('linear', attrs, [x.node]);
    return { node: emitter.emit('compare', {}, [distance]), scale: 1, offset: 0 };
  },
  isPrecise: true,
  compares: true,
};
