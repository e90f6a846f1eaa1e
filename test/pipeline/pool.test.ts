/** Proving in worker threads: results, batches, and everything that can end a job before its time. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import * as snarkjs from 'snarkjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { R } from '../../src/field/bn254.js';
import { writeCircuitFile } from '../../src/formats/circuit-file.js';
import type { SnarkjsVerificationKey } from '../../src/formats/snarkjs-json.js';
import { ProverPool, type ProveSample } from '../../src/prove/pool.js';
import type { ProveProgress, ProveResult } from '../../src/prove/tasks.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { WorkerPool } from '../../src/pool/worker-pool.js';
import { squareCircuit } from '../unit/circuit-fixture.js';

/** x⁸ in rows enough for a proof to last about a second. */
const circuit = squareCircuit(3, 8000);
let folder: string;
let key: SnarkjsVerificationKey;
let pool: ProverPool;
const at = (name: string) => path.join(folder, name);
const sample = (x: number): ProveSample => ({
  circuitPath: at('circuit.bin'),
  zkeyPath: at('key.zkey'),
  inputs: { x: Float64Array.of(x) },
});

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
  pool = new ProverPool({ threads: 2 });
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
    outcome = rejection(pool.prove(sample(2), { signal, onProgress }));
  });
  return { outcome };
}

describe('one proof', () => {
  it('is accepted by snarkjs, with timings, memory and progress', async () => {
    const progress: ProveProgress[] = [];
    const result = await pool.prove(sample(3), { onProgress: (step) => progress.push(step) });
    await expectProof(result, 3);
    const { total, ...phases } = result.timingsMs;
    expect(Object.keys(phases)).toEqual(['load', 'witness', 'queue', 'quotient', 'sums']);
    expect(Math.abs(Object.values(phases).reduce((sum, phase) => sum + phase) - total)).toBeLessThan(50);
    expect(result.peakMemoryBytes).toBeGreaterThan(2 ** 24);
    expect([...new Set(progress.map(({ phase }) => phase))]).toEqual(['load', 'witness', 'queue', 'quotient', 'sums']);
    const fractions = progress.filter(({ phase }) => phase === 'sums').map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((left, right) => left - right));
    expect(fractions.length).toBeGreaterThan(4);
  });

  it('is another one each time: the prover is randomised', async () => {
    const proofs = await Promise.all([pool.prove(sample(3)), pool.prove(sample(3))]);
    expect(proofs[0].proof).not.toEqual(proofs[1].proof);
    expect(proofs[0].publicSignals).toEqual(proofs[1].publicSignals);
  });

  it('takes negative values, and loads the circuit once', async () => {
    const alone = new ProverPool({ threads: 1 });
    try {
      const negative = await alone.prove(sample(-5));
      expect(negative.publicSignals).toEqual([String(5 ** 8), String(R - 5n)]);
      expect(await snarkjs.groth16.verify(key, negative.publicSignals, negative.proof)).toBe(true);
      const result = await alone.prove(sample(5));
      await expectProof(result, 5);
      expect(result.timingsMs.load).toBeLessThan(50);
    } finally {
      await alone.close();
    }
  });
});

