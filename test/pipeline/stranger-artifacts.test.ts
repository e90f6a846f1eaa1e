/**
 * Artifacts, keys and proofs of a stranger who edits files and makes every digest anew that can be: what an audit found to be believed, each refused.
 * docs/formats.md says what the digests cover.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { setup } from '../../src/setup/setup.js';
import type { Circuit } from '../../src/constraint/program.js';
import { poseidonChain } from '../../src/field/poseidon.js';
import { readCircuitFile } from '../../src/formats/circuit-file.js';
import { artifactPaths, provingKeyPath } from '../../src/formats/manifest.js';
import { openProver as openInPage } from '../../src/prove/browser.js';
import { encodeSample } from '../../src/prove/encode.js';
import { openProver } from '../../src/prove/open-prover.js';
import { ProverPool } from '../../src/prove/pool.js';
import { ENGINES } from '../../src/prove/protocols.js';
import type { InputValues } from '../../src/prove/prover.js';
import { prepareKey, verify, type AnyProofFile } from '../../src/verify/index.js';
import { FORMAT_VERSIONS } from '../../src/verify/key.js';
import type { FormatVersion } from '../../src/verify/schema.js';
import { pack, PACKING_ORDER } from '../../src/verify/statement.js';
import { sealed } from '../fixtures/proofs/sealed.js';
import { expectError, zkonnx, zkonnxJson } from '../unit/cli-harness.js';
import { buildModel } from '../unit/onnx-build.js';
import {
  bytesOfArtifact,
  copyPath,
  doubledScales,
  editCircuit,
  editKey,
  editManifest,
  makeArtifactOf,
  readKey,
  restateManifest,
  rotatedLabels,
  withoutSalts,
} from './stranger.js';
import { CURVE_PROTOCOLS, type CurveProtocol } from '../../src/verify/key-points.js';

const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-stranger-'));
afterAll(() => rm(dir, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(dir, ...names);

const SMALL = { domain: { lo: -1, hi: 1 }, bits: 4, tolerance: 1 } as const;
const SECRET = [0.25, -0.5, 0.125];
const TWO_INPUTS = { a: [0.5, -0.25], b: [-0.75, 1] };
const inputFile = at('in.json');
const twoInputsFile = at('two.json');

beforeAll(async () => {
  await writeFile(at('mlp.onnx'), makeMlp([3, 3, 2]));
  const minus = { nodes: [{ op: 'Sub', inputs: ['a', 'b'], outputs: ['y'] }], inputs: { a: [1, 2], b: [1, 2] }, outputs: ['y'] }; // prettier-ignore
  await writeFile(at('minus.onnx'), buildModel(minus));
  await writeFile(inputFile, JSON.stringify({ input: SECRET }));
  await writeFile(twoInputsFile, JSON.stringify(TWO_INPUTS));
});

interface Nature {
  /** What a verifier says of a proof that is shown with a key that calls it something else. */
  readonly relabelled: string;
  readonly boundTo: string;
}

const NATURE: { readonly [P in CurveProtocol]: Nature } = {
  groth16: { relabelled: 'VALID', boundTo: 'points' },
  mirage: { relabelled: 'PAIRING_FAILED', boundTo: 'key' },
};

const formats = CURVE_PROTOCOLS.flatMap((protocol) => FORMAT_VERSIONS.map((version) => ({ protocol, version })));

