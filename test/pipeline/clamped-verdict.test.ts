/** Clamped or not is part of the statement, from ONNX to verdict in both protocols; and what `--overflow` does with a value beyond its range. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ZkonnxError } from '../../src/base/errors.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { artifactPaths } from '../../src/formats/manifest.js';
import { prove } from '../../src/prove/prove.js';
import { setup } from '../../src/setup/setup.js';
import { verify } from '../../src/verify/index.js';
import { CURVE_PROTOCOLS, type CurveProtocol } from '../../src/verify/key-points.js';

const cases = path.resolve(import.meta.dirname, '../fixtures/cases');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-clamped-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

type Sample = ReadonlyMap<string, Float64Array>;

async function samplesOf(name: string): Promise<Sample[]> {
  const text = await readFile(path.join(cases, name, 'calibration.json'), 'utf8');
  return (JSON.parse(text) as { x: number[][] }[]).map(({ x }) => new Map([['x', Float64Array.from(x.flat())]]));
}

async function compiled(name: string, options: CompileOptions): Promise<string> {
  const folder = await mkdtemp(path.join(dir, `${name}-`));
  const model = path.join(cases, name, 'model.onnx');
  await writeArtifact(folder, await compile(model, { samples: await samplesOf(name), ...options }), model);
  return folder;
}

async function proofOf(folder: string, x: readonly number[]): Promise<string> {
  const sample = { id: 'sample', tensors: new Map([['x', Float64Array.from(x)]]) };
  for await (const { proof } of prove(folder, [sample], { threads: 1 })) return JSON.stringify(proof);
  throw new Error('no proof');
}

describe.each(CURVE_PROTOCOLS)('%s: 1/x, whose argument calibration ends', (protocol: CurveProtocol) => {
  const within = [0.5, 0.9, 0.2, 0.8, 0.3, 0.4];
  /** Within the domain that the data shows, of one element what none of its samples comes near. */
  const beyond = within.with(3, 0.0011);

  it('saturated, says whether a value was clamped; another bit is refused', async () => {
    const folder = await compiled('reject-reciprocal', { protocol, overflow: 'saturate' });
    await setup(folder, { dev: true, threads: 1 });
    const key = await readFile(artifactPaths(folder).verificationKey, 'utf8');
    for (const [x, clamped] of [
      [within, false],
      [beyond, true],
    ] as const) {
      const proof = await proofOf(folder, x);
      expect(verify(proof, key)).toMatchObject({ valid: true, clamped });
      const parsed = JSON.parse(proof) as { publicSignals: string[] };
      // One output, one signal: the bit is the second.
      expect(parsed.publicSignals[1]).toBe(clamped ? '1' : '0');
      for (const signal of [clamped ? '0' : '1', '2']) {
        const publicSignals = parsed.publicSignals.with(1, signal);
        expect(verify(JSON.stringify({ ...parsed, publicSignals }), key)).toMatchObject({ valid: false });
      }
    }
  });

  it('rejecting, has no proof of a value beyond, and says so beforehand', async () => {
    const folder = await compiled('reject-reciprocal', { protocol, overflow: 'reject' });
    await setup(folder, { dev: true, threads: 1 });
    const key = await readFile(artifactPaths(folder).verificationKey, 'utf8');
    const runner = await openRunner(folder);
    const run = runner.run({ tensors: new Map([['x', Float64Array.from(beyond)]]) });
    await expect(run).rejects.toMatchObject({ code: 'RANGE_EXCEEDED', details: { where: 'x.whole.round' } });
    await runner.close();
    await expect(proofOf(folder, beyond)).rejects.toMatchObject({ code: 'RANGE_EXCEEDED' });
    const verdict = verify(await proofOf(folder, within), key);
    expect(verdict).toMatchObject({ valid: true, clamped: null });
  });

  it('never, is refused by name: the domain reaches beyond', async () => {
    await expect(compiled('reject-reciprocal', { protocol, overflow: 'never' })).rejects.toMatchObject({
      code: 'BOUND_OVERFLOW',
      details: { expected: expect.stringContaining('x.whole.round') as unknown },
    });
  });

  it('rejecting, with a domain that holds the pole, refuses what comes nearer to it than the data', async () => {
    const options = { domain: { lo: -1, hi: 1 }, tolerance: 0.005, protocol, overflow: 'reject' } as const;
    const model = path.join(cases, 'reject-reciprocal', 'model.onnx');
    const samples = await samplesOf('reject-reciprocal');
    const product = await compile(model, { samples, ...options });
    const searched = product.accuracy.searched!.outputs[0]!;
    const largest = Math.max(...samples.flatMap((sample) => [...sample.get('x')!].map((x) => 1 / Math.abs(x))));
    expect(searched.maxAbsError).toBeLessThan(options.tolerance * largest);
    const folder = await mkdtemp(path.join(dir, 'pole-'));
    await writeArtifact(folder, product, model);
    const runner = await openRunner(folder);
    const near = { tensors: new Map([['x', Float64Array.from(within.with(3, 0.001))]]) };
    await expect(runner.run(near)).rejects.toMatchObject({ code: 'RANGE_EXCEEDED' });
    const { outputs } = await runner.run({ tensors: new Map([['x', Float64Array.from(within)]]) });
    within.forEach((x, i) =>
      expect(Math.abs(outputs['y']!.data[i]! - 1 / x)).toBeLessThan(options.tolerance * largest),
    );
    await runner.close();
  });

  it('never, with its domain declared, covers it: what was beyond is right within the function’s error and the grid’s', async () => {
    const domain = { lo: 0.001, hi: 1 };
    const folder = await compiled('reject-reciprocal', { domain, protocol, overflow: 'never' });
    const runner = await openRunner(folder);
    const { outputs } = await runner.run({ tensors: new Map([['x', Float64Array.from(beyond)]]) });
    await runner.close();
    const step = domain.hi / (2 ** 16 - 1);
    beyond.forEach((x, i) => {
      const furthest = 1 / (x - step / 2) - 1 / x;
      expect(Math.abs(outputs['y']!.data[i]! - 1 / x)).toBeLessThan(furthest + (1 / x) * 2 ** -10);
    });
  });
});

