/**
 * Writes VGG-16 or ResNet-18 for pictures of 3×32×32 (CIFAR) with pseudo-random weights as an ONNX file: `make-cnn vgg16|resnet18 OUT.onnx`.
 * As exporters write them in inference mode, BatchNorm is folded into the convolutions; `--batch-norm` leaves it as nodes of its own.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import protobuf from 'protobufjs/light.js';
import { onnxDescriptor } from '../src/formats/onnx-descriptor.js';

/** ONNX's codes: TensorProto.FLOAT, AttributeProto.INT and INTS. */
const FLOAT = 1;
const INT = 2;
const INTS = 7;

const CLASSES = 10;

export interface CnnOptions {
  /** BatchNormalization after each convolution, which then has no bias. */
  readonly batchNorm?: boolean;
  /** Parts of the channels, for tests: 1/16 gives 4 where the network has 64. */
  readonly width?: number;
}

/** Nodes and weights; every weight is the same on every machine. */
class Network {
  readonly nodes: object[] = [];
  readonly initializers: object[] = [];
  private state = 20261130;

  constructor(private readonly options: CnnOptions) {}

  channels(count: number): number {
    return Math.max(1, Math.round(count * (this.options.width ?? 1)));
  }

  conv(source: string, name: string, shape: { in: number; out: number; kernel: number; stride?: number }): string {
    const { kernel, stride = 1, in: inputs, out } = shape;
    const weights = this.uniform(`${name}.weight`, [out, inputs, kernel, kernel], inputs * kernel * kernel);
    const { batchNorm = false } = this.options;
    const bias = batchNorm ? [] : [this.spread(`${name}.bias`, out, 0, 0.1)];
    const pad = (kernel - 1) / 2;
    this.add(
      'Conv',
      name,
      [source, weights, ...bias],
      [
        { name: 'kernel_shape', type: INTS, ints: [kernel, kernel] },
        { name: 'pads', type: INTS, ints: [pad, pad, pad, pad] },
        { name: 'strides', type: INTS, ints: [stride, stride] },
      ],
    );
    if (!batchNorm) return name;
    const [scale, shift] = [this.spread(`${name}.scale`, out, 1, 0.2), this.spread(`${name}.shift`, out, 0, 0.1)];
    const [mean, variance] = [this.spread(`${name}.mean`, out, 0, 0.1), this.spread(`${name}.variance`, out, 1, 0.2)];
    return this.add('BatchNormalization', `${name}.norm`, [name, scale, shift, mean, variance]);
  }

  gemm(source: string, name: string, inputs: number, out: number): string {
    const weights = this.uniform(`${name}.weight`, [out, inputs], inputs);
    const bias = this.spread(`${name}.bias`, out, 0, 0.1);
    return this.add('Gemm', name, [source, weights, bias], [{ name: 'transB', type: INT, i: 1 }]);
  }

  /** Appends a node and returns the name of its one output. */
  add(opType: string, output: string, input: readonly string[], attribute: readonly object[] = []): string {
    this.nodes.push({ name: output, opType, input, output: [output], attribute });
    return output;
  }

  /** As He et al. scale them: variance 2 / fan-in keeps the magnitudes of activations. */
  private uniform(name: string, dims: readonly number[], fanIn: number): string {
    return this.tensor(name, dims, 0, Math.sqrt(6 / fanIn));
  }

  private spread(name: string, size: number, middle: number, radius: number): string {
    return this.tensor(name, [size], middle, radius);
  }

  private tensor(name: string, dims: readonly number[], middle: number, radius: number): string {
    const values = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
    for (let i = 0; i < values.length; i++) {
      this.state = (this.state * 48271) % 2147483647;
      values[i] = middle + radius * ((2 * this.state) / 2147483647 - 1);
    }
    this.initializers.push({ name, dims, dataType: FLOAT, rawData: new Uint8Array(values.buffer) });
    return name;
  }
}