async function copyOf(folder: string, name: string): Promise<string> {
  const copy = copyPath(folder, name);
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** In Node, by the prover for pages, and on the command line, which writes nothing. */
async function expectNoProof(folder: string, code: string, sample: InputValues, file: string): Promise<void> {
  const inNode = async () => {
    await using prover = await openProver(folder, { threads: 2 });
    return await prover.prove(sample);
  };
  const inPage = async () => (await openInPage(await bytesOfArtifact(folder))).prove(sample);
  await expect(inNode()).rejects.toMatchObject({ code });
  await expect(inPage()).rejects.toMatchObject({ code });
  const out = `${folder} proof.json`;
  await expectError(['prove', folder, '--in', file, '-o', out], code);
  expect((await readdir(dir)).filter((name) => name.startsWith(path.basename(out)))).toEqual([]);
}

describe.each(formats)('a circuit.bin that was changed, $protocol, formatVersion $version', ({ protocol, version }) => {
  /** Where only the constraints are named, what the circuit would prove is looked at; where bindings are too, the circuit is. */
  const code = { 1: 'ARTIFACT_INVALID', 2: 'KEY_MISMATCH' }[version];
  const committed = at(`${protocol} ${version} committed`);
  const twoInputs = at(`${protocol} ${version} two inputs`);
  beforeAll(async () => {
    await makeArtifactOf(version, committed, at('mlp.onnx'), { ...SMALL, protocol, input: 'committed' });
    await makeArtifactOf(version, twoInputs, at('minus.onnx'), { ...SMALL, protocol });
  });

  it('proves when it was not', async () => {
    for (const [folder, file] of [
      [committed, inputFile],
      [twoInputs, twoInputsFile],
    ] as const) {
      const out = `${folder} honest.json`;
      expect(await zkonnx(['prove', folder, '--in', file, '-o', out, '--quiet'])).toMatchObject({ code: 0 });
      expect(verify(await readFile(out, 'utf8'), await readKey(folder))).toMatchObject({ valid: true });
    }
  });

  it('with the salt on another wire: what it would prove is valid and shows its private input to whoever guesses it', async () => {
    const folder = await copyOf(committed, 'without salts');
    await editCircuit(folder, withoutSalts);
    const proof = await unchecked(protocol, version, folder, SECRET);
    const key = await readKey(folder);
    expect(verify(proof, key)).toMatchObject({ valid: true });
    const tensor = key.zkonnx.schema.inputs[0]!;
    const integers = encodeSample(key.zkonnx.schema, new Map([['input', Float64Array.from(SECRET)]])).get('input')!;
    const guess = poseidonChain([...pack(tensor, integers, PACKING_ORDER[protocol]), 0n]).toString();
    expect(proof.publicSignals.at(-1)).toBe(guess);
    await expectNoProof(folder, code, { input: SECRET }, inputFile);
  });

  it('with two inputs in each other’s place', async () => {
    const folder = await copyOf(twoInputs, 'swapped');
    await editCircuit(folder, (circuit) => {
      const [first, second] = circuit.inputs;
      return { ...circuit, inputs: [{ ...first!, first: second!.first }, { ...second!, first: first!.first }] }; // prettier-ignore
    });
    await expectNoProof(folder, code, TWO_INPUTS, twoInputsFile);
  });

  it('with an input one wire further', async () => {
    const folder = await copyOf(twoInputs, 'shifted');
    await editCircuit(folder, (circuit) => {
      const [first, second] = circuit.inputs;
      return { ...circuit, inputs: [{ ...first!, first: first!.first + 1 }, second!] };
    });
    await expectNoProof(folder, code, TWO_INPUTS, twoInputsFile);
  });

  it('with outputs that are other combinations of wires', async () => {
    const folder = await copyOf(twoInputs, 'outputs');
    await editCircuit(folder, withOutputsReversed);
    await expectNoProof(folder, code, TWO_INPUTS, twoInputsFile);
  });
});

/** The rows of H of the first output, in reverse order. */
function withOutputsReversed(circuit: Circuit): Circuit {
  const { hints } = circuit.program;
  const { first, count } = circuit.outputs[0]!;
  const order = Array.from({ length: hints.rowStart.length - 1 }, (_, row) =>
    row >= first && row < first + count ? 2 * first + count - 1 - row : row,
  );
  const rows = order.map((row) => [hints.rowStart[row]!, hints.rowStart[row + 1]!] as const);
  const starts = rows.reduce((sums, [start, end]) => [...sums, sums.at(-1)! + end - start], [0]);
  const entries = rows.flatMap(([start, end]) => Array.from({ length: end - start }, (_, k) => start + k));
  return {
    ...circuit,
    program: {
      ...circuit.program,
      hints: {
        rowStart: Uint32Array.from(starts),
        wires: Uint32Array.from(entries, (k) => hints.wires[k]!),
        coefs: Float64Array.from(entries, (k) => hints.coefs[k]!),
      },
    },
  };
}

/** A proof by the workers alone, without the door that compares it with the sample: as it was made before. */
async function unchecked<P extends CurveProtocol>(
  protocol: P,
  version: FormatVersion,
  folder: string,
  input: readonly number[],
): Promise<AnyProofFile> {
  const files = { protocol, circuit: artifactPaths(folder).circuit, provingKey: provingKeyPath(folder, protocol) };
  const { facts } = prepareKey(await readKey(folder));
  const { schema, keyDigest, modelHash, setup: kind } = facts;
  const inputs = Object.fromEntries(encodeSample(schema, new Map([['input', Float64Array.from(input)]])));
  await using pool = new ProverPool(files, { threads: 2 });
  const salts = Object.fromEntries(schema.inputs.map(({ name }, i) => [name, 12345678901234567890n + BigInt(i)]));
  const { proof, publicSignals } = await pool.prove({ inputs, salts }, { keyDigest, context: new Uint8Array() });
  return ENGINES[protocol].file(proof, publicSignals, '0x', {
    formatVersion: version,
    keyDigest,
    modelHash,
    setup: kind,
  });
}

describe.each(CURVE_PROTOCOLS)('labels and scales that were changed, %s', (protocol) => {
  const bare = at(`${protocol} bare`);
  const made = at(`${protocol} made`);
  beforeAll(async () => {
    await makeArtifactOf(2, made, at('mlp.onnx'), { ...SMALL, protocol, labels: ['no', 'yes'] });
    await cp(made, bare, { recursive: true });
    for (const name of await readdir(bare)) {
      if (name.startsWith('proving_key') || name === 'verification_key.json') await rm(path.join(bare, name));
    }
  });
  const edits = [
    ['labels rotated', rotatedLabels],
    ['scales doubled', doubledScales],
  ] as const;

  it.each(edits)('%s before setup, the manifest’s digests as they were or made anew', async (name, change) => {
    const edited = await copyOf(bare, name);
    await editManifest(edited, (manifest) => ({ ...manifest, schema: change(manifest.schema) }));
    const restated = await copyOf(bare, `${name}, restated`);
    await restateManifest(restated, change);
    for (const folder of [edited, restated]) {
      const files = await readdir(folder);
      const { where } = (await expectError(['setup', folder, '--dev'], 'ARTIFACT_INVALID')) as {
        readonly where: string;
      };
      expect(where).toBe(artifactPaths(folder).circuit);
      expect(await readdir(folder)).toEqual(files);
    }
  });

  it.each(edits)('%s after setup, in the manifest', async (name, change) => {
    const edited = await copyOf(made, name);
    await editManifest(edited, (manifest) => ({ ...manifest, schema: change(manifest.schema) }));
    const restated = await copyOf(made, `${name}, restated`);
    await restateManifest(restated, change);
    for (const folder of [edited, restated]) {
      await expectError(['prove', folder, '--in', inputFile, '-o', `${folder} proof.json`], 'KEY_MISMATCH');
      await expectError(['run', folder, '--in', inputFile], 'ARTIFACT_INVALID');
    }
  });

  it.each(edits)('%s after setup, in manifest and key, sealed anew; and in circuit.bin too', async (name, change) => {
    const folder = await copyOf(made, `${name}, sealed`);
    await restateManifest(folder, change);
    const { circuit, schema, schemaDigest } = JSON.parse(await readFile(artifactPaths(folder).manifest, 'utf8')) as {
      circuit: { hash: string };
      schema: object;
      schemaDigest: string;
    };
    await editKey(folder, { schema, circuitHash: circuit.hash });
    await expectNoProof(folder, 'ARTIFACT_INVALID', { input: SECRET }, inputFile);
    // The proving key's own header is of the circuit that it was made for.
    await editCircuit(folder, (honest) => ({ ...honest, schemaDigest }));
    await expectNoProof(folder, 'KEY_MISMATCH', { input: SECRET }, inputFile);
  });

  it.each(edits)('%s in an artifact of formatVersion 1, after setup', async (name, change) => {
    const old = at(`${protocol} old ${name}`);
    await makeArtifactOf(1, old, at('mlp.onnx'), { ...SMALL, protocol, labels: ['no', 'yes'] });
    await editManifest(old, (manifest) => ({ ...manifest, schema: change(manifest.schema) }));
    await expectError(['prove', old, '--in', inputFile, '-o', `${old} proof.json`], 'KEY_MISMATCH');
  });
});

describe.each(formats)(
  'a key that was edited and sealed anew, $protocol, formatVersion $version',
  ({ protocol, version }) => {
    const made = at(`${protocol} ${version} keys`);
    const proofFile = at(`${protocol} ${version} keys.json`);
    beforeAll(async () => {
      await makeArtifactOf(version, made, at('mlp.onnx'), { ...SMALL, protocol, labels: ['no', 'yes'] });
      expect(await zkonnx(['prove', made, '--in', inputFile, '-o', proofFile, '--quiet'])).toMatchObject({ code: 0 });
    });
    const honestProof = async () => JSON.parse(await readFile(proofFile, 'utf8')) as AnyProofFile;
    const { relabelled: nature, boundTo } = NATURE[protocol];
    const verdict = (proof: unknown, key: unknown, options = {}) => {
      const result = verify(proof, key, options);
      return result.valid ? 'VALID' : result.reason;
    };

    it('its setup a ceremony: refused by verifier, prover and exporters', async () => {
      const folder = await copyOf(made, 'ceremony');
      const key = await editKey(folder, { setup: 'ceremony' });
      const keyFile = artifactPaths(folder).verificationKey;
      const proof = at(`${protocol} ${version} ceremony proof.json`);
      const { keyDigest } = key.zkonnx;
      await writeFile(proof, JSON.stringify({ ...(await honestProof()), setup: 'ceremony', keyDigest }));
      await expectError(['verify', proof, '--key', keyFile], 'KEY_INVALID');
      await expectNoProof(folder, 'KEY_INVALID', { input: SECRET }, inputFile);
      for (const what of [folder, keyFile]) {
        const out = at(`${protocol} ${version} Laundered.sol`);
        await expectError(['export', 'solidity', what, '-o', out, '--allow-development-key'], 'KEY_INVALID');
        await expectError(['export', 'solidity', what, '-o', out], 'KEY_INVALID');
        await expectError(['export', 'page', what, '-o', at(`${protocol} ${version} laundered.html`)], 'KEY_INVALID');
      }
      expect((await readdir(dir)).filter((name) => /aundered/.test(name))).toEqual([]);
    });

    it('its setup unknown: no prover takes it beside a proving key that says development, and verify warns', async () => {
      const folder = await copyOf(made, 'unknown');
      const key = await editKey(folder, { setup: 'unknown' });
      await expectNoProof(folder, 'KEY_MISMATCH', { input: SECRET }, inputFile);
      const proof = { ...(await honestProof()), setup: 'unknown', keyDigest: key.zkonnx.keyDigest };
      expect(verdict(proof, key)).toBe(nature);
      const file = at(`${protocol} ${version} unknown proof.json`);
      await writeFile(file, JSON.stringify(proof));
      const { code, stdout } = await zkonnx(['verify', file, '--key', artifactPaths(folder).verificationKey]);
      expect(code).toBe(nature === 'VALID' ? 0 : 1);
      expect(stdout).toContain(nature === 'VALID' ? 'KEY OF UNKNOWN ORIGIN' : 'PAIRING_FAILED');
      expect(stdout).not.toContain('DEVELOPMENT');
    });

    it('its labels rotated: a proof of mirage is none of it, and one of groth16 is refused where the schema is expected', async () => {
      const key = await readKey(made);
      const proof = await honestProof();
      const honest = verify(proof, key);
      if (!honest.valid) throw new Error(honest.message);
      expect(honest.boundTo).toBe(boundTo);
      const lying = sealed(key, {}, { schema: rotatedLabels(key.zkonnx.schema) });
      const relabelled = { ...proof, keyDigest: lying.zkonnx.keyDigest };
      expect(verdict(proof, lying)).toBe('KEY_DIGEST_MISMATCH');
      expect(verdict(relabelled, lying)).toBe(nature);
      expect(verdict(relabelled, lying, { expectSchema: honest.schemaDigest })).toBe('SCHEMA_MISMATCH');
      expect(verdict(proof, key, { expectSchema: honest.schemaDigest })).toBe('VALID');

      const [keyFile, file] = [at(`${protocol} ${version} lying.json`), at(`${protocol} ${version} relabelled.json`)];
      await writeFile(keyFile, JSON.stringify(lying));
      await writeFile(file, JSON.stringify(relabelled));
      const expecting = ['verify', file, '--key', keyFile, '--expect-schema', honest.schemaDigest];
      expect(await zkonnxJson(expecting)).toMatchObject({ code: 1, json: { valid: false, reason: 'SCHEMA_MISMATCH' } });
      const own = [
        'verify',
        proofFile,
        '--key',
        artifactPaths(made).verificationKey,
        '--expect-schema',
        honest.schemaDigest,
      ];
      expect(await zkonnxJson(own)).toMatchObject({
        code: 0,
        json: { valid: true, schemaDigest: honest.schemaDigest },
      });
    });
  },
);

describe.each(CURVE_PROTOCOLS)('nothing public, %s', (protocol) => {
  it('is refused by compile', async () => {
    const out = at(`${protocol} nothing`);
    const flags = ['--input', 'private', '--output', 'private', '--domain', '-1..1', '--protocol', protocol];
    await expectError(['compile', at('mlp.onnx'), '-o', out, ...flags], 'USAGE');
    expect(await readdir(dir)).not.toContain(path.basename(out));
  });
});

it('setup is not asked to believe a circuit.bin of other constraints', async () => {
  const folder = at('other constraints');
  await makeArtifactOf(2, folder, at('mlp.onnx'), { ...SMALL, protocol: 'groth16' });
  await editCircuit(folder, (circuit) => {
    const coefs = circuit.r1cs.c.coefs.slice();
    coefs[0]! += 1;
    return { ...circuit, r1cs: { ...circuit.r1cs, c: { ...circuit.r1cs.c, coefs } } };
  });
  expect((await readCircuitFile(artifactPaths(folder).circuit)).r1cs.c.coefs.length).toBeGreaterThan(0);
  await expect(setup(folder, { dev: true, force: true })).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
});
