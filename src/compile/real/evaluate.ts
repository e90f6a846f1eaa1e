/**
 * The meaning of the real graph in float64: calibration runs it over hundreds of samples, the importer folds constants with it,
 * and the integer program's error is measured against it. May import the real graph only.
 */
import { internal, invariant } from '../../base/errors.js';
import { sizeOf, type RealGraph, type RealNode } from './graph.js';
import { realOpOf } from './ops.js';

/** Evaluates one graph many times; the buffers of the values are allocated once. */
export class RealEvaluator {
  private readonly values = new Map<string, Float64Array>();

  constructor(private readonly graph: RealGraph) {
    for (const node of graph.nodes) {
      const { values } = realOpOf(node.op);
      if (values === 'given') continue;
      const out = new Float64Array(sizeOf(node));
      if (values === 'known') evaluateRealNode(node, [], out);
      this.values.set(node.name, out);
    }
  }

  /**
   * Values of all nodes by name. The map and its arrays are the evaluator's own: the next run overwrites them.
   * `inputs`: one array an input node, as long as its dims say; they are kept by reference.
   */
  run(inputs: ReadonlyMap<string, Float64Array>): ReadonlyMap<string, Float64Array> {
    for (const node of this.graph.nodes) {
      const { values } = realOpOf(node.op);
      if (values === 'known') continue;
      if (values === 'given') {
        const given = inputs.get(node.name);
        if (given?.length !== sizeOf(node)) {
          throw internal('an input is missing or has the wrong size', { input: node.name, got: given?.length });
        }
        this.values.set(node.name, given);
        continue;
      }
      const sources = node.inputs.map((name) => this.values.get(name)!);
      evaluateRealNode(node, sources, this.values.get(node.name)!);
    }
    return this.values;
  }
}

/** Values of all nodes by name, in fresh arrays. */
export function evaluateReal(
  graph: RealGraph,
  inputs: ReadonlyMap<string, Float64Array>,
): ReadonlyMap<string, Float64Array> {
  return new RealEvaluator(graph).run(inputs);
}

/** Evaluates one node, into `out` if given (it must not be one of the inputs). Input nodes have no value of their own. */
export function evaluateRealNode(
  { op, dims }: Pick<RealNode, 'op' | 'dims'>,
  inputs: readonly Float64Array[],
  out: Float64Array = new Float64Array(sizeOf({ dims })),
): Float64Array {
  const record = realOpOf(op);
  invariant(record.values !== 'computed' || inputs.length > 0, 'a node without inputs cannot be evaluated', {
    kind: op.kind,
  });
  record.evaluate(op, inputs, out);
  return out;
}
