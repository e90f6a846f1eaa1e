/** Protocol mirage from ONNX to verdict: the pool, contexts, commitments, keys that do not belong, the browser's prover, and what breaks off. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poseidonChain } from '../../src/field/poseidon.js';
import { makeMlp } from '../../scripts/make-mlp.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import { readCircuitFile, writeCircuitFile } from '../../src/formats/circuit-file.js';
import { artifactPaths, provingKeyPath, readManifest } from '../../src/formats/manifest.js';
import { openProver } from '../../src/prove/browser.js';
import { ProverPool } from '../../src/prove/pool.js';
import type { RunOptions } from '../../src/prove/prover.js';
import { prove, witnessOf, type ProvenSample, type ProveOptions } from '../../src/prove/prove.js';
import type { ProvePhase, ProveProgress } from '../../src/prove/tasks.js';
import { openRunner } from '../../src/evaluate/runner.js';
import { setup } from '../../src/setup/setup.js';
import { verify, verifyBatch } from '../../src/verify/index.js';
import { dequantise, pack, quantise } from '../../src/verify/statement.js';

const WIDTH = 12;
let dir: string;
/** Inputs public, outputs committed: full-width wires in round 1 and in the fold. */
let artifact: string;
/** The same circuit, keys made a second time. */
let again: string;
let key: string;

async function makeArtifact(name: string, options: CompileOptions): Promise<string> {
  const folder = path.join(dir, name);
  const model = path.join(dir, 'mlp.onnx');
  await writeArtifact(folder, await compile(model, options), model);
  await setup(folder, { dev: true, threads: 2 });
  return folder;
}

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-mirage-'));
  await writeFile(path.join(dir, 'mlp.onnx'), makeMlp([WIDTH, 20, 10, 3]));
  const options = { domain: { lo: -1, hi: 1 }, output: 'committed' } as const;
  artifact = await makeArtifact('mlp', options);
  again = await makeArtifact('again', options);
  key = await readFile(artifactPaths(artifact).verificationKey, 'utf8');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const values = (seed: number): Float64Array =>
  Float64Array.from({ length: WIDTH }, (_, i) => Math.sin(7 * seed + 3 * i));

async function proveAll(
  folder: string,
  inputs: readonly Float64Array[],
  options: ProveOptions = {},
): Promise<ProvenSample[]> {
  const proven: ProvenSample[] = [];
  const named = inputs.map((input, i) => ({ id: String(i), tensors: new Map([['input', input]]) }));
  for await (const sample of prove(folder, named, { threads: 2, ...options })) proven.push(sample);
  return proven;
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no rejection',
    (error: unknown) => error,
  );

describe('proving', () => {
  const inputs = [
    new Float64Array(WIDTH),
    new Float64Array(WIDTH).fill(1),
    new Float64Array(WIDTH).fill(-1),
    values(3),
  ];

  it('mirage is the default, and every proof of a batch is accepted, alone and together', async () => {
    expect((await readManifest(artifact)).protocol).toBe('mirage');
    const proofs = (await proveAll(artifact, inputs)).map(({ proof }) => proof);
    for (const proof of proofs) {
      expect(verify(proof, key)).toMatchObject({
        valid: true,
        protocol: 'mirage',
        context: '0x',
        setup: 'development',
      });
    }
    expect(verifyBatch(proofs, key).map(({ valid }) => valid)).toEqual([true, true, true, true]);
  });

  it('shows the inputs that were proven, and the output that the integer program gives opens the commitment', async () => {
    const [proven] = await proveAll(artifact, [values(1)]);
    const verdict = verify(proven!.proof, key);
    if (!verdict.valid) throw new Error(verdict.message);
    verdict.inputs['input']!.data.forEach((value, i) => {
      expect(value).toBeCloseTo(values(1)[i]!, 3);
    });
    const { schema } = await readManifest(artifact);
    const output = schema.outputs[0]!;
    const { values: opened, salts } = proven!.opening!;
    const runner = await openRunner(artifact);
    const run = await runner.run({ tensors: new Map([['input', values(1)]]) });
    expect(dequantise(output, opened[output.name]!)).toEqual(run.outputs[output.name]!.data);
    const packed = pack(output, opened[output.name]!, 'big');
    expect(String(poseidonChain([...packed, BigInt(salts[output.name]!)]))).toBe(verdict.committed[output.name]);
  });

  it('two proofs of one statement share no element', async () => {
    const [first, second] = await proveAll(artifact, [values(2), values(2)]);
    const points = ({ proof }: ProvenSample): string[] =>
      Object.entries(proof).flatMap(([name, point]) => (name.startsWith('pi_') ? [JSON.stringify(point)] : []));
    expect(points(first!)).toHaveLength(4);
    expect(points(first!).filter((point) => points(second!).includes(point))).toEqual([]);
  });
});

describe('a context', () => {
  const context = Uint8Array.of(1, 2, 0xff);

  it('is proven, and a proof made for another one is refused', async () => {
    const [{ proof }] = (await proveAll(artifact, [values(4)], { context })) as [ProvenSample];
    expect(verify(proof, key, { expectContext: context })).toMatchObject({ valid: true, context: '0x0102ff' });
    expect(verify(proof, key, { expectContext: '0x0102fe' })).toMatchObject({ reason: 'CONTEXT_MISMATCH' });
    expect(verify({ ...proof, context: '0x0102fe' }, key)).toMatchObject({ reason: 'PAIRING_FAILED' });
    expect(verify({ ...proof, context: '0x' }, key)).toMatchObject({ reason: 'PAIRING_FAILED' });
  });

  it('of more than 32 bytes is refused before anything is done', async () => {
    const error = await rejection(proveAll(artifact, [values(4)], { context: new Uint8Array(33) }));
    expect(error).toMatchObject({ code: 'USAGE', details: { got: '33' } });
  });
});

