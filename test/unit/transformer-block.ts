/** A transformer block as ONNX: layer normalisation, attention, Gelu, two residual sums. Input x, output y, both [tokens, width]. */
import { buildModel, type TestNode, type TestTensor } from './onnx-build.js';
import { uniform } from './real-graphs.js';

function layerNorm(input: string, output: string): TestNode {
  return {
    op: 'LayerNormalization',
    inputs: [input, `${output}.scale`, `${output}.bias`],
    outputs: [output],
    attributes: { axis: -1, epsilon: 1e-5 },
  };
}

function split(input: string, output: string, perm: readonly number[]): TestNode[] {
  return [
    { op: 'Reshape', inputs: [input, 'split'], outputs: [`${output}.split`] },
    { op: 'Transpose', inputs: [`${output}.split`], outputs: [output], attributes: { perm } },
  ];
}

export function transformerBlock(tokens: number, width: number, heads: number): Uint8Array {
  const head = width / heads;
  const next = uniform(11);
  const weights = (dims: readonly number[], gain = 1): TestTensor => {
    const size = dims.reduce((a, b) => a * b, 1);
    return { dims, values: Float32Array.from({ length: size }, () => (gain * next()) / Math.sqrt(dims[0]!)) };
  };

  return buildModel({
    opset: 20,
    nodes: [
      layerNorm('x', 'ln1'),
      ...['q', 'k', 'v'].map((name) => ({ op: 'MatMul', inputs: ['ln1', `w.${name}`], outputs: [name] })),
      ...split('q', 'qh', [1, 0, 2]),
      ...split('k', 'kh', [1, 2, 0]),
      ...split('v', 'vh', [1, 0, 2]),
      { op: 'MatMul', inputs: ['qh', 'kh'], outputs: ['raw'] },
      { op: 'Div', inputs: ['raw', 'root'], outputs: ['scores'] },
      { op: 'Softmax', inputs: ['scores'], outputs: ['weights'], attributes: { axis: -1 } },
      { op: 'MatMul', inputs: ['weights', 'vh'], outputs: ['mixed'] },
      { op: 'Transpose', inputs: ['mixed'], outputs: ['back'], attributes: { perm: [1, 0, 2] } },
      { op: 'Reshape', inputs: ['back', 'joined'], outputs: ['attended'] },
      { op: 'MatMul', inputs: ['attended', 'w.o'], outputs: ['projected'] },
      { op: 'Add', inputs: ['x', 'projected'], outputs: ['residual'] },
      layerNorm('residual', 'ln2'),
      { op: 'MatMul', inputs: ['ln2', 'w.up'], outputs: ['up'] },
      { op: 'Gelu', inputs: ['up'], outputs: ['active'] },
      { op: 'MatMul', inputs: ['active', 'w.down'], outputs: ['down'] },
      { op: 'Add', inputs: ['residual', 'down'], outputs: ['y'] },
    ],
    inputs: { x: [tokens, width] },
    outputs: ['y'],
    constants: {
      'ln1.scale': { dims: [width], values: Float32Array.from({ length: width }, () => 1 + next() / 4) },
      'ln1.bias': weights([width], 0.2),
      'ln2.scale': { dims: [width], values: Float32Array.from({ length: width }, () => 1 + next() / 4) },
      'ln2.bias': weights([width], 0.2),
      'w.q': weights([width, width], 1.7),
      'w.k': weights([width, width], 1.7),
      'w.v': weights([width, width], 1.7),
      'w.o': weights([width, width], 1.7),
      'w.up': weights([width, 2 * width], 1.7),
      'w.down': weights([2 * width, width], 1.7),
      split: { dims: [3], values: [tokens, heads, head], type: 7 },
      joined: { dims: [2], values: [tokens, width], type: 7 },
      root: { dims: [], values: [Math.sqrt(head)] },
    },
  });
}
