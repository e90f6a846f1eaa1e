/** compile: an ONNX model and calibration data or a domain in; circuit, schema, manifest and accuracy report out. */
import type { Circuit } from '../constraint/program.js';
import type { Manifest } from '../formats/manifest.js';
import { schemaDigest } from '../verify/schema.js';
import type { Schema } from '../verify/statement.js';
import type { AccuracyReport } from './accuracy.js';
import { sampling } from './calibration-samples.js';
import { choosingBits } from './choose-bits.js';
import { makeManifest } from './manifest.js';
import { measuring } from './measure.js';
import { readingModel } from './model-file.js';
import { protocolOf, type CompileOptions } from './options.js';
import type { InputDomain } from './passes/calibrate.js';
import type { QuantisedModel } from './passes/quantise.js';
import { assemblies } from './protocols.js';
import { schemaMaker } from './schema.js';
import { Stages, type StageOptions } from './stages.js';

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
  const { assemble } = assemblies[protocolOf(options)];
  const stages = new Stages(options);
  const { source, prepared } = await stages.run('import', readingModel(model, options));
  const { samples, statistics, notes: said } = await stages.run('calibrate', sampling(prepared.graph, options));
  const choice = await stages.run('quantise', choosingBits(prepared, samples, statistics, options));
  const assembled = await stages.run('assemble', assemble(choice.variants, schemaMaker(prepared, options)));
  const circuit = { ...assembled.circuit, schemaDigest: schemaDigest(assembled.schema) };
  const { domains } = choice;
  const { report, notes } = await stages.run('accuracy', measuring(model, prepared, assembled.model, domains, samples));
  return {
    circuit,
    schema: assembled.schema,
    manifest: makeManifest(
      { source, prepared, choice, statistics, assembled, circuit, notes: [...said, ...notes] },
      options,
    ),
    accuracy: report,
    timingsMs: stages.timings(),
    quantised: assembled.model,
    domains,
  };
}
