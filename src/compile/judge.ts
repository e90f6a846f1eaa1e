/**
 * The judge of accuracy: the float model by onnxruntime, held beside our own evaluation of what was imported before anything is built on that; or
 * our own evaluation, where onnxruntime is not at hand, cannot run the model, or has no such output.
 */
import { ZkonnxError } from '../base/errors.js';
import { part } from '../base/work.js';
import { decodeModel, externalLocations } from '../formats/onnx-proto.js';
import { withOutputs } from '../formats/onnx-expose.js';
import {
  missingRuntime,
  openReference,
  valuesOf,
  type FloatReference,
  type FloatTensor,
} from '../reference/onnxruntime.js';
import type { ReferenceComparison } from './accuracy.js';
import { labelOf, type Samples } from './calibration-samples.js';
import { outputsOver } from './float-outputs.js';
import { readModel } from './model-file.js';
import { OWN_EVALUATION } from './own-reference.js';
import type { RealValues } from './passes/calibrate.js';
import { inputNodes } from './passes/domains.js';
import type { PreparedModel } from './prepare.js';
import { evaluateReal } from './real/evaluate.js';
import { ReferenceGate, referenceMismatch, type Mismatch } from './reference-gate.js';
import type { AsyncWork } from './stages.js';

/** How far `judging` comes of the work that it is the first part of. */
export const JUDGED = 0.6;

export interface Judgement {
  /** Who computed the outputs: `onnxruntime 1.30.0`, or OWN_EVALUATION. */
  readonly reference: string;
  /** The float outputs of every sample, by output name. */
  readonly outputs: readonly RealValues[];
  readonly comparison: ReferenceComparison;
  /** For the user, in sentences. */
  readonly notes: readonly string[];
}

/** Opens onnxruntime on the model, its path or bytes; undefined where it is not installed or has no such inputs. Throws MODEL_INVALID where it refuses the model. */
export function openJudge(
  source: string | Uint8Array,
  { imported }: PreparedModel,
): Promise<FloatReference | undefined> {
  return openReference(source, inputNodes(imported));
}

/**
 * Judges all samples; `runtime` is closed in any case. Throws REFERENCE_MISMATCH, and CALIBRATION_INVALID for a sample on which the model has no
 * finite answer.
 */
export async function* judging(
  source: string | Uint8Array,
  runtime: FloatReference | undefined,
  prepared: PreparedModel,
  samples: Samples,
): AsyncWork<Judgement> {
  if (runtime === undefined)
    return yield* judgingAlone(prepared, samples, await missingRuntime(inputNodes(prepared.imported)));
  let judged: Judged;
  try {
    judged = yield* running(runtime, prepared, samples);
  } finally {
    await runtime.close();
  }
  if ('words' in judged) {
    const words = `${runtime.name} cannot run the model (“${judged.words}”, ${labelOf(samples, judged.sample)})`;
    return yield* judgingAlone(prepared, samples, words);
  }
  if ('theirs' in judged) throw await explained(source, runtime.name, prepared, samples, judged);
  const comparison = { compared: true, with: runtime.name, worst: judged.worst, limit: judged.limit } as const;
  // An output whose softmax is left to the reader has no twin in the file: our own evaluation of the logits is the judge.
  if (prepared.readers.size === 0) return { reference: runtime.name, outputs: judged.outputs, comparison, notes: [] };
  const outputs = yield* part(outputsOver(prepared.original, samples.all), 0.5, JUDGED);
  return { reference: OWN_EVALUATION, outputs, comparison, notes: [] };
}

type Judged =
  | { readonly outputs: readonly RealValues[]; readonly worst: number; readonly limit: number }
  | Mismatch
  /** It could not run, in its own words. */
  | { readonly words: string; readonly sample: number };

