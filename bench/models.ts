/**
 * The models of `test/fixtures/models` with the calibration data each is compiled on (never the samples it is judged by), and the whole
 * pipeline over one of them: what the slow tier asserts and `npm run bench:models` prints.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { writeArtifact } from '../src/compile/artifact.js';
import { compile } from '../src/compile/compile.js';
import type { CompileOptions } from '../src/compile/options.js';
import { prove } from '../src/prove/prove.js';
import { openReference, valuesOf, type RealValues } from '../src/reference/onnxruntime.js';
import { setup } from '../src/setup/setup.js';
import { verify } from '../src/verify/index.js';
import { median } from './statistics.js';

/** The repository's root, from sources and from dist alike. */
const root = path.resolve(import.meta.dirname, import.meta.url.includes('/dist/') ? '../..' : '..');
const fixtures = path.join(root, 'test/fixtures');

export interface ModelCase {
  readonly name: string;
  readonly input: string;
  readonly dims: readonly number[];
  readonly options: () => Promise<CompileOptions>;
}

/** MNIST pixels of `count` test images from `first` on, mapped by `value`. The golden samples are images 0 to 7. */
export async function mnistImages(
  first: number,
  count: number,
  value: (pixel: number) => number,
): Promise<Float64Array[]> {
  const bytes = gunzipSync(await readFile(path.join(fixtures, 'datasets/t10k-images-idx3-ubyte.gz')));
  return Array.from({ length: count }, (_, i) => {
    const start = 16 + (first + i) * 784;
    return Float64Array.from(bytes.subarray(start, start + 784), value);
  });
}

export async function mnistLabels(): Promise<Uint8Array> {
  return (await readFile(path.join(fixtures, 'datasets/t10k-labels-idx1-ubyte'))).subarray(8);
}

/** CIFAR-10 images as the model takes them: planes of r, g, b in −1..1. The golden samples are images 0 to 7. */
async function cifarImages(first: number, count: number): Promise<Float64Array[]> {
  const text = gunzipSync(await readFile(path.join(fixtures, 'datasets/cifar10_100.csv.gz'))).toString('utf8');
  const rows = text
    .trim()
    .split('\n')
    .slice(first, first + count);
  return rows.map((row) => {
    const bytes = row.split(',').slice(1).map(Number);
    return Float64Array.from(
      { length: 3072 },
      (_, i) => (bytes[3 * (i % 1024) + Math.floor(i / 1024)]! / 255 - 0.5) / 0.5,
    );
  });
}

const samplesOf = (input: string, values: readonly Float64Array[]): CompileOptions['samples'] =>
  values.map((tensor) => new Map([[input, tensor]]));

const byMnist = (name: string, input: string, value: (pixel: number) => number): ModelCase => ({
  name,
  input,
  dims: [1, 1, 28, 28],
  options: async () => ({ samples: samplesOf(input, await mnistImages(1000, 100, value))! }),
});

const byDomain = (name: string, input: string, dims: readonly number[], lo: number, hi: number): ModelCase => ({
  name,
  input,
  dims,
  options: async () => Promise.resolve({ domain: { lo, hi } }),
});

/** As the golden samples have them: mnist-8 and lenet 0..255, mnist-12 0..1, burn the usual normalisation. */
export const pixelScale = {
  'mnist-8': (pixel: number) => pixel,
  'mnist-12': (pixel: number) => pixel / 255,
  'lenet-zkmlbench': (pixel: number) => pixel,
  'mnist-burn-cnn': (pixel: number) => (pixel / 255 - 0.1307) / 0.3081,
} as const;

export const modelCases: readonly ModelCase[] = [
  byDomain('acasxu-1-1', 'X', [5], -0.5, 0.5),
  byDomain('fraud-mlp-rhods', 'dense_input', [1, 5], -2, 2),
  {
    name: 'iris-mlp-deepprove',
    input: 'input',
    dims: [1, 4],
    options: async () => {
      const file = path.join(fixtures, 'models/iris-mlp-deepprove/calibration.json');
      const { input_data: rows } = JSON.parse(await readFile(file, 'utf8')) as { input_data: number[][] };
      const golden = (await goldenSamples('iris-mlp-deepprove')).map(({ inputs }) => inputs.get('input')!.join());
      const others = rows
        .map((row) => Float64Array.from(row, Math.fround))
        .filter((row) => !golden.includes(row.join()));
      return { samples: samplesOf('input', others)!, domain: { lo: -1, hi: 1 } };
    },
  },
  byMnist('mnist-8', 'Input3', pixelScale['mnist-8']),
  byMnist('mnist-12', 'Input3', pixelScale['mnist-12']),
  byMnist('lenet-zkmlbench', 'input', pixelScale['lenet-zkmlbench']),
  byMnist('mnist-burn-cnn', 'input.1', pixelScale['mnist-burn-cnn']),
  {
    name: 'cifar-cnn-deepprove',
    input: 'input',
    dims: [1, 3, 32, 32],
    options: async () => ({ samples: samplesOf('input', await cifarImages(8, 92))! }),
  },
  byDomain('giza-volatility', 'onnx::Gemm_0', [1, 7], -1, 1),
];

export function modelPath(name: string): string {
  return path.join(fixtures, 'models', name, 'model.onnx');
}

export interface Golden {
  readonly inputs: Map<string, Float64Array>;
  readonly outputs: RealValues;
}

interface GoldenTensor {
  readonly name: string;
  readonly file: string;
}

