/**
 * Which process a file on the disk belongs to, in a word that stands in its name, and whether that process is still there. A process's number
 * is given to others once it has ended, and says nothing on another machine or in another container; so the word holds more.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** `elsewhere`: on another machine or in another container, where nobody here can tell. */
export type OwnerState = 'alive' | 'dead' | 'elsewhere';

/** `PID.START.HOST.BOOT.SPACE`; parts that this system does not tell are empty. What `ownerState` reads. */
export const OWNER_PATTERN = String.raw`[0-9a-z]+\.[0-9a-z]*\.[0-9a-f]{8}\.[0-9a-f]{0,8}\.[0-9a-f]{0,8}`;
const OWNER = new RegExp(`^${OWNER_PATTERN}$`);

let own: string | undefined;

/** The word of this process, the same for all its threads. */
export function ownOwner(): string {
  own ??= [process.pid.toString(36), startOf('self') ?? '', ...system()].join('.');
  return own;
}

/** Whether the process of an owner's word is there. A word that is none is of nobody here: `elsewhere`. */
export function ownerState(owner: string): OwnerState {
  if (owner === ownOwner()) return 'alive';
  if (!OWNER.test(owner)) return 'elsewhere';
  const [pid, start, host, boot, space] = owner.split('.') as [string, string, string, string, string];
  const [ownHost, ownBoot, ownSpace] = system();
  if (host !== ownHost) return 'elsewhere';
  // The machine has been started anew: nothing of before is there.
  if (boot !== '' && ownBoot !== '' && boot !== ownBoot) return 'dead';
  if (space !== ownSpace) return 'elsewhere';
  const number = parseInt(pid, 36);
  if (!isRunning(number)) return 'dead';
  const started = startOf(String(number));
  // The number is another process's by now.
  return start !== '' && started !== undefined && started !== start ? 'dead' : 'alive';
}

/** The number of an owner's process, for messages. */
export function pidOf(owner: string): number {
  return parseInt(owner, 36);
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** When a process began, in ticks since the start of the machine; undefined where the system has no /proc, or hides it. */
function startOf(pid: string): string | undefined {
  const text = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the program's name in parentheses, and may hold anything; the start is the twentieth behind it.
  const start = text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  return start === undefined ? undefined : Number(start).toString(36);
}

let parts: readonly [host: string, boot: string, space: string] | undefined;

/** The machine by its name, this run of it, and the space in which processes have their numbers. */
function system(): readonly [host: string, boot: string, space: string] {
  parts ??= [
    digest(hostname()),
    digest(read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))),
    digest(read(() => readlinkSync('/proc/self/ns/pid'))),
  ];
  return parts;
}

function digest(text: string | undefined): string {
  return text === undefined ? '' : createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function read(reading: () => string): string | undefined {
  try {
    return reading();
  } catch {
    return undefined;
  }
}
