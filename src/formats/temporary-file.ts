/**
 * The hidden files beside outputs: what is not whole yet, what is kept aside while others take its place, and lists of moves that were begun.
 * Their names say which process they are of; those of processes that are gone are cleared away, secrets first, by whoever writes in that
 * folder next. A list of moves says that everything was whole when its process ended: then the moves are finished instead.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ownerState, ownOwner, OWNER_PATTERN } from './process-owner.js';

const NAME = new RegExp(String.raw`^\.tmp-.*-(${OWNER_PATTERN})-[0-9a-f]{12}(\.moves)?$`, 's');

/** With what stands around it, as long as a file's name may be (255 bytes). */
const MAX_BASE_BYTES = 160;

/** Files of processes elsewhere, of which nobody here can tell whether they go on, are left for so long after the last write. */
const ELSEWHERE_MS = 7 * 24 * 3600 * 1000;

/** A new name beside `file`, so that renaming works; hidden, so that nothing takes it for a result. */
export function temporaryName(file: string): string {
  const base = Buffer.from(path.basename(file));
  // A character that is cut in two becomes one that stands for it.
  const short = base.length <= MAX_BASE_BYTES ? base.toString() : base.subarray(0, MAX_BASE_BYTES).toString();
  return path.join(path.dirname(file), `.tmp-${short}-${ownOwner()}-${randomBytes(6).toString('hex')}`);
}

/** What a commit does in one folder; plain names of files in it. */
export interface Moves {
  /** From a temporary name to its own. */
  readonly shown: readonly (readonly [temporary: string, name: string])[];
  readonly removed: readonly string[];
}

/** Notes moves in `folder` before the first of them; `rm` the path it gives after the last. All files that are to be shown are whole by then. */
export async function noteMoves(folder: string, moves: Moves): Promise<string> {
  const file = `${temporaryName(path.join(folder, 'moves'))}.moves`;
  try {
    await writeFile(file, JSON.stringify(moves), { flag: 'wx', flush: true });
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
  return file;
}

/** A commit moves some dozens of files. */
const MAX_LIST_BYTES = 2 ** 20;

const swept = new Set<string>();

/** `sweep`, once a folder and process. */
export async function sweepOnce(folder: string): Promise<void> {
  const key = path.resolve(folder);
  if (swept.has(key)) return;
  swept.add(key);
  await sweep(folder);
}

/**
 * Finishes the moves of processes of this machine that are gone, and removes what else they left in `folder`. What cannot be removed stays. Lists of
 * other machines are not believed: a folder that came from elsewhere may hold one that takes files away.
 */
export async function sweep(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const left = [];
  for (const name of names) {
    const [, owner, moves] = NAME.exec(name) ?? [];
    if (owner === undefined) continue;
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found?.isFile() === true && isAbandoned(owner, found.mtimeMs)) {
      const isBegun = moves !== undefined && ownerState(owner) === 'dead' && found.size <= MAX_LIST_BYTES;
      left.push({ file, isBegun, isSecret: (found.mode & 0o077) === 0 });
    }
  }
  for (const { file } of left.filter(({ isBegun }) => isBegun)) await finish(folder, file).catch(() => undefined);
  left.sort((a, b) => Number(b.isSecret) - Number(a.isSecret));
  for (const { file } of left) await rm(file, { force: true }).catch(() => undefined);
}

function isAbandoned(owner: string, mtimeMs: number): boolean {
  const state = ownerState(owner);
  return state === 'dead' || (state === 'elsewhere' && Date.now() - mtimeMs > ELSEWHERE_MS);
}

async function finish(folder: string, noted: string): Promise<void> {
  // Whose rename succeeds finishes them, and nobody else.
  const claimed = `${temporaryName(path.join(folder, 'moves'))}.moves`;
  await rename(noted, claimed);
  const moves = readMoves(await readFile(claimed, 'utf8'));
  if (moves !== undefined) {
    const isThere = (name: string): Promise<boolean> => stat(path.join(folder, name)).then(Boolean, () => false);
    // They go before the first file is shown; what has their names since then is somebody's.
    const areWaiting = await Promise.all(moves.shown.map(([temporary]) => isThere(temporary)));
    if (areWaiting.every(Boolean)) {
      for (const name of moves.removed) await rm(path.join(folder, name), { force: true });
    }
    for (const [temporary, name] of moves.shown) {
      await rename(path.join(folder, temporary), path.join(folder, name)).catch((error: NodeJS.ErrnoException) => {
        // Done before the process ended.
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
  await rm(claimed, { force: true });
}

/** The folder may be a stranger's: nothing in a list leads out of it, and what is moved is one of our temporary files. */
function readMoves(text: string): Moves | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { shown, removed } = (value ?? {}) as Partial<Record<keyof Moves, unknown>>;
  if (!Array.isArray(shown) || !Array.isArray(removed)) return undefined;
  const areMoves = shown.every(
    (move: unknown) => Array.isArray(move) && move.length === 2 && move.every(isPlain) && NAME.test(move[0] as string),
  );
  return areMoves && removed.every(isPlain) ? (value as Moves) : undefined;
}

function isPlain(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && path.basename(name) === name;
}
