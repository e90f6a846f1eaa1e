/** ONNX bytes → the real graph that is quantised. */
import type { CompileOptions } from './options.js';
import { importModel } from './onnx/import.js';
import { takeReaders } from './passes/readers.js';
import { simplify } from './passes/simplify.js';
import type { RealGraph } from './real/graph.js';

/** The imported and simplified model, before any choice of scale. */
export interface PreparedModel {
  readonly graph: RealGraph;
  readonly original: RealGraph;
  readonly readers: ReturnType<typeof takeReaders>['readers'];
  readonly notes: readonly string[];
  readonly opset: number;
  readonly producer: string;
}

/** Imports a model and simplifies it. Throws what `importModel` throws. */
export function prepare(
  bytes: Uint8Array,
  options: Pick<CompileOptions, 'inputShapes' | 'softmax'> & { readonly externalDir?: string } = {},
): PreparedModel {
  const { inputShapes, externalDir, softmax } = options;
  const imported = importModel(bytes, {
    ...(inputShapes === undefined ? {} : { inputShapes }),
    ...(externalDir === undefined ? {} : { externalDir }),
  });
  return prepareImported(imported, softmax ?? 'circuit');
}

export function prepareImported(
  { graph: imported, notes, model }: ReturnType<typeof importModel>,
  softmax: 'circuit' | 'reader',
): PreparedModel {
  const { graph: original, readers } = takeReaders(imported, softmax);
  return { graph: simplify(original), original, readers, notes, opset: model.opset, producer: model.producer };
}
