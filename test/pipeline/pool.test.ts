/** Proving in worker threads: results, batches, and everything that can end a job before its time. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import * as snarkjs from 'snarkjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { R } from '../../src/field/bn254.js';
import { hashRelation } from '../../src/formats/circuit-digest.js';
import { writeCircuitFile } from '../../src/formats/circuit-file.js';
import type { SnarkjsVerificationKey } from '../../src/formats/snarkjs-json.js';
import { readZkeyVerifierPart } from '../../src/formats/zkey-file.js';
import { requireSameSetup } from '../../src/prove/groth16/key-match.js';
import { ProverPool, type ProverFiles } from '../../src/prove/pool.js';
import type { RunOptions } from '../../src/prove/prover.js';
import type { ProveProgress, ProveResult } from '../../src/prove/tasks.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { prepareForgeableGroth16Key, type KeyBlock } from '../../src/verify/key.js';
import { WorkerPool } from '../../src/pool/worker-pool.js';
import { squareCircuit } from '../unit/circuit-fixture.js';

/** x⁸ in rows enough for a proof to last about a second. */
const circuit = squareCircuit(3, 8000);
let folder: string;
let key: SnarkjsVerificationKey;
let pool: ProverPool<'groth16'>;
const at = (name: string) => path.join(folder, name);
const files = (): ProverFiles<'groth16'> => ({
  protocol: 'groth16',
  circuit: at('circuit.bin'),
  provingKey: at('key.zkey'),
});
/** Groth16 binds a proof to nothing but its signals. */
const NOTHING = { keyDigest: '0x', context: new Uint8Array() };
const prove = (x: number, options: RunOptions = {}, by = pool) =>
  by.prove({ inputs: { x: Float64Array.of(x) } }, NOTHING, options);

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-pool-'));
  await writeCircuitFile(at('circuit.bin'), circuit);
  key = await setupDev(circuit.r1cs, { zkeyPath: at('key.zkey') });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await (await snarkjs.curves.getCurveFromName('bn128')).terminate();
});
beforeEach(() => {
  pool = new ProverPool(files(), { threads: 2 });
});
afterEach(() => pool.close());

async function expectProof(result: ProveResult, x: number): Promise<void> {
  expect(result.publicSignals).toEqual([String(x ** 8), String(x)]);
  expect(await snarkjs.groth16.verify(key, result.publicSignals, result.proof)).toBe(true);
}

/** Settles as what the promise was rejected with. */
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** A job that has reached the prover, and its outcome. */
async function busyJob(signal?: AbortSignal): Promise<{ outcome: Promise<unknown> }> {
  let outcome: Promise<unknown> = Promise.resolve();
  await new Promise<void>((resolve) => {
    const onProgress = ({ phase }: ProveProgress) => {
      if (phase === 'sums') resolve();
    };
    outcome = rejection(prove(2, { signal, onProgress }));
  });
  return { outcome };
}

describe('one proof', () => {
  it('is accepted by snarkjs, with timings, memory and progress', async () => {
    const progress: ProveProgress[] = [];
    const result = await prove(3, { onProgress: (step) => progress.push(step) });
    await expectProof(result, 3);
    const { total, ...phases } = result.timingsMs;
    expect(Object.keys(phases)).toEqual(['load', 'witness', 'queue', 'quotient', 'sums']);
    for (const phase of Object.values(phases)) expect(phase).toBeGreaterThanOrEqual(0);
    expect(Object.values(phases).reduce((sum, phase) => sum + phase)).toBeLessThanOrEqual(total + 1);
    expect(pool.peakMemoryBytes()).toBeGreaterThan(2 ** 24);
    expect([...new Set(progress.map(({ phase }) => phase))]).toEqual(['load', 'witness', 'queue', 'quotient', 'sums']);
    const fractions = progress.filter(({ phase }) => phase === 'sums').map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((left, right) => left - right));
    expect(fractions.length).toBeGreaterThan(4);
  });

  it('is another one each time: the prover is randomised', async () => {
    const proofs = await Promise.all([prove(3), prove(3)]);
    expect(proofs[0].proof).not.toEqual(proofs[1].proof);
    expect(proofs[0].publicSignals).toEqual(proofs[1].publicSignals);
  });

  it('takes negative values, and loads the circuit once', async () => {
    const alone = new ProverPool(files(), { threads: 1 });
    try {
      const negative = await prove(-5, {}, alone);
      expect(negative.publicSignals).toEqual([String(5 ** 8), String(R - 5n)]);
      expect(await snarkjs.groth16.verify(key, negative.publicSignals, negative.proof)).toBe(true);
      const result = await prove(5, {}, alone);
      await expectProof(result, 5);
    } finally {
      await alone.close();
    }
  });
});

