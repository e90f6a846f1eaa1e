/** What `--overflow` chooses: what becomes of values beyond ends that calibration set, and what is done so that there are fewer. */
import type { Overflow } from '../../verify/statement.js';
import type { CalibratedEnd } from './emitter.js';

export interface OverflowMode {
  readonly beyond: CalibratedEnd;
  /** Activations may run on for some bits where a clamp costs more: not where the calibrated range is what the user wants to be held to. */
  readonly grows: boolean;
  /** No input of the domain may reach beyond: a model of which that cannot be shown is refused. */
  readonly mustStay: boolean;
}

export const overflowModes: { readonly [O in Overflow]: OverflowMode } = {
  saturate: { beyond: 'counted', grows: true, mustStay: false },
  reject: { beyond: 'refused', grows: false, mustStay: false },
  never: { beyond: 'refused', grows: true, mustStay: true },
};
