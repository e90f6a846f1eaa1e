/**
 * How far the integer program is from the float model: three numbers by output, never mixed. Measured, on the samples at hand; searched for, where
 * ascent over the domain finds more; proven, for every input in the domain. What is called the stated error is the measured one.
 */
import type { Work } from '../base/work.js';
import type { StatedAccuracy } from '../formats/manifest.js';
import { isHeldOut } from './calibration-samples.js';
import { Interpreter } from './ir/program.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { RealValues } from './passes/calibrate.js';
import type { InputDomain } from './real/input-grid.js';
import { encodeInputs } from './real/input-grid.js';

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

/** Whether what was imported was held beside onnxruntime. */
export type ReferenceComparison =
  | {
      readonly compared: true;
      /** `onnxruntime 1.30.0` */
      readonly with: string;
      /** The most that zkonnx's own float64 evaluation differs on any sample, as a part of the output's largest magnitude; more than `limit` is refused. */
      readonly worst: number;
      readonly limit: number;
    }
  | { readonly compared: false; readonly reason: string };

/** Errors as parts of the output's largest magnitude over all samples (of an output that is 0 on all of them, as they are). */
export interface MeasuredOutput {
  readonly name: string;
  /** Worst over the samples that ranges, scales and widths were chosen by. */
  readonly chosenBy: number;
  /** Worst over those held out of all choices; null where none is. */
  readonly heldOut: number | null;
  /** The sample that is worst of all, from 0. */
  readonly worstAt: number;
}

/** On which samples the errors were measured. */
export interface Measured {
  /** `drawn` from the declared domain where no data was given. */
  readonly source: 'given' | 'drawn';
  readonly samples: number;
  /** Of them: every fifth, none of fewer than five. */
  readonly heldOut: number;
  /** Of them: those whose proof says that values were clamped. Their errors are in the measured ones. */
  readonly clamped: number;
  readonly outputs: readonly MeasuredOutput[];
}

/** The worst that a search over the domain found, at points where no value is clamped. */
export interface Searched {
  /** Starts of the ascent, the corners of the domain among them, and points looked at in all. */
  readonly starts: number;
  readonly corners: number;
  readonly evaluations: number;
  /** Points left out, because their proof says that values were clamped. */
  readonly clamped: number;
  readonly outputs: readonly { readonly name: string; readonly maxAbsError: number; readonly magnitude: number }[];
}

/** What holds for every input in the domain whose proof says that nothing was clamped. */
export interface Proven {
  /** `maxAbsError` null: none, for the reason beside it. */
  readonly outputs: readonly { readonly name: string; readonly maxAbsError: number | null; readonly reason?: string }[];
}

/** The integer program against the float model: accuracy.json. */
export interface AccuracyReport {
  /** Who computed the float values: onnxruntime, or zkonnx's own float64 evaluation where onnxruntime is not at hand. */
  readonly reference: string;
  readonly comparison: ReferenceComparison;
  readonly samples: number;
  readonly measured: Measured;
  /** Null where it was not looked for. */
  readonly searched: Searched | null;
  readonly proven: Proven | null;
  /** Measured, over all samples. */
  readonly outputs: readonly TensorError[];
  readonly layers: readonly TensorError[];
  /** Part of the samples whose largest output element is the same one, for outputs with more than one element. */
  readonly topAgreement?: number;
}

interface At {
  readonly index: number;
  readonly heldOut: boolean;
}

/** Running comparison of one tensor. */
class Comparison {
  private max = 0;
  private maxAt = 0;
  private maxHeldOut = 0;
  private maxChosenBy = 0;
  private sum = 0;
  private count = 0;
  private magnitude = 0;

  constructor(
    private readonly name: string,
    private readonly op: string,
  ) {}

  add(expected: ArrayLike<number>, q: Float64Array, scale: number, offset: number, { index, heldOut }: At): void {
    let worst = 0;
    for (let i = 0; i < q.length; i++) {
      const error = Math.abs(q[i]! * scale + offset - expected[i]!);
      if (error > worst) worst = error;
      this.sum += error;
      this.magnitude = Math.max(this.magnitude, Math.abs(expected[i]!));
    }
    if (worst > this.max) [this.max, this.maxAt] = [worst, index];
    if (heldOut) this.maxHeldOut = Math.max(this.maxHeldOut, worst);
    else this.maxChosenBy = Math.max(this.maxChosenBy, worst);
    this.count += q.length;
  }

