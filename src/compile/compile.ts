/** compile: an ONNX file and calibration data or a domain in; circuit, schema, manifest and accuracy report out. */
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { circuitHash } from '../formats/circuit-file.js';
import { MANIFEST_VERSION, type Manifest } from '../formats/manifest.js';
import type { Circuit } from '../constraint/program.js';
import { publicCount, type Schema } from '../verify/statement.js';
import { VERSION } from '../base/version.js';
import type { AccuracyReport } from './accuracy.js';
import { assemble, assembleRounds, planRounds, type RoundsPlan } from './assemble.js';
import { calibrationSamples } from './calibration-samples.js';
import { chooseBits } from './choose-bits.js';
import { verifyIr } from './ir/program.js';
import { withFacts } from './layer-facts.js';
import { measure } from './measure.js';
import { modelHash, readModel } from './model-file.js';
import { defaultsTaken } from './notes.js';
import { DEFAULT_PROTOCOL, DEFAULT_TOLERANCE, type CompileOptions, type Range } from './options.js';
import { calibrate, type InputDomain } from './passes/calibrate.js';
import type { QuantisedModel } from './passes/quantise.js';
import { prepare } from './prepare.js';
import { makeSchema } from './schema.js';
import { Stopwatch } from '../base/stopwatch.js';

export interface CompiledModel {
  readonly circuit: Circuit;
  readonly schema: Schema;
  readonly manifest: Manifest;
  readonly accuracy: AccuracyReport;
  readonly timingsMs: Readonly<Record<string, number>>;
  readonly quantised: QuantisedModel;
  readonly domains: ReadonlyMap<string, InputDomain>;
}

/** Compiles the model at `modelPath`. Throws ZkonnxError for everything a user can mend; writes nothing. */
export async function compile(modelPath: string, options: CompileOptions = {}): Promise<CompiledModel> {
  const clock = new Stopwatch();
  const bytes = await readModel(modelPath);
  const prepared = prepare(bytes, { ...options, externalDir: path.dirname(modelPath) });
  clock.lap('import');

  const samples = calibrationSamples(prepared.graph, options);
  const statistics = calibrate(prepared.graph, samples);
  clock.lap('calibrate');

  const quantised = chooseBits(prepared, samples, statistics, options);
  const { domains } = quantised;
  clock.lap('quantise');

  const choice = { ...options, input: options.input ?? 'public', output: options.output ?? 'public' } as const;
  const schemaOf = (model: QuantisedModel): Schema =>
    makeSchema(prepared.graph, model, boundsOf(model), choice, prepared.readers);
  const protocol = options.protocol ?? DEFAULT_PROTOCOL;
  const { model, schema, circuit } =
    protocol === 'mirage'
      ? assembleMirage(quantised.variants, schemaOf)
      : assembleGroth16(quantised.variants[0]!, schemaOf);
  clock.lap('assemble');

  const { report, notes } = await measure(modelPath, prepared, model, domains, samples);
  clock.lap('accuracy');

  const manifest: Manifest = {
    formatVersion: MANIFEST_VERSION,
    tool: `zkonnx ${VERSION}`,
    protocol,
    model: {
      file: path.basename(modelPath),
      hash: await modelHash(bytes, path.dirname(modelPath)),
      opset: prepared.opset,
      producer: prepared.producer,
    },
    circuit: {
      hash: circuitHash(circuit.r1cs, circuit.rounds),
      constraints: circuit.r1cs.nConstraints,
      wires: circuit.r1cs.nWires,
      publicInputs: circuit.rounds?.publicValues ?? circuit.r1cs.nPubOut + circuit.r1cs.nPubIn,
      nonZeros: circuit.r1cs.a.wires.length + circuit.r1cs.b.wires.length + circuit.r1cs.c.wires.length,
    },
    quantisation: {
      bits: quantised.bits,
      overflow: options.overflow ?? 'saturate',
      tolerance: options.tolerance ?? DEFAULT_TOLERANCE,
      softmax: options.softmax ?? 'circuit',
    },
    schema,
    layers: withFacts(circuit.layers, model),
    notes: [...prepared.notes, ...defaultsTaken(options, domains), ...model.notes, ...notes],
  };
  return {
    circuit,
    schema,
    manifest,
    accuracy: report,
    timingsMs: clock.timings(),
    quantised: model,
    domains,
  };
}

interface Assembled {
  readonly model: QuantisedModel;
  readonly schema: Schema;
  readonly circuit: Circuit;
}

function assembleGroth16(quantise: () => QuantisedModel, schemaOf: (model: QuantisedModel) => Schema): Assembled {
  const model = quantise();
  verifyIr(model.ir);
  const schema = schemaOf(model);
  return { model, schema, circuit: assemble(model.ir, schema) };
}

/** The variant with the fewest rows. Throws USAGE where nothing is public: there would be nothing to draw challenges for. */
function assembleMirage(
  variants: readonly (() => QuantisedModel)[],
  schemaOf: (model: QuantisedModel) => Schema,
): Assembled {
  let best: { model: QuantisedModel; schema: Schema; plan: RoundsPlan } | undefined;
  for (const quantise of variants) {
    const model = quantise();
    verifyIr(model.ir);
    const schema = schemaOf(model);
    const { outputs, inputs } = publicCount(schema);
    if (outputs + inputs === 0) {
      throw new ZkonnxError('USAGE', 'nothing of the model is public or committed: a proof would say nothing', {
        expected: 'an input or output that is public or committed',
        help: 'use --input committed or --output public',
      });
    }
    const plan = planRounds(model.ir, schema);
    if (best === undefined || plan.rows < best.plan.rows) best = { model, schema, plan };
  }
  const { model, schema, plan } = best!;
  return { model, schema, circuit: assembleRounds(model.ir, schema, plan) };
}

function boundsOf(model: QuantisedModel): (name: string) => Range {
  return (name) => model.bounds.get(name)!;
}
