/** zkonnx setup: proving and verification key for an artifact. */
import { Command } from 'commander';
import { examples, integerIn, sizeOf } from '../options.js';
import { startProgress } from '../progress.js';
import type { Outcome, Session } from '../session.js';
import { mebibytes, SETUP_NOTICES, timings } from '../text.js';

interface SetupFlags {
  readonly dev?: boolean;
  readonly force?: boolean;
  readonly threads?: number;
  readonly maxMemory?: number;
}

export function setupCommand(session: Session): Command {
  return new Command('setup')
    .description(
      'make the keys of an artifact: proving_key.mirage or .zkey or none, by its protocol, and verification_key.json',
    )
    .argument('<artifact>', 'the folder that compile wrote')
    .option('--dev', 'of mirage and groth16: development keys, from a local random trapdoor that is thrown away')
    .option('--force', 'replace the keys that are there: proofs made with them do not verify under the new ones')
    .option('--threads <n>', 'worker threads (default: the cores, at most 8)', integerIn('--threads', 1, 256))
    .option('--max-memory <size>', 'refuse before starting if more would be needed: 4g, 512m', sizeOf('--max-memory'))
    .addHelpText(
      'after',
      examples([
        ['zkonnx setup artifacts/iris --dev', 'keys for development'],
        ['zkonnx setup artifacts/iris', 'compiled with --protocol clear: nobody has to be trusted'],
      ]),
    )
    .action(session.action((artifact: string, flags: SetupFlags) => run(session, artifact, flags)));
}

async function run(
  session: Session,
  artifact: string,
  { dev, force, threads, maxMemory }: SetupFlags,
): Promise<Outcome> {
  const { setup } = await import('../../setup/setup.js');
  const progress = await startProgress(session, 'setup');
  try {
    const keys = await setup(artifact, {
      ...(dev === undefined ? {} : { dev }),
      force,
      signal: session.signal,
      onProgress: (update) => progress.update(update),
      threads,
      maxMemoryBytes: maxMemory,
    });
    if (keys.removed.length > 0) session.log(`the keys of before are gone: ${keys.removed.join(', ')}`);
    return {
      product: 'files',
      json: keys,
      text:
        `${keys.provingKey === undefined ? '' : `${keys.provingKey}\n`}${keys.verificationKey}\n` +
        `${timings(keys.timingsMs)}, peak memory ${mebibytes(keys.peakMemoryBytes)}\n${SETUP_NOTICES[keys.setup]}`,
    };
  } finally {
    progress.stop();
  }
}
