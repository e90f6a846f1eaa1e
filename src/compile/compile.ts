/** compile: an ONNX model and calibration data or a domain in; circuit, schema, manifest and accuracy report out. */
import { part } from '../base/work.js';
import type { Circuit } from '../constraint/program.js';
import type { Manifest } from '../formats/manifest.js';
import { schemaDigest } from '../verify/schema.js';
import type { Schema } from '../verify/statement.js';
import { worstOutput, type AccuracyReport } from './accuracy.js';
import { calibratingOn, sampling, type Samples } from './calibration-samples.js';
import type { ChoiceInputs } from './choice-inputs.js';
import { BitChoice, type Choice } from './choose-bits.js';
import { JUDGED, judging, openJudge } from './judge.js';
import { makeManifest } from './manifest.js';
import { measuring } from './measure.js';
import { readingModel } from './model-file.js';
import { protocolOf, type CompileOptions } from './options.js';
import { requireCompilable } from './preflight.js';
import type { PreparedModel } from './prepare.js';
import type { InputDomain } from './passes/calibrate.js';
import type { QuantisedModel } from './passes/quantise.js';
import { assemblies, type Assembled } from './protocols.js';
import { schemaMaker } from './schema.js';
import { Stages, type AsyncWork, type StageOptions } from './stages.js';

/** A circuit for a model, what its integers mean, and how far it is from the float model. */
export interface CompiledModel {
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
  const { circuit, schema, manifest, accuracy, timingsMs } = await compileInside(model, options);
  return { circuit, schema, manifest, accuracy, timingsMs };
}

export async function compileInside(
  model: string | Uint8Array,
  options: CompileOptions & StageOptions = {},
): Promise<CompiledInside> {
  const stages = new Stages(options);
  const { source, prepared } = await stages.run('import', readingModel(model, options));
  requireCompilable(prepared);
  const data = await stages.run('calibrate', gathering(model, prepared, options));
  const { choice, assembled, accuracy } = await building(stages, { ...data, prepared, options });
  const circuit = { ...assembled.circuit, schemaDigest: schemaDigest(assembled.schema) };
  const parts = { source, prepared, choice, assembled, circuit, accuracy, ...data };
  return {
    circuit,
    schema: assembled.schema,
    manifest: makeManifest(parts, options),
    accuracy,
    timingsMs: stages.timings(),
    quantised: assembled.model,
    domains: choice.domains,
  };
}

/** All that choices are made by. What onnxruntime does not take is said before anything else is done. */
async function* gathering(
  model: string | Uint8Array,
  prepared: PreparedModel,
  options: CompileOptions,
): AsyncWork<Pick<ChoiceInputs, 'samples' | 'judgement' | 'statistics'>> {
  const runtime = await openJudge(model, prepared);
  let samples: Samples;
  try {
    samples = sampling(prepared.graph, options);
  } catch (error) {
    await runtime?.close();
    throw error;
  }
  const judgement = yield* judging(model, runtime, prepared, samples);
  const statistics = yield* part(calibratingOn(prepared.graph, samples), JUDGED, 1);
  return { samples, judgement, statistics };
}

interface Built {
  readonly choice: Choice;
  readonly assembled: Assembled;
  readonly accuracy: AccuracyReport;
}

/** The circuit of the cheapest program that is within the tolerance on all samples; a variant that is not is left out, and then the width. */
async function building(stages: Stages, inputs: ChoiceInputs): Promise<Built> {
  const { prepared, options, samples, judgement } = inputs;
  const { assemble } = assemblies[protocolOf(options)];
  const search = new BitChoice(inputs);
  for (;;) {
    const choice = await stages.run('quantise', search.choosing());
    const { bits, domains } = choice;
    for (let { variants } = choice; variants.length > 0;) {
      const assembled = await stages.run('assemble', assemble(variants, schemaMaker(prepared, options)));
      const { model, growth } = assembled;
      const accuracy = await stages.run('accuracy', measuring(prepared, model, domains, samples, judgement));
      const errors = worstOutput(accuracy);
      if (errors.worst <= search.tolerance) return { choice, assembled, accuracy };
      search.missed({ bits, model, domains, errors });
      variants = variants.filter((variant) => variant.growth !== growth);
    }
  }
}
