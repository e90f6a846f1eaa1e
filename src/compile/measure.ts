/** How far the integer program is from the float model on the samples. */
import { part, type Work } from '../base/work.js';
import { comparing, type AccuracyReport } from './accuracy.js';
import type { Samples } from './calibration-samples.js';
import { clampWatch } from './ir/clamped.js';
import { Interpreter } from './ir/program.js';
import type { Judgement } from './judge.js';
import type { InputDomain } from './passes/calibrate.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { PreparedModel } from './prepare.js';
import { RealEvaluator } from './real/evaluate.js';
import { realOpOf } from './real/ops.js';

/** The full report: outputs against what the judge said, layers against our own evaluation. */
export function* measuring(
  { graph }: PreparedModel,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  samples: Samples,
  judgement: Judgement,
): Work<AccuracyReport> {
  const computed = graph.nodes.filter((node) => realOpOf(node.op).values === 'computed');
  const origin = new Map(graph.nodes.map((node) => [node.name, node.origin]));
  const evaluator = new RealEvaluator(graph);
  const clamps = clampWatch(model.ir);
  const comparison = comparing({
    model,
    interpreter: new Interpreter(model.ir),
    domains,
    layers: computed.map((node) => ({ node: node.name, op: node.origin })),
    outputs: graph.outputs.map(({ name, node }) => ({ name, node, op: origin.get(node)! })),
    samples: samples.all,
    drawn: samples.drawn,
    floats: (s) => evaluator.run(samples.all[s]!),
    references: judgement.outputs,
    reference: judgement.reference,
    comparison: judgement.comparison,
    isClamped: (values) => clamps(values).length > 0,
  });
  return { ...(yield* part(comparison, 0, 1)), searched: null, proven: null };
}
