/** snarkjs judges our files, and we judge its proofs: on iris with our keys, on a small network with keys from snarkjs's own ceremony. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelPath } from '../../bench/models.js';
import { makeMlp } from '../../scripts/make-mlp.js';
import { verify, verifyGroth16 } from '../../src/verify/index.js';
import { makePtau, snarkjs, zkonnx } from './snarkjs-interop.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'zkonnx-snarkjs-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const json = (file: string) => JSON.parse(readFileSync(path.join(dir, file), 'utf8')) as Record<string, unknown>;

describe('iris with our keys', () => {
  it('snarkjs checks our witness and accepts our proof', () => {
    cpSync(modelPath('iris-mlp-deepprove'), path.join(dir, 'iris.onnx'));
    writeFileSync(path.join(dir, 'in.json'), JSON.stringify({ input: [-0.33, -0.66, -0.05, -0.16] }));
    zkonnx(dir, 'compile', 'iris.onnx', '-o', 'iris', '--domain=-1..1', '--tolerance', '0.02', '--protocol', 'groth16');
    zkonnx(dir, 'setup', 'iris', '--dev');
    zkonnx(dir, 'prove', 'iris', '--in', 'in.json', '-o', 'proof.json');
    zkonnx(dir, 'export', 'r1cs', 'iris', '-o', 'iris.r1cs');
    zkonnx(dir, 'export', 'wtns', 'iris', '--in', 'in.json', '-o', 'iris.wtns');
    expect(snarkjs(dir, 'wtns', 'check', 'iris.r1cs', 'iris.wtns')).toContain('WITNESS IS CORRECT');
    const { publicSignals } = json('proof.json');
    writeFileSync(path.join(dir, 'public.json'), JSON.stringify(publicSignals));
    expect(snarkjs(dir, 'groth16', 'verify', 'iris/verification_key.json', 'public.json', 'proof.json')).toContain(
      'OK!',
    );
  });

  it('we accept what snarkjs proves with our key and our witness', () => {
    snarkjs(dir, 'groth16', 'prove', 'iris/proving_key.zkey', 'iris.wtns', 'theirs.json', 'theirs-public.json');
    const publicSignals = json('theirs-public.json');
    expect(verify(json('theirs.json'), json('iris/verification_key.json'), { publicSignals })).toMatchObject({
      valid: true,
    });
    const [first, ...rest] = publicSignals as unknown as string[];
    const wrong = [String(BigInt(first!) + 1n), ...rest];
    expect(verify(json('theirs.json'), json('iris/verification_key.json'), { publicSignals: wrong })).toMatchObject({
      valid: false,
      reason: 'PAIRING_FAILED',
    });
  });
});

describe('a small network with keys from snarkjs’s own ceremony', () => {
  it('ptau, setup, contribution, zkey verify, prove: all on our .r1cs and .wtns', () => {
    writeFileSync(path.join(dir, 'mlp.onnx'), makeMlp([3, 2, 2]));
    writeFileSync(path.join(dir, 'mlp-in.json'), JSON.stringify({ input: [0.5, 0.25, 0.75] }));
    const compiled = zkonnx(dir, 'compile', 'mlp.onnx', '-o', 'mlp', '--domain=0..1', '--protocol', 'groth16');
    expect(compiled['constraints']).toBeLessThan(250);
    zkonnx(dir, 'export', 'r1cs', 'mlp', '-o', 'mlp.r1cs');
    makePtau(dir, 8);
    snarkjs(dir, 'groth16', 'setup', 'mlp.r1cs', 'final.ptau', 'mlp0.zkey');
    snarkjs(dir, 'zkey', 'contribute', 'mlp0.zkey', 'mlp.zkey', '--name=test', '-e=other entropy');
    expect(snarkjs(dir, 'zkey', 'verify', 'mlp.r1cs', 'final.ptau', 'mlp.zkey')).toContain('ZKey Ok!');
    snarkjs(dir, 'zkey', 'export', 'verificationkey', 'mlp.zkey', 'mlp-vk.json');
    zkonnx(dir, 'setup', 'mlp', '--dev');
    zkonnx(dir, 'export', 'wtns', 'mlp', '--in', 'mlp-in.json', '-o', 'mlp.wtns');
    snarkjs(dir, 'groth16', 'prove', 'mlp.zkey', 'mlp.wtns', 'mlp-proof.json', 'mlp-public.json');
    expect(verifyGroth16(json('mlp-vk.json'), json('mlp-public.json'), json('mlp-proof.json'))).toEqual({
      valid: true,
    });
  });
});
