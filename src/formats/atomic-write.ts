/**
 * Outputs appear whole or not at all: they are written to `.tmp-…` in their own folder, synced and renamed. The temporary file is
 * removed when anything fails or the caller aborts.
 */
import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted, ZkonnxError } from '../base/errors.js';

/** Where the writer of a large file puts its bytes, in order. */
export interface OutputFile {
  /** Bytes written so far. */
  readonly position: number;
  /** Appends all of `bytes`; the buffer may be reused once the promise resolves. Throws OUTPUT_UNWRITABLE, ABORTED. */
  write(bytes: Uint8Array): Promise<void>;
}

export type FileContent = string | Uint8Array | ((file: OutputFile) => Promise<void>);

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Permissions of the file, before the umask; default 0o666. Secrets take 0o600, which holds from the first byte on. */
  readonly mode?: number;
}

/**
 * Writes `file`, replacing an older one only once every byte is on the disk.
 * Throws OUTPUT_UNWRITABLE (folder missing, no permission, disk full), ABORTED, and whatever a `content` function throws.
 */
export async function writeFileAtomically(
  file: string,
  content: FileContent,
  options: WriteOptions = {},
): Promise<void> {
  throwIfAborted(options.signal, `writing ${file}`);
  const temporary = path.join(path.dirname(file), `.tmp-${path.basename(file)}-${randomBytes(6).toString('hex')}`);
  const handle = await onDisk(file, () => open(temporary, 'wx', options.mode));
  try {
    try {
      const output = new Output(handle, file, options.signal);
      if (typeof content === 'function') await content(output);
      else await output.write(typeof content === 'string' ? new TextEncoder().encode(content) : content);
      await onDisk(file, () => handle.sync());
    } finally {
      await handle.close();
    }
    throwIfAborted(options.signal, `writing ${file}`);
    await onDisk(file, () => rename(temporary, file));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The same of content in chunks, whose buffers may be reused from one to the next. Throws OUTPUT_UNWRITABLE, ABORTED. */
export async function writeChunksAtomically(
  file: string,
  chunks: Iterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  await writeFileAtomically(
    file,
    async (output) => {
      for (const chunk of chunks) await output.write(chunk);
    },
    options,
  );
}

class Output implements OutputFile {
  position = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly file: string,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    throwIfAborted(this.signal, `writing ${this.file}`);
    // A disk that fills up makes short writes before it makes errors.
    for (let done = 0; done < bytes.length;) {
      const start = done;
      const { bytesWritten } = await onDisk(this.file, () => this.handle.write(bytes, start, bytes.length - start));
      done += bytesWritten;
    }
    this.position += bytes.length;
  }
}

async function onDisk<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new ZkonnxError('OUTPUT_UNWRITABLE', 'cannot write the output', {
      got: cause instanceof Error ? cause.message : String(cause),
      where: file,
      help: 'check that the folder exists, that it may be written and that the disk has room',
      cause,
    });
  }
}
