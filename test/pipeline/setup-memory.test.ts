/** What a setup leaves behind: no file when it breaks off, and no secret in the memory whatever happens. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { setupDev, setupMemoryBytes, type SetupDevOptions, type SetupProgress } from '../../src/setup/groth16-dev.js';
import { randomR1cs } from '../unit/random-r1cs.js';

let folder: string;
let memories: WebAssembly.Memory[];
let workers: Worker[];
const onWorker = (worker: Worker) => void workers.push(worker);
/** Bytes of the setup's memory that are not zero. */
const left = () =>
  memories.map(({ buffer }) => new Uint8Array(buffer).reduce((sum, byte) => sum + Number(byte !== 0), 0));

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-setup-memory-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  memories = [];
  workers = [];
  const { Memory } = WebAssembly;
  vi.stubGlobal('WebAssembly', {
    ...globals(WebAssembly),
    Memory: function (descriptor: WebAssembly.MemoryDescriptor) {
      const memory = new Memory(descriptor);
      memories.push(memory);
      return memory;
    },
  });
  process.on('worker', onWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
  process.off('worker', onWorker);
});

/** A namespace's members, which are not enumerable. */
function globals(namespace: object): object {
  return Object.fromEntries(
    Object.getOwnPropertyNames(namespace).map((name) => [name, (namespace as Record<string, unknown>)[name]]),
  );
}

const { r1cs } = randomR1cs({ nConstraints: 40_000 });

/** Runs a setup, and `act` once the points are a quarter done, with what the memory held then. */
async function interrupted(
  act: (progress: SetupProgress) => void,
  options: Partial<SetupDevOptions> = {},
): Promise<{ readonly error: unknown; readonly during: number }> {
  let during = 0;
  const onProgress = (progress: SetupProgress): void => {
    if (during > 0 || progress.fraction < 0.3) return;
    during = left()[0]!;
    act(progress);
  };
  const error = await setupDev(r1cs, {
    zkeyPath: path.join(folder, 'k.zkey'),
    threads: 2,
    onProgress,
    ...options,
  }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, during };
}

describe('the memory is wiped and the estimate held', () => {
  it('after a setup', async () => {
    const { error, during } = await interrupted(() => undefined);
    expect(error).toBeUndefined();
    expect(during).toBeGreaterThan(2 ** 20);
    expect(left()).toEqual([0]);
    // The rest is Node's own for two threads.
    const rest = setupMemoryBytes(r1cs, 2) - memories[0]!.buffer.byteLength;
    expect(rest).toBeGreaterThan(0);
    expect(rest).toBeLessThan(2 ** 27);
    expect(await readdir(folder)).toEqual(['k.zkey']);
    await rm(path.join(folder, 'k.zkey'));
  });

  it('when a worker dies; nothing is written', async () => {
    const { error, during } = await interrupted(() => void workers[0]!.terminate());
    expect(error).toMatchObject({ code: 'WORKER_DIED' });
    expect(during).toBeGreaterThan(2 ** 20);
    expect(left()).toEqual([0]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('when the caller aborts; nothing is written', async () => {
    const controller = new AbortController();
    const stop = () => {
      controller.abort();
    };
    const { error, during } = await interrupted(stop, { signal: controller.signal });
    expect(error).toMatchObject({ code: 'ABORTED' });
    expect(during).toBeGreaterThan(2 ** 20);
    expect(left()).toEqual([0]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('when the caller’s own progress function throws', async () => {
    const { error, during } = await interrupted(() => {
      throw new Error('of the caller');
    });
    expect(error).toMatchObject({ message: 'of the caller' });
    expect(during).toBeGreaterThan(2 ** 20);
    expect(left()).toEqual([0]);
    expect(await readdir(folder)).toEqual([]);
  });
});

it('refuses beforehand what takes more than it may', async () => {
  const bytes = setupMemoryBytes(r1cs, 3);
  expect(bytes).toBeGreaterThan(setupMemoryBytes(r1cs, 1));
  const options = { zkeyPath: path.join(folder, 'k.zkey'), threads: 3 };
  await expect(setupDev(r1cs, { ...options, maxMemoryBytes: bytes - 1 })).rejects.toMatchObject({
    code: 'MEMORY_EXCEEDED',
    exitCode: 2,
  });
  expect([memories, workers, await readdir(folder)]).toEqual([[], [], []]);
  const small = randomR1cs({ nConstraints: 10 }).r1cs;
  await setupDev(small, { ...options, maxMemoryBytes: setupMemoryBytes(small, 3) });
  expect(await readdir(folder)).toEqual(['k.zkey']);
});

it('refuses what WebAssembly cannot reach', async () => {
  const huge = { ...r1cs, nConstraints: 2 ** 26 };
  await expect(setupDev(huge, { zkeyPath: path.join(folder, 'huge.zkey') })).rejects.toMatchObject({
    code: 'MEMORY_EXCEEDED',
  });
  await expect(setupDev({ ...r1cs, nConstraints: 2 ** 27 }, { zkeyPath: folder })).rejects.toMatchObject({
    code: 'BOUND_OVERFLOW',
  });
  expect(memories).toEqual([]);
});
