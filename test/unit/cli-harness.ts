/** Runs command lines in this process and gives back what a shell would see. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';

export interface Shell {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function zkonnx(
  args: readonly string[],
  interrupt?: () => AbortSignal,
  stdin?: string | Uint8Array,
): Promise<Shell> {
  let stdout = '';
  let stderr = '';
  const code = await runCli(args, {
    stdout: { write: (text) => void (stdout += text) },
    stderr: { write: (text) => void (stderr += text) },
    ...(interrupt === undefined ? {} : { interrupt }),
    ...(stdin === undefined ? {} : { stdin: () => Readable.from([Buffer.from(stdin)]) }),
  });
  return { code, stdout, stderr };
}

/** With --json: stdout must be one JSON document and nothing else. */
export async function zkonnxJson(args: readonly string[]): Promise<{ code: number; json: Record<string, unknown> }> {
  const { code, stdout } = await zkonnx([...args, '--json', '--quiet']);
  return { code, json: JSON.parse(stdout) as Record<string, unknown> };
}

/** Exit code 2, this code in the JSON document, and a sentence with the same code on stderr without --json and without a stack. */
export async function expectError(args: readonly string[], code: string): Promise<Record<string, unknown>> {
  const programs = await zkonnxJson(args);
  expect(programs).toMatchObject({ code: 2, json: { error: { code } } });
  const people = await zkonnx(args);
  expect(people.code).toBe(2);
  expect(people.stdout).toBe('');
  expect(people.stderr).toContain(`[${code}]`);
  expect(people.stderr).not.toMatch(/\n\s+at /);
  return programs.json['error'] as Record<string, unknown>;
}

/** A folder of this test file's own, removed after its last test. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-cli-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder: what a refused command must not have added to. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

export const PROOFS = fileURLToPath(new URL('../fixtures/proofs/v1/', import.meta.url));
