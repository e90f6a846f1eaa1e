/** Where results are written: missing folders are made, files appear whole or not at all. */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { writeFileAtomically } from '../formats/atomic-write.js';
import type { FileContent, WriteOptions } from '../formats/atomic-write.js';

/** Writes `file`, making its folder where that is missing. Throws OUTPUT_UNWRITABLE, ABORTED. */
export async function writeOutput(file: string, content: FileContent, options: WriteOptions = {}): Promise<void> {
  await makeFolder(path.dirname(file));
  await writeFileAtomically(file, content, options);
}

/** Throws OUTPUT_UNWRITABLE. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new ZkonnxError('OUTPUT_UNWRITABLE', 'cannot create the output folder', {
      got: cause instanceof Error ? cause.message : String(cause),
      where: folder,
      cause,
    });
  }
}

/** What stands at a path where something is to be written. */
export async function kindOf(file: string): Promise<'folder' | 'file' | 'nothing'> {
  try {
    return (await stat(file)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'nothing';
  }
}

/** A result that is one file cannot take the place of a folder: said before the work is done. Throws OUTPUT_UNWRITABLE. */
export async function requireFilePath(file: string): Promise<void> {
  if ((await kindOf(file)) !== 'folder') return;
  throw new ZkonnxError('OUTPUT_UNWRITABLE', 'the output is one file, and its name is a folder', {
    where: file,
    help: `name a file in it: -o ${path.join(file, 'NAME')}`,
  });
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
