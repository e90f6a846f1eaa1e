/** prove-wtns, as a user of snarkjs or circom runs it: keys from snarkjs's own ceremony, witnesses right and wrong, and what is left behind. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { R } from '../../src/field/bn254.js';
import { writeR1csFile } from '../../src/formats/r1cs-file.js';
import { writeWtnsFile } from '../../src/formats/wtns-file.js';
import { Groth16Prover } from '../../src/prove/groth16/wtns-prover.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { verifyGroth16 } from '../../src/verify/index.js';
import { randomR1cs } from '../unit/random-r1cs.js';
import { makePtau, snarkjs } from './snarkjs-interop.js';

const BINARY = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const system = randomR1cs({ seed: 3, nConstraints: 40, nPubOut: 2, nPubIn: 1, wide: true });
let dir: string;
const at = (name: string) => path.join(dir, name);
const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(at(name), 'utf8'));

interface Shell {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs our binary in the folder, as a shell would. */
function zkonnx(...args: string[]): Promise<Shell> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BINARY, ...args], { cwd: dir }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-foreign-'));
  await writeR1csFile(at('c.r1cs'), system.r1cs);
  await writeWtnsFile(at('c.wtns'), system.witnessBytes);
  const wrong = system.witnessBytes.slice();
  wrong[wrong.length - 32]! ^= 1;
  await writeWtnsFile(at('wrong.wtns'), wrong);
  await writeWtnsFile(at('short.wtns'), system.witnessBytes.subarray(0, -32));
  makePtau(dir, 7);
  snarkjs(dir, 'groth16', 'setup', 'c.r1cs', 'final.ptau', 'new.zkey');
  snarkjs(dir, 'zkey', 'contribute', 'new.zkey', 'c.zkey', '--name=test', '-e=more entropy');
  snarkjs(dir, 'zkey', 'export', 'verificationkey', 'c.zkey', 'vk.json');
  snarkjs(dir, 'zkey', 'export', 'verificationkey', 'new.zkey', 'new-vk.json');
  await setupDev(system.r1cs, { zkeyPath: at('dev.zkey') });
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(async () => {
  for (const name of ['proof.json', 'public.json']) await rm(at(name), { force: true });
});

