/** The registry of lowerings to a relation. Naming an op in `IrAttrs` without listing it here is a type error. */
import type { IrNode } from '../ir/graph.js';
import type { Lowering } from './lowering.js';
import type { ClearOps } from './op.js';
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

export const clearOps: ClearOps = {
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
};

export function lowerNode<N extends IrNode>(lowering: Lowering, node: N): void {
  const { lower } = clearOps[node.op] as { lower: (lowering: Lowering, node: N) => void };
  lower(lowering, node);
}
