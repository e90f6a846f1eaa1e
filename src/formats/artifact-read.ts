/**
 * Reading files of an artifact that belong together while somebody may be replacing them. A reader takes no lock, so that folders that nobody
 * may write serve too; it reads, and looks whether what it read from was replaced meanwhile.
 */
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfAborted, ZkonnxError } from '../base/errors.js';
import { ArtifactLock, lockState } from './artifact-lock.js';
import { artifactPaths, keyPaths } from './manifest.js';

/** Commits take milliseconds; one that is stopped in the middle of its renames is not waited for longer. */
const ATTEMPTS = 8;
const PAUSE_MS = 60;

/**
 * What `read` gives, read from files that stood there together. It is called again where they were replaced under it; `discard` frees what an
 * earlier call gave. Where a process was killed while it wrote there, what it had begun is finished first, if the folder may be written.
 * Throws what `read` throws of files that stay, ARTIFACT_LOCKED for files that do not, ABORTED.
 */
export async function readingArtifact<T>(
  dir: string,
  read: () => Promise<T>,
  {
    signal,
    discard,
  }: { readonly signal?: AbortSignal | undefined; readonly discard?: (value: T) => Promise<void> } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal, 'reading the artifact');
    await settle(dir);
    const before = await stamp(dir);
    let value: T;
    try {
      value = await read();
    } catch (error) {
      const isMoving = error instanceof ZkonnxError && (await hasChanged(dir, before));
      if (!isMoving || attempt === ATTEMPTS) throw error;
      await delay(PAUSE_MS);
      continue;
    }
    if ((await stamp(dir)) === before) return value;
    await discard?.(value);
    if (attempt === ATTEMPTS) throw unsteady(dir);
    await delay(PAUSE_MS);
  }
}

/** Whether another look may find something else: files were replaced, or are going to be. */
async function hasChanged(dir: string, before: string): Promise<boolean> {
  return (await stamp(dir)) !== before || (await lockState(dir)) === 'alive';
}

/** What tells the files of a folder from others of the same names: renaming and linking change it, reading does not. */
async function stamp(dir: string): Promise<string> {
  const files = [...Object.values(artifactPaths(dir)), ...keyPaths(dir)];
  const stamps = files.map(async (file) => {
    const found = await stat(file, { bigint: true }).catch(() => undefined);
    return found === undefined ? '' : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(':');
  });
  return (await Promise.all(stamps)).join(' ');
}

/** Finishes what a dead process had begun. A folder that may not be written stays as it is; what does not fit in it then, `read` says. */
async function settle(dir: string): Promise<void> {
  if ((await lockState(dir)) !== 'dead') return;
  const lock = await ArtifactLock.take(dir, 'finishing what another had begun').catch(() => undefined);
  await lock?.release();
}

function unsteady(dir: string): ZkonnxError {
  return new ZkonnxError('ARTIFACT_LOCKED', 'the files of the artifact are being replaced all the time', {
    where: dir,
    help: 'try again when nobody writes there',
  });
}
