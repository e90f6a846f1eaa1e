/** A sample's real values become integers only where these say what the sample said. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeArtifact } from '../../src/compile/artifact.js';
import { readChoices } from '../../src/compile/choices.js';
import { compile } from '../../src/compile/compile.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { artifactPaths, readManifest, type Manifest } from '../../src/formats/manifest.js';
import { declaredDomains, declaredDomainsIn } from '../../src/prove/declared-domains.js';
import { encodeSample } from '../../src/prove/encode.js';
import { encodeNamed } from '../../src/prove/prove.js';
import type { Schema, TensorSchema } from '../../src/verify/statement.js';
import { buildModel } from './onnx-build.js';

const base = { name: 'x', dims: [2, 2], visibility: 'public', lo: 0, bytes: 1, zeroPoint: 0 } as const;
const mask: TensorSchema = { ...base, hi: 1, scale: 1, dtype: 'float32' };
const schemaOf = (tensor: TensorSchema): Schema => ({ inputs: [tensor], outputs: [] });

function encode(tensor: TensorSchema, values: readonly number[], declared?: readonly [number, number]) {
  const domains = declared === undefined ? undefined : new Map([['x', declared]]);
  return Array.from(
    encodeSample(schemaOf(tensor), new Map([['x', Float64Array.from(values)]]), domains).get('x')!,
    (q) => q + 0,
  );
}

describe('zeros and ones', () => {
  it('are what they are, within what float32 rounds', () => {
    expect(encode(mask, [0, 1, 1 - 2 ** -24, 2 ** -30])).toEqual([0, 1, 1, 0]);
  });

  it.each([0.3, 0.5, 0.99, 1.2, -0.2, 2])('%d is neither', (value) => {
    expect(() => encode(mask, [0, 1, value, 0])).toThrow(
      expect.objectContaining({
        code: 'INPUT_OUT_OF_DOMAIN',
        shortMessage: 'an input of zeros and ones (a mask, a truth value) holds another value',
        details: expect.objectContaining({ expected: '0 or 1', got: String(value), where: 'x[1, 0]' }) as unknown,
      }),
    );
  });

  it('are not quoted where they are private', () => {
    expect(() => encode({ ...mask, visibility: 'private' }, [0, 1, 0.3, 0])).toThrow(
      expect.objectContaining({
        details: expect.not.objectContaining({ got: expect.anything() as unknown }) as unknown,
      }),
    );
  });

  it('NaN is not finite, there as elsewhere', () => {
    expect(() => encode(mask, [0, 1, NaN, 0])).toThrow(expect.objectContaining({ code: 'INPUT_NOT_FINITE' }));
  });
});

it('a fraction is no whole number', () => {
  const ids: TensorSchema = { ...base, hi: 127, scale: 1, dtype: 'int64' };
  expect(encode(ids, [0, 1, 5, 127])).toEqual([0, 1, 5, 127]);
  expect(() => encode(ids, [0, 1, 5.4, 3])).toThrow(expect.objectContaining({ code: 'INPUT_TYPE' }));
  // Of floats on a grid of whole numbers it is rounded, as on any other.
  expect(encode({ ...ids, dtype: 'float32' }, [0, 1, 5.4, 3])).toEqual([0, 1, 5, 3]);
});

describe('the declared domain', () => {
  // What inputDomain makes of -1..2 in 8 bits: zero is a step, so that the integers reach beyond both ends.
  const grid: TensorSchema = { ...base, hi: 255, scale: 3 / 254, zeroPoint: 85, dtype: 'float32' };

  it('refuses a value beyond it, though the integers reach further', () => {
    expect(encode(grid, [-1.003, 0, 1, 2.005])).toEqual([0, 85, 170, 255]);
    expect(encode(grid, [-1, 0, 1, 2], [-1, 2])).toEqual([0, 85, 170, 254]);
    for (const value of [-1.003, 2.005]) {
      expect(() => encode(grid, [0, 0, 1, value], [-1, 2])).toThrow(
        expect.objectContaining({
          code: 'INPUT_OUT_OF_DOMAIN',
          details: expect.objectContaining({ expected: '-1 to 2', got: String(value), where: 'x[1, 1]' }) as unknown,
        }),
      );
    }
  });

  it('takes its ends as the input’s type has them', () => {
    const tenths: TensorSchema = { ...grid, scale: 0.8 / 255, zeroPoint: -0.1 / (0.8 / 255) };
    const ends = [0.1, 0.9].map(Math.fround);
    expect(ends[0]).toBeGreaterThan(0.1);
    expect(encode(tenths, [...ends, 0.1, 0.9], [0.1, 0.9])).toEqual([0, 255, 0, 255]);
    const float16 = 0.89990234375;
    expect(encode({ ...tenths, dtype: 'float16' }, [0.0999755859375, float16, 0.1, 0.9], [0.1, 0.9])).toEqual([
      0, 255, 0, 255,
    ]);
    expect(() => encode(tenths, [0.0999755859375, 0.5, 0.1, 0.9], [0.1, 0.9])).toThrow('outside the declared domain');
  });

  it('of whole numbers has no slack', () => {
    const wide: TensorSchema = { ...base, hi: 2 ** 24 - 1, bytes: 3, scale: 1, dtype: 'int64' };
    expect(encode(wide, [0, 10_000_000, 1, 2], [0, 10_000_000])).toEqual([0, 10_000_000, 1, 2]);
    expect(() => encode(wide, [0, 10_000_001, 1, 2], [0, 10_000_000])).toThrow('outside the declared domain');
  });
});

describe('an artifact', () => {
  let folder: string;
  let manifest: Manifest;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-encode-'));
    const model = path.join(folder, 'model.onnx');
    const node = { op: 'Neg', inputs: ['x'], outputs: ['y'] };
    await writeFile(model, buildModel({ nodes: [node], inputs: { x: [3] }, outputs: ['y'] }));
    await writeArtifact(folder, await compile(model, { domain: { lo: -1, hi: 2 } }), model);
    manifest = await readManifest(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const beyond = { id: 'seven', tensors: new Map([['x', Float64Array.of(0, 2.00001, 1)]]) };
  const refused = {
    code: 'INPUT_OUT_OF_DOMAIN',
    details: { expected: '-1 to 2', got: '2.00001', where: 'x[1], sample seven' },
  };

  it('says in its manifest what was declared, and no more than its integers cover', () => {
    const [domain] = manifest.choices!.domains;
    expect(domain).toMatchObject({ input: 'x', declared: [-1, 2], source: 'declared' });
    // That is where its integers do reach.
    expect(domain!.max).toBeGreaterThan(2.00001);
    expect(readChoices(manifest.choices!).domains.get('x')).toMatchObject({ declared: [-1, 2] });
    for (const declared of [
      [-1, 3],
      [2, -1],
      [-1.1, 2],
    ] as const) {
      const choices = { ...manifest.choices!, domains: [{ ...domain!, declared }] };
      expect(() => readChoices(choices)).toThrow('a declared domain that the integers do not cover');
    }
  });

  it('refuses a value beyond it in run and before a proof, naming sample, element and domain', async () => {
    const runner = await openRunner(folder);
    await expect(runner.run(beyond)).rejects.toMatchObject(refused);
    const { outputs } = await runner.run({ tensors: new Map([['x', Float64Array.of(-1, 2, 1)]]) });
    await runner.close();
    expect(outputs['y']!.data.map((value) => Math.round(100 * value))).toEqual([100, -200, -100]);
    expect(() => encodeNamed(manifest, beyond)).toThrow(expect.objectContaining({ code: refused.code }));
  });

  it('of before, whose manifest does not say, takes what its integers stand for', () => {
    const { choices: _choices, ...old } = manifest;
    expect(encodeNamed(old, beyond).get('x')).toHaveLength(3);
  });

  it('tells a page by its manifest, which must be its own', async () => {
    const text = await readFile(artifactPaths(folder).manifest, 'utf8');
    const facts = { circuitHash: manifest.circuit.hash };
    expect(declaredDomainsIn(text, facts)).toEqual(new Map([['x', [-1, 2]]]));
    expect(declaredDomainsIn(JSON.parse(text), facts)).toEqual(declaredDomains(manifest));
    const other = () => declaredDomainsIn(text, { circuitHash: `sha256:${'0'.repeat(64)}` });
    expect(other).toThrow(expect.objectContaining({ code: 'KEY_MISMATCH' }));
    for (const wrong of ['{', 7, { ...manifest, choices: { domains: [{ input: 'x', declared: [1] }] } }]) {
      expect(() => declaredDomainsIn(wrong, facts)).toThrow(expect.objectContaining({ code: 'ARTIFACT_INVALID' }));
    }
  });
});
