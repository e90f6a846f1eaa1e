/** mnist-12 proven with protocol clear in Chromium, its key and program served with the page: no proving key, nothing installed. */
import type { Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { bundleProver } from '../../scripts/build-prover.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { setup } from '../../src/setup/setup.js';
import { verify, type AnyProofFile } from '../../src/verify/index.js';
import { startBrowser, type Browser } from './browser.js';
import { originOf, serve } from './serve.js';

/** What a page or its worker tells. */
interface Told {
  readonly proof: AnyProofFile;
  /** The page's own verdict on the proof, and on the proof with another public signal. */
  readonly valid: boolean;
  readonly forgedIsValid: boolean;
  readonly isolated: boolean;
  /** Phases of the proof in their order, and turns that a timer got meanwhile. */
  readonly phases: readonly string[];
  readonly turns: number;
  /** The code that a proof ends with which is stopped in its lookups. */
  readonly stopped: string;
  /** Milliseconds: from the first byte to the open prover, the first proof, the second one, and from the abort to its answer. */
  readonly open: number;
  readonly cold: number;
  readonly warm: number;
  readonly answered: number;
}

const PROVE = `
import { openProver, verify } from '/zkonnx-prover.mjs';
export async function proveHere() {
  const started = performance.now();
  const get = (name) => fetch(name).then((response) => response.arrayBuffer());
  const [circuit, verificationKey, sample] = await Promise.all([
    get('/program.bin'), fetch('/verification_key.json').then((key) => key.text()), fetch('/sample.json').then((text) => text.json()),
  ]);
  const prover = await openProver({ circuit: new Uint8Array(circuit), verificationKey });
  const opened = performance.now();
  const phases = [];
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const { proof } = await prover.prove(sample, { onProgress: ({ phase }) => phases.includes(phase) || phases.push(phase) });
  clearInterval(timer);
  const first = performance.now();
  const stop = new AbortController();
  let asked = 0;
  const stopped = await prover.prove(sample, {
    signal: stop.signal,
    onProgress: ({ phase }) => {
      if (phase !== 'lookups' || asked > 0) return;
      asked = performance.now();
      stop.abort();
    },
  }).then(() => 'proven', ({ code }) => code);
  const answered = performance.now() - asked;
  const again = performance.now();
  await prover.prove(sample);
  const warm = performance.now() - again;
  const publicSignals = proof.publicSignals.map((signal, i) => (i === 0 ? String(BigInt(signal) + 1n) : signal));
  return {
    proof,
    valid: verify(proof, verificationKey).valid,
    forgedIsValid: verify({ ...proof, publicSignals }, verificationKey).valid,
    isolated: crossOriginIsolated,
    phases, turns, stopped, answered,
    open: opened - started, cold: first - opened, warm,
  };
}`;
const WORKER = `
import { proveHere } from '/prove.mjs';
proveHere().then((told) => postMessage({ told }), (error) => postMessage({ error: String(error) }));`;

let browser: Browser;
let server: Server;
let dir: string;
let verificationKey: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-clear-page-'));
  const model = modelPath('mnist-12');
  const options = await modelCases.find(({ name }) => name === 'mnist-12')!.options();
  await writeArtifact(dir, await compile(model, { ...options, protocol: 'clear' }), model);
  await setup(dir);
  verificationKey = await readFile(path.join(dir, 'verification_key.json'), 'utf8');
  const [sample] = await goldenSamples('mnist-12');
  const inputs = Object.fromEntries([...sample!.inputs].map(([name, values]) => [name, Array.from(values)]));
  const program = await readFile(path.join(dir, 'program.bin'));
  const bundle = await bundleProver(path.resolve(import.meta.dirname, '../..'));
  const files = { 'program.bin': program, 'verification_key.json': verificationKey, 'zkonnx-prover.mjs': bundle };
  for (const [name, content] of Object.entries(files)) {
    const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
    const size = Buffer.byteLength(content);
    console.log(`download: ${name} ${kilobytes(size)}, ${kilobytes(gzipSync(content).length)} compressed`);
  }
  server = await serve({
    '/page.html': '<!doctype html><title>prove</title>',
    '/prove.mjs': PROVE,
    '/worker.mjs': WORKER,
    '/sample.json': JSON.stringify(inputs),
    ...Object.fromEntries(Object.entries(files).map(([name, content]) => [`/${name}`, content])),
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

const HERE = `import('/prove.mjs').then(({ proveHere }) => proveHere())`;
const IN_WORKER = `new Promise((resolve, reject) => {
  const worker = new Worker('/worker.mjs' + location.search, { type: 'module' });
  worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data.told) : reject(new Error(data.error)));
  worker.onerror = ({ message }) => reject(new Error(message));
})`;

it.each([
  ['/page.html', 'page', HERE, false],
  ['/page.html', 'worker', IN_WORKER, false],
  ['/page.html?isolated', 'page', HERE, true],
  ['/page.html?isolated', 'worker', IN_WORKER, true],
] as const)('%s, in the %s: proves, tells how far it is, stops', async (page, where, expression, isolated) => {
  const tab = await browser.open(`${originOf(server)}${page}`);
  const told = (await tab.evaluate(expression)) as Told;
  const times = [told.open, told.cold, told.warm, told.answered].map((ms) => `${ms.toFixed(0)} ms`);
  console.log(
    `${page}, ${where}: opened in ${times[0]}, first proof ${times[1]}, third ${times[2]}; abort ${times[3]}`,
  );
  expect(told).toMatchObject({ valid: true, forgedIsValid: false, isolated, stopped: 'ABORTED' });
  expect(told.phases).toEqual(['witness', 'queue', 'commit', 'constraints', 'lookups', 'opening']);
  expect(told.turns).toBeGreaterThan(1);
  expect(told.answered).toBeLessThan(500);
  expect(verify(told.proof, verificationKey)).toMatchObject({ valid: true });
});
