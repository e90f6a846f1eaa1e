/** The accuracy report: the integer program against the float model, by output and by layer, on the calibration samples. */
import type { Work } from '../base/work.js';
import type { Interpreter } from './ir/program.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { InputDomain, RealValues } from './passes/calibrate.js';
import { encodeValues } from './passes/input-domain.js';

/** How far the integer program is from the float model in one tensor, in real units. */
export interface TensorError {
  readonly name: string;
  readonly op: string;
  /** Worst and mean absolute difference over all elements and samples. */
  readonly maxAbsError: number;
  readonly meanAbsError: number;
  /** Largest magnitude of the float values: `maxAbsError / magnitude` is the relative error. */
  readonly magnitude: number;
}

/** The integer program against the float model on the calibration samples: accuracy.json. */
export interface AccuracyReport {
  /** Who computed the float values: onnxruntime, or zkonnx's own float64 evaluation where onnxruntime is not installed. */
  readonly reference: string;
  readonly samples: number;
  readonly outputs: readonly TensorError[];
  readonly layers: readonly TensorError[];
  /** Part of the samples whose largest output element is the same one, for outputs with more than one element. */
  readonly topAgreement?: number;
}

/** Quantises real inputs: q = round(x / scale + zeroPoint), clamped to the domain's ends (callers refuse out-of-domain values first). */
export function encodeInputs(values: RealValues, domains: ReadonlyMap<string, InputDomain>): Map<string, Float64Array> {
  const encoded = new Map<string, Float64Array>();
  for (const [name, domain] of domains) encoded.set(name, encodeValues(values.get(name)!, domain));
  return encoded;
}

/** Running comparison of one tensor. */
class Comparison {
  private max = 0;
  private sum = 0;
  private count = 0;
  private magnitude = 0;

  constructor(
    private readonly name: string,
    private readonly op: string,
  ) {}

  add(expected: ArrayLike<number>, q: Float64Array, scale: number, offset: number): void {
    for (let i = 0; i < q.length; i++) {
      const error = Math.abs(q[i]! * scale + offset - expected[i]!);
      if (error > this.max) this.max = error;
      this.sum += error;
      this.magnitude = Math.max(this.magnitude, Math.abs(expected[i]!));
    }
    this.count += q.length;
  }

  finish(): TensorError {
    const { name, op, magnitude } = this;
    return { name, op, maxAbsError: this.max, meanAbsError: this.sum / Math.max(1, this.count), magnitude };
  }
}

export interface AccuracyInputs {
  readonly model: QuantisedModel;
  readonly interpreter: Interpreter;
  readonly domains: ReadonlyMap<string, InputDomain>;
  /** Layers to report: real node, its operator; outputs likewise. */
  readonly layers: readonly { readonly node: string; readonly op: string }[];
  readonly outputs: readonly { readonly name: string; readonly node: string; readonly op: string }[];
  readonly samples: readonly RealValues[];
  /** Float values of every layer, for a sample. */
  readonly floats: (sample: number) => RealValues;
  /** The reference's outputs by output name, for each sample. */
  readonly references: readonly RealValues[];
  readonly reference: string;
}

/** The report, sample by sample. */
export function* comparing(inputs: AccuracyInputs): Work<AccuracyReport> {
  const { model, interpreter, layers, outputs, samples } = inputs;
  const byLayer = layers.map(({ node, op }) => new Comparison(node, op));
  const byOutput = outputs.map(({ name, op }) => new Comparison(name, op));
  let agree = 0;
  for (let s = 0; s < samples.length; s++) {
    yield s / samples.length;
    const values = interpreter.run(encodeInputs(samples[s]!, inputs.domains));
    const floats = inputs.floats(s);
    const references = inputs.references[s]!;
    layers.forEach(({ node }, i) => {
      const { node: irNode, scale, offset } = model.tensors.get(node)!;
      byLayer[i]!.add(floats.get(node)!, values.get(irNode)!, scale, offset);
    });
    outputs.forEach(({ name, node }, i) => {
      const { node: irNode, scale, offset } = model.tensors.get(node)!;
      byOutput[i]!.add(references.get(name)!, values.get(irNode)!, scale, offset);
    });
    const first = outputs[0];
    if (
      first !== undefined &&
      argmax(references.get(first.name)!) === argmax(values.get(model.tensors.get(first.node)!.node)!)
    ) {
      agree++;
    }
  }
  return {
    reference: inputs.reference,
    samples: samples.length,
    outputs: byOutput.map((comparison) => comparison.finish()),
    layers: byLayer.map((comparison) => comparison.finish()),
    ...(samples.length === 0 ? {} : { topAgreement: agree / samples.length }),
  };
}

function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** Worst relative error over the outputs: |error| over the largest magnitude of that output. */
export function worstRelativeError(report: AccuracyReport): number {
  return report.outputs.reduce(
    (worst, { maxAbsError, magnitude }) => Math.max(worst, maxAbsError / (magnitude || 1)),
    0,
  );
}
