/** The arrows of import point one way (docs/architecture.md). This reads the import lines and holds them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { VERSION } from '../../src/version.js';

const root = path.resolve(import.meta.dirname, '../..');

/** What each folder may import besides itself and errors; packages by name, Node's modules as `node`. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/errors.ts': [],
  'src/field': [],
  'src/verify': ['@noble/curves', '@noble/hashes'],
  'src/kernels': ['src/field'],
  circuits: ['src/field', 'src/prove/program.ts', '@noble/curves', 'src/prove/witness.ts', 'src/verify', 'node'],
  'src/formats': [
    'src/field',
    'circuits',
    'src/prove/program.ts',
    'src/verify',
    'src/version.ts',
    '@noble/hashes',
    'protobufjs',
    'node',
  ],
  'src/inputs': ['src/formats', 'src/verify', 'pngjs', 'jpeg-js', 'node'],
  'src/export': ['src/verify', 'contracts', '@noble/hashes', 'node'],
  'src/evaluate': ['src/compile', 'src/prove', 'src/formats', 'src/reference.ts'],
  'src/ezkl': ['src/field', 'src/verify', 'src/inputs', 'workers', 'node', '@ezkljs/engine'],
  'src/compile': [
    'circuits',
    'src/field',
    'src/formats',
    'src/prove/program.ts',
    'src/verify',
    'src/version.ts',
    'src/stopwatch.ts',
    'src/peak-memory.ts',
    'src/reference.ts',
    'node',
  ],
  'src/prove': [
    'src/kernels',
    'src/field',
    'src/formats',
    'src/verify',
    'src/reference.ts',
    'src/stopwatch.ts',
    'src/peak-memory.ts',
    'src/inputs',
    'circuits',
    'workers',
    'snarkjs',
    'ffjavascript',
    'piscina',
    'node',
  ],
  'src/setup': [
    'src/kernels',
    'src/prove/stored-key-file.ts',
    'src/prove/program.ts',
    'src/field',
    'src/formats',
    'src/verify',
    'circuits',
    'workers',
    '@noble/curves',
    'src/stopwatch.ts',
    'src/peak-memory.ts',
    'node',
  ],
};

function filesUnder(folder: string): string[] {
  const absolute = path.join(root, folder);
  if (statSync(absolute).isFile()) return [folder];
  return readdirSync(absolute, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => path.join(folder, file));
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/(?:^(?:import|export)\b[^;]*?\bfrom |^import |\bimport\()'([^'\n]+)'/gm)].map(
    (match) => match[1]!,
  );
}

/** Repository path, package name or `node` that an import refers to. */
function target(file: string, specifier: string): string {
  if (specifier.startsWith('node:')) return 'node';
  if (specifier.startsWith('.')) return path.join(path.dirname(file), specifier).replace(/\.js$/, '.ts');
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** All files that these import, directly or not, types included; and what they import that is no file of ours. */
function reachedFrom(entries: readonly string[]): { readonly files: string[]; readonly outside: string[] } {
  const files = new Set(entries);
  const outside = new Set<string>();
  for (const file of files) {
    for (const specifier of importsOf(file)) {
      const to = target(file, specifier);
      if (specifier.startsWith('.')) files.add(to);
      else outside.add(to);
    }
  }
  return { files: [...files], outside: [...outside] };
}

/** A file's text without comments. */
function codeOf(file: string): string {
  return readFileSync(path.join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
}

describe('import arrows', () => {
  for (const [folder, targets] of Object.entries(allowed)) {
    it(`${folder} imports only what it may`, () => {
      const files = filesUnder(folder);
      expect(files.length).toBeGreaterThan(0);
      const strays = files.flatMap((file) =>
        importsOf(file)
          .map((specifier) => target(file, specifier))
          .filter(
            (to) => ![folder, 'src/errors.ts', ...targets].some((from) => to === from || to.startsWith(`${from}/`)),
          )
          .map((to) => `${file} → ${to}`),
      );
      expect(strays).toEqual([]);
    });
  }
});

describe('no Node API', () => {
  it.each([
    ['the prover for browsers', ['src/prove/browser.ts']],
    ['the kernels', filesUnder('src/kernels').filter((file) => !file.startsWith('src/kernels/assembly/'))],
    ['the verifier', filesUnder('src/verify')],
  ])('%s: no import leads to a module of Node or to a package but noble’s', (_, entries) => {
    const reached = reachedFrom(entries);
    expect(reached.files).toEqual(expect.arrayContaining(entries));
    expect(reached.outside.filter((to) => !/^@noble\/(curves|hashes)$/.test(to))).toEqual([]);
    // Nor is one used without an import.
    const globals = reached.files.filter((file) =>
      /\b(?:process|Buffer|setImmediate|__dirname|require)\b[.(]/.test(codeOf(file)),
    );
    expect(globals).toEqual([]);
  });

  it('sees Node where it is', () => {
    expect(reachedFrom(['src/prove/prove.ts']).outside).toContain('node');
  });
});

it('the setup leads to no package under the GPL', () => {
  const { outside } = reachedFrom(['src/setup/setup.ts', 'workers/kernel-worker.ts']);
  expect(outside).toContain('@noble/curves');
  expect(outside.filter((to) => /snarkjs|ffjavascript|circomlibjs/.test(to))).toEqual([]);
});

it('the version in manifests is the package’s', () => {
  expect(VERSION).toBe(packageJson.version);
});
