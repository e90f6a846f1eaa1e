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
  /** What each run computes, in order. `sources`: those of the model's inputs come with the run. */
  private readonly steps: { readonly node: RealNode; readonly sources: Float64Array[]; readonly out: Float64Array }[] =
    [];
  private readonly given: { readonly name: string; readonly size: number }[] = [];
  private readonly readers: { readonly input: string; readonly sources: Float64Array[]; readonly at: number }[] = [];

  constructor(graph: RealGraph) {
    const given = new Set<string>();
    for (const node of graph.nodes) {
      const { values } = realOpOf(node.op);
      if (values === 'given') {
        given.add(node.name);
        this.given.push({ name: node.name, size: sizeOf(node) });
        continue;
      }
      const out = new Float64Array(sizeOf(node));
      const sources = node.inputs.map((name) => this.values.get(name) ?? NONE);
      node.inputs.forEach((input, at) => {
        if (given.has(input)) this.readers.push({ input, sources, at });
      });
      if (values === 'known') evaluateRealNode(node, [], out);
      else this.steps.push({ node, sources, out });
      this.values.set(node.name, out);
    }
  }

  /**
   * Values of all nodes by name. The map and its arrays are the evaluator's own: the next run overwrites them.
   * `inputs`: one array an input node, as long as its dims say; they are kept by reference.
   */
  run(inputs: ReadonlyMap<string, Float64Array>): ReadonlyMap<string, Float64Array> {
    for (const { name, size } of this.given) {
      const values = inputs.get(name);
      if (values?.length !== size) {
        throw internal('an input is missing or has the wrong size', { input: name, got: values?.length });
      }
      this.values.set(name, values);
    }
    for (const { input, sources, at } of this.readers) sources[at] = this.values.get(input)!;
    for (const { node, sources, out } of this.steps) evaluateRealNode(node, sources, out);
    return this.values;
  }
}

const NONE = new Float64Array(0);

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
