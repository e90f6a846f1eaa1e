/** A report on every node of a model, which never stops at the first fault (`zkonnx doctor`). */
import { ZkonnxError } from '../../base/errors.js';
import { decodeModel } from '../../formats/onnx-proto.js';
import type { ImportOptions } from './import.js';
import { Importer } from './importer.js';
import { readGraph, type OnnxNode } from './model.js';

export interface NodeReport {
  /** Node name, or its first output where it has none. */
  readonly node: string;
  readonly op: string;
  readonly domain: string;
  readonly opset: number;
  /** `unchecked`: the operator is known, but what it reads could not be computed. `unused`: no output needs it. */
  readonly status: 'supported' | 'unsupported' | 'unchecked' | 'unused';
  readonly reason?: string;
  /** What to change. */
  readonly help?: string;
}

/** A report on every node; faults of the file and the graph as a whole still throw, as in `importModel`. */
export function diagnose(bytes: Uint8Array, options: ImportOptions = {}): NodeReport[] {
  const onnx = readGraph(decodeModel(bytes), options, 'collect');
  const importer = new Importer(onnx, options);
  const reports: NodeReport[] = onnx.badInputs.map(({ name, error }) => ({
    node: name,
    op: 'input',
    domain: '',
    opset: onnx.opset,
    status: 'unsupported',
    ...explain(error),
  }));
  for (const node of onnx.nodes) reports.push(diagnoseNode(importer, node));
  return reports;
}

function diagnoseNode(importer: Importer, node: OnnxNode): NodeReport {
  const { opType: op, domain, opset } = node;
  const name = node.name || node.outputs.find((output) => output !== '') || '';
  const about = { node: name, op, domain, opset };
  try {
    importer.lookUp(node);
    const unknown = node.inputs.find((input) => input !== '' && !importer.isKnown(input));
    if (unknown !== undefined) {
      return { ...about, status: 'unchecked', reason: `it reads "${unknown}", which could not be computed` };
    }
    importer.expand(node);
    return { ...about, status: importer.isNeeded(node) ? 'supported' : 'unused' };
  } catch (error) {
    if (!(error instanceof ZkonnxError) || error.code === 'INTERNAL') throw error;
    return { ...about, status: importer.isNeeded(node) ? 'unsupported' : 'unused', ...explain(error) };
  }
}

function explain(error: ZkonnxError): { reason: string; help?: string } {
  const { help, got } = error.details;
  const reason = got === undefined ? error.shortMessage : `${error.shortMessage} (${got})`;
  return help === undefined ? { reason } : { reason, help };
}
