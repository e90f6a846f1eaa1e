/** Where the time of a cold `zkonnx prove` goes, by protocol. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { writeArtifact } from '../src/compile/artifact.js';
import { compile } from '../src/compile/compile.js';
import { setup } from '../src/setup/setup.js';
import { PROTOCOLS, type Protocol } from '../src/verify/statement.js';
import { modelSource, writeSample } from './circuits.js';
import { runCommand } from './command.js';
import type { Context, Section } from './harness.js';
import { duration } from './report.js';

const RUNS = 7;

/** `cli`: the command's file. */
export async function coldPhases(context: Context, cli: string): Promise<Section> {
  const rows: string[][] = [];
  for (const name of context.quick ? ['iris-mlp-deepprove'] : ['acasxu-1-1', 'mnist-12']) {
    for (const protocol of PROTOCOLS) rows.push(await phasesOf(context, cli, name, protocol));
  }
  return {
    title: 'Where a cold proof’s time goes',
    notes: [
      'Whole: from the start of the process to its end. Node: `node --eval 0`. Load: workers start, circuit and keys are read and checked. ' +
        'Proof: witness to checked proof. Rest: modules, the input, the file, the end of the workers.',
    ],
    comparisons: [],
    facts: { columns: ['model', 'whole', 'node', 'load', 'proof', 'rest'], rows },
  };
}

async function phasesOf({ folder, quick, log }: Context, cli: string, name: string, protocol: Protocol) {
  log(`${name}, ${protocol}: phases`);
  const dir = path.join(folder, `phases-${name}-${protocol}`);
  await mkdir(dir, { recursive: true });
  const { onnx, options, tensors } = await modelSource(dir, name);
  const artifact = path.join(dir, 'artifact');
  await writeArtifact(artifact, await compile(onnx, { ...options, protocol }), onnx);
  await setup(artifact, { dev: true });
  const input = await writeSample(dir, tensors);
  const prove = [cli, 'prove', artifact, '--in', input, '-o', path.join(dir, 'proof.json'), '--json', '--quiet'];
  const times = {
    whole: [] as number[],
    node: [] as number[],
    load: [] as number[],
    proof: [] as number[],
    rest: [] as number[],
  };
  for (let i = 0; i < (quick ? 1 : RUNS); i++) {
    const { ms: node } = await runCommand(process.execPath, ['--eval', '0']);
    const { ms: whole, stdout } = await runCommand(process.execPath, prove);
    const { timingsMs } = JSON.parse(stdout) as { timingsMs: { load: number; total: number } };
    const { load, total } = timingsMs;
    for (const [phase, ms] of Object.entries({ whole, node, load, proof: total - load, rest: whole - node - total })) {
      times[phase as keyof typeof times].push(ms);
    }
  }
  return [`${name}, ${protocol}`, ...Object.values(times).map(duration)];
}
