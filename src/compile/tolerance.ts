/** Why no program keeps the tolerance: which output, on which sample, and what of the model is the cause. */
import { ZkonnxError } from '../base/errors.js';
import type { OutputErrors } from './accuracy.js';
import { labelOf } from './calibration-samples.js';
import type { ChoiceInputs } from './choice-inputs.js';
import { clampWatch } from './ir/clamped.js';
import { Interpreter } from './ir/program.js';
import type { InputDomain } from './real/input-grid.js';
import type { QuantisedModel } from './passes/quantise.js';
import { encodeInputs } from './real/input-grid.js';
import { evaluateReal } from './real/evaluate.js';

/** Bits of activations that are tried where none are asked for. */
export const MOST_BITS = 20;

/** A program that misses the tolerance, and where. */
export interface Miss {
  readonly bits: number;
  readonly model: QuantisedModel;
  readonly domains: ReadonlyMap<string, InputDomain>;
  readonly errors: OutputErrors;
}

/** TOLERANCE_UNREACHABLE by the program that came closest. `overflow`: why finer ones do not exist, where they do not. */
export function missedTolerance(
  inputs: ChoiceInputs,
  tolerance: number,
  miss: Miss,
  overflow?: ZkonnxError,
): ZkonnxError {
  const { worst, output, sample } = miss.errors;
  const { cause, help } = causeOf(inputs, tolerance, miss);
  const finer = overflow?.details.where === undefined ? '' : `; finer scales overflow at ${overflow.details.where}`;
  return new ZkonnxError('TOLERANCE_UNREACHABLE', 'the integer program misses the tolerance', {
    expected: `worst error at most ${percent(tolerance)} of the output's largest magnitude`,
    got: `${percent(worst)} with ${miss.bits} bits, the closest: ${cause}${finer}`,
    where: `${labelOf(inputs.samples, sample)}, output ${output}`,
    help,
  });
}

interface Cause {
  readonly cause: string;
  readonly help: string;
}

/** In the order in which a user would want to know them. */
function causeOf(inputs: ChoiceInputs, tolerance: number, miss: Miss): Cause {
  return byReference(inputs, tolerance) ?? byClamp(inputs, miss) ?? byTensor(inputs, tolerance, miss);
}

/** What the float types of the model cost: onnxruntime itself is that far from exact arithmetic. */
function byReference({ judgement }: ChoiceInputs, tolerance: number): Cause | undefined {
  const { comparison } = judgement;
  if (!comparison.compared || comparison.worst < tolerance / 2) return undefined;
  return {
    cause: `the model’s own arithmetic in ${comparison.with} is up to ${percent(comparison.worst)} from exact`,
    help: `bits do not help: raise --tolerance above ${percent(2 * comparison.worst)}, or export the model in float32`,
  };
}

/** The sample lies beyond what ranges were chosen by. */
function byClamp({ samples }: ChoiceInputs, { model, domains, errors }: Miss): Cause | undefined {
  const values = new Interpreter(model.ir).run(encodeInputs(samples.all[errors.sample]!, domains));
  const [clamped] = clampWatch(model.ir)(values);
  if (clamped === undefined) return undefined;
  const { origin } = model.ir.nodes.find(({ name }) => name === clamped.node)!;
  return {
    cause: `${origin} leaves the range that other samples showed`,
    help: 'bits are not the cause: give more samples, or declare --domain so that ranges follow from it',
  };
}

/** The tensor at which the error grows most, as a part of the tensor's magnitude, and the largest of what it reads. */
function byTensor({ prepared, samples, options }: ChoiceInputs, tolerance: number, miss: Miss): Cause {
  const { graph } = prepared;
  const { model, domains, errors, bits } = miss;
  const sample = samples.all[errors.sample]!;
  const integers = new Interpreter(model.ir).run(encodeInputs(sample, domains));
  const floats = evaluateReal(graph, sample);
  const parts = new Map<string, number>();
  let worst = { growth: 0, origin: 'the inputs', reads: '' };
  for (const node of graph.nodes) {
    const tensor = model.tensors.get(node.name);
    const q = tensor === undefined ? undefined : integers.get(tensor.node);
    const exact = floats.get(node.name)!;
    if (tensor === undefined || q === undefined || q.length !== exact.length) continue;
    const error = q.reduce(
      (most, value, i) => Math.max(most, Math.abs(value * tensor.scale + tensor.offset - exact[i]!)),
      0,
    );
    const own = error / (reachOf(exact) || 1);
    parts.set(node.name, own);
    const before = node.inputs.reduce((most, name) => Math.max(most, parts.get(name) ?? 0), tolerance / 64);
    if (own <= tolerance / 2 || own / before <= worst.growth) continue;
    const [largest] = node.inputs.toSorted((a, b) => reachOf(floats.get(b)!) - reachOf(floats.get(a)!));
    const reads =
      largest === undefined
        ? ''
        : `, which reads ${largest} of magnitude ${reachOf(floats.get(largest)!).toPrecision(3)}`;
    worst = { growth: own / before, origin: node.origin, reads };
  }
  const finer = options.bits !== undefined && bits < MOST_BITS ? 'leave --bits out, or raise it' : 'raise --tolerance';
  return {
    cause: `the error grows most at ${worst.origin}${worst.reads}`,
    help: `${finer}; where large values meet small ones there (a mask, a feature in other units), scale them in the model: the large ones take the bits that the small ones need`,
  };
}

function reachOf(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function percent(part: number): string {
  return `${(100 * part).toPrecision(3)} %`;
}
