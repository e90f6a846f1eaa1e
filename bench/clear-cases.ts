/** The models of `npm run bench:clear`: those of the fixtures, the perceptron of two million weights, and models in a folder beside the project where there is one. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { importModel } from '../src/compile/onnx/import.js';
import type { CompileOptions } from '../src/compile/options.js';
import { readSamples } from '../src/inputs/samples.js';
import { modelSource } from './circuits.js';
import { goldenIn, modelCases } from './models.js';
import { PERCEPTRON } from './perceptron.js';

type Tensors = ReadonlyMap<string, Float64Array>;

export interface ClearCase {
  readonly name: string;
  /** Takes minutes: left out unless it is named or asked for. */
  readonly isLarge: boolean;
  /** Its file, what it is compiled with, and a sample to prove. `folder`: for a file that has to be made. */
  load(folder: string): Promise<{ readonly onnx: string; readonly options: CompileOptions; readonly tensors: Tensors }>;
}

const root = path.resolve(import.meta.dirname, import.meta.url.includes('/dist/') ? '../..' : '..');
/** May be missing: nothing of the project needs it. */
const SHARED = path.resolve(root, '../shared/models');

export async function clearCases(): Promise<ClearCase[]> {
  const known = [...modelCases.map(({ name }) => name), PERCEPTRON].map((name): ClearCase => ({
    name,
    isLarge: false,
    load: (folder) => modelSource(folder, name),
  }));
  const names = existsSync(SHARED) ? await readdir(SHARED) : [];
  const others = names.filter(
    (name) => known.every((one) => one.name !== name) && existsSync(path.join(SHARED, name, 'model.onnx')),
  );
  return [...known, ...others.map((name): ClearCase => ({ name, isLarge: true, load: () => sharedModel(name) }))];
}

/** Calibrated on what lies beside it: its golden inputs, or inputs.npz. */
async function sharedModel(name: string): ReturnType<ClearCase['load']> {
  const folder = path.join(SHARED, name);
  const onnx = path.join(folder, 'model.onnx');
  const golden = await goldenIn(path.join(folder, 'golden'));
  const samples = golden === undefined ? await samplesIn(folder, onnx) : golden.map(({ inputs }) => inputs);
  const [tensors] = samples;
  if (tensors === undefined) throw new Error(`no sample lies beside ${onnx}`);
  return { onnx, options: { samples }, tensors };
}

async function samplesIn(folder: string, onnx: string): Promise<Tensors[]> {
  const { graph } = importModel(await readFile(onnx));
  const specs = graph.inputs.map((name) => {
    const { dims, dtype } = graph.nodes.find((node) => node.name === name)!;
    return { name, dims, dtype };
  });
  const samples: Tensors[] = [];
  const file = ['inputs.npz', 'io.npz'].map((each) => path.join(folder, each)).find((each) => existsSync(each));
  if (file === undefined) return [];
  for await (const { tensors } of readSamples(file, specs)) samples.push(tensors);
  return samples;
}
