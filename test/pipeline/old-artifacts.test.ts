/** Artifacts, keys and proofs of each format (test/fixtures/artifacts): they prove and verify for ever, and keys can be made for them anew. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openRunner } from '../../src/evaluate/runner.js';
import { circuitHashIn } from '../../src/formats/circuit-digest.js';
import { namesOf, readCircuitFile } from '../../src/formats/circuit-file.js';
import { artifactPaths, provingKeyPath, readManifest } from '../../src/formats/manifest.js';
import { openProver as openInPage } from '../../src/prove/browser.js';
import { openProver } from '../../src/prove/open-prover.js';
import { setup } from '../../src/setup/setup.js';
import { prepareKey, verify } from '../../src/verify/index.js';
import { FORMAT_VERSION, FORMAT_VERSIONS } from '../../src/verify/key.js';
import { schemaDigest } from '../../src/verify/schema.js';
import { CURVE_PROTOCOLS } from '../../src/verify/key-points.js';

const scratch = await mkdtemp(path.join(tmpdir(), 'zkonnx-old-'));
afterAll(() => rm(scratch, { recursive: true, force: true }));

const formats = FORMAT_VERSIONS.flatMap((version) => CURVE_PROTOCOLS.map((protocol) => ({ version, protocol })));

describe.each(formats)('an artifact of formatVersion $version, $protocol', ({ version, protocol }) => {
  const root = path.resolve(import.meta.dirname, `../fixtures/artifacts/v${version}`);
  const folder = path.join(root, protocol);
  const paths = artifactPaths(folder);
  const key = () => readFile(paths.verificationKey, 'utf8');
  const input = async () => JSON.parse(await readFile(path.join(root, 'input.json'), 'utf8')) as { input: number[] };
  const bytes = async (file: string) => new Uint8Array(await readFile(file));

  it('is of that version', async () => {
    expect((await readManifest(folder)).formatVersion).toBe(version);
    expect(prepareKey(await key()).facts.formatVersion).toBe(version);
    expect(JSON.parse(await readFile(path.join(folder, 'proof.json'), 'utf8'))).toMatchObject({
      formatVersion: version,
    });
  });

  it('verifies its proof, and opens what it commits to', async () => {
    const proof = await readFile(path.join(folder, 'proof.json'), 'utf8');
    const verdict = verify(proof, await key());
    expect(verdict).toMatchObject({ valid: true, protocol, setup: 'development' });
    if (protocol !== 'mirage') return;
    const opening = await readFile(path.join(folder, 'proof.opening.json'), 'utf8');
    expect(verify(proof, await key(), { opening })).toMatchObject({
      valid: true,
      opened: { output: { dims: [1, 2], data: [expect.any(Number), expect.any(Number)] as unknown } },
    });
  });

  it('has the circuit hash that it had', async () => {
    const { circuit, schema } = await readManifest(folder);
    const names = namesOf(await readCircuitFile(paths.circuit));
    expect(circuitHashIn(version, names, schemaDigest(schema))).toBe(circuit.hash);
  });

  it('proves, from the folder and from the bytes of its files, in Node and as in pages', async () => {
    const files = {
      circuit: await bytes(paths.circuit),
      provingKey: await bytes(provingKeyPath(folder, protocol)),
      verificationKey: await key(),
    };
    for (const open of [
      () => openProver(folder, { threads: 2 }),
      () => openProver(files, { threads: 2 }),
      () => openInPage(files),
    ]) {
      await using prover = await open();
      const { proof } = await prover.prove(await input());
      expect(proof.formatVersion).toBe(version);
      expect(verify(proof, await key())).toMatchObject({ valid: true, protocol });
    }
  });

  it('takes keys made anew, which are of the version of today, and runs', async () => {
    const copy = path.join(scratch, `${version} ${protocol}`);
    await cp(folder, copy, { recursive: true });
    await expect(setup(copy, { dev: true })).rejects.toMatchObject({ code: 'KEYS_EXIST' });
    const made = await setup(copy, { dev: true, force: true, threads: 2 });
    const newKey = await readFile(made.verificationKey, 'utf8');
    expect(prepareKey(newKey).facts).toMatchObject({ formatVersion: FORMAT_VERSION, schema: { clamped: false } });
    await using prover = await openProver(copy, { threads: 2 });
    const { proof } = await prover.prove(await input());
    const verdict = verify(proof, newKey);
    if (!verdict.valid) throw new Error(verdict.message);
    expect(verdict.keyDigest).toBe(made.keyDigest);

    const runner = await openRunner(copy);
    const { outputs } = await runner.run({ tensors: new Map([['input', Float64Array.from((await input()).input)]]) });
    await runner.close();
    expect(outputs['output']!.data).toHaveLength(2);
    if (protocol === 'groth16') expect(verdict.outputs['output']!.data).toEqual(outputs['output']!.data);
  });
});
