/** Where results are written: missing folders are made, files appear whole or not at all, and what a result is made from stays. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../formats/atomic-write.js';
import type { FileContent, WriteOptions } from '../formats/atomic-write.js';
import { makeFolder } from '../formats/make-folder.js';
import { artifactPaths, keyPaths } from '../formats/manifest.js';
import { OutputSet } from '../formats/output-set.js';
import { outputTarget } from '../formats/output-target.js';
import { usage } from './options.js';
import type { Session } from './session.js';

/** Writes `file`, making its folder where that is missing. Throws OUTPUT_UNWRITABLE, ABORTED. */
export async function writeOutput(file: string, content: FileContent, options: WriteOptions = {}): Promise<void> {
  await makeFolder(path.dirname(file));
  await writeFileAtomically(file, content, options);
}

export interface OutputOf {
  readonly file: string;
  readonly content: FileContent;
  readonly mode?: number;
}

/** The same of several files, which appear together, in this order. */
export async function writeOutputs(
  outputs: readonly OutputOf[],
  { signal }: Pick<WriteOptions, 'signal'> = {},
): Promise<void> {
  await using set = new OutputSet();
  for (const { file, content, ...options } of outputs) {
    await makeFolder(path.dirname(file));
    await set.write(file, content, { signal, ...options });
  }
  await set.commit();
}

export { makeFolder };

/** What stands at a path where something is to be written. */
export async function kindOf(file: string): Promise<'folder' | 'file' | 'nothing'> {
  try {
    return (await stat(file)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}

const STDOUT = 1;

export interface OutputRules {
  /** What the result is made from; files that are not there do no harm. */
  readonly from?: readonly string[];
  /** What is written beside the result, under a name made from its name. */
  readonly beside?: string | undefined;
}

/** What no file may take the place of is refused before the work is done. Throws OUTPUT_UNWRITABLE. */
export async function requireFilePath(file: string): Promise<void> {
  await outputTarget(file);
}

/**
 * `requireFilePath` for a result that goes to `file` now. It may go to stdout: the report is then for stderr. Throws OUTPUT_UNWRITABLE, and
 * USAGE for an output that is also an input, for one that is no file where another belongs beside it, and for stdout with --json.
 */
export async function claimOutput(
  session: Session,
  file: string,
  { from = [], beside }: OutputRules = {},
): Promise<void> {
  const target = await outputTarget(file);
  if (target.kind === 'file') {
    if (target.existing === undefined) return;
    for (const input of from) {
      if (await areSame(input, target.path)) {
        throw usage('the output would replace what it is made from', 'another file', file);
      }
    }
    return;
  }
  if (beside !== undefined) throw usage(`${beside} is written beside the output, which is no file`, 'a file', file);
  if (target.kind === 'descriptor' && target.descriptor === STDOUT) session.leaveStdout(file);
}

/** The files that an artifact, a folder or one of its files, consists of. */
export function artifactFiles(artifact: string): string[] {
  return [artifact, ...Object.values(artifactPaths(artifact)), ...keyPaths(artifact)];
}

async function areSame(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([a, b].map((file) => stat(file, { bigint: true }).catch(() => undefined)));
  return left !== undefined && right !== undefined && left.dev === right.dev && left.ino === right.ino;
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
