/** The committed kernels are what their sources build to: what tests and benchmarks measure is what the repository says. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { KERNEL_MODULES, kernelFile, writtenSources } from '../../scripts/build-kernels.js';

const root = path.resolve(import.meta.dirname, '../..');

function expectCommitted(name: string, text: string): void {
  expect(readFileSync(path.join(root, name), 'utf8') === text, name).toBe(true);
}

it('sources written by a program are up to date: if not, build and run dist/scripts/build-kernels.js', () => {
  for (const [name, text] of writtenSources()) expectCommitted(name, text);
});

/** Two compilations take a quarter of a minute; on a machine that does much else besides, minutes. */
const BUILD_MS = 600_000;

it.each(KERNEL_MODULES)(
  '$generated is what its sources build to',
  async (module) => {
    expectCommitted(...(await kernelFile(root, module)));
  },
  BUILD_MS,
);
