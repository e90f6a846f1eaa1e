/** The float model as zkonnx itself evaluates it, in float64: the judge of accuracy where onnxruntime is not at hand. */
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { readRegular } from '../formats/regular-file.js';
import type { FloatReference } from '../reference/onnxruntime.js';
import { importModel } from './onnx/import.js';
import { evaluateReal } from './real/evaluate.js';

/** The name of this judge in reports. */
export const OWN_EVALUATION = 'zkonnx float64 evaluation';

/** Imports the model; `inputShapes` by input name. Throws FILE_UNREADABLE and what `importModel` throws. */
export async function openOwnReference(
  modelPath: string,
  inputShapes: ReadonlyMap<string, readonly number[]>,
): Promise<FloatReference> {
  const bytes = await readRegular(modelPath).catch((cause: unknown) => {
    throw new ZkonnxError('FILE_UNREADABLE', 'cannot read the model', {
      where: modelPath,
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  });
  const { graph } = importModel(bytes, { inputShapes, externalDir: path.dirname(modelPath) });
  return {
    name: OWN_EVALUATION,
    async run(values) {
      const all = evaluateReal(graph, values);
      return Promise.resolve(
        new Map(graph.outputs.map(({ name, node, dims }) => [name, { dims, values: all.get(node)! }])),
      );
    },
    async close() {
      // Nothing is held.
    },
  };
}
