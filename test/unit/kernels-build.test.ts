/** The committed kernels are what their sources build to: what tests and benchmarks measure is what the repository says. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { kernelFiles } from '../../scripts/build-kernels.js';

const root = path.resolve(import.meta.dirname, '../..');

it('generated sources and module are up to date: if not, build and run dist/scripts/build-kernels.js', async () => {
  for (const [name, text] of await kernelFiles(root)) {
    expect(readFileSync(path.join(root, name), 'utf8') === text, name).toBe(true);
  }
});
