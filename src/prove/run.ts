/** run: the integer program on an input, without a proof, next to the float model's own answer. */
import { readingArtifact } from '../formats/artifact-read.js';
import { readCircuitFile } from '../formats/circuit-file.js';
import { requireSchema } from '../formats/circuit-schema.js';
import { artifactPaths, readManifest, type Manifest } from '../formats/manifest.js';
import { readRegular } from '../formats/regular-file.js';
import type { FloatReference, FloatTensor } from '../reference/onnxruntime.js';
import { realValues, type TensorValue } from '../verify/report.js';
import type { Protocol, TensorSchema } from '../verify/statement.js';
import { clampReports, leftEndReports, type ClampReport } from './clamp-report.js';
import { MAX_PROGRAM_BYTES, openProgram, ProgramRunner } from './clear/program.js';
import { declaredDomains } from './declared-domains.js';
import { encodeSample, hiding, nameSample, solveHiding } from './encode.js';
import { outputsOf } from '../constraint/solver.js';

/** The integer program’s answer beside the float model’s, in real values by output name. */
export interface RunResult {
  /** What `prove` would prove, as real values, by output name. */
  readonly outputs: Readonly<Record<string, TensorValue>>;
  /** The float model's outputs, as `Runner.referenceName` computes them. */
  readonly reference: Readonly<Record<string, TensorValue>>;
  /** Largest absolute difference between the two over all outputs. */
  readonly maxAbsError: number;
  /**
   * Whether a value left its calibrated range and was clamped, so that the outputs may be off by more than the stated error; null where the statement
   * of a proof would not say.
   */
  readonly clamped: boolean | null;
  /** Which values were, by layer. */
  readonly clamps: readonly ClampReport[];
}

/** An artifact opened for `run`. */
export interface Runner {
  readonly manifest: Manifest;
  /** Who computes the float values: `onnxruntime 1.30.0`, or `zkonnx float64 evaluation`. */
  readonly referenceName: string;
  /** Why it is not onnxruntime, and what would make it so, in a sentence; absent where it is. */
  readonly referenceMissing?: string;
  /** Throws INPUT_… and RANGE_EXCEEDED for inputs that the model was not compiled for; `id` names the sample there. */
  run(sample: { readonly id?: string; readonly tensors: ReadonlyMap<string, Float64Array> }): Promise<RunResult>;
  close(): Promise<void>;
}

/** A float model, and why it is not onnxruntime's where it is not. */
export interface ChosenReference {
  readonly reference: FloatReference;
  readonly missing?: string;
}

/** `openRunner` of src/evaluate with the float model to compare with given. Throws FILE_UNREADABLE, ARTIFACT_INVALID, FORMAT_VERSION. */
export function openRunnerBeside(artifactDir: string, choose: Choose): Promise<Runner> {
  return readingArtifact(artifactDir, () => open(artifactDir, choose), { discard: (runner) => runner.close() });
}

type Choose = (modelPath: string, manifest: Manifest) => Promise<ChosenReference>;

async function open(artifactDir: string, choose: Choose): Promise<Runner> {
  const paths = artifactPaths(artifactDir);
  const manifest = await readManifest(artifactDir);
  const solvable = await SOLVABLE[manifest.protocol](artifactDir, manifest);
  const { reference, missing } = await choose(paths.model, manifest);
  return {
    manifest,
    referenceName: reference.name,
    ...(missing === undefined ? {} : { referenceMissing: missing }),
    async run({ id, tensors }) {
      try {
        return await runOne(solvable, manifest, reference, tensors);
      } catch (error) {
        throw id === undefined ? error : nameSample(error, id);
      }
    },
    close: () => reference.close(),
  };
}

/** The integer program of an artifact, in whatever form its protocol proves it. */
interface Solvable {
  /** Integers by input name. Throws RANGE_EXCEEDED. */
  run(inputs: ReadonlyMap<string, Float64Array>): Solved;
}

interface Solved {
  readonly outputs: ReadonlyMap<string, Float64Array>;
  /** Null where nobody counts. */
  readonly clamped: boolean | null;
  readonly clamps: readonly ClampReport[];
}

type OpenSolvable = (artifactDir: string, manifest: Manifest) => Promise<Solvable>;

const SOLVABLE: { readonly [P in Protocol]: OpenSolvable } = {
  groth16: openCircuit,
  mirage: openCircuit,
  async clear(artifactDir, manifest) {
    const file = artifactPaths(artifactDir).program;
    const { schema } = manifest;
    const runner = new ProgramRunner(openProgram(await readRegular(file, MAX_PROGRAM_BYTES), schema, file), schema);
    return {
      run(inputs) {
        const { outputs, left } = hiding(schema, () => runner.run(inputs));
        return { outputs, clamped: left.length > 0, clamps: leftEndReports(left, manifest) };
      },
    };
  },
};

async function openCircuit(artifactDir: string, manifest: Manifest): Promise<Solvable> {
  const paths = artifactPaths(artifactDir);
  const { schema } = manifest;
  const circuit = await readCircuitFile(paths.circuit);
  requireSchema(circuit, schema, paths.manifest);
  // Salts only enter commitments; zero serves for a run that makes no proof.
  const salts = new Map(circuit.salts.map(({ name }) => [name, 0n]));
  return {
    run(inputs) {
      const witness = solveHiding(circuit, schema, inputs, salts);
      const clamps = clampReports(circuit, witness, manifest);
      return { outputs: outputsOf(circuit, witness), clamped: witness.clamped ?? null, clamps };
    },
  };
}

async function runOne(
  solvable: Solvable,
  manifest: Manifest,
  reference: FloatReference,
  tensors: ReadonlyMap<string, Float64Array>,
): Promise<RunResult> {
  const { schema } = manifest;
  const { outputs: values, ...solved } = solvable.run(encodeSample(schema, tensors, declaredDomains(manifest)));
  const outputs = byName(schema.outputs, (tensor) => realValues(tensor, values.get(tensor.name)!));
  const floats = await reference.run(tensors);
  const expected = byName(schema.outputs, ({ name }) => referenceValue(floats.get(name)!));
  let maxAbsError = 0;
  for (const [name, { data }] of Object.entries(outputs)) {
    data.forEach((value, i) => {
      maxAbsError = Math.max(maxAbsError, Math.abs(value - expected[name]!.data[i]!));
    });
  }
  const clamped = schema.clamped === true ? solved.clamped : null;
  return { outputs, reference: expected, maxAbsError, clamped, clamps: solved.clamps };
}

/** With the reference's own shape: where it is another than the statement's, whoever reads both sees it. */
function referenceValue({ dims, values }: FloatTensor): TensorValue {
  return { dims, data: Array.from(values) };
}

/** Names of outputs whose shape the float model gives otherwise than the statement does, with both shapes. */
export function shapeDifferences({ outputs, reference }: Pick<RunResult, 'outputs' | 'reference'>): string[] {
  const shown = (dims: readonly number[]) => `[${dims.join(', ')}]`;
  return Object.entries(outputs).flatMap(([name, { dims }]) => {
    const other = reference[name]!.dims;
    return shown(dims) === shown(other) ? [] : [`output ${name} is ${shown(dims)}, of the float model ${shown(other)}`];
  });
}

function byName(
  tensors: readonly TensorSchema[],
  value: (tensor: TensorSchema) => TensorValue,
): Record<string, TensorValue> {
  return Object.fromEntries(tensors.map((tensor) => [tensor.name, value(tensor)]));
}