  measured(anyHeldOut: boolean): MeasuredOutput {
    const { name, magnitude } = this;
    const heldOut = anyHeldOut ? relative(this.maxHeldOut, magnitude) : null;
    return { name, chosenBy: relative(this.maxChosenBy, magnitude), heldOut, worstAt: this.maxAt };
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
  readonly drawn: boolean;
  /** Float values of every layer, for a sample. */
  readonly floats: (sample: number) => RealValues;
  /** The reference's outputs by output name, for each sample. */
  readonly references: readonly RealValues[];
  readonly reference: string;
  readonly comparison: ReferenceComparison;
  /** Whether a run's proof would say that values were clamped, by the values of the integer program. */
  readonly isClamped: (values: ReadonlyMap<string, Float64Array>) => boolean;
}

/** The measured part of the report, sample by sample. */
export function* comparing(inputs: AccuracyInputs): Work<Omit<AccuracyReport, 'searched' | 'proven'>> {
  const { model, interpreter, layers, outputs, samples } = inputs;
  const byLayer = layers.map(({ node, op }) => new Comparison(node, op));
  const byOutput = outputs.map(({ name, op }) => new Comparison(name, op));
  let [agree, clamped] = [0, 0];
  for (let s = 0; s < samples.length; s++) {
    yield s / samples.length;
    const at = { index: s, heldOut: isHeldOut(s, samples.length) };
    const values = interpreter.run(encodeInputs(samples[s]!, inputs.domains));
    if (inputs.isClamped(values)) clamped++;
    const floats = inputs.floats(s);
    const references = inputs.references[s]!;
    layers.forEach(({ node }, i) => {
      const { node: irNode, scale, offset } = model.tensors.get(node)!;
      byLayer[i]!.add(floats.get(node)!, values.get(irNode)!, scale, offset, at);
    });
    outputs.forEach(({ name, node }, i) => {
      const { node: irNode, scale, offset } = model.tensors.get(node)!;
      byOutput[i]!.add(references.get(name)!, values.get(irNode)!, scale, offset, at);
    });
    const first = outputs[0];
    if (
      first !== undefined &&
      argmax(references.get(first.name)!) === argmax(values.get(model.tensors.get(first.node)!.node)!)
    ) {
      agree++;
    }
  }
  const heldOut = samples.filter((_, s) => isHeldOut(s, samples.length)).length;
  return {
    reference: inputs.reference,
    comparison: inputs.comparison,
    samples: samples.length,
    measured: {
      source: inputs.drawn ? 'drawn' : 'given',
      samples: samples.length,
      heldOut,
      clamped,
      outputs: byOutput.map((comparison) => comparison.measured(heldOut > 0)),
    },
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

/** A part of the magnitude; the error itself where nothing but 0 was seen, which gives no measure. */
export function relative(error: number, magnitude: number): number {
  return error / (magnitude || 1);
}

/** Worst relative error over the outputs, each by its own largest magnitude. */
export function worstRelativeError({ outputs }: Pick<AccuracyReport, 'outputs'>): number {
  return Math.max(0, ...outputs.map(({ maxAbsError, magnitude }) => relative(maxAbsError, magnitude)));
}

/** What a manifest says of it. */
export function statedAccuracy(report: AccuracyReport): StatedAccuracy {
  const { reference, comparison, measured, searched, proven, outputs } = report;
  const { source, samples, heldOut, clamped } = measured;
  return {
    reference,
    comparedWith: comparison.compared ? comparison.with : null,
    source,
    samples,
    heldOut,
    clamped,
    outputs: outputs.map(({ name, maxAbsError, magnitude }, i) => {
      const bound = proven?.outputs[i]?.maxAbsError ?? null;
      const found = searched?.outputs[i]?.maxAbsError ?? null;
      return {
        name,
        magnitude,
        measured: relative(maxAbsError, magnitude),
        heldOut: measured.outputs[i]!.heldOut,
        searched: found === null ? null : relative(found, magnitude),
        proven: bound === null ? null : relative(bound, magnitude),
      };
    }),
  };
}

/** As `checkingOutputs` says it. */
export function worstOutput({ measured, outputs }: Pick<AccuracyReport, 'measured' | 'outputs'>): OutputErrors {
  const errors = outputs.map(({ name, maxAbsError, magnitude }, i) => {
    return { output: name, worst: relative(maxAbsError, magnitude), sample: measured.outputs[i]!.worstAt };
  });
  return errors.reduce((worst, error) => (error.worst > worst.worst ? error : worst));
}

export interface OutputCheck {
  readonly model: QuantisedModel;
  readonly domains: ReadonlyMap<string, InputDomain>;
  readonly outputs: readonly { readonly name: string; readonly node: string }[];
  readonly samples: readonly RealValues[];
  /** The reference's outputs of each sample, by output name. */
  readonly references: readonly RealValues[];
  /** Largest magnitude of each output over all samples, by output name. */
  readonly magnitudes: ReadonlyMap<string, number>;
}

/** What a check of outputs found: the worst error, and where the tolerance was first missed. */
export interface OutputErrors {
  /** As a part of its output's largest magnitude. */
  readonly worst: number;
  readonly output: string;
  /** The sample it was found at. */
  readonly sample: number;
}

/** The worst error of the outputs over the samples with these indices; the rest are not looked at once one misses the tolerance. */
export function* checkingOutputs(
  check: OutputCheck,
  indices: readonly number[],
  tolerance: number,
): Work<OutputErrors> {
  const { model, domains, outputs, samples, references, magnitudes } = check;
  const interpreter = new Interpreter(model.ir);
  let found: OutputErrors = { worst: 0, output: outputs[0]?.name ?? '', sample: indices[0] ?? 0 };
  for (const [i, sample] of indices.entries()) {
    yield i / indices.length;
    const values = interpreter.run(encodeInputs(samples[sample]!, domains));
    for (const { name, node } of outputs) {
      const { node: irNode, scale, offset } = model.tensors.get(node)!;
      const [q, expected] = [values.get(irNode)!, references[sample]!.get(name)!];
      let worst = 0;
      for (let e = 0; e < q.length; e++) worst = Math.max(worst, Math.abs(q[e]! * scale + offset - expected[e]!));
      const error = relative(worst, magnitudes.get(name)!);
      if (!(error <= found.worst)) found = { worst: error, output: name, sample };
    }
    if (!(found.worst <= tolerance)) return found;
  }
  return found;
}

/** By output name. */
export function magnitudesOf(references: readonly RealValues[]): Map<string, number> {
  const magnitudes = new Map<string, number>();
  for (const outputs of references) {
    for (const [name, values] of outputs) {
      magnitudes.set(
        name,
        values.reduce((most, value) => Math.max(most, Math.abs(value)), magnitudes.get(name) ?? 0),
      );
    }
  }
  return magnitudes;
}
