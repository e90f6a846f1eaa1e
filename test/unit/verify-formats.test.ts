import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { keyDigest, makeProof, makeVerificationKey, verify, verifyGroth16 } from '../../src/verify/index.js';
import type { Groth16Key, ProofFile, VerificationKey } from '../../src/verify/index.js';

const text = (path: string) => readFileSync(new URL(`../fixtures/proofs/${path}`, import.meta.url), 'utf8');
const read = <T>(path: string) => JSON.parse(text(path)) as T;

describe('keys and proofs of every formatVersion verify for ever', () => {
  it.each(['v1/classifier', 'v2/classifier', 'v2/unknown'])('%s', (name) => {
    const [proof, key] = [text(`${name}/proof.json`), text(`${name}/verification_key.json`)];
    expect(verify(proof, key)).toEqual(read(`${name}/verified.json`));
    expect(verify(JSON.parse(proof), JSON.parse(key))).toEqual(read(`${name}/verified.json`));
  });

  it.each([
    ['v1/classifier', '0x720b23dbef2154a340a4a54b86f2e4faf001970397c6013661aa430475361dcd'],
    ['v2/classifier', '0xedc3ff8e0c6c5795880954cb93c17105401fdde21a089d6687ba6fa790d40c3d'],
  ])('the digest of %s does not change', (name, digest) => {
    expect(keyDigest(read<VerificationKey>(`${name}/verification_key.json`))).toBe(digest);
  });

  it('a key that claims a ceremony is refused: there was none that this format could show', () => {
    const [proof, key] = [text('v1/ceremony/proof.json'), text('v1/ceremony/verification_key.json')];
    const refusal = { code: 'KEY_INVALID', details: expect.objectContaining({ where: 'zkonnx.setup' }) as unknown };
    expect(() => verify(proof, key)).toThrow(expect.objectContaining(refusal) as Error);
  });

  it('a proof of one version is none of a key of the other', () => {
    for (const [of, under] of [
      ['v1', 'v2'],
      ['v2', 'v1'],
    ] as const) {
      // prettier-ignore
      const proof = text(`${of}/classifier/proof.json`);
      const result = verify(proof, text(`${under}/classifier/verification_key.json`));
      expect(result).toMatchObject({ valid: false, reason: 'FORMAT_VERSION' });
    }
  });
});

describe('what snarkjs writes', () => {
  const [key, signals, proof] = ['verification_key', 'public', 'proof'].map((name) => text(`v1/snarkjs/${name}.json`));

  it('is accepted as it is, as text and parsed', () => {
    expect(verifyGroth16(key, signals, proof)).toEqual({ valid: true });
    expect(verifyGroth16(JSON.parse(key!), JSON.parse(signals!), JSON.parse(proof!))).toEqual({ valid: true });
  });

  it('is refused with another signal', () => {
    const [first, second] = JSON.parse(signals!) as [string, string];
    const result = verifyGroth16(key, [String(BigInt(first) + 1n), second], proof);
    expect(result).toMatchObject({ valid: false, reason: 'PAIRING_FAILED' });
  });

  it('verifies against our key with the signals given separately', () => {
    const ours = text('v2/unknown/verification_key.json');
    expect(verify(proof, ours, { publicSignals: signals })).toEqual(read('v2/unknown/verified.json'));
    expect(verify(proof, ours)).toMatchObject({ valid: false, reason: 'FORMAT_VERSION' });
  });

  it('becomes our format by makeVerificationKey and makeProof', () => {
    const ours = read<VerificationKey>('v2/unknown/verification_key.json');
    const made = makeVerificationKey(JSON.parse(key!) as Groth16Key, ours.zkonnx);
    expect(made).toEqual(ours);
    const madeProof = makeProof(JSON.parse(proof!) as ProofFile, JSON.parse(signals!) as string[], made.zkonnx);
    expect(madeProof).toEqual(read('v2/unknown/proof.json'));
  });

  it('accepts our files in turn', async () => {
    const { groth16 } = createRequire(import.meta.url)('snarkjs') as {
      groth16: { verify(key: unknown, signals: unknown, proof: unknown): Promise<boolean> };
    };
    const ours = read<ProofFile>('v1/classifier/proof.json');
    const oursKey = read('v1/classifier/verification_key.json');
    expect(await groth16.verify(oursKey, ours.publicSignals, ours)).toBe(true);
    expect(await groth16.verify(oursKey, ours.publicSignals.with(0, '1'), ours)).toBe(false);
  });
});
