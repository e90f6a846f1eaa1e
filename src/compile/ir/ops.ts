/** The registry of IR ops. Naming an op in `IrAttrs` without listing it here is a type error. */
import type { IrNode } from './graph.js';
import type { IrOp, IrOps } from './op.js';
import { argmax } from './ops/argmax.js';
import { bilinear } from './ops/bilinear.js';
import { compare } from './ops/compare.js';
import { divide } from './ops/divide.js';
import { gather } from './ops/gather.js';
import { input } from './ops/input.js';
import { linear } from './ops/linear.js';
import { maxWindows } from './ops/max-windows.js';
import { positive } from './ops/positive.js';
import { requantise } from './ops/requantise.js';
import { squareRoot } from './ops/square-root.js';
import { table } from './ops/table.js';

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
  squareRoot,
  argmax,
} satisfies IrOps;

/** The op record of a node, typed by the node's own attributes. */
export function opOf<N extends IrNode>(node: N): IrOp<N['attrs']> {
  return irOps[node.op] as unknown as IrOp<N['attrs']>;
}
