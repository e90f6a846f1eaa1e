/** Where results are written: missing folders are made, files appear whole or not at all, and what a result is made from stays. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../formats/atomic-write.js';
import type { FileContent, WriteOptions } from '../formats/atomic-write.js';
import { makeFolder } from '../formats/make-folder.js';
import { artifactPaths, keyPaths } from '../formats/manifest.js';
import { OutputSet } from '../formats/output-set.js';
import { outputTarget } from '../formats/output-target.js';
import { openRegular } from '../formats/regular-file.js';
import { usage } from './options.js';
import { isOfKind, titleOf, type OutputKind } from './output-kinds.js';
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

/** What stands at a path: a folder, something else, or nothing. */
export async function kindOf(file: string): Promise<'folder' | 'file' | 'nothing'> {
  try {
    return (await stat(file)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}

const STDOUT = 1;

export interface OutputRules {
  /** What is written: a file of another kind is not replaced unless `force`. */
  readonly kind: OutputKind;
  readonly force?: boolean | undefined;
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
 * USAGE for an output that is also an input, for one that is no file where another belongs beside it, for one that would replace a file of
 * another kind, and for stdout with --json.
 */
export async function claimOutput(
  session: Session,
  file: string,
  { kind, force, from = [], beside }: OutputRules,
): Promise<void> {
  const target = await outputTarget(file);
  if (target.kind === 'file') {
    if (target.existing === undefined) return;
    for (const input of from) {
      if (await areSame(input, target.path)) {
        throw usage('the output would replace what it is made from', 'another file', file);
      }
    }
    if (force !== true) await requireKind(file, kind);
    return;
  }
  if (beside !== undefined) throw usage(`${beside} is written beside the output, which is no file`, 'a file', file);
  if (target.kind === 'descriptor' && target.descriptor === STDOUT) session.leaveStdout(file);
}

/** Files of our own kinds are smaller, but for those that are known by their first bytes. */
const MAX_KNOWN_BYTES = 64 * 2 ** 20;

/** Throws USAGE for a file that is there and of another kind, FILE_UNREADABLE. */
export async function requireKind(file: string, kind: OutputKind): Promise<void> {
  const handle = await openRegular(file);
  try {
    const bytes = Buffer.alloc(Math.min((await handle.stat()).size, MAX_KNOWN_BYTES));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    if (isOfKind(bytes.subarray(0, bytesRead), kind)) return;
  } finally {
    await handle.close();
  }
  throw usage(
    'the output would replace a file of another kind',
    `${titleOf(kind)}, or no file`,
    file,
    'name another file, or add --force to have this one replaced',
  );
}

/**
 * What `compile` writes in a folder is an artifact's, and replaces an artifact's. `from` are the files it reads; the model may be the
 * artifact's own. Throws USAGE where another of them would be replaced, and for files of another kind unless `force`.
 */
export async function claimArtifact(
  dir: string,
  model: string,
  from: readonly string[],
  force: boolean | undefined,
): Promise<void> {
  const paths = artifactPaths(dir);
  const written = [paths.manifest, paths.circuit, paths.program, paths.accuracy, paths.model];
  for (const file of written) {
    for (const input of file === paths.model ? from : [model, ...from]) {
      if (await areSame(input, file)) {
        throw usage('the artifact would replace what it is made from', 'another folder', file);
      }
    }
  }
  if (force === true) return;
  const kinds = [
    [paths.manifest, 'manifest'],
    [paths.circuit, 'circuit'],
    [paths.program, 'program'],
    [paths.accuracy, 'accuracy'],
  ] as const;
  for (const [file, kind] of kinds) if ((await kindOf(file)) === 'file') await requireKind(file, kind);
  // Models look alike: one in a folder that holds no artifact is somebody's.
  const isOthers = (await Promise.all([paths.manifest, paths.circuit, paths.program].map(kindOf))).every(
    (kind) => kind === 'nothing',
  );
  if (isOthers && (await kindOf(paths.model)) === 'file' && !(await areSame(model, paths.model))) {
    throw usage(
      'the artifact would replace a model in a folder that is no artifact',
      'a new folder, or one that compile wrote',
      paths.model,
      'name another folder, or add --force to have the model replaced',
    );
  }
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
