/** The table of real ops. Naming a kind in `RealOp` without listing it here is a type error. */
import type { RealOp } from './graph.js';
import type { RealOpRecord, RealOps } from './op.js';
import { argmax } from './ops/argmax.js';
import { bilinear } from './ops/bilinear.js';
import { clamp } from './ops/clamp.js';
import { constant } from './ops/constant.js';
import { gather } from './ops/gather.js';
import { input } from './ops/input.js';
import { leakyRelu } from './ops/leaky-relu.js';
import { linear } from './ops/linear.js';
import { maxWindows } from './ops/max-windows.js';
import { softmax } from './ops/softmax.js';
import { step } from './ops/step.js';
import { unary } from './ops/unary.js';

export const realOps = {
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
} satisfies RealOps;

/** The record of an op, typed by the op. */
export function realOpOf<Op extends RealOp>(op: Op): RealOpRecord<Op> {
  return realOps[op.kind] as unknown as RealOpRecord<Op>;
}
