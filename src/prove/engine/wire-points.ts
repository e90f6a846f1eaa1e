/** Lists of points of a proving key in the kernels' memory. */
import type { GroupName } from '../../kernels/msm.js';

/** Points that are multiplied by wires: point i belongs to wire `wires[i]`, ascending. */
export interface WirePoints {
  readonly group: GroupName;
  readonly points: number;
  readonly wires: Uint32Array;
}
