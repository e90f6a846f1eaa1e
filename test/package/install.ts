/** Packages as their users get them: packed, and installed from the tarball into an empty project. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

export const root = path.resolve(import.meta.dirname, '../..');
const execute = promisify(execFile);

export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

export interface Project {
  readonly folder: string;
  readonly tarballBytes: number;
  /** Every installed package, the tarball's own included. */
  readonly packages: readonly Installed[];
  /** Bytes of all files in node_modules. */
  readonly bytes: number;
  run(command: string, ...args: string[]): Promise<{ readonly stdout: string; readonly stderr: string }>;
  write(file: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

/** Packs `source` (a package's folder) and installs it into an empty project, by npm's defaults. */
export async function installPacked(source: string): Promise<Project> {
  const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-user-'));
  const run: Project['run'] = (command, ...args) => execute(command, args, { cwd: folder, maxBuffer: 2 ** 26 });
  const { stdout } = await run('npm', 'pack', source, '--json', '--pack-destination', folder);
  const [packed] = JSON.parse(stdout) as [{ readonly filename: string }];
  const tarball = path.join(folder, packed.filename);
  await writeFile(path.join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n');
  await run('npm', 'install', '--no-audit', '--no-fund', tarball);
  const modules = path.join(folder, 'node_modules');
  return {
    folder,
    tarballBytes: (await stat(tarball)).size,
    packages: await installedPackages(modules),
    bytes: await bytesUnder(modules),
    run,
    async write(file, text) {
      await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
      await writeFile(path.join(folder, file), text);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What npm wrote down that it installed; licences from the packages themselves. */
async function installedPackages(modules: string): Promise<Installed[]> {
  const lock = JSON.parse(await readFile(path.join(modules, '.package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, object>>;
  };
  return Promise.all(
    Object.keys(lock.packages).map(async (where) => {
      const text = await readFile(path.join(path.dirname(modules), where, 'package.json'), 'utf8');
      const { name, version, license } = JSON.parse(text) as Record<'name' | 'version' | 'license', unknown>;
      return { name: String(name), version: String(version), license: String(license) };
    }),
  );
}

async function bytesUnder(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A line on what an install weighs and under which licences it comes. */
export function summary(name: string, { tarballBytes, packages, bytes }: Project): string {
  const licences = new Map<string, number>();
  for (const { license } of packages) licences.set(license, (licences.get(license) ?? 0) + 1);
  const shown = [...licences].sort().map(([licence, count]) => `${licence} ${count}`);
  return (
    `${name}: tarball ${tarballBytes} bytes; a default install has ${packages.length} packages, ` +
    `${(bytes / 1e6).toFixed(1)} MB; licences: ${shown.join(', ')}\n`
  );
}

/** Every way to resolve a package's types, and the modules it goes with. */
const RESOLUTIONS = { node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' } as const;
type Resolution = keyof typeof RESOLUTIONS;
const EVERY = Object.keys(RESOLUTIONS) as Resolution[];

/** Compiles a program that uses the project's packages, libraries checked too. Resolves to what the compiler said; empty where all is well. */
export async function typeErrors(
  project: Project,
  program: string,
  resolutions: readonly Resolution[] = EVERY,
): Promise<Partial<Record<Resolution, string>>> {
  await project.write('program.ts', program);
  const errors: Partial<Record<Resolution, string>> = {};
  for (const moduleResolution of resolutions) {
    const module = RESOLUTIONS[moduleResolution];
    const strictness = { strict: true, skipLibCheck: false, noEmit: true };
    const compilerOptions = {
      module,
      moduleResolution,
      ...strictness,
      target: 'es2022',

      types: [],
    };
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    errors[moduleResolution] = await project.run(process.execPath, tsc, '-p', 'tsconfig.json').then(
      ({ stdout }) => stdout,
      (error: unknown) => String((error as { readonly stdout?: string }).stdout ?? error),
    );
  }
  return errors;
}

export const NO_TYPE_ERRORS = Object.fromEntries(EVERY.map((resolution) => [resolution, '']));
