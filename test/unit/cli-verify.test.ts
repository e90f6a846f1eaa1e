import { copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProofFile } from '../../src/verify/proof.js';
import { PROOFS, expectError, scratchFolder, zkonnx, zkonnxJson } from './cli-harness.js';

const folder = await scratchFolder();
const PROOF = path.join(PROOFS, 'classifier/proof.json');
const KEY = path.join(PROOFS, 'classifier/verification_key.json');
const MODEL = `sha256:${'a'.repeat(64)}`;
const proofJson = JSON.parse(await readFile(PROOF, 'utf8')) as ProofFile;

async function file(name: string, content: unknown): Promise<string> {
  const at = path.join(folder, name);
  await writeFile(at, typeof content === 'string' ? content : JSON.stringify(content));
  return at;
}

describe('verify: a valid proof', () => {
  it('answers with the same document for ever', async () => {
    const { code, json } = await zkonnxJson(['verify', PROOF, '--key', KEY]);
    expect(code).toBe(0);
    const verified = JSON.parse(await readFile(path.join(PROOFS, 'classifier/verified.json'), 'utf8')) as object;
    expect(json).toEqual({ proof: PROOF, ...verified });
  });

  it("says what was proven in the model's own words, and that the key is a development key", async () => {
    const { code, stdout, stderr } = await zkonnx(['verify', PROOF, '--key', KEY]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('VALID');
    expect(stdout).toContain('scores: right (0.890196)');
    expect(stdout).toContain('scores [1, 2]: -1.07059, 0.890196');
    expect(stdout).toContain('image [1, 1, 2, 2]: 0.0392157, 0.980392, 0, 0.129412');
    expect(stdout).toContain(MODEL);
    expect(stdout).toContain('DEVELOPMENT KEY');
  });

  it('warns of a key whose setup nobody knows, and refuses one that claims a ceremony', async () => {
    const args = (folder: string) => [
      'verify',
      path.join(folder, 'proof.json'),
      '--key',
      path.join(folder, 'verification_key.json'),
    ];
    const { code, stdout } = await zkonnx(args(path.join(PROOFS, '../v2/unknown')));
    expect(code).toBe(0);
    expect(stdout).not.toContain('DEVELOPMENT');
    expect(stdout).toContain('KEY OF UNKNOWN ORIGIN');
    await expectError(args(path.join(PROOFS, 'ceremony')), 'KEY_INVALID');
  });

  it('holds when everything expected of it was proven', async () => {
    const printed = await file('printed.json', (await zkonnxJson(['verify', PROOF, '--key', KEY])).json);
    const byName = await file('by-name.json', { scores: [-1.0705882352941176, 0.8901960784313725] });
    for (const expected of [printed, byName]) {
      const args = ['verify', PROOF, '--key', KEY, '--expect-model', MODEL, '--expect-output', expected];
      expect(await zkonnxJson(args)).toMatchObject({ code: 0, json: { valid: true } });
    }
    expect(await zkonnxJson(['verify', PROOF, '--key', KEY, '--expect-input', printed])).toMatchObject({ code: 0 });
  });
});

describe('verify: whatever is wrong in the proof is a refusal, exit 1', () => {
  const tooManySignals = [...proofJson.publicSignals, '0'];
  const withSignal = (signal: string) => ({ ...proofJson, publicSignals: proofJson.publicSignals.with(0, signal) });
  const r = '21888242871839275222246405745257275088548364400416034343698204186575808495617';
  it.each([
    ['not JSON', 'not a proof', 'PROOF_NOT_JSON'],
    ['empty', '', 'PROOF_NOT_JSON'],
    ['no object', [1, 2], 'PROOF_MALFORMED'],
    ['a field missing', { ...proofJson, pi_b: undefined }, 'PROOF_MALFORMED'],
    ['a field more', { ...proofJson, more: 1 }, 'PROOF_MALFORMED'],
    ['a signal more', { ...proofJson, publicSignals: tooManySignals }, 'PUBLIC_INPUT_COUNT'],
    ['a negative signal', withSignal('-1'), 'PROOF_MALFORMED'],
    ['a signal with a leading zero', withSignal(`0${proofJson.publicSignals[0]!}`), 'PROOF_MALFORMED'],
    ['a signal of r', withSignal(r), 'PUBLIC_INPUT_NOT_IN_FIELD'],
    ['another signal', withSignal('1'), 'PAIRING_FAILED'],
    ['an unknown formatVersion', { ...proofJson, formatVersion: 99 }, 'FORMAT_VERSION'],
    ['another key', { ...proofJson, keyDigest: `0x${'0'.repeat(64)}` }, 'KEY_DIGEST_MISMATCH'],
  ])('%s', async (name, content, reason) => {
    const proof = await file(`refused ${name}.json`, content);
    const { code, json } = await zkonnxJson(['verify', proof, '--key', KEY]);
    expect({ code, json }).toMatchObject({ code: 1, json: { proof, valid: false, reason } });
    const people = await zkonnx(['verify', proof, '--key', KEY]);
    expect(people).toMatchObject({ code: 1, stderr: '' });
    expect(people.stdout).toContain('REFUSED');
    expect(people.stdout).toContain(reason);
  });

  it('a file of a gigabyte, unread', async () => {
    const huge = path.join(folder, 'huge.json');
    const handle = await open(huge, 'w');
    await handle.truncate(2 ** 30);
    await handle.close();
    expect(await zkonnxJson(['verify', huge, '--key', KEY])).toMatchObject({
      code: 1,
      json: { valid: false, reason: 'PROOF_TOO_LARGE' },
    });
  });

  it('another model, output or input than expected', async () => {
    const scores = await file('other-scores.json', { scores: [1, 0] });
    const image = await file('other-image.json', {
      image: [
        [
          [
            [0, 0],
            [0, 0],
          ],
        ],
      ],
    });
    const cases = [
      ['--expect-model', 'b'.repeat(64), 'MODEL_MISMATCH'],
      ['--expect-output', scores, 'OUTPUT_MISMATCH'],
      ['--expect-input', image, 'INPUT_MISMATCH'],
    ] as const;
    for (const [flag, value, reason] of cases) {
      const answer = await zkonnxJson(['verify', PROOF, '--key', KEY, flag, value]);
      expect(answer).toMatchObject({ code: 1, json: { valid: false, reason } });
    }
  });

  it('other public signals than those given', async () => {
    const signals = await file('public.json', proofJson.publicSignals.toReversed());
    expect(await zkonnxJson(['verify', PROOF, '--key', KEY, '--public', signals])).toMatchObject({
      code: 1,
      json: { reason: 'PUBLIC_SIGNALS_MISMATCH' },
    });
  });

  it('escape sequences in a proof do not reach the terminal', async () => {
    const proof = await file('escape.json', '\u001b[2J\u001b]0;owned\u0007 valid');
    const { stdout } = await zkonnx(['verify', proof, '--key', KEY]);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain('\u0007');
  });
});

describe('verify: what the caller got wrong is an error, exit 2', () => {
  it('no such proof', () => expectError(['verify', path.join(folder, 'none.json'), '--key', KEY], 'FILE_UNREADABLE'));
  it('no such key', () => expectError(['verify', PROOF, '--key', path.join(folder, 'none.json')], 'FILE_UNREADABLE'));
  it('a key that is none', () => expectError(['verify', PROOF, '--key', PROOF], 'KEY_INVALID'));
  it('an edited key', async () => {
    const key = (await readFile(KEY, 'utf8')).replace('"right"', '"wrong"');
    await expectError(['verify', PROOF, '--key', await file('edited-key.json', key)], 'KEY_INVALID');
  });
  it('a folder without --batch', async () => {
    const error = await expectError(['verify', folder, '--key', KEY], 'USAGE');
    expect(error['help']).toContain('--batch');
  });
  it('an expected model that is no hash', () =>
    expectError(['verify', PROOF, '--key', KEY, '--expect-model', 'mnist'], 'USAGE'));
  it('expected values of no output', async () => {
    const expected = await file('no-output.json', { logits: { dims: [2], data: [0, 1] } });
    await expectError(['verify', PROOF, '--key', KEY, '--expect-output', expected], 'USAGE');
  });
  it('expected values that are no JSON', async () => {
    const expected = await file('no-json.json', '{');
    await expectError(['verify', PROOF, '--key', KEY, '--expect-output', expected], 'USAGE');
  });
  it('flags of ezkl without its backend', () =>
    expectError(['verify', PROOF, '--key', KEY, '--srs', 'kzg.srs'], 'USAGE'));
  it('expectations of one proof with --batch', () =>
    expectError(['verify', PROOFS, '--batch', '--key', KEY, '--expect-output', PROOF], 'USAGE'));
});

describe('verify --batch', () => {
  const batch = path.join(folder, 'batch');

  it('an empty folder proves nothing', async () => {
    await mkdir(path.join(folder, 'empty'));
    await expectError(['verify', path.join(folder, 'empty'), '--batch', '--key', KEY], 'USAGE');
  });

  it('is valid when all proofs are; openings and the key are no proofs', async () => {
    await mkdir(batch);
    for (const name of ['a2.json', 'a10.json']) await copyFile(PROOF, path.join(batch, name));
    await copyFile(KEY, path.join(batch, 'verification_key.json'));
    await writeFile(path.join(batch, 'a2.opening.json'), '{}');
    const key = path.join(batch, 'verification_key.json');
    const { code, json } = await zkonnxJson(['verify', batch, '--batch', '--key', key]);
    expect(code).toBe(0);
    expect(json).toMatchObject({ valid: true, count: 2, refused: 0 });
    expect((json['proofs'] as { proof: string }[]).map(({ proof }) => path.basename(proof))).toEqual([
      'a2.json',
      'a10.json',
    ]);
    expect(json['skipped']).toEqual([path.join(batch, 'a2.opening.json'), key]);
  });

  it('is refused when one proof is', async () => {
    await writeFile(path.join(batch, 'a3.json'), '{}');
    const { code, json } = await zkonnxJson(['verify', batch, '--batch', '--key', KEY]);
    expect(code).toBe(1);
    // The key's own copy in the folder is no proof either once --key names another file.
    expect(json).toMatchObject({ valid: false, count: 4, refused: 2 });
    const { stdout } = await zkonnx(['verify', batch, '--batch', '--key', KEY]);
    expect(stdout).toContain('2 of 4 proofs are valid');
    expect(stdout).toContain(`REFUSED  ${path.join(batch, 'a3.json')}: FORMAT_VERSION`);
  });
});

describe("verify: snarkjs's own files", () => {
  it('a bare proof holds with its public signals, under a key with our block', async () => {
    const bare = path.join(PROOFS, 'snarkjs/proof.json');
    const key = path.join(PROOFS, '../v2/unknown/verification_key.json');
    const args = ['verify', bare, '--key', key];
    expect(await zkonnxJson([...args, '--public', path.join(PROOFS, 'snarkjs/public.json')])).toMatchObject({
      code: 0,
      json: { valid: true },
    });
    expect(await zkonnxJson(args)).toMatchObject({ code: 1, json: { valid: false, reason: 'FORMAT_VERSION' } });
  });
});
