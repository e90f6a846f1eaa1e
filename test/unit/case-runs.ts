/** Small models with calibration data, inputs and onnxruntime's answers, through compile and the integer program. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile, type CompiledModel } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { readSamples, type InputSpec } from '../../src/inputs/samples.js';
import type { RunResult } from '../../src/prove/run.js';

const folder = fileURLToPath(new URL('../fixtures/cases', import.meta.url));

export type Values = Readonly<Record<string, unknown>>;

export interface CaseRun {
  readonly compiled: CompiledModel;
  readonly results: readonly RunResult[];
  /** onnxruntime's answer of every sample, by output name, nested as the output is. */
  readonly expected: readonly Values[];
}

/** Compiles a case and runs its inputs; with `seen` calibration has seen them too. */
export async function runCase(
  name: string,
  { seen = false, ...options }: CompileOptions & { readonly seen?: boolean } = {},
): Promise<CaseRun> {
  const at = (file: string) => path.join(folder, name, file);
  const { graph } = importModel(await readFile(at('model.onnx')));
  const specs: InputSpec[] = graph.inputs.map((input) => {
    const { dims, dtype } = graph.nodes.find((node) => node.name === input)!;
    return { name: input, dims, dtype };
  });
  const read = async (file: string) => {
    const samples = [];
    for await (const { tensors } of readSamples(at(file), specs)) samples.push(tensors);
    return samples;
  };
  const inputs = await read('input.json');
  const samples = [...(await read('calibration.json')), ...(seen ? inputs : [])];
  const compiled = await compile(at('model.onnx'), { samples, ...options });
  const artifact = await mkdtemp(path.join(tmpdir(), 'zkonnx-case-'));
  try {
    await writeArtifact(artifact, compiled, at('model.onnx'));
    const runner = await openRunner(artifact);
    const results: RunResult[] = [];
    for (const tensors of inputs) results.push(await runner.run({ tensors }));
    await runner.close();
    return { compiled, results, expected: JSON.parse(await readFile(at('expected.json'), 'utf8')) as Values[] };
  } finally {
    await rm(artifact, { recursive: true, force: true });
  }
}

/** Shape of nested lists. */
export function dimsOf(nested: unknown): number[] {
  return Array.isArray(nested) ? [nested.length, ...dimsOf(nested[0])] : [];
}

/** Worst |integer − expected| of an output over all samples, as a part of the largest |expected|. */
export function worstError({ results, expected }: CaseRun, output: string): number {
  let [worst, magnitude] = [0, 0];
  results.forEach(({ outputs }, s) => {
    const right = [expected[s]![output]].flat(Infinity) as number[];
    outputs[output]!.data.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - right[i]!));
      magnitude = Math.max(magnitude, Math.abs(right[i]!));
    });
  });
  return worst / (magnitude || 1);
}