/** Simonyan and Zisserman's configuration D as CIFAR takes it: 13 convolutions, and dense layers of 512. */
function vgg16(network: Network): void {
  let [source, inputs] = ['input', 3];
  for (const [stage, count] of [
    [64, 2],
    [128, 2],
    [256, 3],
    [512, 3],
    [512, 3],
  ].entries()) {
    const [channels, convolutions] = count as [number, number];
    const out = network.channels(channels);
    for (let i = 0; i < convolutions; i++) {
      const name = `conv${stage + 1}_${i + 1}`;
      source = network.add('Relu', `${name}.relu`, [network.conv(source, name, { in: inputs, out, kernel: 3 })]);
      inputs = out;
    }
    source = network.add(
      'MaxPool',
      `pool${stage + 1}`,
      [source],
      [
        { name: 'kernel_shape', type: INTS, ints: [2, 2] },
        { name: 'strides', type: INTS, ints: [2, 2] },
      ],
    );
  }
  source = network.add('Flatten', 'flat', [source]);
  const hidden = network.channels(512);
  for (const name of ['fc1', 'fc2']) {
    source = network.add('Relu', `${name}.relu`, [network.gemm(source, name, inputs, hidden)]);
    inputs = hidden;
  }
  network.gemm(source, 'output', inputs, CLASSES);
}

/** He et al.'s 18 layers as CIFAR takes them: a first convolution of 3×3, no pool, stages of two blocks. */
function resnet18(network: Network): void {
  let inputs = network.channels(64);
  let source = network.add('Relu', 'stem.relu', [network.conv('input', 'stem', { in: 3, out: inputs, kernel: 3 })]);
  for (const [stage, channels] of [64, 128, 256, 512].entries()) {
    const out = network.channels(channels);
    for (let block = 0; block < 2; block++) {
      const name = `stage${stage + 1}_${block + 1}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const first = network.conv(source, `${name}.a`, { in: inputs, out, kernel: 3, stride });
      const active = network.add('Relu', `${name}.a.relu`, [first]);
      const second = network.conv(active, `${name}.b`, { in: out, out, kernel: 3 });
      const isSame = stride === 1 && inputs === out;
      const short = isSame ? source : network.conv(source, `${name}.short`, { in: inputs, out, kernel: 1, stride });
      source = network.add('Relu', name, [network.add('Add', `${name}.sum`, [second, short])]);
      inputs = out;
    }
  }
  source = network.add('GlobalAveragePool', 'pool', [source]);
  source = network.add('Flatten', 'flat', [source]);
  network.gemm(source, 'output', inputs, CLASSES);
}

export const CNNS = { vgg16, resnet18 } satisfies Readonly<Record<string, (network: Network) => void>>;
export type CnnName = keyof typeof CNNS;

/** The model's bytes. */
export function makeCnn(name: CnnName, options: CnnOptions = {}): Uint8Array {
  const network = new Network(options);
  CNNS[name](network);
  const value = (tensor: string, dims: readonly number[]) => ({
    name: tensor,
    type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const model = {
    irVersion: 8,
    producerName: 'zkonnx make-cnn',
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name,
      node: network.nodes,
      initializer: network.initializers,
      input: [value('input', [1, 3, 32, 32])],
      output: [value('output', [1, CLASSES])],
    },
  };
  const type = protobuf.Root.fromJSON(onnxDescriptor).lookupType('onnx.ModelProto');
  return type.encode(type.fromObject(model)).finish();
}

if (process.argv[1] !== undefined && path.basename(process.argv[1]).startsWith('make-cnn')) {
  const [name, out, ...flags] = process.argv.slice(2);
  if (name === undefined || out === undefined || !(name in CNNS)) {
    process.stderr.write(`usage: make-cnn ${Object.keys(CNNS).join('|')} OUT.onnx [--batch-norm]\n`);
    process.exitCode = 2;
  } else {
    await writeFile(out, makeCnn(name as CnnName, { batchNorm: flags.includes('--batch-norm') }));
  }
}
