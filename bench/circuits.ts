/** The circuits that provers are compared on, as files that both sides read: a .zkey and a .wtns. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeArtifact } from '../src/compile/artifact.js';
import { compile, type CompileOptions } from '../src/compile/compile.js';
import { artifactPaths } from '../src/formats/manifest.js';
import { writeWtnsFile } from '../src/formats/wtns-file.js';
import { readZkeyInfo } from '../src/formats/zkey-file.js';
import { witnessOf } from '../src/prove/prove.js';
import { setupDev } from '../src/setup/groth16-dev.js';
import { setup } from '../src/setup/setup.js';
import type { Context } from './harness.js';
import { goldenSamples, modelCases, modelPath } from './models.js';
import { randomCircuit } from './random-circuit.js';

export interface CircuitFiles {
  readonly title: string;
  readonly zkey: string;
  readonly wtns: string;
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
  for (const { name, make } of quick ? QUICK_CASES : CASES) {
    const dir = path.join(folder, name);
    let files = made.get(dir);
    if (files === undefined) {
      log(`making ${name} and its key`);
      await mkdir(dir);
      files = await make(dir);
      made.set(dir, files);
    }
    yield files;
  }
}

const made = new Map<string, CircuitFiles>();

async function makeRandom(folder: string, logSize: number): Promise<CircuitFiles> {
  const { r1cs, witness } = randomCircuit(logSize);
  const [zkey, wtns] = [path.join(folder, 'key.zkey'), path.join(folder, 'witness.wtns')];
  await setupDev(r1cs, { zkeyPath: zkey });
  await writeWtnsFile(wtns, witness);
  return { title: await titleOf(zkey, `random 2^${logSize}`, r1cs.nConstraints), zkey, wtns };
}

async function makeModel(folder: string, name: string): Promise<CircuitFiles> {
  const { options } = modelCases.find((known) => known.name === name)!;
  const { inputs } = (await goldenSamples(name))[0]!;
  const files = await compileModel(folder, modelPath(name), await options(), inputs);
  const { provingKey: zkey } = await setup(files.artifact, { dev: true });
  return { title: await titleOf(zkey, name, files.constraints), zkey, wtns: files.wtns, model: files };
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
  const [wtns, input] = [path.join(folder, 'witness.wtns'), path.join(folder, 'sample.json')];
  await writeArtifact(artifact, compiled, onnx);
  await writeWtnsFile(wtns, witnessOf(compiled.circuit, compiled.manifest.schema, { id: 'bench', tensors }));
  const sample = Object.fromEntries([...tensors].map(([name, values]) => [name, Array.from(values)]));
  await writeFile(input, JSON.stringify(sample));
  return { artifact, wtns, input, constraints: compiled.manifest.circuit.constraints };
}

export const keyOf = ({ artifact }: ModelFiles): string => artifactPaths(artifact).provingKey;

async function titleOf(zkey: string, name: string, constraints: number): Promise<string> {
  const { domainSize } = await readZkeyInfo(zkey);
  return `${name} (${constraints.toLocaleString('en')} rows, domain 2^${Math.log2(domainSize)})`;
}
