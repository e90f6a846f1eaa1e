/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Outputs that appear together or not at all. Each is written to `.tmp-…` in its own folder and synced; when all are whole they are renamed into
 * place, one after the other, and what they replace is kept aside until the last one is there. Nothing but renames is left to fail then, and
 * if one does, all of it is as before.
 *
 * The last one written is the one that others are read by: a proof beside its opening, a manifest, a verification key. What it replaces goes
 * first and it comes last, so that it never stands beside what is another's, wherever the process is killed. The renames are noted before
 * the first of them (temporary-file.ts): whoever writes in the folder next finishes what was begun.
 *
 * A file that is replaced keeps its permissions and, where we may say so, its owner. Links are followed; hard links are not: the other names
 * of a file keep what it held. Devices and pipes cannot be taken back: they get their bytes at once.
 */
import { constants, write as writeDescriptor, type Stats } from 'node:fs';
import { link, lstat, open, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { throwIfAborted, ZkonnxError } from '../base/errors.js';
import { codeOf, outputTarget, unwritable, type OutputTarget } from './output-target.js';
import { noteMoves, sweepOnce, temporaryName } from './temporary-file.js';

/** Where the writer of a large file puts its bytes, in order. */
export interface OutputFile {
  /** Bytes written so far. */
  readonly position: number;
  /** Appends all of `bytes`; the buffer may be reused once the promise resolves. Throws OUTPUT_UNWRITABLE, ABORTED. */
  write(bytes: Uint8Array): Promise<void>;
}

export type FileContent = string | Uint8Array | ((file: OutputFile) => Promise<void>);

export interface StageOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Permissions of the file, before the umask; by default those of the file that it replaces, or 0o666. Secrets take 0o600, which holds from
   * the first byte on, and belong to who wrote them.
   */
  readonly mode?: number;
}

interface Staged {
  /** As the user calls it. */
  readonly file: string;
  readonly temporary: string;
  readonly target: string;
}

export class OutputSet {
  #staged: Staged[] = [];
  #removed: string[] = [];

