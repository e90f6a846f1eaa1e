/** The bundled prover in Chromium: in a page whose policy allows no more than it needs, in a cross-origin isolated one, and in a page's worker. */
import type { Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelPath } from '../../bench/models.js';
import { bundleProver } from '../../scripts/build-prover.js';
import { makeMlp } from '../../scripts/make-mlp.js';
import { verify, type ProofFile } from '../../src/verify/index.js';
import { FORMAT_VERSIONS } from '../../src/verify/key.js';
import { CURVE_PROTOCOLS } from '../../src/verify/key-points.js';
import { makeArtifact, snarkjsAccepts, type ProverFiles } from '../pipeline/browser-prover.js';
import { bytesOfArtifact, editCircuit, makeArtifactOf, readKey, withoutSalts } from '../pipeline/stranger.js';
import { startBrowser, type Browser } from './browser.js';
import { originOf, serve } from './serve.js';

const INPUT = { input: [-0.33, -0.66, -0.05, -0.16] };
/** What a page or its worker tells of a proof it made. */
interface Told {
  readonly proof: ProofFile;
  /** The page's own verdict on the proof, and on the proof with another public signal. */
  readonly valid: boolean;
  readonly forgedIsValid: boolean;
  readonly isolated: boolean;
  readonly canShare: boolean;
  /** Turns that a timer got while the key was loaded and the proof made. */
  readonly turns: number;
  /** Seconds. */
  readonly open: number;
  readonly prove: number;
}

/** A stranger's artifact whose salt is on another wire: the code of what the page's prover throws, or the proof. */
const ATTACKED = `
import { openProver } from '/zkonnx-prover.mjs';
export async function proveAttacked(folder, sample) {
  const read = async (name) => new Uint8Array(await (await fetch(folder + name)).arrayBuffer());
  const verificationKey = await (await fetch(folder + 'verification_key.json')).text();
  try {
    const prover = await openProver({ circuit: await read('circuit.bin'), provingKey: await read('proving_key'), verificationKey });
    return (await prover.prove(sample)).proof;
  } catch (error) {
    return error.code;
  }
}`;

/** Runs in pages and workers. */
const PROVE = `
import { openProver, verify } from '/zkonnx-prover.mjs';
export async function proveHere() {
  const read = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  const verificationKey = await (await fetch('/verification_key.json')).text();
  const files = { circuit: await read('/circuit.bin'), provingKey: await read('/proving_key.zkey'), verificationKey };
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const started = performance.now();
  const prover = await openProver(files);
  const opened = performance.now();
  const { proof } = await prover.prove(${JSON.stringify(INPUT)});
  const proven = performance.now();
  clearInterval(timer);
  const publicSignals = proof.publicSignals.map((signal, i) => (i === 0 ? String(BigInt(signal) + 1n) : signal));
  return {
    proof,
    valid: verify(proof, verificationKey).valid,
    forgedIsValid: verify({ ...proof, publicSignals }, verificationKey).valid,
    isolated: crossOriginIsolated,
    canShare: typeof SharedArrayBuffer !== 'undefined',
    turns,
    open: (opened - started) / 1000,
    prove: (proven - opened) / 1000,
  };
}`;
const WORKER = `
import { proveHere } from '/prove.mjs';
proveHere().then((told) => postMessage({ told }), (error) => postMessage({ error: String(error) }));`;

let browser: Browser;
let server: Server;
let dir: string;
let files: ProverFiles;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-prove-page-'));
  const options = { domain: { lo: -1, hi: 1 }, tolerance: 0.02 };
  files = await makeArtifact(path.join(dir, 'iris'), modelPath('iris-mlp-deepprove'), options);
  server = await serve({
    '/page.html': '<!doctype html><title>prove</title>',
    '/prove.mjs': PROVE,
    '/worker.mjs': WORKER,
    '/zkonnx-prover.mjs': await bundleProver(path.resolve(import.meta.dirname, '../..')),
    '/verification_key.json': files.verificationKey,
    '/circuit.bin': files.circuit,
    '/proving_key.zkey': files.provingKey,
    '/attacked.mjs': ATTACKED,
    ...(await strangersFiles()),
  });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

