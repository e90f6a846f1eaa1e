/** Jobs of the ezkl backend in worker threads, and the files they are given. */
import { ZkonnxError } from '../base/errors.js';
import { formatBytes, readBounded } from '../inputs/files.js';
import { WorkerPool } from '../pool/worker-pool.js';
import type { EzklResult, EzklTask } from './jobs.js';

/** The engine blocks its thread for a whole job and can only be stopped by ending the thread, which the pool does on abort. */
export type EzklPool = WorkerPool<EzklTask, EzklResult>;

/** A path, or the file's bytes. */
export type EzklFile = string | Uint8Array;

export interface EzklRunOptions {
  /** Ends the worker of a running job and drops a waiting one. */
  readonly signal?: AbortSignal | undefined;
}

/** Largest file handed to the engine; its whole memory is 4 GiB, and it holds a key several times over while it works. */
export const MAX_EZKL_FILE_BYTES = 2 ** 30;

/**
 * A pool for `verifyEzkl` and `proveEzkl`, to be closed by its owner.
 * @param threads jobs run side by side; each may take up to 4 GiB of memory beside its files.
 */
export function openEzklPool(threads = 1): EzklPool {
  return new WorkerPool('ezkl', { threads });
}

/** Runs with the pool given, or with one made for this call. */
export async function withPool<T>(pool: EzklPool | undefined, use: (pool: EzklPool) => Promise<T>): Promise<T> {
  if (pool !== undefined) return use(pool);
  await using own = openEzklPool();
  return await use(own);
}

/**
 * The file's bytes.
 * @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE.
 */
export async function readEzklFile(file: EzklFile, maxBytes: number = MAX_EZKL_FILE_BYTES): Promise<Uint8Array> {
  if (typeof file === 'string') return readBounded(file, maxBytes);
  if (file.byteLength <= maxBytes) return file;
  throw new ZkonnxError('FILE_TOO_LARGE', 'a file of the ezkl backend is too large', {
    expected: `at most ${formatBytes(maxBytes)}`,
    got: formatBytes(file.byteLength),
  });
}
