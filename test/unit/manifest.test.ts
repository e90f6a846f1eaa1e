import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import { keyMisfit } from '../../src/formats/artifact-keys.js';
import { artifactPaths, readManifest, type Manifest } from '../../src/formats/manifest.js';
import { expectError, scratchFolder } from './cli-harness.js';

const root = await scratchFolder();
const original = await readFile(new URL('../fixtures/artifacts/v1/mirage/manifest.json', import.meta.url), 'utf8');

type Node = Record<string, unknown>;

/** The manifest with the value at a path replaced, or taken out where it is undefined. */
function changed(at: readonly (string | number)[], value: unknown): string {
  const manifest = JSON.parse(original) as Node;
  const parent = at.slice(0, -1).reduce((node, key) => node[key] as Node, manifest);
  parent[at.at(-1)!] = value;
  return JSON.stringify(manifest);
}

async function artifact(manifest: string): Promise<string> {
  const dir = path.join(root, 'artifact');
  await mkdir(dir, { recursive: true });
  await writeFile(path.join(dir, 'manifest.json'), manifest);
  return dir;
}

describe('manifest.json', () => {
  it('is read as it was written', async () => {
    expect(await readManifest(await artifact(original))).toEqual(JSON.parse(original));
  });

  it('of any size is not read, nor is a key beside it: no memory is spent on it, and no string is too long', async () => {
    const dir = await artifact(original);
    const { manifest, verificationKey } = artifactPaths(dir);
    await truncate(manifest, 2 ** 40);
    await expect(readManifest(dir)).rejects.toMatchObject({
      code: 'FILE_TOO_LARGE',
      exitCode: 2,
      details: { where: manifest },
    });
    await writeFile(verificationKey, '{}');
    await truncate(verificationKey, 600 * 2 ** 20);
    const { protocol, model, circuit, schema } = JSON.parse(original) as Manifest;
    const facts = { protocol, modelHash: model.hash, circuitHash: circuit.hash, schema };
    expect(await keyMisfit(dir, [verificationKey], facts)).toBeDefined();
  });

  it('fields of a later version are left alone', async () => {
    const manifest = await readManifest(await artifact(changed(['quantisation', 'clamped'], [1])));
    expect(manifest.quantisation).toHaveProperty('clamped', [1]);
  });

  it.each<[string, readonly (string | number)[], unknown, string]>([
    ['model: an object', ['model'], 'mnist', '"mnist"'],
    ['model.opset: a whole number, 0 or more', ['model', 'opset'], '13', '"13"'],
    ['model.hash: a text', ['model', 'hash'], undefined, 'nothing'],
    ['circuit.constraints: a whole number, 0 or more', ['circuit', 'constraints'], -1, '-1'],
    ['quantisation.overflow: saturate or reject or never', ['quantisation', 'overflow'], 'wrap', '"wrap"'],
    ['quantisation.tolerance: a number', ['quantisation', 'tolerance'], null, 'null'],
    ['layers: a list', ['layers'], {}, 'a value of type object'],
    ['layers[1]: an object', ['layers', 1], null, 'null'],
    ['layers[1].lo: a number', ['layers', 1, 'lo'], '7', '"7"'],
    ['layers[0].dims[1]: a whole number, 0 or more', ['layers', 0, 'dims', 1], 0.5, '0.5'],
    ['notes[0]: a text', ['notes', 0], 1, '1'],
    ['tool: a text', ['tool'], ['zkonnx'], 'an array of 1'],
    ['schema: an object', ['schema'], [], 'an array of 0'],
  ])('%s', async (expected, at, value, got) => {
    const dir = await artifact(changed(at, value));
    for (const command of ['inspect', 'run'] as const) {
      const error = await expectError(
        [command, dir, ...(command === 'run' ? ['--in', 'x.json'] : [])],
        'ARTIFACT_INVALID',
      );
      expect(error).toMatchObject({ expected, got, where: path.join(dir, 'manifest.json') });
    }
  });

  it('a schema that no key could have names the tensor', async () => {
    const dir = await artifact(changed(['schema', 'inputs', 0, 'scale'], 'x'));
    const error = await expectError(['inspect', dir], 'ARTIFACT_INVALID');
    expect(error).toMatchObject({ got: '"x"', where: `${path.join(dir, 'manifest.json')}, schema.inputs[0]` });
  });

  it('a field twice is refused, by name and place', async () => {
    const dir = await artifact(original.replace('"bits":', '"bits": 9,\n"bits":'));
    expect((await expectError(['inspect', dir], 'ARTIFACT_INVALID'))['message']).toMatch(
      /the field "bits" twice, line \d+/,
    );
  });

  it('whatever a field holds, reading gives a manifest or an error of exit code 2', async () => {
    const paths: (string | number)[][] = [];
    const walk = (node: unknown, at: (string | number)[]) => {
      if (at.length > 0) paths.push(at);
      if (typeof node !== 'object' || node === null) return;
      for (const [key, child] of Object.entries(node)) walk(child, [...at, Array.isArray(node) ? Number(key) : key]);
    };
    walk(JSON.parse(original), []);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.jsonValue({ maxDepth: 3 }), async (at, value) => {
        const error: unknown = await artifact(changed(at, value))
          .then(readManifest)
          .catch((thrown: unknown) => thrown);
        if (error instanceof ZkonnxError) expect(error.exitCode).toBe(2);
        else expect(error).toHaveProperty('formatVersion', 1);
      }),
      { numRuns: 500 },
    );
  });
});
