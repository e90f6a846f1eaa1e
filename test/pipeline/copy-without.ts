/** A copy of the build beside every installed package but some: what a user has who did not install those. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

export interface Copy {
  readonly folder: string;
  /** The command line of the copy, run in its folder; rejects with `code` and `stderr` where it fails. */
  zkonnx(...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
  remove(): Promise<void>;
}

/** Packages by name; a scope (`@ezkljs`) leaves out all of its packages. */
export async function copyWithout(packages: readonly string[]): Promise<Copy> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-without-'));
  // A copy: modules are resolved from where a file really is.
  for (const part of ['src', 'workers', 'circuits', 'contracts', 'verifier']) {
    await cp(path.join(root, 'dist', part), path.join(folder, 'dist', part), { recursive: true });
  }
  await cp(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  await mkdir(path.join(folder, 'node_modules'));
  for (const name of await readdir(path.join(root, 'node_modules'))) {
    if (packages.includes(name) || name.startsWith('.')) continue;
    await symlink(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
  return {
    folder,
    zkonnx: (...args) =>
      execute(process.execPath, [path.join(folder, 'dist/src/cli/main.js'), ...args], { cwd: folder }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
