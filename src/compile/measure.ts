/** How far the integer program is from the float model on the samples. */
import { openReference, RUNTIME_MISSING } from '../reference/onnxruntime.js';
import { accuracyReport, type AccuracyReport } from './accuracy.js';
import { Interpreter } from './ir/program.js';
import type { InputDomain, RealValues } from './passes/calibrate.js';
import { inputNodes } from './passes/domains.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { PreparedModel } from './prepare.js';
import { evaluateReal } from './real/evaluate.js';
import type { RealGraph } from './real/graph.js';
import { realOpOf } from './real/ops.js';

export function outputValues(graph: RealGraph, sample: RealValues): RealValues {
  const values = evaluateReal(graph, sample);
  return new Map(graph.outputs.map(({ name, node }) => [name, values.get(node)!]));
}

/** The full report, against onnxruntime where it is installed. */
export async function measure(
  modelPath: string,
  prepared: PreparedModel,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  samples: readonly RealValues[],
): Promise<{ readonly report: AccuracyReport; readonly notes: readonly string[] }> {
  const { graph, original, readers } = prepared;
  // An output whose softmax is left to the reader has no float twin in the file: our own evaluation of the logits is the judge.
  const runtime = readers.size > 0 ? undefined : await openReference(modelPath, inputNodes(original));
  const references: RealValues[] = [];
  for (const sample of samples)
    references.push(runtime === undefined ? outputValues(original, sample) : await runtime.run(sample));
  await runtime?.close();
  const computed = graph.nodes.filter((node) => realOpOf(node.op).values === 'computed');
  const origin = new Map(graph.nodes.map((node) => [node.name, node.origin]));
  const report = accuracyReport({
    model,
    interpreter: new Interpreter(model.ir),
    domains,
    layers: computed.map((node) => ({ node: node.name, op: node.origin })),
    outputs: graph.outputs.map(({ name, node }) => ({ name, node, op: origin.get(node)! })),
    samples,
    floats: (s) => evaluateReal(graph, samples[s]!),
    references: (s) => references[s]!,
    reference: runtime?.name ?? 'zkonnx float64 evaluation',
  });
  return { report, notes: runtime === undefined && readers.size === 0 ? [RUNTIME_MISSING] : [] };
}
