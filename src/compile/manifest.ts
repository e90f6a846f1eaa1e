/** The manifest of a compiled model: what it is, what was taken for granted, what each layer costs. */
import { VERSION } from '../base/version.js';
import { MANIFEST_VERSION, type Manifest } from '../formats/manifest.js';
import { schemaDigest } from '../verify/schema.js';
import { statedAccuracy, type AccuracyReport } from './accuracy.js';
import type { Choice } from './choose-bits.js';
import type { Judgement } from './judge.js';
import { withFacts } from './layer-facts.js';
import type { ModelSource } from './model-file.js';
import { clampNotes, defaultsTaken } from './notes.js';
import { DEFAULT_OVERFLOW, DEFAULT_TOLERANCE, protocolOf, type CompileOptions } from './options.js';
import { choicesOf, LOWERING } from './choices.js';
import type { Statistics } from './passes/calibrate.js';
import type { PreparedModel } from './prepare.js';
import type { Assembled } from './protocols.js';

export interface CompiledParts {
  readonly source: ModelSource;
  readonly prepared: PreparedModel;
  readonly choice: Choice;
  readonly statistics: ReadonlyMap<string, Statistics>;
  readonly assembled: Assembled;
  readonly judgement: Judgement;
  readonly accuracy: AccuracyReport;
  /** Of the ranges. */
  readonly notes: readonly string[];
}

export function makeManifest(parts: CompiledParts, options: CompileOptions): Manifest {
  const { source, prepared, choice, statistics, assembled, judgement, accuracy, notes } = parts;
  const { model, growth, schema, product, publicInputs } = assembled;
  const { hash, relation } = product.names;
  const digest = schemaDigest(schema);
  return {
    formatVersion: MANIFEST_VERSION,
    tool: `zkonnx ${VERSION}`,
    protocol: protocolOf(options),
    lowering: LOWERING,
    model: {
      file: source.file,
      hash: source.hash,
      opset: prepared.opset,
      producer: prepared.producer,
      ...options.about,
    },
    circuit: {
      hash,
      relation,
      publicInputs,
      ...product.figures,
    },
    quantisation: {
      bits: choice.bits,
      overflow: options.overflow ?? DEFAULT_OVERFLOW,
      tolerance: options.tolerance ?? DEFAULT_TOLERANCE,
      softmax: options.softmax ?? 'circuit',
    },
    schema,
    schemaDigest: digest,
    choices: choicesOf(choice, growth, statistics, options),
    accuracy: statedAccuracy(accuracy),
    layers: withFacts(product.layers, model),
    notes: [
      ...prepared.notes,
      ...defaultsTaken(options, choice.domains),
      ...clampNotes(schema, options),
      ...model.notes,
      ...notes,
      ...judgement.notes,
    ],
  };
}
