/** The two programs of examples/ that keep a prover open, over a thousand irises: one in Node, one in a page, with the same types. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { modelPath } from '../../bench/models.js';
import { bundle } from '../../scripts/bundle.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { setup } from '../../src/setup/setup.js';
import { startBrowser } from './browser.js';

const root = path.resolve(import.meta.dirname, '../..');
const COUNT = 1000;
/**
 * Resident memory after all proofs is at most this many times that after half of them in Node, whose heap takes some hundreds to reach its size (74 to 91 MiB,
 * of which 22 to 65 are in use from the second hundred on), and after a hundred in Chromium.
 */
const GROWTH = 1.1;

/** What both programs tell. */
interface Told {
  readonly stopped: { readonly code?: string };
  readonly after: boolean;
  readonly perSecond: number;
}

let artifact: string;
beforeAll(async () => {
  artifact = await mkdtemp(path.join(tmpdir(), 'zkonnx-prove-many-'));
  const model = modelPath('iris-mlp-deepprove');
  const compiled = await compile(model, { domain: { lo: -1, hi: 1 }, tolerance: 0.02 });
  await writeArtifact(artifact, compiled, model);
  await setup(artifact, { dev: true });
});
afterAll(() => rm(artifact, { recursive: true, force: true }));

function expectTold(where: string, told: Told, growth: number): void {
  process.stderr.write(`${where}: ${told.perSecond.toFixed(1)} proofs a second, memory × ${growth.toFixed(3)}\n`);
  expect(told).toMatchObject({ stopped: { code: 'ABORTED' }, after: true });
  expect(told.perSecond).toBeGreaterThan(0);
  expect(growth).toBeLessThanOrEqual(GROWTH);
}

it.each(['prove-many.ts', 'prove-page.ts'])('%s has at most 25 lines', async (name) => {
  const text = await readFile(path.join(root, 'examples', name), 'utf8');
  expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(25);
});

it('in Node: one is stopped, the proof after it is valid, memory stays', async () => {
  const child = spawn(process.execPath, [path.join(root, 'dist/examples/prove-many.js'), artifact], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  let stdout = '';
  child.stdout.on('data', (chunk: string) => (stdout += chunk));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
  const { growth, ...told } = JSON.parse(stdout) as Told & { readonly growth: number };
  expectTold('Node', told, growth);
});

it('in a page of Chromium: the same', async () => {
  const program = await bundle(path.join(root, 'examples/prove-page.ts'), 'es', '');
  const server = createServer(({ url = '' }, response) => {
    const page = { '/': '<!doctype html><title>irises</title>', '/prove-page.mjs': program }[url];
    const type = url === '/' ? 'text/html' : url.endsWith('.mjs') ? 'text/javascript' : 'application/octet-stream';
    const content = page === undefined ? readFile(path.join(artifact, path.basename(url))) : Promise.resolve(page);
    content.then(
      (body) => response.writeHead(200, { 'Content-Type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await startBrowser();
  try {
    const tab = await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab.evaluate(`void (self.told = import('/prove-page.mjs').then(({ proveMany }) =>
      proveMany('/artifact', (proofs) => { self.proofs = proofs; }, ${COUNT})))`);
    const residentAfter = async (proofs: number): Promise<number> => {
      // Rejects as the program does.
      const later = 'new Promise((resolve) => setTimeout(() => resolve(self.proofs ?? 0), 20))';
      const proven = `Promise.race([self.told.then(() => self.proofs), ${later}])`;
      while (((await tab.evaluate(proven)) as number) < proofs);
      return browser.pagesResidentBytes();
    };
    const early = await residentAfter(100);
    const late = await residentAfter(COUNT);
    // An error is an object of its own kind, which the debugging pipe does not carry.
    const told = `self.told.then(({ stopped, ...told }) => ({ stopped: { code: stopped.code }, ...told }))`;
    expectTold(`Chromium, ${(early / 2 ** 20).toFixed(0)} MiB`, (await tab.evaluate(told)) as Told, late / early);
  } finally {
    await browser.close();
    server.close();
  }
});
