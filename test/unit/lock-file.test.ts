/** package-lock.json is one that `npm install` of every npm we serve (10, 11) leaves as it is. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';

interface Entry {
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const file = path.resolve(import.meta.dirname, '../../package-lock.json');
const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { packages: Readonly<Record<string, Entry>> };

it('names the packages of every platform: npm adds the ones that are missing', () => {
  const missing = Object.entries(packages).flatMap(([where, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !(`${where}/node_modules/${name}` in packages) && !(`node_modules/${name}` in packages))
      .map((name) => `${where} → ${name}`),
  );
  expect(Object.keys(packages).length).toBeGreaterThan(300);
  expect(missing).toEqual([]);
});

it('has no `libc`, which npm 11 writes for new packages and npm 10 takes out again: npx npm@10 install mends it', () => {
  expect(Object.keys(packages).filter((where) => packages[where]!.libc !== undefined)).toEqual([]);
});
