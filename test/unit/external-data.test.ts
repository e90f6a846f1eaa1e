/** A model whose weights lie in another file: the hash covers them, and an artifact keeps what `run` needs. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { modelHash } from '../../src/compile/model-file.js';
import { decodeModel, externalFiles } from '../../src/formats/onnx-proto.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { buildModel } from './onnx-build.js';

let dir: string;
let model: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-weights-'));
  model = path.join(dir, 'model.onnx');
  const externalData = [{ key: 'location', value: 'weights.bin' }];
  const bytes = buildModel({
    nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: { x: [2] },
    constants: { w: { dims: [2], raw: { dataLocation: 1, externalData } } },
    outputs: ['y'],
  });
  await writeFile(model, bytes);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function compileWith(weights: readonly number[]) {
  await writeFile(path.join(dir, 'weights.bin'), new Uint8Array(new Float32Array(weights).buffer));
  return compile(model, { domain: { lo: -1, hi: 1 } });
}

it('the model hash covers external weights', async () => {
  const [first, second] = [await compileWith([1, 2]), await compileWith([1, 3])];
  expect(first.manifest.model.hash).not.toBe(second.manifest.model.hash);
  expect((await compileWith([1, 2])).manifest.model.hash).toBe(first.manifest.model.hash);
});

it('an artifact runs without the folder it came from', async () => {
  const compiled = await compileWith([1, -2]);
  const artifact = path.join(dir, 'artifact');
  await writeArtifact(artifact, compiled, model);
  await rm(path.join(dir, 'weights.bin'));
  const runner = await openRunner(artifact);
  const { outputs } = await runner.run({ tensors: new Map([['x', Float64Array.of(0.5, 0.25)]]) });
  await runner.close();
  const { magnitude, proven } = compiled.manifest.accuracy!.outputs[0]!;
  const within = proven! * magnitude;
  expect(within).toBeLessThan(0.0025);
  expect(Math.abs(outputs['y']!.data[0]! - 0.5)).toBeLessThanOrEqual(within);
  expect(Math.abs(outputs['y']!.data[1]! + 0.5)).toBeLessThanOrEqual(within);
});

describe('two models of external data that had one hash', () => {
  const externalData = (location: string, length: number) => [
    { key: 'location', value: location },
    { key: 'length', value: String(length) },
  ];
  const twoFiles = (first: string, second: string) =>
    buildModel({
      nodes: [
        { op: 'Mul', inputs: ['x', 'v'], outputs: ['m'] },
        { op: 'Add', inputs: ['m', 'w'], outputs: ['y'] },
      ],
      inputs: { x: [1] },
      constants: {
        v: { dims: [1], raw: { dataLocation: 1, externalData: externalData(first, 4) } },
        w: { dims: [1], raw: { dataLocation: 1, externalData: externalData(second, 4) } },
      },
      outputs: ['y'],
    });

  async function folderOf(name: string, files: Readonly<Record<string, readonly number[]>>): Promise<string> {
    const folder = path.join(dir, name);
    await mkdir(folder);
    for (const [file, values] of Object.entries(files))
      await writeFile(path.join(folder, file), new Uint8Array(new Float32Array(values).buffer));
    return folder;
  }
  /** As formatVersion 1 named such a model: SHA-256 of its file and its external files, one after another. */
  async function concatenationHash(bytes: Uint8Array, folder: string): Promise<string> {
    const hash = createHash('sha256').update(bytes);
    for (const { file } of externalFiles(decodeModel(bytes), folder)) hash.update(await readFile(file));
    return `sha256:${hash.digest('hex')}`;
  }
  const hashes = async (bytes: Uint8Array, folder: string) => ({
    before: await concatenationHash(bytes, folder),
    now: await modelHash(bytes, folder),
  });

  it('bytes moved from one file to the other: other weights, another hash', async () => {
    const bytes = twoFiles('a.bin', 'b.bin');
    const [left, right] = [
      await folderOf('left', { 'a.bin': [1, 2], 'b.bin': [3] }),
      await folderOf('right', { 'a.bin': [1], 'b.bin': [2, 3] }),
    ];
    const [first, second] = [await hashes(bytes, left), await hashes(bytes, right)];
    expect(second.before).toBe(first.before);
    expect(second.now).not.toBe(first.now);
    for (const folder of [left, right]) await writeFile(path.join(folder, 'model.onnx'), bytes);
    const circuits = [left, right].map(async (folder) => {
      const { manifest } = await compile(path.join(folder, 'model.onnx'), { domain: { lo: -1, hi: 1 } });
      expect(manifest.model.hash).toBe(folder === left ? first.now : second.now);
      return manifest.circuit.hash;
    });
    const [one, other] = await Promise.all(circuits);
    expect(one).not.toBe(other);
  });

  it('a file by another name is another hash, and one more file too', async () => {
    const same = { 'a.bin': [1], 'b.bin': [2], 'c.bin': [2] };
    const folder = await folderOf('names', same);
    const all = [twoFiles('a.bin', 'b.bin'), twoFiles('a.bin', 'c.bin'), twoFiles('a.bin', 'a.bin')];
    const now = await Promise.all(all.map((bytes) => modelHash(bytes, folder)));
    expect(new Set(now).size).toBe(3);
  });

  it('a model in one file that is another with its external data behind it', async () => {
    const bytes = twoFiles('a.bin', 'b.bin');
    const folder = await folderOf('behind', { 'a.bin': [1], 'b.bin': [2] });
    const behind = Buffer.concat([bytes, new Uint8Array(new Float32Array([1, 2]).buffer)]);
    const { before, now } = await hashes(bytes, folder);
    expect(before).toBe(`sha256:${createHash('sha256').update(behind).digest('hex')}`);
    expect(now).not.toBe(before);
  });

  it('no file by itself has the hash of a model with external data: what is hashed begins as no ONNX file does', async () => {
    const bytes = twoFiles('a.bin', 'b.bin');
    const folder = await folderOf('prefix', { 'a.bin': [1], 'b.bin': [2] });
    const digestOf = (data: Uint8Array) => createHash('sha256').update(data).digest();
    const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
    const parts = (['a.bin', 'b.bin'] as const).map((location, i) => [
      u32(location.length),
      Buffer.from(location),
      u32(4),
      u32(0),
      digestOf(new Uint8Array(new Float32Array([i + 1]).buffer)),
    ]);
    const hashed = Buffer.concat([Buffer.from('\x7fzkonnx model v2\n'), digestOf(bytes), u32(2), ...parts.flat()]);
    expect(await modelHash(bytes, folder)).toBe(`sha256:${digestOf(hashed).toString('hex')}`);
    expect(() => decodeModel(hashed)).toThrow(expect.objectContaining({ code: 'NOT_ONNX' }));
    expect(() => decodeModel(Buffer.concat([Buffer.of(0x7f), bytes]))).toThrow(
      expect.objectContaining({ code: 'NOT_ONNX' }),
    );
    await expect(compile(new Uint8Array(hashed), { domain: { lo: -1, hi: 1 } })).rejects.toMatchObject({ exitCode: 2 });
  });
});
