/** Runs the built command under faults, and notes what each of them left: the table that the closing lines of a test run print. */
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const BINARY = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export interface Ended {
  /** Null for a process that a signal ended. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** No command of a test takes so long: one that does hangs, is killed, and fails its test by its signal. */
const HANGS_MS = 90_000;

/** `command` in bash, where `zkonnx` is the built binary and `"$@"` are the arguments. */
export function shell(command: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const script = `set -o pipefail; zkonnx() { "$NODE" "$BINARY" "$@"; }; ${command}`;
  return new Promise((resolve) => {
    const child = execFile(
      'bash',
      ['-c', script, 'bash', ...args],
      { env: { ...process.env, ...env, NODE: process.execPath, BINARY }, timeout: HANGS_MS, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr }),
    );
  });
}

/** One command line, without a shell between that would say 137 for a kill. */
export function zkonnx(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return shell('exec "$NODE" "$BINARY" "$@"', args, env);
}

/**
 * A module that kills its process with SIGKILL when it is about to do the n-th of its changes to the disk, and the environment that has the
 * command load it. `operations` are functions of node:fs/promises.
 */
export async function killer(folder: string, operations: readonly string[]): Promise<(n: number) => NodeJS.ProcessEnv> {
  const file = path.join(folder, 'killer.mjs');
  await writeFile(
    file,
    `import fs from 'node:fs/promises';
     import { syncBuiltinESMExports } from 'node:module';
     import { isMainThread } from 'node:worker_threads';
     let left = isMainThread ? Number(process.env.KILL_AT) : Infinity;
     for (const name of ${JSON.stringify(operations)}) {
       const real = fs[name];
       fs[name] = (...args) => {
         if (name === 'open' && !String(args[1]).startsWith('w')) return real(...args);
         if (--left === 0) process.kill(process.pid, 'SIGKILL');
         return real(...args);
       };
     }
     syncBuiltinESMExports();\n`,
  );
  return (n) => ({ KILL_AT: String(n), NODE_OPTIONS: `--import=${file}` });
}

/** Names in a folder that are no results: temporary files, lists of moves, locks. */
export async function leftovers(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('.'));
}

interface Row {
  readonly kind: string;
  readonly done: string;
  readonly left: string;
  readonly exit: string;
}

export class FaultTable {
  private readonly rows: Row[] = [];

  note(kind: string, done: string, left: string, exit: string): void {
    this.rows.push({ kind, done, left, exit });
  }

  print(): void {
    if (this.rows.length === 0) return;
    const lines = this.rows.map(({ kind, done, left, exit }) => `| ${[kind, done, left, exit].join(' | ')} |`);
    console.log(['| kind | what was done | what is left | exit code |', '|---|---|---|---|', ...lines].join('\n'));
  }
}

/** `SIGKILL × 5, 0 × 1`. */
export function tally(ends: readonly Ended[]): string {
  const counts = new Map<string, number>();
  for (const { code, signal } of ends) {
    const name = signal ?? String(code);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => (count === 1 ? name : `${name} × ${count}`)).join(', ');
}
