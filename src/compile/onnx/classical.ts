/** Models of ai.onnx.ml, which is not ONNX's own set of operators. */
import { ZkonnxError } from '../../base/errors.js';
import type { NodeProto } from '../../formats/onnx-proto.js';

export const CLASSICAL_HELP =
  'tree models and other classical ones (ai.onnx.ml) are not supported: export a neural network, or only that part';

export function isClassical(domain: string): boolean {
  return domain.startsWith('ai.onnx.ml');
}

/** OP_UNSUPPORTED for a model that has no operators but these; undefined for one without them. */
export function classicalModel(nodes: readonly NodeProto[]): ZkonnxError | undefined {
  const node = nodes.find(({ domain }) => isClassical(domain));
  if (node === undefined) return undefined;
  const what = node.opType.startsWith('TreeEnsemble') ? 'a tree model' : 'a classical model';
  return new ZkonnxError('OP_UNSUPPORTED', `${what} (ai.onnx.ml) is not supported`, {
    got: `ai.onnx.ml.${node.opType}`,
    where: node.name || node.output[0] || '(nameless)',
    help: CLASSICAL_HELP,
  });
}
