/** The circuits that provers are compared on, as files that both sides read: a .zkey and a .wtns; and the same models by protocol `mirage`. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeArtifact } from '../src/compile/artifact.js';
import { compile } from '../src/compile/compile.js';
import type { CompileOptions } from '../src/compile/options.js';
import { provingKeyPath } from '../src/formats/manifest.js';
import { writeWtnsFile } from '../src/formats/wtns-file.js';
import { readZkeyInfo } from '../src/formats/zkey-file.js';
import { witnessOf } from '../src/prove/prove.js';
import { setupDev } from '../src/setup/groth16-dev.js';
import { setup } from '../src/setup/setup.js';
import type { Context } from './harness.js';
import { goldenSamples, modelCases, modelPath } from './models.js';
import { PERCEPTRON, perceptronOptions, perceptronSamples, writePerceptron } from './perceptron.js';
import { randomCircuit } from './random-circuit.js';

export interface CircuitFiles {
  readonly title: string;
  readonly zkey: string;
  readonly wtns: string;
  readonly domainSize: number;
  /** For circuits of models. */
  readonly model?: ModelFiles;
}

export interface ModelFiles {
  readonly artifact: string;
  readonly wtns: string;
  /** The sample of the witness, as `prove --in` takes it. */
  readonly input: string;
  readonly constraints: number;
}

/** A model, how it is compiled, and the sample it is proven for. */
export interface ModelSource {
  readonly onnx: string;
  readonly options: CompileOptions;
  readonly tensors: ReadonlyMap<string, Float64Array>;
}

interface CircuitCase {
  readonly name: string;
  make(folder: string): Promise<CircuitFiles>;
}

const random = (logSize: number): CircuitCase => ({
  name: `random-2-${logSize}`,
  make: (dir) => makeRandom(dir, logSize),
});
const model = (name: string): CircuitCase => ({ name, make: (folder) => makeModel(folder, name) });

const CASES = [random(14), random(16), model('mnist-12'), model('lenet-zkmlbench')];
const QUICK_CASES = [random(10), model('iris-mlp-deepprove')];

/** Every circuit in turn, made at most once in a folder. */
export async function* circuits({ quick, folder, log }: Context): AsyncGenerator<CircuitFiles> {
  for (const one of quick ? QUICK_CASES : CASES) yield await makeOnce({ folder, log }, one);
}

/** The circuit of a model for plain Groth16, with its key. Made at most once in a folder. */
export function plainCircuit(context: Pick<Context, 'folder' | 'log'>, name: string): Promise<CircuitFiles> {
  return makeOnce(context, model(name));
}

async function makeOnce({ folder, log }: Pick<Context, 'folder' | 'log'>, one: CircuitCase): Promise<CircuitFiles> {
  const dir = path.join(folder, one.name);
  let files = made.get(dir);
  if (files === undefined) {
    log(`making ${one.name} and its key`);
    await mkdir(dir);
    files = await one.make(dir);
    made.set(dir, files);
  }
  return files;
}

const made = new Map<string, CircuitFiles>();

async function makeRandom(folder: string, logSize: number): Promise<CircuitFiles> {
  const { r1cs, witness } = randomCircuit(logSize);
  const [zkey, wtns] = [path.join(folder, 'key.zkey'), path.join(folder, 'witness.wtns')];
  await setupDev(r1cs, { zkeyPath: zkey });
  await writeWtnsFile(wtns, witness);
  return { ...(await namesOf(zkey, `random 2^${logSize}`, r1cs.nConstraints)), zkey, wtns };
}

async function makeModel(folder: string, name: string): Promise<CircuitFiles> {
  const { onnx, options, tensors } = await modelSource(folder, name);
  const files = await compileModel(folder, onnx, options, tensors);
  await setup(files.artifact, { dev: true });
  const zkey = provingKeyPath(files.artifact, 'groth16');
  return { ...(await namesOf(zkey, name, files.constraints)), zkey, wtns: files.wtns, model: files };
}

/** A fixture, or the perceptron of two million weights, which is written into the folder. */
export async function modelSource(folder: string, name: string): Promise<ModelSource> {
  if (name === PERCEPTRON) {
    const onnx = path.join(folder, 'model.onnx');
    await writePerceptron(onnx);
    return { onnx, options: await perceptronOptions(), tensors: (await perceptronSamples(1))[0]! };
  }
  const { options } = modelCases.find((known) => known.name === name)!;
  return { onnx: modelPath(name), options: await options(), tensors: (await goldenSamples(name))[0]!.inputs };
}

/** An artifact without keys, and a sample with its witness. */
export async function compileModel(
  folder: string,
  onnx: string,
  options: CompileOptions,
  tensors: ReadonlyMap<string, Float64Array>,
): Promise<ModelFiles> {
  const compiled = await compile(onnx, { ...options, protocol: 'groth16' });
  const artifact = path.join(folder, 'artifact');
  const wtns = path.join(folder, 'witness.wtns');
  await writeArtifact(artifact, compiled, onnx);
  await writeWtnsFile(wtns, witnessOf(compiled.circuit, compiled.manifest, { id: 'bench', tensors }));
  const input = await writeSample(folder, tensors);
  return { artifact, wtns, input, constraints: compiled.circuit.r1cs.nConstraints };
}

/** A sample as `prove --in` takes it. */
export async function writeSample(folder: string, tensors: ReadonlyMap<string, Float64Array>): Promise<string> {
  const file = path.join(folder, 'sample.json');
  const sample = Object.fromEntries([...tensors].map(([name, values]) => [name, Array.from(values)]));
  await writeFile(file, JSON.stringify(sample));
  return file;
}

export const keyOf = ({ artifact }: ModelFiles): string => provingKeyPath(artifact, 'groth16');

async function namesOf(zkey: string, name: string, constraints: number) {
  const { domainSize } = await readZkeyInfo(zkey);
  return { title: `${name} (${constraints.toLocaleString('en')} rows, domain ${domainText(domainSize)})`, domainSize };
}

/** "2^15", "3·2^13". */
export function domainText(size: number): string {
  return size % 3 === 0 ? `3·2^${Math.log2(size / 3)}` : `2^${Math.log2(size)}`;
}
