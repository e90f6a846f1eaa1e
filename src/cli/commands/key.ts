/** zkonnx key check: is this key the model with this hash? */
import path from 'node:path';
import { Command } from 'commander';
import { oneLine } from '../../base/printable.js';
import type { KeyReport } from '../../evaluate/check-key.js';
import { examples } from '../options.js';
import { startProgress } from '../progress.js';
import type { Outcome, Session } from '../session.js';
import { SETUP_NOTICES, table } from '../text.js';

export function keyCommand(session: Session): Command {
  const command = new Command('key').description('check keys that others made');
  command
    .command('check')
    .description(
      'compile the model again and compare all that the key says with it; of clear that is the whole key. Exit code 2 if anything differs',
    )
    .argument('<key>', 'verification_key.json')
    .requiredOption('--model <file>', 'the model.onnx that it should be of')
    .option(
      '--artifact <folder>',
      'whose manifest.json shows how the model was quantised (default: the folder of the key)',
    )
    .addHelpText(
      'after',
      examples([
        [
          'zkonnx key check artifacts/iris/verification_key.json --model iris.onnx',
          'this key is the model with this SHA-256',
        ],
      ]),
    )
    .action(session.action((key: string, flags: Flags) => run(session, key, flags)));
  return command;
}

interface Flags {
  readonly model: string;
  readonly artifact?: string;
}

async function run(session: Session, key: string, { model, artifact = path.dirname(key) }: Flags): Promise<Outcome> {
  const { checkKeyOfModel } = await import('../../evaluate/check-key.js');
  const progress = await startProgress(session, 'compile');
  try {
    const report = await checkKeyOfModel(key, model, artifact, {
      signal: session.signal,
      onProgress: (update) => progress.update(update),
    });
    return { json: { key, ...report }, text: describe(key, report), exitCode: report.equal ? 0 : 2 };
  } finally {
    progress.stop();
  }
}

const COVERS: { readonly [C in KeyReport['covers']]: string } = {
  all: 'the whole key: relation, parameters and weights are what this model gives',
  facts: 'model, circuit and schema; the points of the key follow from no model',
};

function describe(key: string, { equal, modelHash, keyDigest, protocol, setup, covers, note }: KeyReport): string {
  const verdict = oneLine(equal ? `EQUAL  ${key}` : `DIFFERS  ${key}: ${note}`);
  const facts = [
    ['model', modelHash],
    ['key', keyDigest],
    ['protocol', protocol],
    ...(equal ? [['compared', COVERS[covers]]] : []),
  ];
  return `${verdict}\n${table(facts)}\n  ${SETUP_NOTICES[setup]}`;
}