describe.each(CURVE_PROTOCOLS)('%s: a network that a sample drives into another class', (protocol: CurveProtocol) => {
  const name = 'reject-mlp32-class-flip';
  const domain = { lo: -1, hi: 1 };
  const flip = new Map([['x', Float64Array.of(1, -1, 1, -1, -1, -1, -1, -1)]]);
  /** As many as ranges are chosen by without a search, of the domain's width, but of one element at a time: `flip` moves all together. */
  const oneByOne: readonly Sample[] = [1, 1 / 2, 1 / 4, 1 / 8].flatMap((size) =>
    Array.from({ length: 16 }, (_, i) => {
      const x = new Float64Array(8);
      x[i >> 1] = i % 2 === 0 ? size : -size;
      return new Map([['x', x]]);
    }),
  );

  async function classOf(folder: string): Promise<number> {
    const runner = await openRunner(folder);
    const { outputs } = await runner.run({ tensors: flip });
    await runner.close();
    const values = [...outputs['y']!.data];
    return values.indexOf(Math.max(...values));
  }

  it('rejecting, is refused beforehand, naming layer, value and bound', async () => {
    const folder = await compiled(name, { samples: oneByOne, protocol, overflow: 'reject' });
    const runner = await openRunner(folder);
    const refusal: unknown = await runner.run({ tensors: flip }).catch((error: unknown) => error);
    await runner.close();
    expect(refusal).toMatchObject({ code: 'RANGE_EXCEEDED', details: { where: 'h2' } });
    const { expected, got } = (refusal as ZkonnxError).details;
    const bound = /^0 to (\d+) /.exec(String(expected))?.[1];
    expect(Number(got)).toBeGreaterThan(Number(bound));
  });

  it('rejecting, with its domain declared, has ranges that reach as far, and gives onnxruntime’s class', async () => {
    expect(await classOf(await compiled(name, { domain, protocol, overflow: 'reject' }))).toBe(0);
  });

  it('never, runs on as far as bounds reach, and gives onnxruntime’s class', async () => {
    expect(await classOf(await compiled(name, { domain, protocol, overflow: 'never' }))).toBe(0);
  });
});
