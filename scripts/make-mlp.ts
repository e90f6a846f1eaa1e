/**
 * Writes a multilayer perceptron with pseudo-random weights as an ONNX file: `make-mlp OUT.onnx 784 2000 60 4000 10`.
 * The default is the 2-million-weight network that Bionetta, ezkl and others publish figures for.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import protobuf from 'protobufjs/light.js';
import { onnxDescriptor } from '../src/formats/onnx-descriptor.js';

/** ONNX's codes: TensorProto.FLOAT, AttributeProto.INT. */
const FLOAT = 1;
const INT = 2;

export const DEFAULT_WIDTHS = [784, 2000, 60, 4000, 10];

/** The model's bytes: Gemm and Relu alternating, He-scaled uniform weights, the same on every machine. */
export function makeMlp(widths: readonly number[] = DEFAULT_WIDTHS): Uint8Array {
  let state = 20261121;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
  const tensor = (name: string, dims: readonly number[], gain: number) => {
    const values = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => gain * next());
    return { name, dims, dataType: FLOAT, rawData: new Uint8Array(values.buffer) };
  };
  const nodes = [];
  const initializers = [];
  for (let layer = 0; layer + 1 < widths.length; layer++) {
    const [inSize, outSize] = [widths[layer]!, widths[layer + 1]!];
    initializers.push(
      tensor(`w${layer}`, [outSize, inSize], Math.sqrt(6 / inSize)),
      tensor(`b${layer}`, [outSize], 0.1),
    );
    const last = layer + 2 === widths.length;
    const source = layer === 0 ? 'input' : `r${layer - 1}`;
    nodes.push({
      name: `gemm${layer}`,
      opType: 'Gemm',
      input: [source, `w${layer}`, `b${layer}`],
      output: [last ? 'output' : `h${layer}`],
      attribute: [{ name: 'transB', type: INT, i: 1 }],
    });
    if (!last) nodes.push({ name: `relu${layer}`, opType: 'Relu', input: [`h${layer}`], output: [`r${layer}`] });
  }
  const value = (name: string, size: number) => ({
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: [{ dimValue: 1 }, { dimValue: size }] } } },
  });
  const model = {
    irVersion: 8,
    producerName: 'zkonnx make-mlp',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: `mlp ${widths.join('-')}`,
      node: nodes,
      initializer: initializers,
      input: [value('input', widths[0]!)],
      output: [value('output', widths.at(-1)!)],
    },
  };
  const type = protobuf.Root.fromJSON(onnxDescriptor).lookupType('onnx.ModelProto');
  return type.encode(type.fromObject(model)).finish();
}

if (process.argv[1] !== undefined && path.basename(process.argv[1]).startsWith('make-mlp')) {
  const [out, ...widths] = process.argv.slice(2);
  if (out === undefined) throw new Error('usage: make-mlp OUT.onnx [WIDTH …]');
  await writeFile(out, makeMlp(widths.length === 0 ? DEFAULT_WIDTHS : widths.map(Number)));
}
