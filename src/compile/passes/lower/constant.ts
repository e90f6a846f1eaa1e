/** Values known at compile time: integers (indices, shapes, masks) stay themselves, others get 16 bits. */
import type { RealOpOf } from '../../real/op.js';
import { exactConstant, isWhole } from '../exact.js';
import type { Lowering } from '../lowering.js';
import type { Quantised } from '../scales.js';
import type { IrEmitter } from '../emitter.js';

/** Floats that happen to be integers stay so up to here. */
const FLOAT_LIMIT = 2 ** 31;

export const constant: Lowering<RealOpOf<'constant'>> = {
  exact({ emitter }, node) {
    const { values } = node.op;
    const exact = isWhole(node) ? values.every(Number.isSafeInteger) : areSmallIntegers(values);
    return exact ? exactConstant(emitter, values) : undefined;
  },
  calibrated: ({ emitter }, { op }) => roundedConstant(emitter, op.values),
};

function areSmallIntegers(values: Float64Array): boolean {
  return values.every((value) => Number.isInteger(value) && Math.abs(value) < FLOAT_LIMIT);
}

/** A constant of any kind: exact where it can be. */
export function roundedConstant(emitter: IrEmitter, values: Float64Array): Quantised {
  if (areSmallIntegers(values)) return exactConstant(emitter, values);
  const scale = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0) / 32767;
  const bias = values.map((value) => Math.round(value / scale));
  return { node: emitter.emit('linear', { maps: [], bias }, []), scale, offset: 0 };
}