  /**
   * Writes an output as far as it can be without showing it.
   * Throws OUTPUT_UNWRITABLE (also for what outputTarget refuses), ABORTED, and whatever a `content` function throws.
   */
  async write(file: string, content: FileContent, { signal, mode }: StageOptions = {}): Promise<void> {
    throwIfAborted(signal, `writing ${file}`);
    const target = await outputTarget(file);
    if (target.kind !== 'file') {
      await writeThrough(file, target, content, signal);
      return;
    }
    const twin = this.#staged.find((staged) => staged.target === target.path);
    if (twin !== undefined) {
      throw new ZkonnxError('OUTPUT_UNWRITABLE', 'two outputs would be one file', {
        got: `${twin.file} and ${file}`,
        where: target.path,
        help: 'name them differently',
      });
    }
    await sweepOnce(path.dirname(target.path));
    const temporary = temporaryName(target.path);
    const handle = await onDisk(file, () => open(temporary, 'wx', mode));
    try {
      try {
        if (mode === undefined && target.existing !== undefined)
          await onDisk(file, () => resemble(handle, target.existing!));
        await fill(new Output(file, signal, someOf(handle)), content);
        await onDisk(file, () => handle.sync());
      } finally {
        await handle.close();
      }
      throwIfAborted(signal, `writing ${file}`);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    this.#staged.push({ file, temporary, target: target.path });
  }

  /** Whether the set writes this file. */
  has(file: string): boolean {
    return this.#staged.some((staged) => staged.file === file);
  }

  /** Where the bytes of an output of this set are until it is committed. */
  pathOf(file: string): string {
    return this.#staged.find((staged) => staged.file === file)?.temporary ?? file;
  }

  /** `file`, which exists and may be a link, goes when the others appear. */
  remove(file: string): void {
    this.#removed.push(file);
  }

  /** Shows all files, in the order in which they were written, after those to be removed are gone. Throws OUTPUT_UNWRITABLE: all is as before. */
  async commit(): Promise<void> {
    const steps = this.#staged.length + this.#removed.length;
    const isAlone = steps === 1;
    const notes = isAlone ? [] : await this.#note();
    const asides: string[] = [];
    const undo: (() => Promise<void>)[] = [];
    try {
      for (const file of this.#removed) {
        const aside = temporaryName(file);
        await onDisk(file, () => rename(file, aside));
        undo.push(() => putBack(aside, file));
        asides.push(aside);
      }
      const last = this.#staged.at(-1);
      const replaced = new Set<string>();
      for (const one of isAlone || last === undefined ? [] : [last, ...this.#staged.slice(0, -1)]) {
        const aside = await onDisk(one.file, () => keepAside(one.target, one === last));
        if (aside === undefined) continue;
        undo.push(() => putBack(aside, one.target));
        asides.push(aside);
        replaced.add(one.target);
      }
      for (const { file, temporary, target } of this.#staged) {
        await onDisk(file, () => rename(temporary, target));
        if (!replaced.has(target)) undo.push(() => rm(target, { force: true }));
      }
    } catch (error) {
      // One that cannot be undone must not keep the others from it.
      for (const step of undo.reverse()) await step().catch(() => undefined);
      for (const note of notes) await rm(note, { force: true });
      throw error;
    }
    this.#staged = [];
    this.#removed = [];
    for (const file of [...notes, ...asides]) await rm(file, { force: true });
  }

  /** Notes what is to be moved, a list a folder; the last file's folder comes last, for with its list the moves count as begun. */
  async #note(): Promise<string[]> {
    const moves = new Map<string, { shown: [string, string][]; removed: string[] }>();
    const movesOf = (file: string) => {
      const folder = path.dirname(file);
      const found = moves.get(folder) ?? { shown: [], removed: [] };
      moves.delete(folder);
      moves.set(folder, found);
      return found;
    };
    // One folder by two names would have two lists, and one of them might be all that is noted.
    for (const file of this.#removed) {
      const folder = await onDisk(file, () => realpath(path.dirname(file)));
      movesOf(path.join(folder, path.basename(file))).removed.push(path.basename(file));
    }
    for (const { temporary, target } of this.#staged) {
      movesOf(target).shown.push([path.basename(temporary), path.basename(target)]);
    }
    const notes: string[] = [];
    try {
      for (const [folder, those] of moves) notes.push(await onDisk(folder, () => noteMoves(folder, those)));
    } catch (error) {
      for (const note of notes) await rm(note, { force: true });
      throw error;
    }
    return notes;
  }

  /** Removes what was written and not shown. */
  async discard(): Promise<void> {
    for (const { temporary } of this.#staged) await rm(temporary, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard();
  }
}

/** Gives a new file the permissions and, where the system lets us, the owner and group of the one that it will replace. */
async function resemble(handle: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await handle.stat();
  const isRoot = process.geteuid?.() === 0;
  // Not everybody may: then the file belongs to who wrote it, as after any save that replaces a file.
  if (own.uid !== uid || own.gid !== gid) await handle.chown(isRoot ? uid : own.uid, gid).catch(() => undefined);
  await handle.chmod(mode & 0o777);
}

/**
 * Another name for what is at `target`, if anything is. A second one, where the file system has hard links and it is not to go away: then
 * there is something at `target` at every moment.
 */
async function keepAside(target: string, goesAway: boolean): Promise<string | undefined> {
  const aside = temporaryName(target);
  try {
    if (!goesAway) {
      await link(target, aside);
      return aside;
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
  }
  const found = await lstat(target).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  // Made since: a folder has no second name, and is nobody's to move away.
  if (found.isDirectory()) throw new Error('a folder has come to be there');
  await rename(target, aside);
  return aside;
}

async function putBack(aside: string, file: string): Promise<void> {
  await rename(aside, file);
  // Two names of one file: renaming one to the other leaves both.
  await rm(aside, { force: true });
}

/** Writes to what cannot be replaced. It does not wait for a reader: a pipe that nobody reads is an error. */
async function writeThrough(
  file: string,
  target: Exclude<OutputTarget, { kind: 'file' }>,
  content: FileContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (target.kind === 'descriptor') {
    await fill(new Output(file, signal, patient(descriptorWriter(target.descriptor), signal, file)), content);
    return;
  }
  const handle = await open(target.path, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY).catch(
    (cause: unknown) => {
      throw codeOf(cause) === 'ENXIO' ? unread(file, cause) : unwritable(file, cause);
    },
  );
  try {
    await fill(new Output(file, signal, patient(someOf(handle), signal, file)), content);
  } finally {
    await handle.close();
  }
}

function unread(file: string, cause: unknown): ZkonnxError {
  return new ZkonnxError('OUTPUT_UNWRITABLE', 'the output is a pipe that nobody reads', {
    where: file,
    help: 'start its reader first, or name a file',
    cause,
  });
}

/** Writes some of the bytes from `start` on, and says how many. */
type WriteSome = (bytes: Uint8Array, start: number) => Promise<number>;

const someOf =
  (handle: FileHandle): WriteSome =>
  async (bytes, start) =>
    (await handle.write(bytes, start, bytes.length - start)).bytesWritten;

const writeToDescriptor = promisify(writeDescriptor);

const descriptorWriter =
  (descriptor: number): WriteSome =>
  async (bytes, start) =>
    (await writeToDescriptor(descriptor, bytes, start, bytes.length - start, null)).bytesWritten;

const READER_PAUSE_MS = 5;

/** Waits while a pipe is full, until its reader goes on or the caller aborts. */
function patient(write: WriteSome, signal: AbortSignal | undefined, file: string): WriteSome {
  return async (bytes, start) => {
    for (;;) {
      try {
        return await write(bytes, start);
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') throw error;
        throwIfAborted(signal, `writing ${file}`);
        await delay(READER_PAUSE_MS);
      }
    }
  };
}

async function fill(output: OutputFile, content: FileContent): Promise<void> {
  if (typeof content === 'function') await content(output);
  else await output.write(typeof content === 'string' ? new TextEncoder().encode(content) : content);
}

class Output implements OutputFile {
  position = 0;

  constructor(
    private readonly file: string,
    private readonly signal: AbortSignal | undefined,
    private readonly writeSome: WriteSome,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    throwIfAborted(this.signal, `writing ${this.file}`);
    // A disk that fills up makes short writes before it makes errors.
    for (let done = 0; done < bytes.length;) {
      const start = done;
      done += await onDisk(this.file, () => this.writeSome(bytes, start));
    }
    this.position += bytes.length;
  }
}

async function onDisk<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw cause instanceof ZkonnxError ? cause : unwritable(file, cause);
  }
}
