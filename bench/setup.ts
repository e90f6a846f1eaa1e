/** Part `setup`: development keys from the command line. Nobody to compare with: snarkjs makes keys from a ceremony's file only. */
import { isDeepStrictEqual } from 'node:util';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DEFAULT_WIDTHS, makeMlp } from '../scripts/make-mlp.js';
import { verificationKeyFromZkey } from '../src/setup/verification-key.js';
import { compileModel, keyOf, type ModelFiles } from './circuits.js';
import { OUR_CLI } from './cold.js';
import { runCommand } from './command.js';
import type { Comparison, Context, Section } from './harness.js';
import { goldenSamples, modelCases, modelPath } from './models.js';
import { openOurProver } from './our-prover.js';
import { endSnarkjs, requireValid, snarkjsVerificationKey } from './snarkjs-prover.js';

interface SetupCase {
  readonly name: string;
  readonly limitMs: number;
  /** Compiled into the folder, without keys. */
  compile(folder: string): Promise<ModelFiles>;
}

export async function benchSetup(context: Context): Promise<Section[]> {
  const { quick } = context;
  const cases = quick
    ? [fixture('iris-mlp-deepprove', 0), perceptron([16, 24, 4], 0)]
    : [fixture('mnist-12', 30_000), perceptron(DEFAULT_WIDTHS, 60_000)];
  const comparisons: Comparison[] = [];
  try {
    for (const one of cases) comparisons.push(await benchCase(context, one));
  } finally {
    await endSnarkjs();
  }
  return [
    {
      title: 'setup --dev',
      notes: [
        'The whole command, from the start of its process to its end. Not compared: snarkjs makes keys from a powers-of-tau file only.',
        'Each key is checked: snarkjs reads it and exports the verification key that we export, and a proof made with it by our prover is ' +
          'accepted by snarkjs and by our verifier.',
      ],
      comparisons,
    },
  ];
}

function fixture(name: string, limitMs: number): SetupCase {
  return {
    name,
    limitMs,
    async compile(folder) {
      const { options } = modelCases.find((known) => known.name === name)!;
      return compileModel(folder, modelPath(name), await options(), (await goldenSamples(name))[0]!.inputs);
    },
  };
}

function perceptron(widths: readonly number[], limitMs: number): SetupCase {
  return {
    name: `mlp-${widths.join('-')}`,
    limitMs,
    async compile(folder) {
      const onnx = path.join(folder, 'mlp.onnx');
      await writeFile(onnx, makeMlp(widths));
      const input = Float64Array.from({ length: widths[0]! }, (_, i) => (i % 256) / 256);
      return compileModel(folder, onnx, { domain: { lo: 0, hi: 1 } }, new Map([['input', input]]));
    },
  };
}

async function benchCase(
  { quick, threads, folder, log }: Context,
  { name, limitMs, compile }: SetupCase,
): Promise<Comparison> {
  const dir = path.join(folder, `setup-${name}`);
  await mkdir(dir);
  log(`compiling ${name}`);
  const files = await compile(dir);
  const [ms, peakBytes]: [number[], number[]] = [[], []];
  for (let i = 0; i < (quick ? 1 : 3); i++) {
    log(`${name}: setup ${i + 1}`);
    const args = [OUR_CLI, 'setup', files.artifact, '--dev', '--threads', String(threads)];
    const result = await runCommand(process.execPath, args);
    ms.push(result.ms);
    peakBytes.push(result.peakBytes!);
  }
  log(`${name}: checking the key`);
  await checkKey(files, threads);
  return {
    name: `${name} (${files.constraints.toLocaleString('en')} rows)`,
    ours: { who: 'zkonnx', ms, peakBytes },
    limitMs,
  };
}

async function checkKey(files: ModelFiles, threads: number): Promise<void> {
  const zkey = keyOf(files);
  const key = await snarkjsVerificationKey(zkey);
  if (!isDeepStrictEqual(key, await verificationKeyFromZkey(zkey))) {
    throw new Error(`${zkey}: snarkjs reads another verification key than we do`);
  }
  await using prover = await openOurProver(zkey, threads);
  await requireValid(key, await prover.prove(files.wtns, { check: true }), 'ours');
}
