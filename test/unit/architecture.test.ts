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
    'protobufjs',
    'node',
  ],
  'src/inputs': ['src/formats', 'src/verify', 'pngjs', 'jpeg-js', 'node'],
  'src/export': ['src/verify', 'contracts', '@noble/hashes', 'node'],
  'src/ezkl': ['src/field', 'src/verify', 'src/inputs', 'workers', 'node', '@ezkljs/engine'],
  'src/compile': [
    'circuits',
    'src/field',
    'src/formats',
    'src/prove/program.ts',
    'src/verify',
    'src/version.ts',
    'src/stopwatch.ts',
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
    'src/inputs',
    'circuits',
    'workers',
    'snarkjs',
    'ffjavascript',
    'piscina',
    'node',
  ],
  'src/setup': [
    'src/field',
    'src/formats',
    'src/verify',
    'src/prove',
    'circuits',
    'workers',
    'ffjavascript',
    'piscina',
    'src/stopwatch.ts',
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

it('the version in manifests is the package’s', () => {
  expect(VERSION).toBe(packageJson.version);
});
