/** weights.clear beside a program of many weights: written by setup, read by provers, harmless in a stranger's hands. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { STORED_WEIGHTS } from '../../src/formats/manifest.js';
import { openProver } from '../../src/prove/open-prover.js';
import { setup } from '../../src/setup/setup.js';
import { verify } from '../../src/verify/index.js';

const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-clear-stored-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const artifact = path.join(folder, 'mlp');
const stored = path.join(artifact, STORED_WEIGHTS);
let keyText: string;
let content: Buffer;

beforeAll(async () => {
  const model = path.join(folder, 'mlp.onnx');
  await writeFile(model, makeMlp([8, 800, 800, 4]));
  const compiled = await compile(model, { domain: { lo: -1, hi: 1 }, bits: 6, tolerance: 1, protocol: 'clear' });
  await writeArtifact(artifact, compiled, model);
  const { timingsMs } = await setup(artifact);
  expect(timingsMs).toHaveProperty('store');
  keyText = await readFile(path.join(artifact, 'verification_key.json'), 'utf8');
  content = await readFile(stored);
}, 240_000);

const sample = { input: [0.5, -0.25, 0.125, 0, 1, -1, 0.75, -0.5] };

async function proven(): Promise<void> {
  await using prover = await openProver(artifact, { threads: 2 });
  expect(verify((await prover.prove(sample)).proof, keyText)).toMatchObject({ valid: true });
}

it('the file serves, and setup again writes the same', async () => {
  expect(await readdir(artifact)).toContain(STORED_WEIGHTS);
  expect(content.subarray(0, 4).toString('latin1')).toBe('zkcw');
  await proven();
  await expect(setup(artifact)).rejects.toMatchObject({ code: 'KEYS_EXIST' });
  await setup(artifact, { force: true });
  expect((await readFile(stored)).equals(content)).toBe(true);
  expect((await stat(stored)).size).toBe(content.length);
});

it('an artifact of before, without the file, is proven as ever', async () => {
  await rm(stored);
  await proven();
});

it('a file of another key or cut off is left alone', async () => {
  const other = Buffer.from(content);
  other[40]! ^= 1;
  for (const bytes of [other, content.subarray(0, 100_000)]) {
    await writeFile(stored, bytes);
    await proven();
  }
});

it('false words give no proof that leaves the house', async () => {
  const false_ = Buffer.from(content);
  false_.fill(1, 64, content.length - 32);
  await writeFile(stored, false_);
  await using prover = await openProver(artifact, { threads: 1 });
  await expect(prover.prove(sample)).rejects.toMatchObject({
    code: 'KEY_MISMATCH',
    details: { help: expect.stringContaining(STORED_WEIGHTS) as string },
  });
});
