/** Artifacts, keys and proofs that earlier versions wrote (test/fixtures/artifacts): they prove and verify for ever. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { namesOf, readCircuitFile } from '../../src/formats/circuit-file.js';
import { artifactPaths, provingKeyPath, readManifest } from '../../src/formats/manifest.js';
import { openProver } from '../../src/prove/open-prover.js';
import { verify } from '../../src/verify/index.js';
import { PROTOCOLS } from '../../src/verify/statement.js';

const root = path.resolve(import.meta.dirname, '../fixtures/artifacts/v1');
const input = async () => JSON.parse(await readFile(path.join(root, 'input.json'), 'utf8')) as { input: number[] };

describe.each(PROTOCOLS)('an artifact of formatVersion 1, %s', (protocol) => {
  const folder = path.join(root, protocol);
  const paths = artifactPaths(folder);
  const key = () => readFile(paths.verificationKey, 'utf8');

  it('verifies its proof', async () => {
    const proof = await readFile(path.join(folder, 'proof.json'), 'utf8');
    expect(verify(proof, await key())).toMatchObject({ valid: true, protocol, setup: 'development' });
  });

  it('has the circuit hash that it had', async () => {
    const { relation } = namesOf(await readCircuitFile(paths.circuit));
    expect(relation).toBe((await readManifest(folder)).circuit.hash);
  });

  it('proves, from the folder and from the bytes of its files', async () => {
    const bytes = async (file: string) => new Uint8Array(await readFile(file));
    const files = {
      circuit: await bytes(paths.circuit),
      provingKey: await bytes(provingKeyPath(folder, protocol)),
      verificationKey: await key(),
    };
    for (const artifact of [folder, files]) {
      await using prover = await openProver(artifact, { threads: 2 });
      const { proof } = await prover.prove(await input());
      expect(verify(proof, await key())).toMatchObject({ valid: true, protocol });
    }
  });
});
