/** The built binary, as a shell sees it: from an ONNX file to a verified proof, and what is left behind when it is stopped. */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = path.join(root, 'dist/src/cli/main.js');
const IRIS = path.join(root, 'test/fixtures/models/iris-mlp-deepprove');
const EZKL = path.join(root, 'test/fixtures/ezkl');
const MODEL_HASH = '312626b80ab09b62b8b80aa0bf642bb48f3a42f6d41c7f932cfb97f985eda80c';

const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-binary-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(folder, ...names);

interface Shell {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function zkonnx(...args: string[]): Promise<Shell> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BINARY, ...args], { maxBuffer: 2 ** 26 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

/** Exit 0 and one JSON document. */
async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await zkonnx(...args, '--json');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Runs until a line of stderr matches, then presses Ctrl-C. */
function interruptAt(line: RegExp, ...args: string[]): Promise<Shell> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BINARY, ...args]);
    let stdout = '';
    let stderr = '';
    let sent = false;
    child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (sent || !line.test(stderr)) return;
      sent = true;
      child.kill('SIGINT');
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const CALIBRATION = path.join(IRIS, 'calibration.json');
const KEY = at('iris/verification_key.json');

beforeAll(async () => {
  await writeFile(at('flower.json'), JSON.stringify({ input: [0.38, -0.33, 0.28, 0.08] }));
  await writeFile(at('labels.txt'), 'setosa\nversicolor\nvirginica\n');
  const model = path.join(IRIS, 'model.onnx');
  const compiled = await json(
    'compile',
    model,
    '-o',
    at('iris'),
    '--calibrate',
    CALIBRATION,
    '--labels',
    `@${at('labels.txt')}`,
  );
  expect(compiled).toMatchObject({
    artifact: at('iris'),
    constraints: expect.any(Number) as number,
    protocol: 'mirage',
    model: { hash: `sha256:${MODEL_HASH}` },
    timingsMs: { total: expect.any(Number) as number },
    accuracy: { samples: 30, outputs: [{ name: 'output' }] },
  });
  // prettier-ignore
  expect(Object.keys(compiled)).toEqual([
    'artifact', 'constraints', 'wires', 'publicInputs', 'protocol', 'model', 'circuitHash', 'quantisation', 'layers', 'accuracy', 'notes', 'timingsMs', 'peakMemoryBytes', 'keys',
  ]);
  const keys = await json('setup', at('iris'), '--dev');
  expect(keys).toMatchObject({
    setup: 'development',
    provingKey: at('iris/proving_key.mirage'),
    verificationKey: KEY,
    timingsMs: { total: expect.any(Number) as number },
  });
  expect(Object.keys(keys).sort()).toEqual([
    'keyDigest',
    'peakMemoryBytes',
    'provingKey',
    'removed',
    'setup',
    'timingsMs',
    'verificationKey',
  ]);
});

