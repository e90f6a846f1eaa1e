/** compile: an ONNX model and calibration data or a domain in; circuit, schema, manifest and accuracy report out. */
import { part } from '../base/work.js';
import type { Circuit } from '../constraint/program.js';
import type { Manifest } from '../formats/manifest.js';
import type { Schema } from '../verify/statement.js';
import type { AccuracyReport } from './accuracy.js';
import { cheapest } from './build.js';
import { calibratingOn, sampling, type Samples } from './calibration-samples.js';
import type { ChoiceInputs } from './choice-inputs.js';
import { JUDGED, judging, openJudge } from './judge.js';
import { makeManifest } from './manifest.js';
import { readingModel } from './model-file.js';
import type { CompileOptions } from './options.js';
import { requireCompilable } from './preflight.js';
import type { PreparedModel } from './prepare.js';
import type { InputDomain } from './real/input-grid.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { Product } from './product.js';
import { ranging, type Ranges } from './ranges.js';
import { Stages, type AsyncWork, type StageOptions } from './stages.js';

/** A circuit or program for a model, what its integers mean, and how far it is from the float model. */
export interface CompiledModel {
  readonly product: Product;
  /** Throws PROTOCOL_UNSUPPORTED for a protocol without rows. */
  readonly circuit: Circuit;
  readonly schema: Schema;
  readonly manifest: Manifest;
  readonly accuracy: AccuracyReport;
  /** Milliseconds by phase, and `total`. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** And what of the compiler's own a test may look at. */
export interface CompiledInside extends CompiledModel {
  readonly quantised: QuantisedModel;
  readonly domains: ReadonlyMap<string, InputDomain>;
}

/**
 * Compiles a model, given by its path or by the bytes of its file; writes nothing. Bytes must hold the whole model: EXTERNAL_DATA_MISSING
 * where values lie in other files. Throws ABORTED once `signal` has fired, and ZkonnxError for everything a user can mend.
 */
export async function compile(
  model: string | Uint8Array,
  options: CompileOptions & StageOptions = {},
): Promise<CompiledModel> {
  const { product, schema, manifest, accuracy, timingsMs } = await compileInside(model, options);
  return withCircuit({ product, schema, manifest, accuracy, timingsMs });
}

export async function compileInside(
  model: string | Uint8Array,
  options: CompileOptions & StageOptions = {},
): Promise<CompiledInside> {
  const stages = new Stages(options);
  const { source, prepared } = await stages.run('import', readingModel(model, options));
  requireCompilable(prepared);
  const data = await stages.run('calibrate', gathering(model, prepared, options));
  const { choice, assembled, accuracy, inputs, notes } = await cheapest(stages, { ...data, prepared, options });
  const { judgement } = data;
  const { statistics } = inputs;
  const said = [...data.notes, ...notes];
  const parts = { source, prepared, choice, statistics, assembled, judgement, accuracy, notes: said };
  return withCircuit({
    product: assembled.product,
    schema: assembled.schema,
    manifest: makeManifest(parts, inputs.options),
    accuracy,
    timingsMs: stages.timings(),
    quantised: assembled.model,
    domains: choice.domains,
  });
}

function withCircuit<T extends { readonly product: Product }>(compiled: T): T & { readonly circuit: Circuit } {
  const { product } = compiled;
  return Object.defineProperty(compiled, 'circuit', { get: () => product.circuit }) as T & {
    readonly circuit: Circuit;
  };
}

/** All that choices are made by. What onnxruntime does not take is said before anything else is done. */
async function* gathering(
  model: string | Uint8Array,
  prepared: PreparedModel,
  options: CompileOptions,
): AsyncWork<Pick<ChoiceInputs, 'samples' | 'judgement' | 'statistics'> & Pick<Ranges, 'notes'>> {
  const runtime = await openJudge(model, prepared);
  let samples: Samples;
  try {
    samples = sampling(prepared.graph, options);
  } catch (error) {
    await runtime?.close();
    throw error;
  }
  const judgement = yield* judging(model, runtime, prepared, samples);
  const statistics = yield* part(calibratingOn(prepared.graph, samples), JUDGED, RANGED);
  const ranges = yield* part(ranging(prepared.graph, samples, statistics, options), RANGED, 1);
  return { samples, judgement, ...ranges };
}

/** How far statistics come of gathering. */
const RANGED = 0.8;
