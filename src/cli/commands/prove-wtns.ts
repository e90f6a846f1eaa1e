/** zkonnx prove-wtns: a plain Groth16 proof from any .zkey and .wtns, as `snarkjs groth16 prove` makes it. */
import path from 'node:path';
import { Command } from 'commander';
import type { ZkeyInfo } from '../../formats/zkey.js';
import { peakMemoryBytes } from '../../base/peak-memory.js';
import type { Groth16Result } from '../../prove/groth16/wtns-prover.js';
import { FORCE, examples, integerIn, sizeOf, usage } from '../options.js';
import { startProgress } from '../progress.js';
import type { Outcome, Session } from '../session.js';
import { mebibytes, SETUP_NOTICES, timings } from '../text.js';

interface ProveWtnsFlags {
  readonly out: string;
  readonly public?: string;
  readonly force?: boolean;
  readonly threads?: number;
  readonly maxMemory?: number;
}

/** snarkjs's own name for it. */
const PUBLIC_NAME = 'public.json';

export function proveWtnsCommand(session: Session): Command {
  return new Command('prove-wtns')
    .description('prove with any BN254 Groth16 .zkey and .wtns, also of circom; writes what snarkjs writes')
    .argument('<key.zkey>', 'the proving key: of setup (groth16), of snarkjs, or of another tool')
    .argument('<witness.wtns>', 'the witness: of export wtns (groth16), of snarkjs, or of a circom circuit')
    .requiredOption('-o, --out <file>', 'proof.json to write')
    .option('--public <file>', `public signals to write (default: ${PUBLIC_NAME} beside the proof)`)
    .option(...FORCE)
    .option('--threads <n>', 'worker threads (default: the cores, at most 8)', integerIn('--threads', 1, 256))
    .option('--max-memory <size>', 'refuse before starting if more would be needed: 4g, 512m', sizeOf('--max-memory'))
    .addHelpText(
      'after',
      examples([
        ['zkonnx prove-wtns circuit.zkey witness.wtns -o proof.json', 'writes proof.json and public.json'],
        ['zkonnx prove-wtns circuit.zkey witness.wtns -o a.json --public a-public.json --threads 2', 'other names'],
      ]),
    )
    .action(session.action((zkey: string, wtns: string, flags: ProveWtnsFlags) => run(session, zkey, wtns, flags)));
}

async function run(session: Session, zkey: string, wtns: string, flags: ProveWtnsFlags): Promise<Outcome> {
  const files = { proof: flags.out, public: flags.public ?? path.join(path.dirname(flags.out), PUBLIC_NAME) };
  if (path.resolve(files.proof) === path.resolve(files.public)) {
    throw usage('proof and public signals would be one file', 'two names', files.proof, 'name the other with --public');
  }
  const { claimOutput } = await import('../output-file.js');
  const from = [zkey, wtns];
  const { force } = flags;
  const beside = flags.public === undefined ? PUBLIC_NAME : undefined;
  await claimOutput(session, files.proof, { kind: 'proof', force, from, beside });
  await claimOutput(session, files.public, { kind: 'signals', force, from });
  const { Groth16Prover } = await import('../../prove/groth16/wtns-prover.js');
  const { signal } = session;
  const progress = await startProgress(session, 'prove-wtns');
  try {
    const started = performance.now();
    progress.update({ phase: 'load' });
    const { threads, maxMemory: maxMemoryBytes } = flags;
    await using prover = await Groth16Prover.open({ zkey, threads, maxMemoryBytes, signal });
    const load = performance.now() - started;
    warnOf(session, prover.info, zkey);
    progress.update({ phase: 'read' });
    const proven = await prover.prove(wtns, {
      signal,
      onProgress: (phase, fraction) => progress.update({ phase, fraction }),
    });
    await write(files, proven, signal);
    const timingsMs = { load, ...proven.timingsMs, total: performance.now() - started };
    return outcome(files, prover.info, timingsMs);
  } finally {
    progress.stop();
  }
}

/** Without a contribution δ = γ, and anyone can solve the equation without a witness. Our development keys, which have none either, are marked. */
function warnOf(session: Session, { contributions, development }: ZkeyInfo, zkey: string): void {
  if (contributions > 0 || development !== undefined) return;
  session.log(
    `warning: nobody has contributed to ${zkey}: ANYONE can forge proofs for it; for tests only (snarkjs zkey contribute)`,
  );
}

interface Files {
  readonly proof: string;
  readonly public: string;
}

async function write(files: Files, { proof, publicSignals }: Groth16Result, signal: AbortSignal): Promise<void> {
  const { jsonText, writeOutputs } = await import('../output-file.js');
  await writeOutputs(
    [
      { file: files.proof, content: jsonText(proof) },
      { file: files.public, content: jsonText(publicSignals) },
    ],
    { signal },
  );
}

function outcome(
  files: Files,
  { development, contributions, nVars, nPublic }: ZkeyInfo,
  timingsMs: Readonly<Record<string, number>>,
): Outcome {
  const peak = peakMemoryBytes();
  const setup = development === undefined ? 'unknown' : 'development';
  const notice = `\n${SETUP_NOTICES[setup]}`;
  return {
    product: 'files',
    json: { ...files, setup, contributions, wires: nVars, publicInputs: nPublic, timingsMs, peakMemoryBytes: peak },
    text:
      `${files.proof}\n${files.public}\n` + `${timings(timingsMs)}, peak memory ${mebibytes(peak)}, checked${notice}`,
  };
}