describe('what does not belong together', () => {
  it('a key of another setup: KEY_MISMATCH', async () => {
    const mixed = path.join(dir, 'mixed');
    await makeMixed(mixed, { proving: again });
    expect(await rejection(proveAll(mixed, [values(0)]))).toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('snarkjs as prover, and a .wtns: USAGE', async () => {
    expect(await rejection(proveAll(artifact, [values(0)], { prover: 'snarkjs' }))).toMatchObject({ code: 'USAGE' });
    const circuit = await readCircuitFile(artifactPaths(artifact).circuit);
    const manifest = await readManifest(artifact);
    const sample = { id: 'one', tensors: new Map([['input', values(0)]]) };
    expect(() => witnessOf(circuit, manifest, sample)).toThrow(/two rounds/);
  });

  it('a circuit whose second round begins elsewhere is another circuit, for setup and for prove', async () => {
    const moved = path.join(dir, 'moved');
    await makeMixed(moved, { proving: artifact });
    const file = artifactPaths(moved).circuit;
    const circuit = await readCircuitFile(file);
    const rounds = { ...circuit.rounds!, publicValues: circuit.rounds!.publicValues - 1 };
    await writeCircuitFile(file, { ...circuit, rounds });
    expect(await rejection(setup(moved, { dev: true, force: true }))).toMatchObject({ code: 'KEY_MISMATCH' });
    expect(await rejection(proveAll(moved, [values(0)]))).toMatchObject({ code: 'KEY_MISMATCH' });
  });

  /** The artifact with the proving key of another folder. */
  async function makeMixed(folder: string, { proving }: { readonly proving: string }): Promise<void> {
    const options = { domain: { lo: -1, hi: 1 }, output: 'committed' } as const;
    const model = path.join(dir, 'mlp.onnx');
    await writeArtifact(folder, await compile(model, options), model);
    await writeFile(provingKeyPath(folder, 'mirage'), await readFile(provingKeyPath(proving, 'mirage')));
    await writeFile(artifactPaths(folder).verificationKey, key);
  }
});

describe('a pool', () => {
  const openPool = (options: { readonly maxMemoryBytes?: number } = {}) =>
    new ProverPool(
      {
        protocol: 'mirage',
        circuit: artifactPaths(artifact).circuit,
        provingKey: provingKeyPath(artifact, 'mirage'),
      },
      { threads: 2, ...options },
    );
  const proveBy = async (pool: ProverPool<'mirage'>, seed: number, options: RunOptions = {}) => {
    const { schema } = await readManifest(artifact);
    const { keyDigest } = (JSON.parse(key) as { zkonnx: { keyDigest: string } }).zkonnx;
    const inputs = { input: Float64Array.from(quantise(schema.inputs[0]!, values(seed))) };
    const salts = { [schema.outputs[0]!.name]: 5n };
    return pool.prove({ inputs, salts }, { keyDigest, context: new Uint8Array() }, options);
  };

  it.each<ProvePhase>(['load', 'witness', 'queue', 'commit', 'quotient', 'sums'])(
    'a job stopped in its %s: ABORTED, the pool goes on',
    async (phase) => {
      await using pool = openPool();
      const controller = new AbortController();
      const onProgress = (progress: ProveProgress) => {
        if (progress.phase === phase) controller.abort();
      };
      const stopped = rejection(proveBy(pool, 1, { signal: controller.signal, onProgress }));
      expect(await stopped).toMatchObject({ code: 'ABORTED' });
      const { proof, timingsMs } = await proveBy(pool, 2);
      expect(proof).toMatchObject({ protocol: 'mirage' });
      expect(Object.keys(timingsMs).sort()).toEqual([
        'commit',
        'load',
        'queue',
        'quotient',
        'sums',
        'total',
        'witness',
      ]);
    },
  );

  it('a limit of memory is kept beforehand', async () => {
    await using pool = openPool({ maxMemoryBytes: 2 ** 20 });
    expect(await rejection(proveBy(pool, 1))).toMatchObject({ code: 'MEMORY_EXCEEDED' });
  });
});

describe('the prover of browsers', () => {
  it('makes proofs of mirage, for a context', async () => {
    const bytes = async (file: string) => new Uint8Array(await readFile(file));
    const prover = await openProver({
      circuit: await bytes(artifactPaths(artifact).circuit),
      provingKey: await bytes(provingKeyPath(artifact, 'mirage')),
      verificationKey: key,
    });
    const phases = new Set<string>();
    const { proof, opening } = await prover.prove(
      { input: values(6) },
      { context: Uint8Array.of(7), onProgress: ({ phase }) => void phases.add(phase) },
    );
    expect(verify(proof, key, { expectContext: '0x07' })).toMatchObject({ valid: true });
    expect([...phases]).toEqual(['load', 'witness', 'queue', 'commit', 'quotient', 'sums']);
    expect(opening).toBeDefined();
    expect(await rejection(prover.prove({ input: values(6) }, { context: new Uint8Array(33) }))).toMatchObject({
      code: 'USAGE',
    });
  });

  it('refuses a key of another setup', async () => {
    const bytes = async (file: string) => new Uint8Array(await readFile(file));
    const opened = openProver({
      circuit: await bytes(artifactPaths(artifact).circuit),
      provingKey: await bytes(provingKeyPath(again, 'mirage')),
      verificationKey: key,
    });
    expect(await rejection(opened)).toMatchObject({ code: 'KEY_MISMATCH' });
  });
});