const strangers = CURVE_PROTOCOLS.flatMap((protocol) => FORMAT_VERSIONS.map((version) => ({ protocol, version })));
const SECRET = { input: [0.25, -0.5, 0.125] };

/** Of each protocol and format an honest artifact with a committed input, and one whose circuit.bin puts the salt elsewhere. */
async function strangersFiles(): Promise<Record<string, string | Uint8Array>> {
  const model = path.join(dir, 'mlp.onnx');
  await writeFile(model, makeMlp([3, 3, 2]));
  const contents: Record<string, string | Uint8Array> = {};
  for (const { protocol, version } of strangers) {
    const folder = path.join(dir, `${protocol}-${version}`);
    const options = { domain: { lo: -1, hi: 1 }, bits: 4, tolerance: 1, input: 'committed', protocol } as const;
    await makeArtifactOf(version, folder, model, options);
    for (const name of ['honest', 'doctored']) {
      if (name === 'doctored') await editCircuit(folder, withoutSalts);
      const { circuit, provingKey, verificationKey } = await bytesOfArtifact(folder);
      const base = `/${name}-${protocol}-${version}/`;
      contents[`${base}circuit.bin`] = circuit;
      contents[`${base}proving_key`] = provingKey!;
      contents[`${base}verification_key.json`] = verificationKey as string;
    }
  }
  return contents;
}

async function proveIn(page: string, where: 'page' | 'worker'): Promise<Told> {
  const tab = await browser.open(`${originOf(server)}${page}`);
  const here = `import('/prove.mjs').then(({ proveHere }) => proveHere())`;
  const inWorker = `new Promise((resolve, reject) => {
    const worker = new Worker('/worker.mjs', { type: 'module' });
    worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data.told) : reject(new Error(data.error)));
    worker.onerror = ({ message }) => reject(new Error(message));
  })`;
  const told = (await tab.evaluate(where === 'page' ? here : inWorker)) as Told;
  console.log(`${page}, ${where}: key ${told.open.toFixed(2)} s, proof ${told.prove.toFixed(2)} s`);
  return told;
}

describe('iris proven in Chromium', () => {
  it.each([
    ['/page.html', 'page', false],
    ['/page.html', 'worker', false],
    ['/page.html?isolated', 'page', true],
  ] as const)('%s, in the %s', async (page, where, isolated) => {
    const told = await proveIn(page, where);
    expect(told).toMatchObject({ valid: true, forgedIsValid: false, isolated, canShare: isolated });
    expect(told.turns).toBeGreaterThan(1);
    expect(verify(told.proof, files.verificationKey)).toMatchObject({ valid: true });
    const judged = path.join(dir, `judged-${where}-${String(isolated)}`);
    expect(await snarkjsAccepts(judged, files.verificationKey, told.proof)).toBe(true);
  });
});

describe('a stranger’s circuit.bin in Chromium', () => {
  it.each(strangers)('with the salt on another wire gives no proof, $protocol, formatVersion $version', async (one) => {
    const tab = await browser.open(`${originOf(server)}/page.html`);
    const prove = (name: string) =>
      tab.evaluate(
        `import('/attacked.mjs').then(({ proveAttacked }) => proveAttacked('/${name}-${one.protocol}-${one.version}/', ${JSON.stringify(SECRET)}))`,
      );
    const key = await readKey(path.join(dir, `${one.protocol}-${one.version}`));
    expect(verify(await prove('honest'), key)).toMatchObject({ valid: true });
    expect(await prove('doctored')).toBe({ 1: 'ARTIFACT_INVALID', 2: 'KEY_MISMATCH' }[one.version]);
  });
});
