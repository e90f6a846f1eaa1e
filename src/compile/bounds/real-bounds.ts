/** Bounds of every tensor of the real graph over the input domain. */
import type { RealGraph, RealNode } from '../real/graph.js';
import { realOpOf } from '../real/ops.js';
import { uniformBox, type Box } from '../real/box.js';
import { relaxedBounds, type RelaxedBounds, type Step } from './relaxation.js';

/** The boxes of the nodes, in the graph's order, for inputs in these boxes; `work`: see `LAYER_WORK`. */
export function realBounds(graph: RealGraph, inputs: ReadonlyMap<string, Box>, work?: number): RelaxedBounds {
  const sizes = new Map(graph.nodes.map((node) => [node.name, sizeOf(node)]));
  return relaxedBounds(
    graph.nodes.map((node) => stepOf(node, inputs, sizes)),
    work,
  );
}

/** The boxes of the model inputs. */
export function inputBoxes(
  graph: RealGraph,
  domains: ReadonlyMap<string, { readonly min: number; readonly max: number }>,
): Map<string, Box> {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  return new Map(
    graph.inputs.map((name) => {
      const { min, max } = domains.get(name) ?? { min: -Infinity, max: Infinity };
      return [name, uniformBox(sizeOf(nodes.get(name)!), min, max)];
    }),
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

export function sizeOf({ dims }: Pick<RealNode, 'dims'>): number {
  return dims.reduce((product, dim) => product * dim, 1);
}
