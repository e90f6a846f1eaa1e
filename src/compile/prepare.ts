/** ONNX bytes → the real graph that is quantised. */
import { finish, part, type Work } from '../base/work.js';
import type { CompileOptions } from './options.js';
import { importing, type ImportedModel } from './onnx/import.js';
import { takeReaders } from './passes/readers.js';
import { simplifying } from './passes/simplify.js';
import type { RealGraph } from './real/graph.js';

/** The imported and simplified model, before any choice of scale. */
export interface PreparedModel {
  readonly graph: RealGraph;
  /** As imported, but for a softmax that is left to the reader. */
  readonly original: RealGraph;
  /** As imported: what the file says. */
  readonly imported: RealGraph;
  readonly readers: ReturnType<typeof takeReaders>['readers'];
  readonly notes: readonly string[];
  readonly opset: number;
  readonly producer: string;
}

/** Imports a model and simplifies it. Throws what `importModel` throws. */
export function* preparing(
  bytes: Uint8Array,
  options: Pick<CompileOptions, 'inputShapes' | 'softmax'> & { readonly externalDir?: string },
): Work<PreparedModel> {
  const { inputShapes, externalDir, softmax } = options;
  const importOptions = {
    ...(inputShapes === undefined ? {} : { inputShapes }),
    ...(externalDir === undefined ? {} : { externalDir }),
  };
  const imported = yield* part(importing(bytes, importOptions), 0, 0.5);
  return yield* part(simplifyingImported(imported, softmax ?? 'circuit'), 0.5, 1);
}

export function prepareImported(imported: ImportedModel, softmax: 'circuit' | 'reader'): PreparedModel {
  return finish(simplifyingImported(imported, softmax));
}

function* simplifyingImported(
  { graph: imported, notes, model }: ImportedModel,
  softmax: 'circuit' | 'reader',
): Work<PreparedModel> {
  const { graph: original, readers } = takeReaders(imported, softmax);
  const graph = yield* simplifying(original);
  return { graph, original, imported, readers, notes, opset: model.opset, producer: model.producer };
}
