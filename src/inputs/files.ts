/**
 * Opening what a user named: regular files only, of a bounded size, with errors that name the file.
 * Nothing here looks at the content.
 */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { ZkonnxError } from '../base/errors.js';

/** Largest file read whole, unless `ReadOptions.maxFileBytes` says otherwise; JSONL and CSV bound each line with it. */
export const DEFAULT_MAX_FILE_BYTES = 256 * 2 ** 20;

const NEWLINE = 0x0a;

export function formatBytes(bytes: number): string {
  if (bytes < 2 ** 20) return `${bytes} bytes`;
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

/** @throws ZkonnxError FILE_UNREADABLE for everything the file system refuses. */
export async function statPath(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/**
 * Reads a regular file whole; its size is checked before a byte is read.
 * @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE.
 */
export async function readBounded(path: string, maxBytes: number): Promise<Buffer> {
  const stats = await statPath(path);
  if (!stats.isFile()) throw notAFile(path);
  if (stats.size > maxBytes) throw tooLarge(path, stats.size, maxBytes);
  try {
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.allocUnsafe(stats.size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without the line feed; a carriage return before it is kept. */
  readonly bytes: Buffer;
}

/**
 * Lines of a regular file, read as they are asked for: the file may be of any size, a line at most `maxLineBytes`.
 * @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE.
 */
export async function* readLines(path: string, maxLineBytes: number): AsyncGenerator<Line> {
  if (!(await statPath(path)).isFile()) throw notAFile(path);
  yield* linesOf(chunks(path), path, maxLineBytes);
}

/** Lines of what comes in pieces. @throws ZkonnxError FILE_TOO_LARGE for a line of more than `maxLineBytes`. */
export async function* linesOf(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  path: string,
  maxLineBytes: number,
): AsyncGenerator<Line> {
  let number = 0;
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  const takeLine = (last: Buffer): Line => {
    const bytes = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    return { number: ++number, bytes };
  };
  for await (const chunk of pieces) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield takeLine(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > maxLineBytes) throw lineTooLong(path, number + 1, maxLineBytes);
  }
  if (pendingBytes > 0) yield takeLine(Buffer.alloc(0));
}

async function* chunks(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 18 })) yield chunk as Buffer;
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): ZkonnxError {
  const code = (cause as { code?: unknown } | null)?.code;
  const reasons: Record<string, string> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    ENOTDIR: 'a part of the path is no folder',
    ELOOP: 'the links go in a circle',
  };
  return new ZkonnxError('FILE_UNREADABLE', `cannot read ${path}`, {
    got: (typeof code === 'string' ? (reasons[code] ?? code) : undefined) ?? String(cause),
    cause,
  });
}

function notAFile(path: string): ZkonnxError {
  return new ZkonnxError('FILE_UNREADABLE', `cannot read ${path}`, {
    expected: 'a regular file',
    got: 'a folder, device or pipe',
    help: 'write the input to a file first',
  });
}

function tooLarge(path: string, size: number, maxBytes: number): ZkonnxError {
  return new ZkonnxError('FILE_TOO_LARGE', `${path} is too large to read whole`, {
    expected: `at most ${formatBytes(maxBytes)}`,
    got: formatBytes(size),
    help: 'split it, or use JSONL (one sample a line), which is read as a stream',
  });
}

function lineTooLong(path: string, line: number, maxBytes: number): ZkonnxError {
  return new ZkonnxError('FILE_TOO_LARGE', `a line of ${path} is too long`, {
    expected: `at most ${formatBytes(maxBytes)} a line`,
    where: `line ${line}`,
    help: 'JSONL and CSV hold one sample a line',
  });
}
