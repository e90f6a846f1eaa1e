/** The door for whoever stays: samples in flight together, progress, what is stopped, what is closed, and files that do not belong together. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { artifactPaths } from '../../src/formats/manifest.js';
import { openProver } from '../../src/prove/open-prover.js';
import { prove, type NamedSample } from '../../src/prove/prove.js';
import type { ProveProgress } from '../../src/prove/tasks.js';
import { setup } from '../../src/setup/setup.js';
import { verify } from '../../src/verify/index.js';
import { rejection } from './pool-insides.js';
import { CURVE_PROTOCOLS } from '../../src/verify/key-points.js';

let dir: string;
const at = (name: string) => path.join(dir, name);
const key = (name: string) => readFile(artifactPaths(at(name)).verificationKey, 'utf8');
const values = (seed: number) => Float64Array.from({ length: 4 }, (_, i) => Math.sin(5 * seed + i));
const named = (seed: number): NamedSample => ({ id: String(seed), tensors: new Map([['input', values(seed)]]) });

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-door-'));
  const model = at('mlp.onnx');
  await writeFile(model, makeMlp([4, 6, 3]));
  for (const protocol of CURVE_PROTOCOLS) {
    await writeArtifact(at(protocol), await compile(model, { protocol, domain: { lo: -1, hi: 1 } }), model);
    await setup(at(protocol), { dev: true, threads: 2 });
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe.each(CURVE_PROTOCOLS)('a prover of %s', (protocol) => {
  it('has several samples under way, tells how far each is, and names what a proof takes', async () => {
    const loading: ProveProgress[] = [];
    await using prover = await openProver(at(protocol), { threads: 2, onProgress: (step) => loading.push(step) });
    expect(loading.at(-1)).toEqual({ phase: 'load', fraction: 1 });
    expect({ protocol: prover.protocol, inputs: prover.schema.inputs.map(({ name }) => name) }).toEqual({
      protocol,
      inputs: ['input'],
    });
    const heard = [1, 2, 3].map(() => new Set<string>());
    const proven = await Promise.all(
      heard.map((phases, i) =>
        prover.prove({ input: values(i) }, { onProgress: ({ phase }) => void phases.add(phase) }),
      ),
    );
    for (const { proof, timingsMs, peakMemoryBytes } of proven) {
      expect(verify(proof, await key(protocol))).toMatchObject({ valid: true });
      expect(timingsMs.total).toBeGreaterThan(0);
      expect(peakMemoryBytes).toBeGreaterThan(2 ** 24);
    }
    for (const phases of heard) expect([...phases]).toEqual(expect.arrayContaining(['witness', 'queue', 'sums']));
  });

  it('goes on after a sample that is stopped, and one that is refused', async () => {
    await using prover = await openProver(at(protocol), { threads: 2 });
    const controller = new AbortController();
    const onProgress = ({ phase }: ProveProgress) => {
      if (phase === 'sums') controller.abort();
    };
    const stopped = rejection(prover.prove({ input: values(1) }, { signal: controller.signal, onProgress }));
    const refused = rejection(prover.prove({ input: [1, 2, 3, 40] }));
    expect(await stopped).toMatchObject({ code: 'ABORTED' });
    expect(await refused).toMatchObject({ code: 'INPUT_OUT_OF_DOMAIN' });
    const { proof } = await prover.prove(new Map([['input', values(2)]]));
    expect(verify(proof, await key(protocol))).toMatchObject({ valid: true });
  });

  it('refuses after close, and ends what is under way', async () => {
    const prover = await openProver(at(protocol), { threads: 2 });
    const running = rejection(prover.prove({ input: values(1) }));
    await prover.close();
    expect(await running).toMatchObject({ code: 'ABORTED' });
    await expect(prover.prove({ input: values(1) })).rejects.toMatchObject({ code: 'ABORTED' });
    await prover.close();
  });
});

describe('a prover is not opened', () => {
  it.each<[string, (folder: string) => Promise<void>, string]>([
    ['without keys', (folder) => rm(artifactPaths(folder).verificationKey), 'FILE_UNREADABLE'],
    [
      'with the verification key of another circuit',
      async (folder) => writeFile(artifactPaths(folder).verificationKey, await key('groth16')),
      'KEY_MISMATCH',
    ],
    [
      'with another circuit of the same protocol',
      async (folder) => {
        const model = at('other.onnx');
        await writeFile(model, makeMlp([4, 7, 3]));
        await writeArtifact(at('other'), await compile(model, { domain: { lo: -1, hi: 1 } }), model);
        await cp(artifactPaths(at('other')).circuit, artifactPaths(folder).circuit);
      },
      'KEY_MISMATCH',
    ],
  ])('%s', async (_, change, code) => {
    const folder = at(`changed-${code}-${Math.random()}`);
    await cp(at('mirage'), folder, { recursive: true });
    await change(folder);
    await expect(openProver(folder, { threads: 1 })).rejects.toMatchObject({ code });
  });

  it('for a prover that does not know the protocol, for no threads, and once its signal has fired', async () => {
    await expect(openProver(at('mirage'), { prover: 'snarkjs' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(openProver(at('mirage'), { threads: 0 })).rejects.toMatchObject({ code: 'USAGE' });
    const signal = AbortSignal.abort();
    await expect(openProver(at('mirage'), { threads: 1, signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(openProver(at('mirage'), { threads: 1, maxMemoryBytes: 2 ** 20 })).rejects.toMatchObject({
      code: 'MEMORY_EXCEEDED',
    });
  });
});

describe('a batch', () => {
  it('comes in the order of its samples, which are not all taken at once', async () => {
    let taken = 0;
    const samples = function* () {
      for (let i = 1; i <= 9; i++) {
        taken++;
        yield named(i);
      }
    };
    const ids: string[] = [];
    for await (const { id, proof, timingsMs } of prove(at('mirage'), samples(), { threads: 2 })) {
      if (ids.length === 0) expect(taken).toBeLessThanOrEqual(4);
      expect(Object.keys(timingsMs)).toEqual(expect.arrayContaining(['load', 'witness', 'queue', 'sums', 'total']));
      expect(verify(proof, await key('mirage'))).toMatchObject({ valid: true });
      ids.push(id);
    }
    expect(ids).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  it('ends at its first bad sample, which it names, after the results before it', async () => {
    const bad: NamedSample = { id: 'bad', tensors: new Map([['input', Float64Array.of(1)]]) };
    const ids: string[] = [];
    const batch = async () => {
      for await (const { id } of prove(at('mirage'), [named(1), named(2), bad, named(4)], { threads: 2 })) ids.push(id);
    };
    await expect(batch()).rejects.toMatchObject({ code: 'INPUT_SHAPE', details: { where: 'input, sample bad' } });
    expect(ids).toEqual(['1', '2']);
  });

  it('stops when its reader leaves or its signal fires, and closes its source', async () => {
    let closed = 0;
    const endless = function* () {
      try {
        for (;;) yield named(3);
      } finally {
        closed++;
      }
    };
    for await (const { proof } of prove(at('mirage'), endless(), { threads: 2 })) {
      expect(verify(proof, await key('mirage'))).toMatchObject({ valid: true });
      break;
    }
    const controller = new AbortController();
    const batch = async () => {
      const options = { threads: 2, signal: controller.signal };
      for await (const _ of prove(at('mirage'), endless(), options)) controller.abort();
    };
    await expect(batch()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(closed).toBe(2);
  });
});