describe('what a worker refuses arrives with its code, and the pool goes on', () => {
  it.each<[string, Record<string, Float64Array>, string]>([
    ['a missing input', {}, 'INPUT_NAME'],
    ['an input of another size', { x: Float64Array.of(1, 2) }, 'INPUT_SHAPE'],
  ])('%s', async (_, inputs, code) => {
    await expect(pool.prove({ inputs }, NOTHING)).rejects.toMatchObject({ name: 'ZkonnxError', code });
    await expectProof(await prove(2), 2);
  });

  it.each<[string, Partial<ProverFiles<'groth16'>>]>([
    ['a circuit that is not there', { circuit: '/nowhere/circuit.bin' }],
    ['a key that is not there', { provingKey: '/nowhere/key.zkey' }],
  ])('%s', async (_, change) => {
    await using other = new ProverPool({ ...files(), ...change }, { threads: 1 });
    await expect(prove(2, {}, other)).rejects.toMatchObject({ name: 'ZkonnxError', code: 'FILE_UNREADABLE' });
  });

  it('a key of another circuit’s sizes', async () => {
    await setupDev(squareCircuit(4, 10).r1cs, { zkeyPath: at('other.zkey') });
    await using other = new ProverPool({ ...files(), provingKey: at('other.zkey') }, { threads: 1 });
    await expect(prove(2, {}, other)).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
  });

  it('a key of a circuit of the same sizes, or of another setup than the verification key says, is found by what it says', async () => {
    const { b } = circuit.r1cs;
    const twin = { ...circuit.r1cs, b: { ...b, coefs: b.coefs.map((coef, i) => (i === 0 ? 2 : coef)) } };
    const points = prepareForgeableGroth16Key(await setupDev(twin, { zkeyPath: at('twin.zkey') }));
    const info = await readZkeyVerifierPart(at('twin.zkey'));
    const said = { setup: 'development', circuitHash: hashRelation(twin) } as KeyBlock;
    expect(() => {
      requireSameSetup(info, 'twin.zkey', points, said);
    }).not.toThrow();
    for (const facts of [{ circuitHash: hashRelation(circuit.r1cs) }, { setup: 'unknown' as const }]) {
      expect(() => {
        requireSameSetup(info, 'twin.zkey', points, { ...said, ...facts });
      }).toThrow(expect.objectContaining({ code: 'KEY_MISMATCH' }) as Error);
    }
  });

  it('a damaged circuit, and the same path once it is whole', async () => {
    await using alone = new ProverPool({ ...files(), circuit: at('moved.bin') }, { threads: 1 });
    await writeFile(at('moved.bin'), (await readFile(at('circuit.bin'))).subarray(0, 1000));
    await expect(prove(2, {}, alone)).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    await copyFile(at('circuit.bin'), at('moved.bin'));
    await expectProof(await prove(2, {}, alone), 2);
  });

  it('files given as bytes prove too', async () => {
    const bytes = async (name: string) => new Uint8Array(await readFile(at(name)));
    const given = { ...files(), circuit: await bytes('circuit.bin'), provingKey: await bytes('key.zkey') };
    await using alone = new ProverPool(given, { threads: 2 });
    await expectProof(await prove(7, {}, alone), 7);
  });
});

describe('a job that ends before its time', () => {
  it('rejects with ABORTED when its signal fires; the next one works', async () => {
    const controller = new AbortController();
    const { outcome } = await busyJob(controller.signal);
    controller.abort();
    expect(await outcome).toMatchObject({ code: 'ABORTED', exitCode: 130 });
    await expect(prove(2, { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expectProof(await prove(4), 4);
  });

  it('rejects with ABORTED while it waits for a worker', async () => {
    const busy = [await busyJob(), await busyJob()];
    const controller = new AbortController();
    const waiting = rejection(prove(3, { signal: controller.signal }));
    controller.abort();
    expect(await waiting).toMatchObject({ code: 'ABORTED' });
    expect(await Promise.all(busy.map(({ outcome }) => outcome))).toEqual([undefined, undefined]);
  });

  it('rejects with WORKER_DIED when its thread dies; others and later ones are not touched', async () => {
    const { outcome } = await busyJob();
    const [thread] = threadsOf(pool);
    await thread!.terminate();
    expect(await outcome).toMatchObject({ code: 'WORKER_DIED' });
    await expectProof(await prove(4), 4);
    await Promise.all([7, 8, 9].map(async (x) => expectProof(await prove(x), x)));
  });

  it('rejects with ABORTED when the pool is closed while busy, as does everything after', async () => {
    const { outcome } = await busyJob();
    const waiting = Array.from({ length: 5 }, () => rejection(prove(2)));
    await pool.close();
    for (const error of await Promise.all([outcome, ...waiting])) expect(error).toMatchObject({ code: 'ABORTED' });
    await expect(prove(2)).rejects.toMatchObject({ code: 'ABORTED' });
    await pool.close();
    expect(threadsOf(pool)).toEqual([]);
  });
});

describe('a pool', () => {
  it('refuses a number of threads that is none', () => {
    for (const threads of [0, -1, 1.5, NaN]) {
      expect(() => new ProverPool(files(), { threads })).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
  });

  it('says what to do when the workers are not built', () => {
    expect(() => new WorkerPool('no-worker' as 'prove-worker')).toThrow(/npm run build/);
  });

  it('is closed by `await using`', async () => {
    const alone = new ProverPool(files(), { threads: 1 });
    await alone[Symbol.asyncDispose]();
    await expect(prove(2, {}, alone)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

/** The pool's threads, out of its private parts: nothing public can kill one. */
function threadsOf(owner: object): Worker[] {
  return (owner as unknown as { workers: { piscina: { threads: Worker[] } } }).workers.piscina.threads;
}
