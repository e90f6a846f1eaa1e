/** Protocol clear from the model to the verdict, on the command line: no ceremony, nothing to trust, the same doors as the other protocols. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelPath } from '../../bench/models.js';
import type * as Verifier from '../../src/verify/index.js';
import { openProver } from '../../src/prove/open-prover.js';
import type * as Pages from '../../src/prove/browser.js';

const BINARY = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-clear-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(folder, ...names);

interface Ended {
  readonly code: unknown;
  readonly json: Record<string, unknown>;
  readonly stderr: string;
}

/** With --json, whose report is on stdout, whatever it says. */
function zkonnx(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BINARY, ...args, '--json'], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ code, json: JSON.parse(stdout) as Record<string, unknown>, stderr });
    });
  });
}

const model = modelPath('iris-mlp-deepprove');
const artifact = at('iris');
const key = at('iris', 'verification_key.json');
const proof = at('proof.json');
const flower = at('flower.json');
const INPUT = [-0.33, -0.66, -0.05, -0.16];
const COMPILE = ['--domain', '-1..1', '--tolerance', '0.02', '--protocol', 'clear'];

beforeAll(async () => {
  await writeFile(flower, JSON.stringify({ input: INPUT }));
  const compiled = await zkonnx('compile', model, '-o', artifact, ...COMPILE);
  expect(compiled).toMatchObject({ code: 0, json: { protocol: 'clear', publicInputs: 2 } });
  expect(compiled.json).toHaveProperty('cells');
  expect(compiled.json).not.toHaveProperty('constraints');
  expect(await zkonnx('setup', artifact)).toMatchObject({ code: 0, json: { setup: 'none', verificationKey: key } });
  expect(await zkonnx('prove', artifact, '--in', flower, '-o', proof, '--context', '0xabcd')).toMatchObject({
    code: 0,
  });
});

it('an artifact has a program in place of a circuit, and no proving key', async () => {
  expect((await readdir(artifact)).sort()).toEqual(
    ['accuracy.json', 'manifest.json', 'model.onnx', 'program.bin', 'verification_key.json'].sort(),
  );
});

it('the proof verifies, and the report says what it is', async () => {
  const ran = await zkonnx('run', artifact, '--in', flower);
  const { code, json } = await zkonnx('verify', proof, '--key', key, '--expect-context', '0xabcd');
  expect(code).toBe(0);
  expect(json).toMatchObject({
    valid: true,
    protocol: 'clear',
    setup: 'none',
    review: 'not reviewed from outside',
    boundTo: 'key',
    context: '0xabcd',
  });
  expect(json['outputs']).toEqual(ran.json['outputs']);
});

it.each([
  ['an output', (file: Record<string, unknown>) => ({ publicSignals: bump(file, 0) }), undefined],
  ['an input', (file: Record<string, unknown>) => ({ publicSignals: bump(file, 1) }), undefined],
  ['the context', () => ({ context: '0xabce' }), undefined],
  ['the key', () => ({ keyDigest: `0x${'1'.repeat(64)}` }), 'KEY_DIGEST_MISMATCH'],
  ['the proof', (file: Record<string, unknown>) => ({ proof: `AAAA${String(file['proof']).slice(4)}` }), undefined],
])('with %s changed it is refused: exit code 1', async (_, change, reason) => {
  const file = JSON.parse(await readFile(proof, 'utf8')) as Record<string, unknown>;
  await writeFile(at('changed.json'), JSON.stringify({ ...file, ...change(file) }));
  const { code, json } = await zkonnx('verify', at('changed.json'), '--key', key);
  expect(code).toBe(1);
  expect(json).toMatchObject({ valid: false, ...(reason === undefined ? {} : { reason }) });
});

function bump({ publicSignals }: Record<string, unknown>, signal: number): string[] {
  const signals = publicSignals as string[];
  return signals.with(signal, String(BigInt(signals[signal]!) + 1n));
}

it('another context than the expected one is refused', async () => {
  expect(await zkonnx('verify', proof, '--key', key, '--expect-context', '0x')).toMatchObject({
    code: 1,
    json: { reason: 'CONTEXT_MISMATCH' },
  });
});

it('key and artifact are what the model gives, and not what another gives', async () => {
  expect(await zkonnx('key', 'check', key, '--model', model)).toMatchObject({
    code: 0,
    json: { equal: true, covers: 'all', setup: 'none' },
  });
  const other = modelPath('acasxu-1-1');
  expect((await zkonnx('key', 'check', key, '--model', other)).code).toBe(2);
  const report = await zkonnx('artifact', 'verify', artifact, '--model', model);
  expect(report).toMatchObject({ code: 0, json: { equal: true } });
});

