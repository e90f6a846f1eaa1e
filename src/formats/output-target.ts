/**
 * Where the bytes of an output go. The name that a user gives may be a link, a device, a pipe or a descriptor of this process: a file must not
 * take the place of any of them. Links are followed to what they name, dangling ones to what they would name.
 */
import { constants, type Stats } from 'node:fs';
import { open, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';

export type OutputTarget =
  /** A regular file, or none yet: `path` is no link. */
  | { readonly kind: 'file'; readonly path: string; readonly existing: Stats | undefined }
  /** A character device or a named pipe: opened and written to. */
  | { readonly kind: 'stream'; readonly path: string }
  /** /dev/stdout and its like. Written to as it is: opened anew, a file that a shell redirects to would be written from its start. */
  | { readonly kind: 'descriptor'; readonly descriptor: number };

/** As many as Linux follows. */
const MAX_LINKS = 40;

/**
 * Throws OUTPUT_UNWRITABLE for a folder, a block device, a socket, links that lead nowhere, and a file that may not be written. That the folder
 * exists is not checked.
 */
export async function outputTarget(file: string): Promise<OutputTarget> {
  // The system's own way along the links goes first: it knows loops, and links in shared folders that are not to be followed.
  const existing = await stat(file).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw unwritable(file, cause);
  });
  if (existing?.isDirectory() === true) {
    throw new ZkonnxError('OUTPUT_UNWRITABLE', 'the output is one file, and its name is a folder', {
      where: file,
      help: `name a file in it: ${path.join(file, 'NAME')}`,
    });
  }
  if (existing?.isBlockDevice() === true) throw notTaken(file, 'a block device', 'its content would be destroyed');
  const end = await followLinks(file);
  if (typeof end === 'number') return { kind: 'descriptor', descriptor: end };
  if (existing === undefined) return { kind: 'file', path: end, existing };
  if (existing.isCharacterDevice() || existing.isFIFO()) return { kind: 'stream', path: file };
  if (!existing.isFile()) throw notTaken(file, 'a socket', 'it cannot be opened as a file');
  // The folder may let us replace what the file itself forbids to change.
  await open(end, constants.O_WRONLY).then(
    (handle) => handle.close(),
    (cause: unknown) => Promise.reject(unwritable(file, cause)),
  );
  return { kind: 'file', path: end, existing };
}

/** The path at the end of the links, or the number of a descriptor of this process. */
async function followLinks(file: string): Promise<string | number> {
  let at = file;
  for (let links = 0; links <= MAX_LINKS; links++) {
    const folder = await realpath(path.dirname(at)).catch(() => undefined);
    if (folder === undefined) return at;
    const whole = path.join(folder, path.basename(at));
    if (OWN_DESCRIPTORS.test(folder) && /^\d+$/.test(path.basename(at))) return Number(path.basename(at));
    const link = await readlink(whole).catch(() => undefined);
    if (link === undefined) return whole;
    // Not joined: `..` behind a link of the middle is the system's to resolve.
    at = path.isAbsolute(link) ? link : `${folder}${path.sep}${link}`;
  }
  throw unwritable(file, new Error(`more than ${MAX_LINKS} symbolic links`));
}

/** Folders of this process's descriptors, without links: of Linux, and of macOS. */
const OWN_DESCRIPTORS = new RegExp(`^(?:/proc/${process.pid}(?:/task/\\d+)?/fd|/dev/fd)$`);

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

export function unwritable(file: string, cause: unknown): ZkonnxError {
  return new ZkonnxError('OUTPUT_UNWRITABLE', 'cannot write the output', {
    got: cause instanceof Error ? cause.message : String(cause),
    where: file,
    help: 'check that the folder exists, that it may be written and that the disk has room',
    cause,
  });
}

function notTaken(file: string, what: string, why: string): ZkonnxError {
  return new ZkonnxError('OUTPUT_UNWRITABLE', `the output is ${what}: ${why}`, {
    expected: 'a file, a character device or a pipe',
    where: file,
    help: 'name a file',
  });
}
