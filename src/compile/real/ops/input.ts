/** A model input: its values come with each run. */
import { internal } from '../../../base/errors.js';
import type { RealOpOf, RealOpRecord } from '../op.js';

export const input: RealOpRecord<RealOpOf<'input'>> = {
  values: 'given',
  evaluate() {
    throw internal('an input node has no value of its own');
  },
  interval() {
    throw internal('an input node has no bounds of its own');
  },
};
