import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportVerifierPage } from '../../src/export/verifier.js';
import type { ProofFile, VerificationKey } from '../../src/verify/index.js';
import { mnistSet } from '../fixtures/proofs/sets.js';
import { startBrowser } from './browser.js';
import type { Browser, Tab } from './browser.js';

let browser: Browser;
let folder: string;

beforeAll(async () => {
  [browser, folder] = await Promise.all([startBrowser(), mkdtemp(join(tmpdir(), 'zkonnx-page-'))]);
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

/** Opens the page from file://, as somebody does who was sent it. */
async function open(key?: unknown, proof?: unknown): Promise<Tab> {
  const file = join(folder, 'verify.html');
  await writeFile(file, await exportVerifierPage(key, proof));
  return browser.open(pathToFileURL(file).href);
}

const result = (tab: Tab) => tab.evaluate('document.getElementById("result").innerHTML') as Promise<string>;

/** Drops files with these texts onto the page, as a file manager does. */
async function drop(tab: Tab, ...texts: readonly string[]): Promise<void> {
  await tab.evaluate(`{
    const dataTransfer = new DataTransfer();
    for (const text of ${JSON.stringify(texts)}) dataTransfer.items.add(new File([text], 'dropped.json'));
    document.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
  }`);
  await tab.until('document.querySelector(".verdict") !== null');
}

describe('verify.html in Chromium, from file://', () => {
  const text = (name: string) =>
    readFile(new URL(`../fixtures/proofs/v1/classifier/${name}.json`, import.meta.url), 'utf8');
  const parsed = async <T>(name: string) => JSON.parse(await text(name)) as T;

  it('shows what was proven, and that the key is a development key', async () => {
    const shown = await result(await open(await text('verification_key'), await text('proof')));
    expect(shown).toContain('Valid: this was proven');
    expect(shown).toContain('DEVELOPMENT KEY');
    expect(shown).toContain('Largest: right (0.8901961)');
    expect(shown).toContain('-1.070588');
    expect(shown).toMatch(/<canvas[^>]*aria-label="The proven input image, 2 by 2 pixels"/);
  });

  it('takes a dropped proof and key, in either order, together or one by one', async () => {
    const [proof, key] = [await text('proof'), await text('verification_key')];
    const together = await open();
    expect(await result(together)).toBe('');
    await drop(together, key, proof);
    expect(await result(together)).toContain('Valid: this was proven');
    const withKey = await open(key);
    await drop(withKey, proof);
    expect(await result(withKey)).toContain('Valid: this was proven');
  });

  it('shows why a proof is refused, and forgets the last verdict', async () => {
    const tab = await open(await text('verification_key'), await text('proof'));
    await drop(tab, JSON.stringify({ ...(await parsed<ProofFile>('proof')), publicSignals: ['1', '2'] }));
    await tab.until('document.querySelector(".verdict.refused") !== null');
    expect(await result(tab)).toContain('Refused: PAIRING_FAILED');
    expect(await result(tab)).not.toContain('Valid');
    await drop(tab, 'not even JSON');
    await tab.until('document.getElementById("result").textContent.includes("PROOF_NOT_JSON")');
  });

  it('shows what was committed once its opening is dropped, and refuses the opening of another', async () => {
    const own = (name: string) =>
      readFile(new URL(`../fixtures/artifacts/v2/mirage/${name}.json`, import.meta.url), 'utf8');
    const tab = await open(await own('verification_key'), await own('proof'));
    expect(await result(tab)).toContain('Committed: hidden');
    const opening = await own('proof.opening');
    const { values } = JSON.parse(opening) as { values: Record<string, number[]> };
    expect(await result(tab)).not.toContain('Opened:');
    await drop(tab, opening);
    await tab.until('document.getElementById("result").textContent.includes("Opened:")');
    expect(await result(tab)).toContain('Valid: this was proven');
    const other = Object.fromEntries(
      Object.entries(values).map(([name, [first, ...rest]]) => [name, [first! + 1, ...rest]]),
    );
    await drop(tab, JSON.stringify({ ...(JSON.parse(opening) as object), values: other }));
    await tab.until('document.getElementById("result").textContent.includes("OPENING_MISMATCH")');
    expect(await result(tab)).not.toContain('Valid');
  });

  it('says so when the key is unusable', async () => {
    const key = { ...(await parsed<VerificationKey>('verification_key')), nPublic: 3 };
    const tab = await open(undefined, await text('proof'));
    await drop(tab, JSON.stringify(key));
    expect(await result(tab)).toContain('These files cannot be used');
  });

  it('draws a digit-sized input', async () => {
    const { fixture } = mnistSet();
    const tab = await open(fixture.key, fixture.proof);
    expect(await result(tab)).toMatch(/<canvas width="28" height="28"/);
    const corner = await tab.evaluate(
      '[...document.querySelector("canvas").getContext("2d").getImageData(4, 0, 1, 1).data]',
    );
    expect(corner).toEqual([28, 28, 28, 255]);
  });

  it('writes what files say as text, never as markup', async () => {
    const { fixture } = mnistSet();
    const shown = await result(
      await open(fixture.key, { ...fixture.proof, keyDigest: '<img src=x onerror=alert(1)></script>' }),
    );
    expect(shown).toContain('Refused: KEY_DIGEST_MISMATCH');
    expect(shown).toContain('&lt;img src=x');
  });

  it('lets no script run but its own', async () => {
    const tab = await open();
    await tab.evaluate(
      '{ const s = document.createElement("script"); s.textContent = "window.ran = 1"; document.body.append(s); }',
    );
    expect(await tab.evaluate('window.ran === undefined')).toBe(true);
  });
});
