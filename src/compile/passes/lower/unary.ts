/** Functions of one variable: a table of the rounded argument, or of a reciprocal an exact division. */
import type { RealOpOf } from '../../real/op.js';
import { reciprocal } from '../../real/unary.js';
import type { CalibratedLane, Lowering, NodeOf } from '../lowering.js';
import { lowerReciprocal } from '../reciprocal.js';
import { requantise, type Quantised } from '../scales.js';

type Unary = RealOpOf<'unary'>;

const isReciprocal = ({ op }: NodeOf<Unary>) => op.fn.name === reciprocal.name;

export const unary: Lowering<Unary> = {
  calibrated: (lane, node) => (isReciprocal(node) ? division(lane, node) : lookup(lane, node)),
  wants: (lane, node) => (isReciprocal(node) ? undefined : { target: lane.tableOf(node).input }),
  isPrecise: true,
};

function lookup(lane: CalibratedLane, node: NodeOf<Unary>): Quantised {
  const [source] = node.inputs as [string];
  const x = lane.tensor(source);
  const table = lane.tableOf(node);
  const index = table.whole
    ? requantise(lane.emitter, x, table.input)
    : lane.requantise(x, table.input, `${node.name}.argument`);
  const attrs = { name: table.name, lo: table.input.lo, values: table.values };
  const name = lane.emitter.emit('table', attrs, [index.node]);
  lane.declare(name, node, node.op.fn, x, table);
  return { node: name, scale: table.scale, offset: 0 };
}

function division(lane: CalibratedLane, node: NodeOf<Unary>): Quantised {
  const [source] = node.inputs as [string];
  const x = lane.tensor(source);
  const { value, range, error } = lowerReciprocal(
    lane.emitter,
    x,
    lane.stats(source),
    lane.stats(node.name),
    lane.bits,
  );
  lane.declare(value.node, node, reciprocal, x, { range, whole: false, error });
  return value;
}