/** Golden samples of a model; giza-volatility has none, so onnxruntime makes eight on fixed inputs outside the calibration data. */
export async function goldenSamples(name: string): Promise<Golden[]> {
  return (await goldenIn(path.join(fixtures, 'models', name, 'golden'))) ?? madeSamples(name);
}

/** The golden samples of a folder with a manifest; undefined where there is none. */
export async function goldenIn(folder: string): Promise<Golden[] | undefined> {
  let manifest: { samples: { inputs: GoldenTensor[]; outputs: GoldenTensor[] }[] };
  try {
    manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as typeof manifest;
  } catch {
    return undefined;
  }
  const read = async (tensors: readonly GoldenTensor[]) =>
    new Map(
      await Promise.all(
        tensors.map(async (tensor): Promise<[string, Float64Array]> => {
          const bytes = Uint8Array.from(await readFile(path.join(folder, tensor.file)));
          return [tensor.name, Float64Array.from(new Float32Array(bytes.buffer))];
        }),
      ),
    );
  return Promise.all(
    manifest.samples.map(async ({ inputs, outputs }) => ({ inputs: await read(inputs), outputs: await read(outputs) })),
  );
}

async function madeSamples(name: string): Promise<Golden[]> {
  const { input, dims } = modelCases.find((model) => model.name === name)!;
  const size = dims.reduce((product, dim) => product * dim, 1);
  const runtime = await openReference(modelPath(name), [{ name: input, dims, dtype: 'float32' }]);
  if (runtime === undefined) throw new Error('golden outputs of this model need onnxruntime-node');
  const samples: Golden[] = [];
  for (let s = 0; s < 8; s++) {
    const values = Float64Array.from({ length: size }, (_, i) => Math.fround(Math.sin(1 + 31 * s + 7 * i)));
    const inputs = new Map([[input, values]]);
    samples.push({ inputs, outputs: valuesOf(await runtime.run(inputs)) });
  }
  await runtime.close();
  return samples;
}

export interface Measured {
  readonly name: string;
  readonly constraints: number;
  readonly publicSignals: number;
  readonly bits: number;
  readonly compileSeconds: number;
  readonly setupSeconds: number;
  /** Proving one sample, witness included, circuit and key loaded; median over `proofs`. */
  readonly proveSeconds: number;
  readonly verifyMs: number;
  readonly peakMemoryMiB: number;
  /** Worst |proven − golden| over all golden samples, over the largest golden magnitude. */
  readonly worstError: number;
  /** Golden samples proven and verified; the error covers these. */
  readonly proofs: number;
  readonly samples: number;
  /** Error over all golden samples by the integer program, of which the proofs are some. */
  readonly artifact: string;
}

/** Compile, setup, prove `proofs` golden samples, verify them. The artifact folder is left to the caller if `keep` names one. */
export async function measureModel(
  model: ModelCase,
  { proofs = 1, keep, log = () => undefined }: { proofs?: number; keep?: string; log?: (line: string) => void } = {},
): Promise<Measured> {
  const dir = keep ?? (await mkdtemp(path.join(tmpdir(), 'zkonnx-model-')));
  try {
    let clock = performance.now();
    const lap = () => {
      const seconds = (performance.now() - clock) / 1000;
      clock = performance.now();
      return seconds;
    };
    const compiled = await compile(modelPath(model.name), await model.options());
    await writeArtifact(dir, compiled, modelPath(model.name));
    const compileSeconds = lap();
    log(`${model.name}: ${compiled.manifest.circuit.constraints} constraints`);
    const keys = await setup(dir, { dev: true });
    const setupSeconds = lap();
    log(`${model.name}: keys in ${setupSeconds.toFixed(1)} s`);
    const key = JSON.parse(await readFile(keys.verificationKey, 'utf8')) as unknown;
    const goldens = await goldenSamples(model.name);
    const magnitude = Math.max(
      ...goldens.flatMap(({ outputs }) => [...outputs.values()].flatMap((v) => [...v.map(Math.abs)])),
    );
    let worst = 0;
    let verifyMs = Infinity;
    let peak = keys.peakMemoryBytes;
    const seconds: number[] = [];
    const samples = goldens.slice(0, proofs).map(({ inputs }, i) => ({ id: String(i), tensors: inputs as RealValues }));
    let index = 0;
    for await (const { proof, timingsMs, peakMemoryBytes } of prove(dir, samples)) {
      // A sample waits for circuit and key, and for the samples before it: that is no part of its proof.
      seconds.push((timingsMs.total - (timingsMs.queue ?? 0) - (timingsMs.load ?? 0)) / 1000);
      peak = Math.max(peak, peakMemoryBytes);
      const from = performance.now();
      const result = verify(proof, key);
      verifyMs = Math.min(verifyMs, performance.now() - from);
      if (!result.valid) throw new Error(`${model.name}: our own proof is refused: ${result.message}`);
      for (const [name, expected] of goldens[index]!.outputs) {
        result.outputs[name]!.data.forEach((value, i) => {
          worst = Math.max(worst, Math.abs(value - expected[i]!));
        });
      }
      index++;
    }
    return {
      name: model.name,
      constraints: compiled.circuit.r1cs.nConstraints,
      publicSignals: compiled.manifest.circuit.publicInputs,
      bits: compiled.manifest.quantisation.bits,
      compileSeconds,
      setupSeconds,
      proveSeconds: median(seconds),
      verifyMs,
      peakMemoryMiB: peak / 2 ** 20,
      worstError: worst / magnitude,
      proofs: index,
      samples: goldens.length,
      artifact: dir,
    };
  } finally {
    if (keep === undefined) await rm(dir, { recursive: true, force: true });
  }
}
