/** The table of lowerings. Naming a kind in `RealOp` without listing it here is a type error. */
import type { RealOp } from '../real/graph.js';
import { argmax } from './lower/argmax.js';
import { bilinear } from './lower/bilinear.js';
import { clamp } from './lower/clamp.js';
import { constant } from './lower/constant.js';
import { gather } from './lower/gather.js';
import { input } from './lower/input.js';
import { leakyRelu } from './lower/leaky-relu.js';
import { linear } from './lower/linear.js';
import { maxWindows } from './lower/max-windows.js';
import { softmax } from './lower/softmax.js';
import { step } from './lower/step.js';
import { unary } from './lower/unary.js';
import type { Lowering, Lowerings } from './lowering.js';

export const lowerings = {
  input,
  constant,
  linear,
  gather,
  clamp,
  leakyRelu,
  maxWindows,
  bilinear,
  unary,
  step,
  softmax,
  argmax,
} satisfies Lowerings;

/** The lowering of an op, typed by the op. */
export function loweringOf<Op extends RealOp>(op: Op): Lowering<Op> {
  return lowerings[op.kind] as unknown as Lowering<Op>;
}
