/** The ezkl backend as the command line uses it: files by path, the engine in worker threads. Runs the built worker. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEzklPool, type EzklPool } from '../../src/ezkl/pool.js';
import { MAX_PROOF_FILE_BYTES } from '../../src/ezkl/proof-file.js';
import { proveEzkl } from '../../src/ezkl/prove.js';
import { verifyEzkl } from '../../src/ezkl/verify.js';

const path = (name: string) => fileURLToPath(new URL(`../fixtures/ezkl/${name}`, import.meta.url));
const verifier = { vk: path('vk.key'), settings: path('settings.json'), srs: path('kzg.srs') };
const prover = {
  compiledCircuit: path('model.compiled'),
  pk: path('pk.key'),
  srs: path('kzg.srs'),
  from: { input: path('input.json') },
  settings: path('settings.json'),
};

describe('ezkl backend', () => {
  let pool: EzklPool;
  let folder: string;
  beforeAll(() => {
    pool = openEzklPool(2);
    folder = mkdtempSync(join(tmpdir(), 'zkonnx-ezkl-'));
  });
  afterAll(async () => {
    await pool.close();
    rmSync(folder, { recursive: true });
  });

  it("verifies the Python package's proof", async () => {
    const verdict = await verifyEzkl({ ...verifier, proof: path('proof.json') }, pool);
    expect(verdict).toMatchObject({ valid: true, outputs: { output_0: { dims: [1, 2], data: [0.125, 0.0625] } } });
  });

  it('proves side by side what it then verifies, for inputs of its own', async () => {
    const inputs = [
      [0, 0, 0, 0],
      [1, -1, 0.5, -0.5],
      [-0.75, 0.25, 0.25, 1],
    ];
    const proofs = await Promise.all(
      inputs.map((input) => {
        const bytes = new TextEncoder().encode(JSON.stringify({ input_data: [input] }));
        return proveEzkl({ ...prover, from: { input: bytes } }, pool);
      }),
    );
    for (const [i, { proof, checked }] of proofs.entries()) {
      expect(checked).toBe(true);
      const verdict = await verifyEzkl({ ...verifier, proof }, pool);
      expect(verdict).toMatchObject({ valid: true, inputs: { input_0: { data: inputs[i] } } });
    }
  });

  it("proves from the Python package's witness", async () => {
    const { proof } = await proveEzkl({ ...prover, from: { witness: path('witness.json') } }, pool);
    expect(await verifyEzkl({ ...verifier, proof }, pool)).toMatchObject({ valid: true });
  });

  it('refuses a tampered proof, a wrong key and what is no proof, with the reason', async () => {
    const file = JSON.parse(readFileSync(path('proof.json'), 'utf8')) as { proof: number[]; hex_proof: unknown };
    file.proof[100]! ^= 1;
    file.hex_proof = null;
    const tampered = join(folder, 'tampered.json');
    writeFileSync(tampered, JSON.stringify(file));
    expect(await verifyEzkl({ ...verifier, proof: tampered }, pool)).toMatchObject({
      valid: false,
      reason: 'PROOF_INVALID',
    });
    const wrongKey = { ...verifier, vk: path('other-vk.key'), proof: path('proof.json') };
    expect(await verifyEzkl(wrongKey, pool)).toMatchObject({ valid: false, reason: 'PROOF_INVALID' });
    const notJson = { ...verifier, proof: path('model.onnx') };
    expect(await verifyEzkl(notJson, pool)).toMatchObject({ valid: false, reason: 'PROOF_NOT_JSON' });
  });

  it('refuses a huge proof file unread', async () => {
    const huge = join(folder, 'huge.json');
    writeFileSync(huge, '');
    truncateSync(huge, MAX_PROOF_FILE_BYTES + 1);
    expect(await verifyEzkl({ ...verifier, proof: huge }, pool)).toMatchObject({
      valid: false,
      reason: 'PROOF_TOO_LARGE',
    });
  });

  it('names a missing file', async () => {
    const missing = join(folder, 'none');
    const unreadable = { code: 'FILE_UNREADABLE', message: expect.stringContaining(missing) as string };
    const proof = path('proof.json');
    await expect(verifyEzkl({ ...verifier, proof: missing }, pool)).rejects.toMatchObject(unreadable);
    await expect(verifyEzkl({ ...verifier, proof, vk: missing }, pool)).rejects.toMatchObject(unreadable);
    await expect(proveEzkl({ ...prover, pk: missing }, pool)).rejects.toMatchObject(unreadable);
    await expect(proveEzkl({ ...prover, from: { input: missing } }, pool)).rejects.toMatchObject(unreadable);
  });

  it('passes errors through with their code and help, and stays usable after a panic of the engine', async () => {
    const cut = readFileSync(path('vk.key')).subarray(0, 1000);
    await expect(verifyEzkl({ ...verifier, vk: cut, proof: path('proof.json') }, pool)).rejects.toMatchObject({
      name: 'ZkonnxError',
      code: 'KEY_INVALID',
      details: { got: expect.stringContaining('panic') as string, help: expect.any(String) as string },
    });
    expect(await verifyEzkl({ ...verifier, proof: path('proof.json') }, pool)).toMatchObject({ valid: true });
  });

  it('stops when asked, and stays usable', async () => {
    const running = new AbortController();
    const proof = proveEzkl(prover, pool, { signal: running.signal });
    setTimeout(() => running.abort(), 300);
    await expect(proof).rejects.toMatchObject({ code: 'ABORTED', exitCode: 130 });
    await expect(proveEzkl(prover, pool, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await verifyEzkl({ ...verifier, proof: path('proof.json') }, pool)).toMatchObject({ valid: true });
  });

  it('rejects what runs when it is closed', async () => {
    const closing = openEzklPool();
    const proof = proveEzkl(prover, closing);
    const closed = expect(proof).rejects.toMatchObject({ code: 'ABORTED' });
    setTimeout(() => void closing.close(), 300);
    await closed;
  });

  it('makes a pool for one call where none is given', async () => {
    expect(await verifyEzkl({ ...verifier, proof: path('proof.json') })).toMatchObject({ valid: true });
  });
});