describe('from a model to a verified proof', () => {
  it('inspect counts what compile counted', async () => {
    const inspected = await json('inspect', at('iris'));
    expect(inspected).toMatchObject({ protocol: 'mirage', publicInputs: 2, key: { setup: 'development' } });
    const layers = inspected['layers'] as { name: string; op: string; constraints: number }[];
    expect(layers.reduce((sum, { constraints }) => sum + constraints, 0)).toBe(inspected['constraints']);
  });

  it('prove writes a proof where no folder was, verify shows what run computed', async () => {
    const proof = at('new/folder/proof.json');
    const proven = await json('prove', at('iris'), '--in', at('flower.json'), '-o', proof);
    expect(proven).toMatchObject({
      proof,
      timingsMs: {
        witness: expect.any(Number) as number,
        commit: expect.any(Number) as number,
        quotient: expect.any(Number) as number,
        sums: expect.any(Number) as number,
        total: expect.any(Number) as number,
      },
      peakMemoryBytes: expect.any(Number) as number,
    });
    expect(Object.keys(proven)).toEqual(['id', 'proof', 'clamped', 'timingsMs', 'peakMemoryBytes']);
    expect(Object.keys(JSON.parse(await readFile(proof, 'utf8')) as object)).toEqual(
      expect.arrayContaining(['pi_a', 'pi_b', 'pi_c1', 'pi_c2', 'publicSignals', 'context', 'formatVersion']),
    );
    const verified = await json('verify', proof, '--key', KEY, '--expect-model', MODEL_HASH);
    const run = await json('run', at('iris'), '--in', at('flower.json'));
    expect(verified).toMatchObject({
      valid: true,
      outputs: run['outputs'],
      top: { output: [{ label: 'versicolor' }] },
    });
    await writeFile(at('run.json'), JSON.stringify(run));
    const expected = ['--expect-output', at('run.json'), '--expect-input', at('flower.json')];
    expect(await json('verify', proof, '--key', KEY, ...expected)).toMatchObject({ valid: true });
  });

  it('a batch is one proof a sample, and all of them hold', async () => {
    await writeFile(at('two.jsonl'), '{"input": [0, 0, 0, 0]}\n\n[[0.1, 0.2, 0.3, 0.4]]\n');
    const proven = await json('prove', at('iris'), '--in', at('two.jsonl'), '-o', at('proofs'), '--threads', '2');
    expect(proven).toMatchObject({
      proof: at('proofs'),
      proofs: [
        { id: 'two.jsonl:1', proof: at('proofs/two-1.json') },
        { id: 'two.jsonl:3', proof: at('proofs/two-3.json') },
      ],
    });
    const verified = await json('verify', at('proofs'), '--batch', '--key', KEY);
    expect(verified).toMatchObject({ valid: true, count: 2, refused: 0 });
  });

  it('committed inputs: the opening lies beside the proof, for its owner alone', async () => {
    const model = path.join(IRIS, 'model.onnx');
    const flags = ['--calibrate', CALIBRATION, '--input', 'committed'];
    await json('compile', model, '-o', at('committed'), ...flags);
    await json('setup', at('committed'), '--dev');
    const { code, stderr } = await zkonnx('prove', at('committed'), '--in', at('flower.json'), '-o', at('secret.json'));
    expect(code).toBe(0);
    expect(stderr).toContain('SECRET');
    expect((await stat(at('secret.opening.json'))).mode & 0o777).toBe(0o600);
    const opening = JSON.parse(await readFile(at('secret.opening.json'), 'utf8')) as { salts: Record<string, string> };
    expect(await readFile(at('secret.json'), 'utf8')).not.toContain(opening.salts['input']);
    const verified = await json('verify', at('secret.json'), '--key', at('committed/verification_key.json'));
    expect(verified['inputs']).toEqual({});
    expect(verified['committed']).toEqual({ input: expect.stringMatching(/^\d+$/) as string });
  });

  it('a proof under another key, and a proving key of another circuit', async () => {
    const { code, stdout } = await zkonnx('verify', at('secret.json'), '--key', KEY, '--json');
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({
      code: 1,
      valid: false,
      reason: 'KEY_DIGEST_MISMATCH',
    });
    await writeFile(at('committed/proving_key.mirage'), await readFile(at('iris/proving_key.mirage')));
    const refused = await zkonnx('prove', at('committed'), '--in', at('flower.json'), '-o', at('never.json'));
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('[KEY_MISMATCH]');
    await expect(stat(at('never.json'))).rejects.toThrow();
  });

  it('a proof for one context is refused in another', async () => {
    const proof = at('bound.json');
    await json('prove', at('iris'), '--in', at('flower.json'), '-o', proof, '--context', '0xc0ffee');
    const expecting = async (context: string) => {
      const { code, stdout } = await zkonnx('verify', proof, '--key', KEY, '--json', '--expect-context', context);
      return { code, ...(JSON.parse(stdout) as object) };
    };
    expect(await expecting('0xc0ffee')).toMatchObject({ code: 0, valid: true, context: '0xc0ffee' });
    expect(await expecting('0x')).toMatchObject({ code: 1, valid: false, reason: 'CONTEXT_MISMATCH' });
    const unset = await zkonnx('prove', at('iris'), '--in', at('flower.json'), '-o', proof, '--context', '');
    expect(unset).toMatchObject({ code: 2, stdout: '' });
    expect(unset.stderr).toContain('[USAGE]');
  });

  it('export writes every form', async () => {
    for (const form of ['r1cs', 'verifier', 'page']) {
      await json('export', form, at('iris'), '-o', at('exports', `iris.${form}`));
      expect((await stat(at('exports', `iris.${form}`))).size).toBeGreaterThan(10_000);
    }
    await json('export', 'solidity', at('iris'), '-o', at('exports/Iris.sol'), '--allow-development-key');
    expect((await readFile(at('exports/iris.r1cs'))).subarray(0, 4).toString()).toBe('r1cs');
    for (const [form, ...flags] of [['zkey'], ['wtns', '--in', at('flower.json')]]) {
      const refused = await zkonnx('export', form!, at('iris'), ...flags, '-o', at('exports/never'));
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain('--protocol groth16');
    }
  });

  it("with --protocol groth16, snarkjs's forms too", async () => {
    const flags = ['--calibrate', CALIBRATION, '--protocol', 'groth16'];
    await json('compile', path.join(IRIS, 'model.onnx'), '-o', at('plain'), ...flags);
    await json('setup', at('plain'), '--dev');
    await json('export', 'zkey', at('plain'), '-o', at('exports/iris.zkey'));
    await json('export', 'wtns', at('plain'), '--in', at('flower.json'), '-o', at('exports/flower.wtns'));
    expect((await readFile(at('exports/flower.wtns'))).subarray(0, 4).toString()).toBe('wtns');
    expect(await readFile(at('exports/iris.zkey'))).toEqual(await readFile(at('plain/proving_key.zkey')));
    await json('prove', at('plain'), '--in', at('flower.json'), '-o', at('plain.json'));
    const verified = await json('verify', at('plain.json'), '--key', at('plain/verification_key.json'));
    expect(verified).toMatchObject({ valid: true, protocol: 'groth16' });
  });
});

