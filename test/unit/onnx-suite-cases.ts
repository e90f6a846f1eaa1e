/** The packed cases of the official ONNX node suite. */
import { readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { findOperator } from '../../src/compile/onnx/registry.js';
import { decodeModel, decodeTensorProto, type DecodedTensor } from '../../src/formats/onnx-proto.js';

const files = unzipSync(readFileSync(new URL('../fixtures/onnx-node/onnx-node.zip', import.meta.url)));

export const caseNames = [...new Set(Object.keys(files).map((file) => file.split('/')[0]!))];

export interface SuiteCase {
  readonly op: string;
  readonly bytes: Uint8Array;
  readonly inputs: ReadonlyMap<string, DecodedTensor>;
  readonly outputs: ReadonlyMap<string, DecodedTensor>;
  /** Inputs that the registry says must be constants. */
  readonly constantInputs: ReadonlySet<string>;
}

export function readCase(name: string): SuiteCase {
  const bytes = files[`${name}/model.onnx`]!;
  const { graph } = decodeModel(bytes);
  const tensors = (infos: readonly { readonly name: string }[], kind: string) =>
    new Map(infos.map((info, i) => [info.name, decodeTensorProto(files[`${name}/test_data_set_0/${kind}_${i}.pb`]!)]));
  const node = graph.node[0]!;
  const fixed = findOperator(node.domain, node.opType)?.constantInputs ?? [];
  return {
    op: node.opType,
    bytes,
    inputs: tensors(graph.input, 'input'),
    outputs: tensors(graph.output, 'output'),
    constantInputs: new Set(fixed.flatMap((i) => node.input[i] ?? [])),
  };
}
