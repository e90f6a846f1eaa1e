/** inspect, export and the other commands on folders and files that are not what they should be. */
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../src/formats/manifest.js';
import type { VerificationKey } from '../../src/verify/key.js';
import { PROOFS, expectError, filesBelow, scratchFolder, zkonnx, zkonnxJson } from './cli-harness.js';

const folder = await scratchFolder();
const KEY = path.join(PROOFS, 'classifier/verification_key.json');
const key = JSON.parse(await readFile(KEY, 'utf8')) as VerificationKey;

/** An artifact as far as `inspect` looks: a manifest, and the key if asked for. */
async function artifact(name: string, change: object = {}, withKey = true): Promise<string> {
  const { modelHash, circuitHash, schema } = key.zkonnx;
  const manifest: Manifest = {
    formatVersion: 1,
    tool: 'zkonnx 0.1.0',
    protocol: 'groth16',
    model: { file: 'two.onnx', hash: modelHash, opset: 13, producer: 'hand' },
    circuit: { hash: circuitHash, constraints: 120, wires: 150, publicInputs: key.nPublic, nonZeros: 700 },
    quantisation: { bits: 8, overflow: 'saturate', tolerance: 0.01, softmax: 'circuit' },
    schema,
    layers: [
      { name: 'image', op: 'range', constraints: 40 },
      { name: 'flat', op: 'Flatten', constraints: 0 },
      { name: 'scores', op: 'Gemm', constraints: 80 },
    ],
    notes: ['input is public (default): every proof shows the input values'],
  };
  const at = path.join(folder, name);
  await mkdir(at);
  await writeFile(path.join(at, 'manifest.json'), JSON.stringify({ ...manifest, ...change }));
  if (withKey) await writeFile(path.join(at, 'verification_key.json'), JSON.stringify(key));
  return at;
}

describe('inspect', () => {
  it('has the fields that programs rely on', async () => {
    const { code, json } = await zkonnxJson(['inspect', await artifact('whole')]);
    expect(code).toBe(0);
    expect(json).toEqual({
      formatVersion: 1,
      tool: 'zkonnx 0.1.0',
      protocol: 'groth16',
      constraints: 120,
      wires: 150,
      publicInputs: 2,
      nonZeros: 700,
      model: { file: 'two.onnx', hash: key.zkonnx.modelHash, opset: 13, producer: 'hand' },
      circuitHash: key.zkonnx.circuitHash,
      schemaDigest: null,
      quantisation: { bits: 8, overflow: 'saturate', tolerance: 0.01, softmax: 'circuit' },
      schema: key.zkonnx.schema,
      layers: [
        { name: 'image', op: 'range', constraints: 40 },
        { name: 'flat', op: 'Flatten', constraints: 0 },
        { name: 'scores', op: 'Gemm', constraints: 80 },
      ],
      notes: ['input is public (default): every proof shows the input values'],
      key: { setup: 'development', keyDigest: key.zkonnx.keyDigest },
    });
  });

  it('refuses a manifest whose schema is not the one that it names', async () => {
    const of2 = JSON.parse(
      await readFile(new URL('../fixtures/artifacts/v2/mirage/manifest.json', import.meta.url), 'utf8'),
    ) as Manifest;
    const { schema } = of2;
    const doubled = schema.outputs.map((tensor) => ({ ...tensor, scale: 2 * (tensor.scale as number) }));
    const edited = await artifact('edited', { ...of2, schema: { ...schema, outputs: doubled } }, false);
    await expectError(['inspect', edited], 'ARTIFACT_INVALID');
    expect(await zkonnx(['inspect', await artifact('unedited', of2, false)])).toMatchObject({ code: 0 });
  });

  it('shows people shapes, scales, bounds and costs', async () => {
    const { stdout } = await zkonnx(['inspect', await artifact('people', {}, false)]);
    expect(stdout).toContain('none yet: zkonnx setup');
    expect(stdout).toMatch(/image +\[1, 1, 2, 2\] float32 +public +0 to 1 in steps of 0.00392157 +integers 0 to 255/);
    expect(stdout).toMatch(/scores +Gemm +80 +66.7 %/);
  });
});

