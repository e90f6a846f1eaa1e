/** Why no program keeps the tolerance: which output, on which sample, and what of the model is the cause. */
import { ZkonnxError } from '../base/errors.js';
import { encodeInputs, type OutputErrors } from './accuracy.js';
import { labelOf } from './calibration-samples.js';
import type { ChoiceInputs } from './choice-inputs.js';
import { clampedNodes } from './ir/clamped.js';
import { Interpreter } from './ir/program.js';
import type { InputDomain } from './passes/calibrate.js';
import type { QuantisedModel } from './passes/quantise.js';
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

/** TOLERANCE_UNREACHABLE by the program that came closest. */
export function missedTolerance(inputs: ChoiceInputs, tolerance: number, miss: Miss): ZkonnxError {
  const { worst, output, sample } = miss.errors;
  const { cause, help } = causeOf(inputs, tolerance, miss);
  return new ZkonnxError('TOLERANCE_UNREACHABLE', 'the integer program misses the tolerance', {
    expected: `worst error at most ${percent(tolerance)} of the output's largest magnitude`,
    got: `${percent(worst)} with ${inputs.options.bits === undefined ? `up to ${MOST_BITS}` : String(miss.bits)} bits${cause === undefined ? '' : `: ${cause}`}`,
    where: `${labelOf(inputs.samples, sample)}, output ${output}`,
    help,
  });
}

interface Cause {
  readonly cause?: string;
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
    help: `no bits help: raise --tolerance above ${percent(2 * comparison.worst)}, or export the model in float32`,
  };
}

/** The sample lies beyond what ranges were chosen by. */
function byClamp({ samples }: ChoiceInputs, { model, domains, errors }: Miss): Cause | undefined {
  const values = new Interpreter(model.ir).run(encodeInputs(samples.all[errors.sample]!, domains));
  const [clamped] = clampedNodes(model.ir, values);
  if (clamped === undefined) return undefined;
  const { origin } = model.ir.nodes.find(({ name }) => name === clamped.node)!;
  return {
    cause: `${origin} leaves the range that the other samples showed`,
    help: 'bits are not the cause: give more samples, or declare --domain so that ranges follow from it',
  };
}

/** The first tensor that is off by more than the tolerance allows, and the constant or input in front of it that is large. */
function byTensor({ prepared, samples, options }: ChoiceInputs, tolerance: number, miss: Miss): Cause {
  const { graph } = prepared;
  const { model, domains, errors, bits } = miss;
  const sample = samples.all[errors.sample]!;
  const integers = new Interpreter(model.ir).run(encodeInputs(sample, domains));
  const floats = evaluateReal(graph, sample);
  const off = graph.nodes.find(({ name }) => {
    const tensor = model.tensors.get(name);
    const q = tensor === undefined ? undefined : integers.get(tensor.node);
    const exact = floats.get(name)!;
    if (tensor === undefined || q === undefined) return false;
    const magnitude = exact.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return q.some((value, i) => !(Math.abs(value * tensor.scale + tensor.offset - exact[i]!) <= tolerance * magnitude));
  });
  const more =
    options.bits === undefined || bits >= MOST_BITS
      ? 'raise --tolerance'
      : 'leave --bits out, or raise it or --tolerance';
  if (off === undefined) return { help: more };
  const largest = off.inputs
    .map((name) => ({ name, reach: reachOf(floats.get(name)!) }))
    .toSorted((a, b) => b.reach - a.reach)[0];
  const steep =
    largest === undefined ? '' : `, which reads ${largest.name} of magnitude ${largest.reach.toPrecision(3)}`;
  return {
    cause: `it begins at ${off.origin}${steep}`,
    help: `${more}; a value that large beside small ones (a mask, an unscaled feature) takes the bits that the small ones need: scale it in the model`,
  };
}

function reachOf(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function percent(part: number): string {
  return `${(100 * part).toPrecision(3)} %`;
}
