/** Part `cold`: whole commands, from the start of a process to its end, in turns. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { circuits, type CircuitFiles } from './circuits.js';
import { coldPhases } from './cold-phases.js';
import { runCommand, type CommandResult } from './command.js';
import type { Comparison, Context, Section, Side } from './harness.js';
import { findNativeProvers } from './native-provers.js';
import { endSnarkjs, requireValid, snarkjsVerificationKey, type Proven } from './snarkjs-prover.js';

const TARGET = 4;
export const OUR_CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));
const SNARKJS_CLI = path.join(path.dirname(createRequire(import.meta.url).resolve('snarkjs')), 'cli.cjs');
/** Our command for any .zkey and .wtns. */
const PROVE_WITNESS = 'prove-wtns';

export interface Command {
  readonly who: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** It leaves a proof behind. */
interface ProvingCommand extends Command {
  readonly proven: () => Promise<Proven>;
}

export async function benchCold(context: Context): Promise<Section[]> {
  const native = findNativeProvers();
  const comparisons: Comparison[] = [];
  try {
    for await (const files of circuits(context)) comparisons.push(...(await benchCircuit(context, files, native)));
  } finally {
    await endSnarkjs();
  }
  return [
    {
      title: 'Whole commands, cold',
      notes: [
        `\`zkonnx ${PROVE_WITNESS}\` against \`snarkjs groth16 prove\` on the same .zkey and .wtns; \`zkonnx prove\` reads the input and ` +
          'makes the witness, while snarkjs is given it. Both of ours verify their proof before they write it; snarkjs does not.',
        'From the start of the process to its end, files in the page cache. Peak: resident memory of the command’s process.',
        'The last proof of every command is verified by snarkjs and by our verifier.',
        ...native.notes,
      ],
      comparisons,
    },
    await coldPhases(context, OUR_CLI),
  ];
}

async function benchCircuit(
  { quick, log }: Context,
  files: CircuitFiles,
  { rapidsnark }: ReturnType<typeof findNativeProvers>,
): Promise<Comparison[]> {
  const key = await snarkjsVerificationKey(files.zkey);
  const compare = async (
    row: string,
    ours: ProvingCommand,
    peer: ProvingCommand,
    target?: number,
  ): Promise<Comparison> => {
    const name = `${files.title}, ${row}`;
    log(`${name}, ${peer.who}`);
    const [first, second] = await commandTurns(ours, peer, quick ? 1 : 3);
    for (const { proven, who } of [ours, peer]) await requireValid(key, await proven(), who);
    return { name, ours: first, peer: second, ...(target === undefined ? {} : { target }) };
  };
  const snarkjs = snarkjsCommand(files);
  const byWitness = witnessCommand(files);
  return [
    await compare(PROVE_WITNESS, byWitness, snarkjs, TARGET),
    ...(files.model === undefined ? [] : [await compare('prove', modelCommand(files.model), snarkjs, TARGET)]),
    ...(rapidsnark === undefined
      ? []
      : [await compare(PROVE_WITNESS, byWitness, rapidsnarkCommand(rapidsnark, files))]),
  ];
}

/** Ours, the other, ours, the other, …: whole processes. */
export async function commandTurns(ours: Command, peer: Command, pairs: number): Promise<[Side, Side]> {
  const results = { ours: [] as CommandResult[], peer: [] as CommandResult[] };
  for (let i = 0; i < pairs; i++) {
    results.ours.push(await runCommand(ours.command, ours.args));
    results.peer.push(await runCommand(peer.command, peer.args));
  }
  return [sideOf(ours.who, results.ours), sideOf(peer.who, results.peer)];
}

function sideOf(who: string, results: readonly CommandResult[]): Side {
  const peaks = results.flatMap(({ peakBytes }) => peakBytes ?? []);
  return { who, ms: results.map(({ ms }) => ms), ...(peaks.length === 0 ? {} : { peakBytes: peaks }) };
}

const besides = (file: string, name: string): string => path.join(path.dirname(file), name);

async function readJson(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, 'utf8')) as unknown;
}

function modelCommand({ artifact, input }: NonNullable<CircuitFiles['model']>): ProvingCommand {
  const out = besides(input, 'our-model-proof.json');
  return {
    who: 'zkonnx prove',
    command: process.execPath,
    args: [OUR_CLI, 'prove', artifact, '--in', input, '-o', out],
    async proven() {
      const { pi_a, pi_b, pi_c, protocol, curve, publicSignals } = (await readJson(out)) as Record<string, unknown>;
      return { proof: { pi_a, pi_b, pi_c, protocol, curve }, publicSignals: publicSignals as string[] };
    },
  };
}

function witnessCommand({ zkey, wtns }: CircuitFiles): ProvingCommand {
  const form = (proof: string, signals: string) => [
    OUR_CLI,
    PROVE_WITNESS,
    zkey,
    wtns,
    '-o',
    proof,
    '--public',
    signals,
  ];
  return plainProof('zkonnx', process.execPath, form, wtns);
}

export function snarkjsCommand({ zkey, wtns }: Pick<CircuitFiles, 'zkey' | 'wtns'>): ProvingCommand {
  const form = (proof: string, signals: string) => [SNARKJS_CLI, 'groth16', 'prove', zkey, wtns, proof, signals];
  return plainProof('snarkjs', process.execPath, form, wtns);
}

function rapidsnarkCommand(command: string, { zkey, wtns }: CircuitFiles): ProvingCommand {
  return plainProof('rapidsnark', command, (proof, signals) => [zkey, wtns, proof, signals], wtns);
}

/** A command that writes a proof and its public signals, as snarkjs does, into two files beside the witness. */
function plainProof(
  who: string,
  command: string,
  form: (proof: string, signals: string) => string[],
  wtns: string,
): ProvingCommand {
  const [proof, signals] = [besides(wtns, `${who}-proof.json`), besides(wtns, `${who}-public.json`)];
  return {
    who,
    command,
    args: form(proof, signals),
    proven: async () => ({ proof: await readJson(proof), publicSignals: (await readJson(signals)) as string[] }),
  };
}
