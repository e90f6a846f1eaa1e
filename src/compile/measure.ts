/** How far the integer program is from the float model on the samples. */
import { part, type Work } from '../base/work.js';
import { comparing, type AccuracyReport, type Proven } from './accuracy.js';
import { provingErrors, type ProvenErrors } from './bounds/proven-errors.js';
import { searchingErrors } from './bounds/searched-errors.js';
import type { Samples } from './calibration-samples.js';
import { clampWatch } from './ir/clamped.js';
import { Interpreter } from './ir/program.js';
import type { Judgement } from './judge.js';
import type { InputDomain } from './real/input-grid.js';
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
  const measured = yield* part(comparison, 0, 0.4);
  const searched = yield* part(searchingErrors(graph, model, domains, { samples: searchFrom(samples) }), 0.4, 0.8);
  const proven = yield* part(provingErrors(graph, model, domains), 0.8, 1);
  return { ...measured, searched, proven: stated(proven) };
}

/** Drawn samples are no more likely than other points of the domain. */
function searchFrom({ all, drawn }: Samples): Samples['all'] {
  return drawn ? [] : all;
}

/** As it is written: JSON has no undefined. */
function stated({ outputs }: ProvenErrors): Proven {
  return {
    outputs: outputs.map(({ name, maxAbsError = null, reason }) => {
      return { name, maxAbsError, ...(reason === undefined ? {} : { reason }) };
    }),
  };
}