it('whoever sets up again gets the same key', async () => {
  const before = await readFile(key, 'utf8');
  expect((await zkonnx('setup', artifact)).json).toMatchObject({ error: { code: 'KEYS_EXIST' } });
  expect(await zkonnx('setup', artifact, '--force')).toMatchObject({ code: 0 });
  expect(await readFile(key, 'utf8')).toBe(before);
});

it('verifier, page and prover in one file serve it', async () => {
  expect(await zkonnx('export', 'verifier', '-o', at('verifier.mjs'))).toMatchObject({ code: 0 });
  const alone = (await import(pathToFileURL(at('verifier.mjs')).href)) as typeof Verifier;
  const [keyText, proofText] = await Promise.all([readFile(key, 'utf8'), readFile(proof, 'utf8')]);
  expect(alone.verify(proofText, keyText)).toMatchObject({ valid: true });
  expect(alone.verifyBatch([proofText, '{'], keyText).map(({ valid }) => valid)).toEqual([true, false]);
  expect(await zkonnx('export', 'page', artifact, '-o', at('page.html'), '--proof', proof)).toMatchObject({ code: 0 });
  expect(await readFile(at('page.html'), 'utf8')).toContain('not reviewed from outside');
  const bundle = new URL('../../dist/prover/zkonnx-prover.mjs', import.meta.url).href;
  const { openProver: openInPage } = (await import(bundle)) as typeof Pages;
  const circuit = new Uint8Array(await readFile(at('iris', 'program.bin')));
  const prover = await openInPage({ circuit, verificationKey: keyText });
  const made = await prover.prove({ input: INPUT });
  expect(alone.verify(made.proof, keyText)).toMatchObject({ valid: true });
  await prover.close();
});

describe('what the protocol does not have is said', () => {
  it.each([
    [['export', 'solidity', artifact, '-o', at('V.sol')], 'PROTOCOL_UNSUPPORTED'],
    [['export', 'r1cs', artifact, '-o', at('v.r1cs')], 'PROTOCOL_UNSUPPORTED'],
    [['inspect', artifact, '--row', '0'], 'PROTOCOL_UNSUPPORTED'],
    [['export', 'zkey', artifact, '-o', at('v.zkey')], 'USAGE'],
    [['prove', artifact, '--in', flower, '-o', at('s.json'), '--prover', 'snarkjs'], 'USAGE'],
    [['compile', model, '-o', at('hidden'), ...COMPILE, '--input', 'committed'], 'PROTOCOL_UNSUPPORTED'],
  ])('%j: %s', async (args, code) => {
    expect(await zkonnx(...args)).toMatchObject({ code: 2, json: { error: { code } } });
  });
});

describe('an artifact whose files do not belong together is refused', () => {
  it.each([
    ['weights', 'program.bin', (bytes: Buffer) => bytes.with(bytes.length - 200, bytes.at(-200)! ^ 2)],
    ['a program cut off', 'program.bin', (bytes: Buffer) => bytes.subarray(0, 500)],
  ])('%s', async (_, name, change) => {
    const copy = at('copy');
    await rm(copy, { recursive: true, force: true });
    expect(await zkonnx('compile', model, '-o', copy, ...COMPILE)).toMatchObject({ code: 0 });
    expect(await zkonnx('setup', copy)).toMatchObject({ code: 0 });
    await writeFile(path.join(copy, name), change(await readFile(path.join(copy, name))));
    await expect(openProver(copy)).rejects.toMatchObject({ code: expect.stringMatching(/^(?:KEY_MISMATCH|ARTIFACT_INVALID|BOUND_OVERFLOW)$/) as string }); // prettier-ignore
  });
});

it('private inputs and a clamped value: the proof says that one was, and shows no input', async () => {
  const hidden = at('hidden-inputs');
  const options = ['--calibrate', at('few.json'), '--domain', '-1..1', '--input', 'private', '--protocol', 'clear'];
  await writeFile(at('few.json'), JSON.stringify([{ input: [0.1, 0.1, 0.1, 0.1] }, { input: INPUT }]));
  expect(await zkonnx('compile', model, '-o', hidden, ...options)).toMatchObject({ code: 0 });
  expect(await zkonnx('setup', hidden)).toMatchObject({ code: 0 });
  await writeFile(at('far.json'), JSON.stringify({ input: [1, 1, -1, 1] }));
  expect(await zkonnx('prove', hidden, '--in', at('far.json'), '-o', at('far-proof.json'))).toMatchObject({ code: 0 });
  const { code, json } = await zkonnx('verify', at('far-proof.json'), '--key', path.join(hidden, 'verification_key.json')); // prettier-ignore
  expect(code).toBe(0);
  expect(json).toMatchObject({ valid: true, inputs: {} });
  const ran = await zkonnx('run', hidden, '--in', at('far.json'));
  expect(json['clamped']).toBe(ran.json['clamped']);
});
