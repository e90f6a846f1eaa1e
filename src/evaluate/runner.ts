/** An artifact's integer program beside its float model, which onnxruntime computes where it is installed, and zkonnx itself where it is not. */
import { openOwnReference } from '../compile/own-reference.js';
import { requireNamedModel, requireRegularModel } from '../compile/model-file.js';
import type { Manifest } from '../formats/manifest.js';
import { dequantise, elementCount, type TensorSchema } from '../verify/statement.js';
import { openRunnerBeside, type ChosenReference, type Runner } from '../prove/run.js';
import { missingRuntime, openReference, wordsOf, type FloatReference } from '../reference/onnxruntime.js';

/** Opens an artifact for `run`. Throws FILE_UNREADABLE, ARTIFACT_INVALID, FORMAT_VERSION, MODEL_INVALID. */
export async function openRunner(artifactDir: string): Promise<Runner> {
  return openRunnerBeside(artifactDir, chooseReference);
}

async function chooseReference(modelPath: string, manifest: Manifest): Promise<ChosenReference> {
  const { schema } = manifest;
  await requireRegularModel(modelPath);
  // Else the floats beside the integers would be another model's, and read as the error of this one.
  await requireNamedModel(modelPath, manifest);
  const reference = await openReference(modelPath, schema.inputs);
  const refusal = reference === undefined ? undefined : await refusalOf(reference, schema.inputs);
  if (reference !== undefined && refusal === undefined) return { reference };
  await reference?.close();
  const shapes = new Map(schema.inputs.map(({ name, dims }) => [name, dims]));
  const missing = refusal ?? (await missingRuntime(schema.inputs));
  return { reference: await openOwnReference(modelPath, shapes), missing };
}

/** Why it cannot run the model, in its own words: tried on the middle of the domain. */
async function refusalOf(reference: FloatReference, inputs: readonly TensorSchema[]): Promise<string | undefined> {
  const middle = (tensor: TensorSchema) =>
    dequantise(tensor, new Array<number>(elementCount(tensor.dims)).fill(Math.floor((tensor.lo + tensor.hi) / 2)));
  try {
    await reference.run(new Map(inputs.map((tensor) => [tensor.name, Float64Array.from(middle(tensor))])));
    return undefined;
  } catch (error) {
    return `${reference.name} cannot run the model (“${wordsOf(error)}”): float values come from zkonnx’s own float64 evaluation instead`;
  }
}