describe('zkonnx prove-wtns', () => {
  it('writes what snarkjs reads; we and snarkjs accept; no other file is left', async () => {
    const before = await readdir(dir);
    const { code, stdout } = await zkonnx('prove-wtns', 'c.zkey', 'c.wtns', '-o', 'proof.json', '--threads', '1');
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^proof\.json\npublic\.json\n/) });
    expect((await readdir(dir)).filter((name) => !before.includes(name)).sort()).toEqual(['proof.json', 'public.json']);
    expect(await json('public.json')).toEqual(system.witness.slice(1, 4).map(String));
    expect(snarkjs(dir, 'groth16', 'verify', 'vk.json', 'public.json', 'proof.json')).toContain('OK!');
    expect(verifyGroth16(await json('vk.json'), await json('public.json'), await json('proof.json'))).toEqual({
      valid: true,
    });
  });

  it('--json has paths, the key’s facts and every phase; stderr holds progress only', async () => {
    const { code, stdout, stderr } = await zkonnx(
      'prove-wtns',
      'c.zkey',
      'c.wtns',
      '-o',
      'new/proof.json',
      '--public',
      'other/signals.json',
      '--json', // prettier-ignore
    );
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { timingsMs: Record<string, number> };
    expect(document).toMatchObject({
      proof: 'new/proof.json',
      public: 'other/signals.json',
      setup: 'unknown',
      contributions: 1,
      wires: system.r1cs.nWires,
      publicInputs: 3,
      peakMemoryBytes: expect.any(Number) as number,
    });
    const { total, ...phases } = document.timingsMs;
    expect(Object.keys(phases)).toEqual(['load', 'read', 'queue', 'quotient', 'sums', 'check']);
    expect(total).toBeGreaterThan(phases['load']!);
    expect(stderr.split('\n').filter((line) => line !== '' && !line.startsWith('prove-wtns: '))).toEqual([]);
    expect(snarkjs(dir, 'groth16', 'verify', 'vk.json', 'other/signals.json', 'new/proof.json')).toContain('OK!');
  });

  it('a key without contributions: a warning, and a proof that snarkjs accepts and we do not', async () => {
    const { code, stdout, stderr } = await zkonnx('prove-wtns', 'new.zkey', 'c.wtns', '-o', 'proof.json');
    expect(code).toBe(0);
    expect(stdout).not.toContain('warning');
    expect(stderr).toContain('warning: nobody has contributed to new.zkey: ANYONE can forge');
    expect(snarkjs(dir, 'groth16', 'verify', 'new-vk.json', 'public.json', 'proof.json')).toContain('OK!');
    const [vk, signals, proof] = await Promise.all(['new-vk.json', 'public.json', 'proof.json'].map(json));
    expect(() => verifyGroth16(vk, signals, proof)).toThrow(/anyone can forge/);
  });

  it('a development key of ours is called one, without that warning', async () => {
    const { code, stdout, stderr } = await zkonnx('prove-wtns', 'dev.zkey', 'c.wtns', '-o', 'proof.json');
    expect(code).toBe(0);
    expect(stdout).toContain('DEVELOPMENT KEY');
    expect(stderr).not.toContain('warning');
  });

  it.each([
    ['a witness that does not satisfy the circuit', 'wrong.wtns', 'KEY_MISMATCH', 'does not satisfy'],
    ['a witness of another circuit', 'short.wtns', 'KEY_MISMATCH', 'another circuit'],
    ['a key for a witness', 'c.zkey', 'ARTIFACT_INVALID', 'not a .wtns'],
    ['a witness that is not there', 'none.wtns', 'FILE_UNREADABLE', 'none.wtns'],
  ])('%s: exit 2, a sentence, nothing written, an older proof kept', async (_, wtns, code, text) => {
    const older = JSON.stringify({ protocol: 'groth16', pi_a: [], pi_b: [] });
    await writeFile(at('proof.json'), older);
    const before = await readdir(dir);
    const run = await zkonnx('prove-wtns', 'c.zkey', wtns, '-o', 'proof.json');
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain(`[${code}]`);
    expect(run.stderr).toContain(text);
    expect(await readdir(dir)).toEqual(before);
    expect(await readFile(at('proof.json'), 'utf8')).toBe(older);
  });

  it('--max-memory below what is needed: refused before the work, with the estimate', async () => {
    const args = ['prove-wtns', 'c.zkey', 'c.wtns', '-o', 'proof.json'];
    const { code, stderr } = await zkonnx(...args, '--max-memory', '16m');
    expect(code).toBe(2);
    expect(stderr).toMatch(/\[MEMORY_EXCEEDED\]\n +expected: at most 16 MiB\n +got: about \d+ MiB/);
    expect(await readdir(dir)).not.toContain('proof.json');
    expect(await zkonnx(...args, '--max-memory', '2g')).toMatchObject({ code: 0 });
  });

  it('outputs that cannot be are refused before the work', async () => {
    const folder = await zkonnx('prove-wtns', 'c.zkey', 'c.wtns', '-o', '.', '--quiet');
    expect(folder).toMatchObject({ code: 2, stderr: expect.stringContaining('[OUTPUT_UNWRITABLE]') });
    const same = await zkonnx('prove-wtns', 'c.zkey', 'c.wtns', '-o', 'public.json', '--quiet');
    expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining('[USAGE]') });
  });
});

describe('Groth16Prover', () => {
  it('hands out only what verifies, unless told otherwise', async () => {
    await using prover = await Groth16Prover.open({ zkey: at('c.zkey'), threads: 2 });
    expect(prover.info).toMatchObject({ contributions: 1, nPublic: 3 });
    await expect(prover.prove(at('wrong.wtns'))).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
    const { proof, publicSignals } = await prover.prove(at('wrong.wtns'), { check: false });
    expect(verifyGroth16(await json('vk.json'), publicSignals, proof)).toMatchObject({ reason: 'PAIRING_FAILED' });
    const right = await prover.prove(await readFile(at('c.wtns')));
    expect(verifyGroth16(await json('vk.json'), right.publicSignals, right.proof)).toEqual({ valid: true });
    const [first, ...others] = right.publicSignals;
    const changed = [String((BigInt(first!) + 1n) % R), ...others];
    expect(verifyGroth16(await json('vk.json'), changed, right.proof)).toMatchObject({ valid: false });
  });
});
