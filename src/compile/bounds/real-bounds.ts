/** Bounds of every tensor of the real graph over the input domain. */
import { sizeOf, type RealGraph, type RealNode } from '../real/graph.js';
import { realOpOf } from '../real/ops.js';
import type { Box } from '../real/box.js';
import { relaxedBounds, type RelaxedBounds, type Step } from './relaxation.js';

/** The boxes of the nodes, in the graph's order, for inputs in these boxes; `work`: see `LAYER_WORK`. */
export function realBounds(graph: RealGraph, inputs: ReadonlyMap<string, Box>, work?: number): RelaxedBounds {
  const sizes = new Map(graph.nodes.map((node) => [node.name, sizeOf(node)]));
  return relaxedBounds(
    graph.nodes.map((node) => stepOf(node, inputs, sizes)),
    work,
  );
}

function stepOf(node: RealNode, given: ReadonlyMap<string, Box>, sizes: ReadonlyMap<string, number>): Step {
  const { name, op, inputs } = node;
  const record = realOpOf(op);
  const size = sizeOf(node);
  if (record.values === 'given') return { name, inputs, size, interval: () => given.get(name)! };
  return {
    name,
    inputs,
    size,
    interval: (boxes) => record.interval(op, boxes, size),
    affine: record.affine?.(
      op,
      inputs.map((input) => sizes.get(input)!),
    ),
    lines: (x) => record.lines?.(op, x),
  };
}
