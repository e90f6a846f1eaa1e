/** The manifest of a compiled model: what it is, what was taken for granted, what each layer costs. */
import { VERSION } from '../base/version.js';
import { circuitHash } from '../formats/circuit-file.js';
import { MANIFEST_VERSION, type Manifest } from '../formats/manifest.js';
import type { Choice } from './choose-bits.js';
import { withFacts } from './layer-facts.js';
import type { ModelSource } from './model-file.js';
import { defaultsTaken } from './notes.js';
import { DEFAULT_TOLERANCE, protocolOf, type CompileOptions } from './options.js';
import type { PreparedModel } from './prepare.js';
import type { Assembled } from './protocols.js';

export interface CompiledParts {
  readonly source: ModelSource;
  readonly prepared: PreparedModel;
  readonly choice: Choice;
  readonly assembled: Assembled;
  /** Of the measurement. */
  readonly notes: readonly string[];
}

export function makeManifest(parts: CompiledParts, options: CompileOptions): Manifest {
  const { source, prepared, choice, assembled, notes } = parts;
  const { model, schema, circuit, publicInputs } = assembled;
  const { r1cs } = circuit;
  return {
    formatVersion: MANIFEST_VERSION,
    tool: `zkonnx ${VERSION}`,
    protocol: protocolOf(options),
    model: { file: source.file, hash: source.hash, opset: prepared.opset, producer: prepared.producer },
    circuit: {
      hash: circuitHash(r1cs, circuit.rounds),
      constraints: r1cs.nConstraints,
      wires: r1cs.nWires,
      publicInputs,
      nonZeros: r1cs.a.wires.length + r1cs.b.wires.length + r1cs.c.wires.length,
    },
    quantisation: {
      bits: choice.bits,
      overflow: options.overflow ?? 'saturate',
      tolerance: options.tolerance ?? DEFAULT_TOLERANCE,
      softmax: options.softmax ?? 'circuit',
    },
    schema,
    layers: withFacts(circuit.layers, model),
    notes: [...prepared.notes, ...defaultsTaken(options, choice.domains), ...model.notes, ...notes],
  };
}
