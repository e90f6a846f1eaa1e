/** Commands as child processes: wall time, and peak resident memory of Node's own. */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PEAK_FILE } from './peak-memory.js';

export interface CommandResult {
  /** From the start of the process to its end. */
  readonly ms: number;
  /** Absent for a command that is not Node. */
  readonly peakBytes?: number;
  readonly stdout: string;
}

/** Built, for tests that run this from its source too. */
const HOOK = new URL(`${import.meta.url.endsWith('.ts') ? '../dist/bench/' : './'}peak-memory-hook.js`, import.meta.url)
  .href;

let commands = 0;

/** Runs to the end. Throws Error with what the command printed if it does not exit with 0. */
export async function runCommand(command: string, args: readonly string[]): Promise<CommandResult> {
  if (command !== process.execPath) return run(command, args, process.env);
  const file = path.join(tmpdir(), `zkonnx-bench-peak-${process.pid}-${++commands}`);
  try {
    const result = await run(command, ['--import', HOOK, ...args], { ...process.env, [PEAK_FILE]: file });
    return { ...result, peakBytes: Number(await readFile(file, 'utf8')) };
  } finally {
    await rm(file, { force: true });
  }
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text));
    }
    child.once('error', reject);
    let ms = NaN;
    child.once('exit', () => (ms = performance.now() - start));
    child.once('close', (code, signal) => {
      if (code === 0) return resolve({ ms, stdout: printed.stdout });
      const line = [path.basename(command), ...args].join(' ');
      reject(new Error(`${line}\nended with ${signal ?? code}: ${printed.stderr || printed.stdout}`));
    });
  });
}