describe('Ctrl-C', () => {
  it('in a batch: exit 130, whole proofs and nothing half', async () => {
    const out = at('stopped');
    const stopped = await interruptAt(/prove: 2 of 30/, 'prove', at('iris'), '--in', CALIBRATION, '-o', out);
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(stopped.stderr).toContain('[ABORTED]');
    const names = await readdir(out);
    expect(names.length).toBeGreaterThanOrEqual(2);
    expect(names.length).toBeLessThan(30);
    expect(names.filter((name) => !/^calibration-\d+\.json$/.test(name))).toEqual([]);
    expect(await json('verify', out, '--batch', '--key', KEY)).toMatchObject({ valid: true, count: names.length });
  });

  it('in a setup: exit 130, no keys', async () => {
    await json('compile', path.join(IRIS, 'model.onnx'), '-o', at('unset'), '--calibrate', CALIBRATION);
    const before = await readdir(at('unset'));
    const stopped = await interruptAt(/setup: /, 'setup', at('unset'), '--dev');
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(await readdir(at('unset'))).toEqual(before);
  });
});

describe('the process', () => {
  it('a closed pipe is no error', async () => {
    const command = `"${process.execPath}" "${BINARY}" inspect "${at('iris')}" | sleep 1 <&-`;
    const shell = await new Promise<Shell>((resolve) => {
      execFile('bash', ['-c', `set -o pipefail; ${command}`], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
    expect(shell).toMatchObject({ code: 0, stderr: '' });
  });

  it('usage errors exit with 2', async () => {
    expect(await zkonnx('verify')).toMatchObject({ code: 2, stdout: '' });
    expect(await zkonnx('--version')).toMatchObject({ code: 0 });
  });
});

describe('--backend ezkl', () => {
  const file = (name: string) => path.join(EZKL, name);

  it('verifies a proof of ezkl, and refuses it under another key', async () => {
    const args = ['--backend', 'ezkl', '--settings', file('settings.json'), '--srs', file('kzg.srs')];
    const verified = await json('verify', file('proof.json'), '--key', file('vk.key'), ...args);
    expect(verified).toMatchObject({ valid: true, backend: 'ezkl' });
    const refused = await zkonnx('verify', file('proof.json'), '--key', file('other-vk.key'), ...args, '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ valid: false, reason: 'PROOF_INVALID' });
  });

  it('proves with the files of a folder', async () => {
    const proven = await json('prove', EZKL, '--backend', 'ezkl', '--in', file('input.json'), '-o', at('ezkl.json'));
    expect(proven).toMatchObject({ proof: at('ezkl.json'), checked: true });
    const args = ['--backend', 'ezkl', '--settings', file('settings.json'), '--srs', file('kzg.srs')];
    expect(await json('verify', at('ezkl.json'), '--key', file('vk.key'), ...args)).toMatchObject({ valid: true });
  });

  it('says what it needs', async () => {
    const verify = await zkonnx('verify', file('proof.json'), '--key', file('vk.key'), '--backend', 'ezkl');
    expect(verify.code).toBe(2);
    expect(verify.stderr).toContain('--settings settings.json --srs kzg.srs');
    const prove = await zkonnx('prove', '--backend', 'ezkl', '--in', file('input.json'), '-o', at('x.json'));
    expect(prove.code).toBe(2);
    expect(prove.stderr).toContain('--compiled FILE');
  });
});