async function* running(runtime: FloatReference, { imported }: PreparedModel, samples: Samples): AsyncWork<Judged> {
  const gate = new ReferenceGate(imported);
  const outputs: RealValues[] = [];
  for (const [s, sample] of samples.all.entries()) {
    yield (0.5 * s) / samples.all.length;
    let theirs: ReadonlyMap<string, FloatTensor>;
    try {
      theirs = await runtime.run(sample);
    } catch (error) {
      return { words: wordsOf(error), sample: s };
    }
    const mismatch = gate.add(s, sample, theirs);
    if (mismatch !== undefined) return mismatch;
    requireFinite(valuesOf(theirs), samples, s);
    outputs.push(valuesOf(theirs));
  }
  const worst = gate.finish(samples.all);
  return typeof worst === 'number' ? { outputs, worst, limit: gate.limit } : worst;
}

async function* judgingAlone(prepared: PreparedModel, samples: Samples, reason: string): AsyncWork<Judgement> {
  const outputs = yield* part(outputsOver(prepared.original, samples.all), 0, JUDGED);
  outputs.forEach((values, s) => requireFinite(values, samples, s));
  const notes = [`not compared with onnxruntime: ${reason}`];
  return { reference: OWN_EVALUATION, outputs, comparison: { compared: false, reason }, notes };
}

/** The first line of what onnxruntime says, without its status code. */
export function wordsOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.trim();
}

/** Throws CALIBRATION_INVALID, naming sample and output. */
function requireFinite(outputs: RealValues, samples: Samples, s: number): void {
  for (const [name, values] of outputs) {
    const element = values.findIndex((value) => !Number.isFinite(value));
    if (element < 0) continue;
    throw new ZkonnxError('CALIBRATION_INVALID', 'the model’s own answer is not finite', {
      expected: 'a number',
      got: String(values[element]),
      where: `${labelOf(samples, s)}, output ${name}, element ${element}`,
      help: samples.drawn
        ? 'declare a --domain on which the model has an answer'
        : 'take the sample out, or check the data for the range and layout that the model was trained on',
    });
  }
}

async function explained(
  source: string | Uint8Array,
  onnxruntime: string,
  { imported }: PreparedModel,
  samples: Samples,
  mismatch: Mismatch,
): Promise<ZkonnxError> {
  const sample = samples.all[mismatch.sample]!;
  const first = await firstDifference(source, { imported }, sample).catch(() => undefined);
  const { node } = imported.outputs.find(({ name }) => name === mismatch.output)!;
  const origin = imported.nodes.find(({ name }) => name === node)?.origin;
  return referenceMismatch(onnxruntime, labelOf(samples, mismatch.sample), mismatch, first ?? origin);
}

/** The label of the first node, in the graph's order, whose value onnxruntime computes otherwise; undefined where none is found. */
async function firstDifference(
  source: string | Uint8Array,
  { imported }: Pick<PreparedModel, 'imported'>,
  sample: RealValues,
): Promise<string | undefined> {
  const bytes = typeof source === 'string' ? await readModel(source) : source;
  const model = decodeModel(bytes);
  // Values in other files are found by the model's path alone.
  if (externalLocations(model).length > 0) return undefined;
  const shown = new Set(model.graph.output.map(({ name }) => name));
  const inside = model.graph.node.flatMap(({ output }) => output).filter((name) => name !== '' && !shown.has(name));
  const runtime = await openReference(withOutputs(bytes, inside), inputNodes(imported));
  if (runtime === undefined) return undefined;
  try {
    const theirs = await runtime.run(sample);
    const ours = evaluateReal(imported, sample);
    const known = imported.nodes.filter(({ name }) => theirs.has(name) && (shown.has(name) || inside.includes(name)));
    const found = known.find((node) => differs(theirs.get(node.name)!, ours.get(node.name)!, node.dims));
    return found?.origin;
  } finally {
    await runtime.close();
  }
}

/** As a part of the largest magnitude: beyond rounding, below what becomes 1e-3 of an output. */
const INNER_LIMIT = 1e-4;

function differs({ dims, values }: FloatTensor, ours: Float64Array, own: readonly number[]): boolean {
  if (dims.join() !== own.join() || values.length !== ours.length) return true;
  const magnitude = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.some(
    (value, i) => !Object.is(value, ours[i]!) && !(Math.abs(value - ours[i]!) <= INNER_LIMIT * magnitude),
  );
}
