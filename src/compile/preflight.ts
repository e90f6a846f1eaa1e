/** What of an imported model no circuit can hold, whatever the data: said by `doctor` and by `compile` before its work. */
import { ZkonnxError } from '../base/errors.js';
import type { PreparedModel } from './prepare.js';
import type { RealGraph, RealNode } from './real/graph.js';

/** Throws SHAPE_MISMATCH for an input or output without elements, MODEL_INVALID for a constant that is no number. */
export function requireCompilable({ imported, graph }: Pick<PreparedModel, 'imported' | 'graph'>): void {
  requireElements(imported);
  requireFiniteConstants(graph);
}

function requireElements({ nodes, inputs, outputs }: RealGraph): void {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const shown = [
    ...outputs.map(({ name, node, dims }) => ({ side: 'output', name, dims, node: byName.get(node)! })),
    ...inputs.map((name) => ({ side: 'input', name, dims: byName.get(name)!.dims, node: byName.get(name)! })),
  ];
  const empty = shown.find(({ dims }) => dims.includes(0));
  if (empty === undefined) return;
  const { side, name, dims, node } = empty;
  throw new ZkonnxError(
    'SHAPE_MISMATCH',
    `an ${side} of the model has no elements: there would be nothing to prove of it`,
    {
      got: `[${dims.join(', ')}]`,
      where: side === 'input' ? `input ${name}` : `output ${name}, ${node.origin}`,
      help:
        side === 'input'
          ? 'give it a size with --input-shape, or take it out of the graph'
          : 'take it out of the graph’s outputs; if it should have elements, check the node that makes it (a Slice whose end is before its start?)',
    },
  );
}

/** Of what is left after simplification: a mask of −∞ that an operator takes as a mask is no constant any more. */
function requireFiniteConstants({ nodes }: RealGraph): void {
  for (const node of nodes) {
    const { op } = node;
    if (op.kind !== 'constant') continue;
    const element = op.values.findIndex((value) => !Number.isFinite(value));
    if (element < 0) continue;
    const readers = nodes.filter(({ inputs }) => inputs.includes(node.name)).map(({ origin }) => origin);
    throw notFinite(node, op.values[element]!, element, readers);
  }
}

function notFinite(
  { name, origin }: RealNode,
  value: number,
  element: number,
  readers: readonly string[],
): ZkonnxError {
  return new ZkonnxError('MODEL_INVALID', 'a constant of the model is no finite number', {
    got: String(value),
    where: `${name}, element ${element}, read by ${readers[0] ?? origin}`,
    help: Number.isNaN(value)
      ? 'export the model again: a NaN among its values is a fault of training or export'
      : 'where it is a mask, put it right before the Softmax (Where or Add), which takes it; else use a large finite value',
  });
}