describe('an artifact that is none', () => {
  it.each(['inspect', 'setup --dev', 'run --in x.json', 'prove --in x.json -o p.json', 'export r1cs -o x.r1cs'])(
    '%s: exit 2, nothing written',
    async (line) => {
      const [command, ...flags] = line.split(' ');
      const words = command === 'export' ? [command, flags[0]!] : [command!];
      const rest = command === 'export' ? flags.slice(1) : flags;
      const own = path.join(folder, line.replace(/\W+/g, '-'));
      await mkdir(own);
      const at = (word: string) => (word.includes('.') ? path.join(own, word) : word);
      const run = (dir: string) => [...words, dir, ...rest.map(at)];
      await expectError(run(path.join(own, 'none')), 'FILE_UNREADABLE');
      await writeFile(path.join(own, 'manifest.json'), '{"formatVersion": 3}');
      const error = await expectError(run(own), 'FORMAT_VERSION');
      expect(error).toMatchObject({ expected: '1 or 2', got: '3' });
      await writeFile(path.join(own, 'manifest.json'), 'not JSON');
      await expectError(run(own), 'ARTIFACT_INVALID');
      expect(await filesBelow(own)).toEqual([path.join(own, 'manifest.json')]);
    },
  );
});

describe('export solidity', () => {
  it('refuses a development key unless it is allowed, and then says so in the contract', async () => {
    const out = path.join(folder, 'new/folder/Two.sol');
    await expectError(['export', 'solidity', KEY, '-o', out], 'DEV_KEY');
    expect((await filesBelow(folder)).filter((file) => file.includes('Two'))).toEqual([]);
    const args = ['export', 'solidity', KEY, '-o', out, '--allow-development-key', '--name', 'Two'];
    const { code, json } = await zkonnxJson(args);
    expect(code).toBe(0);
    const abi = path.join(folder, 'new/folder/Two.abi.json');
    expect(json).toEqual({ file: out, abi, setup: 'development', keyDigest: key.zkonnx.keyDigest });
    expect(await readFile(out, 'utf8')).toContain('contract Two');
    const functions = JSON.parse(await readFile(abi, 'utf8')) as { name: string }[];
    expect(functions.map(({ name }) => name)).toContain('verify');
  });

  it('takes the key of an artifact, and says what is missing when there is none', async () => {
    const out = path.join(folder, 'FromArtifact.sol');
    const args = ['export', 'solidity', await artifact('with-key'), '-o', out, '--allow-development-key'];
    expect(await zkonnxJson(args)).toMatchObject({ code: 0 });
    const error = await expectError(
      ['export', 'solidity', await artifact('without-key', {}, false), '-o', `${out}.2`],
      'FILE_UNREADABLE',
    );
    expect(error['help']).toContain('zkonnx setup');
  });

  it('names that are no contract, outputs that are a folder, keys that are none', async () => {
    const args = ['export', 'solidity', KEY, '-o', path.join(folder, 'x.sol'), '--allow-development-key'];
    await expectError([...args, '--name', 'two words'], 'USAGE');
    await expectError(['export', 'solidity', KEY, '-o', folder, '--allow-development-key'], 'OUTPUT_UNWRITABLE');
    await expectError(['export', 'solidity', path.join(PROOFS, 'README.md'), '-o', args[4]!], 'KEY_INVALID');
  });
});

describe('outputs', () => {
  it('cannot be written below a file: nothing is left behind', async () => {
    const file = path.join(folder, 'a-file');
    await writeFile(file, 'here first');
    const args = ['export', 'solidity', KEY, '-o', path.join(file, 'x.sol'), '--allow-development-key'];
    await expectError(args, 'OUTPUT_UNWRITABLE');
    expect(await readFile(file, 'utf8')).toBe('here first');
  });

  it('stopped by Ctrl-C before the end: exit 130, nothing written', async () => {
    const out = path.join(folder, 'aborted.sol');
    const args = ['export', 'solidity', KEY, '-o', out, '--allow-development-key'];
    const { code, stdout, stderr } = await zkonnx(args, () => AbortSignal.abort(new Error('SIGINT')));
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('[ABORTED]');
    expect((await filesBelow(folder)).filter((file) => file.includes('aborted'))).toEqual([]);
  });
});

describe('inputs of unreasonable size', () => {
  it('a key of a gigabyte is refused unread', async () => {
    const huge = path.join(folder, 'huge-key.json');
    await writeFile(huge, '');
    await truncate(huge, 2 ** 30);
    await expectError(['verify', path.join(PROOFS, 'classifier/proof.json'), '--key', huge], 'FILE_TOO_LARGE');
  });
});
