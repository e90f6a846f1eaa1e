/** An artifact's integer program beside its float model, which onnxruntime computes where it is installed, and zkonnx itself where it is not. */
import { openOwnReference } from '../compile/own-reference.js';
import { requireNamedModel, requireRegularModel } from '../compile/model-file.js';
import type { Manifest } from '../formats/manifest.js';
import { openRunnerBeside, type ChosenReference, type Runner } from '../prove/run.js';
import { missingRuntime, openReference } from '../reference/onnxruntime.js';

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
  if (reference !== undefined) return { reference };
  const shapes = new Map(schema.inputs.map(({ name, dims }) => [name, dims]));
  return { reference: await openOwnReference(modelPath, shapes), missing: await missingRuntime(schema.inputs) };
}
