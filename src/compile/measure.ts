/** How far the integer program is from the float model on the samples. */
import { part, type Work } from '../base/work.js';
import { missingRuntime, openReference, valuesOf, type FloatReference } from '../reference/onnxruntime.js';
import { OWN_EVALUATION } from './own-reference.js';
import { comparing, type AccuracyReport } from './accuracy.js';
import { Interpreter } from './ir/program.js';
import type { InputDomain, RealValues } from './passes/calibrate.js';
import { inputNodes } from './passes/domains.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { PreparedModel } from './prepare.js';
import { evaluateReal } from './real/evaluate.js';
import type { RealGraph } from './real/graph.js';
import { realOpOf } from './real/ops.js';
import type { AsyncWork } from './stages.js';

/** The float outputs of every sample, by output name. */
export function* outputsOver(graph: RealGraph, samples: readonly RealValues[]): Work<RealValues[]> {
  const outputs: RealValues[] = [];
  for (const sample of samples) {
    yield outputs.length / samples.length;
    const values = evaluateReal(graph, sample);
    outputs.push(new Map(graph.outputs.map(({ name, node }) => [name, values.get(node)!])));
  }
  return outputs;
}

/** The full report, against onnxruntime where it is installed. `source`: the model's path or bytes. */
export async function* measuring(
  source: string | Uint8Array,
  prepared: PreparedModel,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  samples: readonly RealValues[],
): AsyncWork<{ readonly report: AccuracyReport; readonly notes: readonly string[] }> {
  const { graph, original, readers } = prepared;
  // An output whose softmax is left to the reader has no float twin in the file: our own evaluation of the logits is the judge.
  const runtime = readers.size > 0 ? undefined : await openReference(source, inputNodes(original));
  const references =
    runtime === undefined ? yield* part(outputsOver(original, samples), 0, 0.5) : yield* runOver(runtime, samples);
  const computed = graph.nodes.filter((node) => realOpOf(node.op).values === 'computed');
  const origin = new Map(graph.nodes.map((node) => [node.name, node.origin]));
  const comparison = comparing({
    model,
    interpreter: new Interpreter(model.ir),
    domains,
    layers: computed.map((node) => ({ node: node.name, op: node.origin })),
    outputs: graph.outputs.map(({ name, node }) => ({ name, node, op: origin.get(node)! })),
    samples,
    floats: (s) => evaluateReal(graph, samples[s]!),
    references,
    reference: runtime?.name ?? OWN_EVALUATION,
  });
  const report = yield* part(comparison, 0.5, 1);
  return {
    report,
    notes: runtime === undefined && readers.size === 0 ? [await missingRuntime(inputNodes(original))] : [],
  };
}

/** As `outputsOver`, by onnxruntime; closes it in any case. The first half of a longer work. */
async function* runOver(runtime: FloatReference, samples: readonly RealValues[]): AsyncWork<RealValues[]> {
  const outputs: RealValues[] = [];
  try {
    for (const sample of samples) {
      yield (0.5 * outputs.length) / samples.length;
      outputs.push(valuesOf(await runtime.run(sample)));
    }
  } finally {
    await runtime.close();
  }
  return outputs;
}
