/** zkonnx run: the integer program on inputs, without a proof, next to the float model's own answer. */
import { Command } from 'commander';
import { oneLine } from '../../base/printable.js';
import type { RunResult } from '../../prove/run.js';
import { artifactInputs } from '../artifact-inputs.js';
import { examples } from '../options.js';
import { pictureOptions } from '../picture-flags.js';
import type { PictureFlags } from '../picture-flags.js';
import type { Outcome, Session } from '../session.js';
import { real, tensor } from '../text.js';

interface RunFlags extends PictureFlags {
  readonly in: string;
}

export function runCommand(session: Session): Command {
  const command = new Command('run')
    .description(
      "run the integer program without a proof, next to the float model's answer (onnxruntime's where it is installed)",
    )
    .argument('<artifact>', 'the folder that compile wrote')
    .requiredOption('--in <input>', 'JSON, JSONL, CSV, .npy, .npz, .pb, PNG, JPEG, a folder of them, or - for stdin');
  return pictureOptions(command)
    .addHelpText('after', examples([['zkonnx run artifacts/iris --in flower.json', 'what prove would prove']]))
    .action(session.action((artifact: string, flags: RunFlags) => run(session, artifact, flags)));
}

type Answer = RunResult & { readonly id: string };

async function run(session: Session, artifact: string, flags: RunFlags): Promise<Outcome> {
  const { openRunner } = await import('../../evaluate/runner.js');
  const { samplesOf } = await import('../input-files.js');
  const { shapeDifferences } = await import('../../prove/run.js');
  const runner = await openRunner(artifact);
  try {
    const inputs = await artifactInputs(runner.manifest.schema, flags);
    const answers: Answer[] = [];
    for await (const sample of samplesOf(session, flags.in, inputs)) {
      answers.push({ id: sample.id, ...(await runner.run(sample)) });
    }
    for (const difference of new Set(answers.flatMap(shapeDifferences))) session.log(difference);
    const { referenceName, referenceMissing } = runner;
    if (referenceMissing !== undefined) session.log(`float answers by ${referenceName}: ${referenceMissing}`);
    const judge = { referenceName, ...(referenceMissing === undefined ? {} : { referenceMissing }) };
    return { json: { ...document(answers), ...judge }, text: answers.map(describe).join('\n\n') };
  } finally {
    await runner.close();
  }
}

/** One sample is the document itself; of a batch, `samples` holds one such document each. */
function document(answers: readonly Answer[]): object {
  const [only] = answers;
  if (answers.length === 1 && only !== undefined) return only;
  return { samples: answers, maxAbsError: answers.reduce((max, answer) => Math.max(max, answer.maxAbsError), 0) };
}

function describe({ id, outputs, reference, maxAbsError }: Answer): string {
  const lines = Object.entries(outputs).flatMap(([name, value]) => [
    `  integer  ${tensor(name, value)}`,
    `  float    ${tensor(name, reference[name]!)}`,
  ]);
  return [oneLine(id), ...lines, `  largest difference ${real(maxAbsError)}`].join('\n');
}
