/** Folders that outputs go to. */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from './output-target.js';
import { ZkonnxError } from '../base/errors.js';

/**
 * Makes `folder` and what is missing above it. Not by Node's `recursive`: where a system says of a folder that is there that it is not (as
 * /proc does of folders to be made in it), that one asks again for ever. Throws OUTPUT_UNWRITABLE.
 */
export async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  try {
    for (let at = folder; !(await isFolder(at)); at = path.dirname(at)) {
      missing.push(at);
      if (path.dirname(at) === at) break;
    }
    for (const at of missing.reverse()) await makeOne(at);
  } catch (cause) {
    throw new ZkonnxError('OUTPUT_UNWRITABLE', 'cannot create the output folder', {
      got: cause instanceof Error ? cause.message : String(cause),
      where: folder,
      cause,
    });
  }
}

async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Somebody else may make it at the same time. */
async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await isFolder(folder))) throw error;
  }
}
