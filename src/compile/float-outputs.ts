/** The float model's outputs by our own evaluation. */
import type { Work } from '../base/work.js';
import type { RealValues } from './passes/calibrate.js';
import { RealEvaluator } from './real/evaluate.js';
import type { RealGraph } from './real/graph.js';

/** The float outputs of every sample by our own evaluation, by output name. */
export function* outputsOver(graph: RealGraph, samples: readonly RealValues[]): Work<RealValues[]> {
  const outputs: RealValues[] = [];
  const evaluator = new RealEvaluator(graph);
  for (const sample of samples) {
    yield outputs.length / samples.length;
    const values = evaluator.run(sample);
    outputs.push(new Map(graph.outputs.map(({ name, node }) => [name, values.get(node)!.slice()])));
  }
  return outputs;
}
