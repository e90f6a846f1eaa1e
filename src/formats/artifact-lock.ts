/**
 * Who writes in an artifact folder, one process at a time: two that made keys at once would leave a proving key of one and a verification key
 * of the other. The lock is a file in the folder, made whole under another name and linked to its own, which fails where it is taken. It says
 * who has it; that of a process that is gone is taken over, after what it had begun is finished or cleared away. Those who only read take
 * none, and need not be able to write: see artifact-read.ts.
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, open, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { throwIfAborted, ZkonnxError } from '../base/errors.js';
import { codeOf, unwritable } from './output-target.js';
import { ownerState, ownOwner, pidOf, type OwnerState } from './process-owner.js';
import { readRegular } from './regular-file.js';
import { sweep, temporaryName } from './temporary-file.js';

export const LOCK_NAME = '.zkonnx.lock';

/** How long a second writer waits for the first: a commit takes milliseconds, a setup up to hours. */
const PATIENCE_MS = 3000;
const PAUSE_MS = 40;

/** Ours have a few hundred; one of a stranger is read again and again, and shown. */
const MAX_LOCK_BYTES = 4096;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds to wait for another process before the refusal. */
  readonly patienceMs?: number | undefined;
}

/** What a lock file says. */
interface Holder {
  /** Tells two locks of one process apart; hexadecimal. */
  readonly id: string;
  readonly owner: string;
  readonly host: string;
  readonly command: string;
  /** ISO 8601. */
  readonly since: string;
}

/** A lock that is held; `await using`, or `release()` in a `finally`. */
export class ArtifactLock {
  private constructor(
    private readonly dir: string,
    private readonly id: string,
  ) {}

  /**
   * Waits a little for another writer. `command` is what goes on, for others to read. Throws ARTIFACT_LOCKED, OUTPUT_UNWRITABLE for a folder
   * that is missing or may not be written, ABORTED.
   */
  static async take(dir: string, command: string, options: LockOptions = {}): Promise<ArtifactLock> {
    const { id, foundDead } = await take(lockPath(dir), command, options);
    const lock = new ArtifactLock(dir, id);
    try {
      if (foundDead) await sweep(dir);
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Throws ARTIFACT_LOCKED if somebody has taken the lock away: what would be written next may be no longer what belongs there. */
  async requireHeld(): Promise<void> {
    const holder = await readHolder(lockPath(this.dir));
    if (holder !== 'none' && holder !== 'unreadable' && holder.id === this.id) return;
    throw new ZkonnxError(
      'ARTIFACT_LOCKED',
      'the lock of the artifact was taken away while its files were being made',
      {
        where: lockPath(this.dir),
        help: 'run the command again',
      },
    );
  }

  async release(): Promise<void> {
    await removeIfOf(lockPath(this.dir), this.id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** The state of the process that has the lock of `dir`; undefined where there is no lock. */
export async function lockState(dir: string): Promise<OwnerState | undefined> {
  const holder = await readHolder(lockPath(dir));
  if (holder === 'none') return undefined;
  return holder === 'unreadable' ? 'elsewhere' : ownerState(holder.owner);
}

function lockPath(dir: string): string {
  return path.join(dir, LOCK_NAME);
}

interface Taken {
  readonly id: string;
  /** The lock was that of a process that is gone. */
  readonly foundDead: boolean;
}

async function take(file: string, command: string, options: LockOptions): Promise<Taken> {
  const { signal, patienceMs = PATIENCE_MS } = options;
  const id = randomBytes(8).toString('hex');
  const mine: Holder = { id, owner: ownOwner(), host: hostname(), command, since: new Date().toISOString() };
  const deadline = performance.now() + patienceMs;
  let foundDead = false;
  for (;;) {
    throwIfAborted(signal, command);
    if (await create(file, `${JSON.stringify(mine)}\n`)) return { id, foundDead };
    const holder = await readHolder(file);
    if (holder === 'none') continue;
    if (holder !== 'unreadable' && ownerState(holder.owner) === 'dead') {
      await removeDead(file, holder, options);
      foundDead = true;
      continue;
    }
    if (performance.now() >= deadline) throw locked(file, holder);
    await delay(PAUSE_MS);
  }
}

/** True once the file is there with this text, false where one is there already. */
async function create(file: string, text: string): Promise<boolean> {
  const temporary = temporaryName(file);
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await link(temporary, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!NO_LINKS.includes(codeOf(error))) throw unwritable(path.dirname(file), error);
    return await createInPlace(file, text);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** What file systems without hard links say. */
const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** For a moment the file is there and empty: `readHolder` gives it time. */
async function createInPlace(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(text).finally(() => handle.close());
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw unwritable(path.dirname(file), error);
  }
}

/**
 * Only who holds the lock on a dead lock, whose name holds its id, may remove it: by the time another gets there it is a living one's. That
 * lock may be left by a process that died in turn, and is then taken over in the same way.
 */
async function removeDead(file: string, { id }: Holder, options: LockOptions): Promise<void> {
  const claim = `${file}.${id}`;
  const { id: claimId } = await take(claim, 'taking over a lock', options);
  try {
    await removeIfOf(file, id);
  } finally {
    await removeIfOf(claim, claimId);
  }
}

async function removeIfOf(file: string, id: string): Promise<void> {
  const holder = await readHolder(file);
  if (holder !== 'none' && holder !== 'unreadable' && holder.id === id) await rm(file, { force: true });
}

async function readHolder(file: string): Promise<Holder | 'none' | 'unreadable'> {
  let text: string;
  try {
    text = (await readRegular(file, MAX_LOCK_BYTES)).toString('utf8');
  } catch (error) {
    const cause = error instanceof ZkonnxError ? error.details.cause : error;
    // A link that leads nowhere is there, and keeps a lock from being made.
    return codeOf(cause) === 'ENOENT' && !(await isThere(file)) ? 'none' : 'unreadable';
  }
  try {
    const holder = JSON.parse(text) as Partial<Record<keyof Holder, unknown>> | null;
    const fields = ['id', 'owner', 'host', 'command', 'since'] as const;
    const isHolder = fields.every((field) => typeof holder?.[field] === 'string');
    return isHolder && /^[0-9a-f]{16}$/.test(holder?.id as string) ? (holder as Holder) : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

function isThere(file: string): Promise<boolean> {
  return lstat(file).then(Boolean, () => false);
}

/** The refusal to write where another does. `holder` as its lock says. */
function locked(file: string, holder: Holder | 'unreadable'): ZkonnxError {
  const facts =
    holder === 'unreadable'
      ? 'a lock that cannot be read'
      : `${holder.command}, process ${pidOf(holder.owner)} on ${holder.host}, since ${holder.since}`;
  const isHere = holder !== 'unreadable' && ownerState(holder.owner) === 'alive';
  return new ZkonnxError('ARTIFACT_LOCKED', 'another process is writing in the artifact folder', {
    got: facts,
    where: file,
    help: isHere
      ? 'wait until it has ended, or stop it; or use another folder'
      : 'if that process is no longer there, remove this file and run the command again; it cannot be told from here',
  });
}
