/**
 * Opening files that a user or an artifact names. A pipe would be waited for, and a device may do anything: both are refused, without waiting,
 * and so are folders and sockets.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ZkonnxError } from '../base/errors.js';
import { isOutOfFiles, OPEN_FILES_HELP } from './open-files.js';

/** Opening a pipe returns at once, reading a regular file is as ever. Windows knows no such flag, and no such pipes. */
const FLAGS = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);

/** A process that may open no more files closes some of its own soon. */
const ATTEMPTS = 20;
const PAUSE_MS = 25;

/** Throws FILE_UNREADABLE. */
export async function openRegular(file: string): Promise<FileHandle> {
  const handle = await openPatiently(file);
  try {
    if (!(await handle.stat()).isFile()) throw notRegular(file);
    return handle;
  } catch (error) {
    await handle.close();
    throw error instanceof ZkonnxError ? error : unreadable(file, error);
  }
}

async function openPatiently(file: string): Promise<FileHandle> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await open(file, FLAGS);
    } catch (cause) {
      if (attempt === ATTEMPTS || !isOutOfFiles(cause)) throw unreadable(file, cause);
      await delay(PAUSE_MS);
    }
  }
}

/** The descriptor of the file. Throws FILE_UNREADABLE. */
export function openRegularSync(file: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(file, FLAGS);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw notRegular(file);
}

/** The whole of the file; one of more than `maxBytes` is not read. Throws FILE_UNREADABLE, FILE_TOO_LARGE. */
export async function readRegular(file: string, maxBytes = Infinity): Promise<Buffer> {
  const handle = await openRegular(file);
  try {
    const { size } = await handle.stat();
    if (size > maxBytes) throw tooLarge(file, size, maxBytes);
    return await handle.readFile();
  } catch (cause) {
    throw cause instanceof ZkonnxError ? cause : unreadable(file, cause);
  } finally {
    await handle.close();
  }
}

/** The file in chunks, each a buffer of its own. Throws FILE_UNREADABLE. */
export async function* regularChunks(file: string, chunkBytes = 2 ** 20): AsyncGenerator<Uint8Array> {
  const handle = await openRegular(file);
  try {
    for (;;) {
      const { bytesRead, buffer } = await handle
        .read(new Uint8Array(chunkBytes), 0, chunkBytes)
        .catch((cause: unknown) => Promise.reject(unreadable(file, cause)));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

function notRegular(file: string): ZkonnxError {
  return new ZkonnxError('FILE_UNREADABLE', 'cannot read the file', {
    expected: 'a regular file',
    got: 'a folder, device, pipe or socket',
    where: file,
    help: 'write its content to a file first',
  });
}

function tooLarge(file: string, size: number, maxBytes: number): ZkonnxError {
  return new ZkonnxError('FILE_TOO_LARGE', 'the file is too large', {
    expected: `at most ${maxBytes} bytes`,
    got: `${size} bytes`,
    where: file,
    help: 'a file of this name is never so large: see where it comes from',
  });
}

/** What reading a file failed with. */
export function unreadable(file: string, cause: unknown): ZkonnxError {
  return new ZkonnxError('FILE_UNREADABLE', 'cannot read the file', {
    got: cause instanceof Error ? cause.message : String(cause),
    where: file,
    ...(isOutOfFiles(cause) ? { help: OPEN_FILES_HELP } : {}),
    cause,
  });
}
