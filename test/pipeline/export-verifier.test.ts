import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportVerifierModule, exportVerifierPage } from '../../src/export/verifier.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/proofs/v1/classifier', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zkonnx-verifier-'));
  await writeFile(join(folder, 'zkonnx-verify.mjs'), await exportVerifierModule());
  await cp(FIXTURE, folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a program sees that has nothing but the exported file and Node. */
async function runAlone(script: string): Promise<unknown> {
  const prelude = `
    import { readFile } from 'node:fs/promises';
    import { verify } from './zkonnx-verify.mjs';
    const [proof, key] = await Promise.all(['proof', 'verification_key'].map((name) => readFile(name + '.json', 'utf8')));`;
  await writeFile(join(folder, 'main.mjs'), `${prelude}\nconsole.log(JSON.stringify(${script}));`);
  const { stdout } = await promisify(execFile)(process.execPath, ['main.mjs'], { cwd: folder, env: {} });
  return JSON.parse(stdout);
}

describe('the exported verifier module', () => {
  it('imports nothing and asks for nothing but ECMAScript', async () => {
    const module = await exportVerifierModule();
    const code = module.replace(/\/\*[^]*?\*\//g, '').replace(/\/\/.*$/gm, '');
    expect(code).not.toMatch(/^\s*import\b|\bimport\(|\brequire\(|\bprocess\.|\bBuffer\./m);
    expect(module).toContain('Paul Miller');
  });

  it('verifies, in a folder that holds nothing else', async () => {
    expect(await runAlone('verify(proof, key)')).toEqual(
      (await import('../fixtures/proofs/v1/classifier/verified.json', { with: { type: 'json' } })).default,
    );
  });

  it('refuses with the same reasons', async () => {
    const forged = `verify({ ...JSON.parse(proof), publicSignals: ['1', '2'] }, key)`;
    expect(await runAlone(forged)).toMatchObject({ valid: false, reason: 'PAIRING_FAILED' });
  });
});

describe('the exported page', () => {
  it('asks for no resource', async () => {
    const page = await exportVerifierPage();
    expect(page).not.toMatch(
      /\b(src|href)\s*=|@import|url\(|https?:\/\/(?!paulmillr\.com)[a-z0-9.]+\/[a-z]+\.(js|css|png|woff)/i,
    );
    expect(page).toContain("default-src 'none'");
  });

  it('refuses to carry a key that is none', async () => {
    await expect(exportVerifierPage('{}')).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('lets no name in a key end the script it is in', async () => {
    const page = await exportVerifierPage(undefined, { note: '</script><script>alert(1)</script>' });
    expect(page).not.toContain('<script>alert');
  });
});
