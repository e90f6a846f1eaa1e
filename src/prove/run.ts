/** run: the integer program on an input, without a proof, next to the float model's own answer. */
import { readCircuitFile } from '../formats/circuit-file.js';
import { artifactPaths, readManifest, type Manifest } from '../formats/manifest.js';
import { openReference, type FloatReference } from '../reference/onnxruntime.js';
import { realValues, type TensorValue } from '../verify/report.js';
import type { Schema, TensorSchema } from '../verify/statement.js';
import { encodeSample } from './encode.js';
import type { Circuit } from '../constraint/program.js';
import { outputsOf, solve } from '../constraint/solver.js';

export interface RunResult {
  readonly outputs: Readonly<Record<string, TensorValue>>;
  /** onnxruntime's float outputs, where it is installed. */
  readonly reference?: Readonly<Record<string, TensorValue>>;
  /** Largest absolute difference between the two over all outputs. */
  readonly maxAbsError?: number;
}

export interface Runner {
  readonly manifest: Manifest;
  run(sample: { readonly tensors: ReadonlyMap<string, Float64Array> }): Promise<RunResult>;
  close(): Promise<void>;
}

/** Opens an artifact for `run`. Throws FILE_UNREADABLE, ARTIFACT_INVALID, FORMAT_VERSION. */
export async function openRunner(artifactDir: string): Promise<Runner> {
  const paths = artifactPaths(artifactDir);
  const manifest = await readManifest(artifactDir);
  const circuit = await readCircuitFile(paths.circuit);
  const reference = await openReference(paths.model, manifest.schema.inputs);
  return {
    manifest,
    run: ({ tensors }) => runOne(circuit, manifest.schema, reference, tensors),
    async close() {
      await reference?.close();
    },
  };
}

async function runOne(
  circuit: Circuit,
  schema: Schema,
  reference: FloatReference | undefined,
  tensors: ReadonlyMap<string, Float64Array>,
): Promise<RunResult> {
  // Salts only enter commitments; zero serves for a run that makes no proof.
  const salts = new Map(circuit.salts.map(({ name }) => [name, 0n]));
  const values = outputsOf(circuit, solve(circuit, encodeSample(schema, tensors), { salts }));
  const outputs = byName(schema.outputs, (tensor) => realValues(tensor, values.get(tensor.name)!));
  if (reference === undefined) return { outputs };
  const floats = await reference.run(tensors);
  const expected = byName(schema.outputs, ({ name, dims }) => ({ dims, data: Array.from(floats.get(name)!) }));
  let maxAbsError = 0;
  for (const [name, { data }] of Object.entries(outputs)) {
    data.forEach((value, i) => {
      maxAbsError = Math.max(maxAbsError, Math.abs(value - expected[name]!.data[i]!));
    });
  }
  return { outputs, reference: expected, maxAbsError };
}

function byName(
  tensors: readonly TensorSchema[],
  value: (tensor: TensorSchema) => TensorValue,
): Record<string, TensorValue> {
  return Object.fromEntries(tensors.map((tensor) => [tensor.name, value(tensor)]));
}
