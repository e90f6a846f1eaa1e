/** Movement: exact whatever it moves, where all sources have one scale; else the sources are brought to one, as in a linear layer. */
import type { Affine } from '../../real/affine.js';
import { gatherAffine } from '../../real/affine.js';
import type { RealOpOf } from '../../real/op.js';
import type { ExactLane } from '../exact.js';
import type { Lowering, NodeOf } from '../lowering.js';
import type { Quantised } from '../scales.js';
import { calibratedLinear, exactLinear } from './linear.js';

type Gather = RealOpOf<'gather'>;

export const gather: Lowering<Gather> = {
  exact: (lane, node) => movement(lane, node) ?? exactLinear(lane, node, affineOf(lane, node)),
  calibrated: (lane, node) => calibratedLinear(lane, node, affineOf(lane, node)),
  wants: (lane, node) => (node.inputs.length === 1 ? { target: lane.targetFor(node) } : undefined),
};

function movement({ emitter, tensor }: ExactLane, { op, inputs }: NodeOf<Gather>): Quantised | undefined {
  const { index, fill } = op;
  const sources = inputs.map(tensor);
  const [first] = sources;
  if (first === undefined) return undefined;
  if (!sources.every(({ scale, offset }) => scale === first.scale && offset === first.offset)) return undefined;
  const filled = index.includes(-1);
  const q = (fill - first.offset) / first.scale;
  if (filled && !Number.isInteger(q)) return undefined;
  const names = sources.map((x) => x.node);
  return { ...first, node: emitter.emit('gather', { index, fill: filled ? q : 0 }, names) };
}

function affineOf({ emitter, tensor }: ExactLane, { op, inputs }: NodeOf<Gather>): Affine {
  const sizes = inputs.map((name) => emitter.fact(tensor(name).node).size);
  return gatherAffine(sizes, op.index, op.fill);
}
