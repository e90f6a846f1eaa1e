/** zkonnx artifact verify: is this artifact what compiling this model gives? */
import { Command } from 'commander';
import { oneLine } from '../../base/printable.js';
import type { ArtifactReport } from '../../evaluate/verify-artifact.js';
import { examples, integerIn } from '../options.js';
import { startProgress } from '../progress.js';
import type { Outcome, Session } from '../session.js';
import { table } from '../text.js';

export function artifactCommand(session: Session): Command {
  const command = new Command('artifact').description('check artifacts that others made');
  command
    .command('verify')
    .description(
      'compile the model again by the choices that the artifact shows, and compare; exit code 2 if anything differs',
    )
    .argument('<artifact>', 'the folder that compile wrote')
    .requiredOption('--model <file>', 'the model.onnx that it should be of')
    .option('--contract <file>', 'a contract that should be of its key')
    .option('--threads <n>', 'worker threads (default: the cores, at most 8)', integerIn('--threads', 1, 256))
    .addHelpText(
      'after',
      examples([
        [
          'zkonnx artifact verify artifacts/iris --model iris.onnx',
          'model, schema, circuit and keys, without the data',
        ],
        ['zkonnx artifact verify artifacts/iris --model iris.onnx --contract Iris.sol', 'and the contract on chain'],
      ]),
    )
    .action(session.action((artifact: string, flags: Flags) => run(session, artifact, flags)));
  return command;
}

interface Flags {
  readonly model: string;
  readonly contract?: string;
  readonly threads?: number;
}

async function run(session: Session, artifact: string, { model, contract, threads }: Flags): Promise<Outcome> {
  const { verifyArtifact } = await import('../../evaluate/verify-artifact.js');
  const progress = await startProgress(session, 'compile');
  try {
    const report = await verifyArtifact(artifact, model, {
      contract,
      threads,
      signal: session.signal,
      onProgress: (update) => progress.update(update),
    });
    return { json: { artifact, ...report }, text: describe(artifact, report), exitCode: report.equal ? 0 : 2 };
  } finally {
    progress.stop();
  }
}

function describe(artifact: string, { equal, checks }: ArtifactReport): string {
  const failed = checks.filter(({ verdict }) => verdict === 'differs').map(({ part }) => part);
  const verdict = oneLine(equal ? `EQUAL  ${artifact}` : `DIFFERS  ${artifact}: ${failed.join(', ')}`);
  return (
    `${verdict}\n${table(checks.map(({ part, verdict: word, note }) => [part, word, note]))}\n` +
    `  What calibration and the publisher chose is shown in the manifest, not trusted: bits, ranges, visibility, labels and how pictures are read\n` +
    `  follow from no model; \`run\` tells how bits and ranges do.`
  );
}
