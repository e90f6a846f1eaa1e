/** The registry of IR ops. Naming an op in `IrAttrs` without listing it here is a type error. */
import type { IrNode } from './graph.js';
import { gather, linear } from './linear.js';
import { argmax, bilinear, compare, divide, input, maxWindows, positive, requantise, table } from './nonlinear.js';
import type { IrOp, IrOps } from './op.js';

export const irOps = {
  input,
  linear,
  gather,
  requantise,
  positive,
  compare,
  maxWindows,
  bilinear,
  table,
  divide,
  argmax,
} satisfies IrOps;

/** The op record of a node, typed by the node's own attributes. */
export function opOf<N extends IrNode>(node: N): IrOp<N['attrs']> {
  return irOps[node.op] as unknown as IrOp<N['attrs']>;
}
