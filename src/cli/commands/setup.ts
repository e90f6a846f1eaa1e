/** zkonnx setup: proving and verification key for an artifact. */
import { Command } from 'commander';
import { ZkonnxError } from '../../base/errors.js';
import { examples, integerIn, sizeOf } from '../options.js';
import { startProgress } from '../progress.js';
import type { Outcome, Session } from '../session.js';
import { DEVELOPMENT_NOTICE, mebibytes, timings } from '../text.js';

interface SetupFlags {
  readonly dev?: boolean;
  readonly force?: boolean;
  readonly threads?: number;
  readonly maxMemory?: number;
}

export function setupCommand(session: Session): Command {
  return new Command('setup')
    .description(
      'make the keys of an artifact: proving_key.mirage or .zkey, by its protocol, and verification_key.json',
    )
    .argument('<artifact>', 'the folder that compile wrote')
    .option('--dev', 'development keys, from a local random trapdoor that is thrown away')
    .option('--force', 'replace the keys that are there: proofs made with them do not verify under the new ones')
    .option('--threads <n>', 'worker threads (default: the cores, at most 8)', integerIn('--threads', 1, 256))
    .option('--max-memory <size>', 'refuse before starting if more would be needed: 4g, 512m', sizeOf('--max-memory'))
    .addHelpText('after', examples([['zkonnx setup artifacts/iris --dev', 'keys for development']]))
    .action(session.action((artifact: string, flags: SetupFlags) => run(session, artifact, flags)));
}

async function run(
  session: Session,
  artifact: string,
  { dev, force, threads, maxMemory }: SetupFlags,
): Promise<Outcome> {
  if (dev !== true) {
    throw new ZkonnxError('USAGE', 'development keys must be asked for with --dev', {
      expected: `zkonnx setup ${artifact} --dev`,
      help: 'keys from a ceremony are not there yet; whoever makes development keys can forge proofs, so they are for tests and demonstrations only',
    });
  }
  const { setup } = await import('../../setup/setup.js');
  const progress = await startProgress(session, 'setup');
  try {
    const keys = await setup(artifact, {
      dev,
      force,
      signal: session.signal,
      onProgress: (update) => progress.update(update),
      threads,
      maxMemoryBytes: maxMemory,
    });
    if (keys.removed.length > 0) session.log(`the keys of before are gone: ${keys.removed.join(', ')}`);
    return {
      product: 'files',
      json: { ...keys, setup: 'development' },
      text:
        `${keys.provingKey}\n${keys.verificationKey}\n` +
        `${timings(keys.timingsMs)}, peak memory ${mebibytes(keys.peakMemoryBytes)}\n${DEVELOPMENT_NOTICE}`,
    };
  } finally {
    progress.stop();
  }
}