describe('a batch', () => {
  it('comes in the order of its samples, which are not all taken at once', async () => {
    let taken = 0;
    async function* samples(): AsyncGenerator<ProveSample> {
      for (let x = 1; x <= 9; x++) {
        taken++;
        yield sample(x);
      }
    }
    let x = 0;
    for await (const result of pool.proveMany(samples())) {
      if (x === 0) expect(taken).toBeLessThanOrEqual(2 * pool.threads);
      await expectProof(result, ++x);
    }
    expect(x).toBe(9);
  });

  it('ends at its first bad sample, after the results before it', async () => {
    const samples = [sample(1), sample(2), { ...sample(3), inputs: {} }, sample(4), sample(5)];
    const results: ProveResult[] = [];
    const batch = async () => {
      for await (const result of pool.proveMany(samples)) results.push(result);
    };
    await expect(batch()).rejects.toMatchObject({ code: 'INPUT_NAME' });
    expect(results.map(({ publicSignals }) => publicSignals[1])).toEqual(['1', '2']);
    await expectProof(await pool.prove(sample(6)), 6);
  });

  it('stops when its reader leaves or its signal fires, and closes its source', async () => {
    let closed = 0;
    async function* endless(): AsyncGenerator<ProveSample> {
      try {
        for (;;) yield sample(2);
      } finally {
        closed++;
      }
    }
    for await (const result of pool.proveMany(endless())) {
      await expectProof(result, 2);
      break;
    }
    const controller = new AbortController();
    const batch = async () => {
      for await (const _ of pool.proveMany(endless(), { signal: controller.signal })) controller.abort();
    };
    await expect(batch()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(closed).toBe(2);
    await expectProof(await pool.prove(sample(3)), 3);
  });
});

describe('what a worker refuses arrives with its code, and the pool goes on', () => {
  it.each<[string, Partial<ProveSample>, string]>([
    ['a missing input', { inputs: {} }, 'INPUT_NAME'],
    ['an input of another size', { inputs: { x: Float64Array.of(1, 2) } }, 'INPUT_SHAPE'],
    ['a circuit that is not there', { circuitPath: '/nowhere/circuit.bin' }, 'FILE_UNREADABLE'],
    ['a key that is not there', { zkeyPath: '/nowhere/key.zkey' }, 'FILE_UNREADABLE'],
  ])('%s', async (_, change, code) => {
    await expect(pool.prove({ ...sample(2), ...change })).rejects.toMatchObject({ name: 'ZkonnxError', code });
    await expectProof(await pool.prove(sample(2)), 2);
  });

  it('a key of another circuit, also one of the same sizes', async () => {
    await setupDev(squareCircuit(4, 10).r1cs, { zkeyPath: at('other.zkey') });
    await expect(pool.prove({ ...sample(2), zkeyPath: at('other.zkey') })).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
    });
    const { b } = circuit.r1cs;
    const twin = { ...circuit.r1cs, b: { ...b, coefs: b.coefs.map((coef, i) => (i === 0 ? 2 : coef)) } };
    await setupDev(twin, { zkeyPath: at('twin.zkey') });
    await expect(pool.prove({ ...sample(2), zkeyPath: at('twin.zkey') })).rejects.toMatchObject({
      code: 'KEY_MISMATCH',
    });
  });

  it('a damaged circuit, and the same path once it is whole', async () => {
    const alone = new ProverPool({ threads: 1 });
    try {
      const bytes = await readFile(at('circuit.bin'));
      const moved = { ...sample(2), circuitPath: at('moved.bin') };
      await writeFile(at('moved.bin'), bytes.subarray(0, 1000));
      await expect(alone.prove(moved)).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
      await copyFile(at('circuit.bin'), at('moved.bin'));
      await expectProof(await alone.prove(moved), 2);
      await writeFile(at('moved.bin'), bytes.fill(0, 0, 4));
      await expect(alone.prove(moved)).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    } finally {
      await alone.close();
    }
  });
});

describe('a job that ends before its time', () => {
  it('rejects with ABORTED when its signal fires; the next one works', async () => {
    const controller = new AbortController();
    const { outcome } = await busyJob(controller.signal);
    controller.abort();
    expect(await outcome).toMatchObject({ code: 'ABORTED', exitCode: 130 });
    await expect(pool.prove(sample(2), { signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expectProof(await pool.prove(sample(4)), 4);
  });

  it('rejects with ABORTED while it waits for a worker', async () => {
    const busy = [await busyJob(), await busyJob()];
    const controller = new AbortController();
    const waiting = rejection(pool.prove(sample(3), { signal: controller.signal }));
    controller.abort();
    expect(await waiting).toMatchObject({ code: 'ABORTED' });
    expect(await Promise.all(busy.map(({ outcome }) => outcome))).toEqual([undefined, undefined]);
  });

  it('rejects with WORKER_DIED when its thread dies; others and later ones are not touched', async () => {
    const { outcome } = await busyJob();
    const [thread] = threadsOf(pool);
    await thread!.terminate();
    expect(await outcome).toMatchObject({ code: 'WORKER_DIED' });
    await expectProof(await pool.prove(sample(4)), 4);
    await Promise.all([7, 8, 9].map(async (x) => expectProof(await pool.prove(sample(x)), x)));
  });

  it('rejects with ABORTED when the pool is closed while busy, as does everything after', async () => {
    const { outcome } = await busyJob();
    const waiting = Array.from({ length: 5 }, () => rejection(pool.prove(sample(2))));
    await pool.close();
    for (const error of await Promise.all([outcome, ...waiting])) expect(error).toMatchObject({ code: 'ABORTED' });
    await expect(pool.prove(sample(2))).rejects.toMatchObject({ code: 'ABORTED' });
    await pool.close();
    expect(threadsOf(pool)).toEqual([]);
  });
});

describe('a pool', () => {
  it('refuses a number of threads that is none', () => {
    for (const threads of [0, -1, 1.5, NaN]) {
      expect(() => new ProverPool({ threads })).toThrow(expect.objectContaining({ code: 'USAGE' }));
    }
  });

  it('says what to do when the workers are not built', () => {
    expect(() => new WorkerPool('no-worker' as 'prove-worker')).toThrow(/npm run build/);
  });

  it('is closed by `await using`', async () => {
    const alone = new ProverPool({ threads: 1 });
    await alone[Symbol.asyncDispose]();
    await expect(alone.prove(sample(2))).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

/** The pool's threads, out of its private parts: nothing public can kill one. */
function threadsOf(owner: ProverPool): Worker[] {
  return (owner as unknown as { workers: { piscina: { threads: Worker[] } } }).workers.piscina.threads;
}
