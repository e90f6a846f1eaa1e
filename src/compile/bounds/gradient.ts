/** The real graph forwards, and the derivative of one element backwards. For searches. */
import { RealEvaluator } from '../real/evaluate.js';
import { sizeOf, type RealGraph, type RealNode } from '../real/graph.js';
import { nonZeros } from '../real/linear-map.js';
import { realOpOf } from '../real/ops.js';

export type Values = ReadonlyMap<string, Float64Array>;

/** Multiply-adds of one evaluation, roughly: what searches count their work in. */
export function evaluationWork(graph: RealGraph): number {
  return graph.nodes.reduce((total, node) => total + sizeOf(node) + products(node), 0);
}

function products({ op }: RealNode): number {
  if (op.kind === 'linear') return op.maps.reduce((total, map) => total + nonZeros(map), 0);
  return op.kind === 'bilinear' ? op.left.length : 0;
}

export class GradientEvaluator {
  private readonly evaluator: RealEvaluator;
  private readonly grads: ReadonlyMap<string, Float64Array>;
  private readonly order: ReadonlyMap<string, number>;
  private values: Values = new Map();

  constructor(private readonly graph: RealGraph) {
    this.evaluator = new RealEvaluator(graph);
    this.grads = new Map(graph.nodes.map((node) => [node.name, new Float64Array(sizeOf(node))]));
    this.order = new Map(graph.nodes.map(({ name }, i) => [name, i]));
  }

  /** Values of all nodes; the next run overwrites them. */
  run(inputs: Values): Values {
    return (this.values = this.evaluator.run(inputs));
  }

  /** The derivative of element `element` of a node by every input, at the point of the last run; the arrays are overwritten by the next call. */
  gradient(node: string, element: number): Values {
    const { nodes, inputs } = this.graph;
    for (const grad of this.grads.values()) grad.fill(0);
    this.grads.get(node)![element] = 1;
    for (let n = this.order.get(node)!; n >= 0; n--) {
      const { name, op, inputs: sources } = nodes[n]!;
      const into = sources.map((source) => this.grads.get(source)!);
      const at = sources.map((source) => this.values.get(source)!);
      realOpOf(op).backward?.(op, at, this.grads.get(name)!, into);
    }
    return new Map(inputs.map((name) => [name, this.grads.get(name)!]));
  }
}
