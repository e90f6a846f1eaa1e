/**
 * Keys of protocol `mirage`: point for point those of the BigInt reference under one trapdoor, proofs by one to three workers element for
 * element the reference's, hostile files, and everything that can break off.
 */
import type * as Crypto from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { R } from '../../src/field/bn254.js';
import { withFile } from '../../src/formats/file-source.js';
import { bytesSource } from '../../src/formats/iden3-container.js';
import { MIRAGE_LIST_NAMES, openMirageKey } from '../../src/formats/mirage-key.js';
import { readMirageKeyInfo } from '../../src/formats/mirage-key-file.js';
import { domainSize } from '../../src/kernels/domain.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { groupOf } from '../../src/kernels/msm.js';
import { SoloTeam } from '../../src/kernels/team.js';
import type { RoundsKey } from '../../src/prove/mirage/kernel-key.js';
import { loadRoundsKey } from '../../src/prove/mirage/load-key.js';
import { roundsKeyBytes, roundsProofBytes, roundsShape, worstRoundsShape } from '../../src/prove/mirage/memory.js';
import { proveTwoRounds } from '../../src/prove/mirage/prover.js';
import { MIRAGE_PROVER, type MirageParts } from '../../src/prove/mirage/protocol.js';
import type { KeyBlock } from '../../src/verify/key.js';
import { requireFittingMirageKey, requireSameMirageSetup } from '../../src/prove/mirage/key-match.js';
import { poolHost } from '../../src/prove/engine/key-team.js';
import type { ExpectedWitness, ProverPhase } from '../../src/prove/engine/protocol.js';
import { ProvingKey, type KeyProveOptions } from '../../src/prove/engine/proving-key.js';
import type { KernelPool } from '../../src/pool/kernel-team.js';
import type { SetupProgress } from '../../src/setup/development.js';
import { mirageSetupMemoryBytes, setupMirageDev } from '../../src/setup/mirage-dev.js';
import type { MirageKey } from '../../src/verify/key.js';
import { readMiragePoints } from '../../src/verify/key-points.js';
import { checkMirage } from '../../src/verify/mirage.js';
import { kernelPool, WorkerTeam } from '../../src/pool/kernel-team.js';
import { keyFields, mirageTrapdoor, type MirageTrapdoor } from '../fixtures/proofs/mirage-reference.js';
import { randomRounds, type RandomRounds } from '../unit/random-rounds.js';
import {
  asMirageProof,
  CONTEXT,
  challengeOf,
  inOrder,
  KEY_DIGEST,
  provenByReference,
  referenceKeyIn,
  referenceKeys,
} from '../unit/rounds-support.js';
import { busy, insidesOf, kill, rejection } from './pool-insides.js';

const random = vi.hoisted(() => ({ draws: [] as bigint[] }));

// Only the source of randomness is replaced, and only while a test has put a trapdoor here.
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof Crypto>();
  return {
    ...crypto,
    randomFillSync: (words: Uint32Array) => {
      const value = random.draws.shift();
      if (value === undefined) return crypto.randomFillSync(words);
      for (let i = 0; i < words.length; i++) words[i] = Number((value >> BigInt(32 * i)) & 0xffff_ffffn);
      return words;
    },
  };
});

/** What a draw must be to become `value`: of the top word the two lowest bits are dropped. */
const drawOf = (value: bigint) => (value & ((1n << 224n) - 1n)) | ((value >> 224n) << 226n);
const drawsOf = ({ tau, alpha, beta, delta1, delta2 }: MirageTrapdoor) =>
  [tau, alpha, beta, delta1, delta2].map(drawOf);

const HASH = `sha256:${'0f'.repeat(32)}`;
let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-mirage-setup-'));
});
afterAll(() => rm(folder, { recursive: true }));

const circuitOf = ({ r1cs, rounds }: RandomRounds) => ({ r1cs, rounds, circuitHash: HASH });

const loaded = (kernels: Kernels, name: string) =>
  withFile(at(name), async (source) => loadRoundsKey(kernels, await openMirageKey(source)));

/** All that a proof reads of a key, coordinates reduced. */
function contentOf(kernels: Kernels, key: RoundsKey) {
  const { heap, exports } = kernels;
  const points = (group: 'g1' | 'g2', pointer: number, count: number): Buffer => {
    const size = count * groupOf(exports, group).pointBytes;
    exports.fq_reduce_n(pointer, size / ELEMENT_BYTES);
    return Buffer.from(heap.copyOut(pointer, size));
  };
  const single = (['alpha1', 'beta1', 'delta1', 'delta2'] as const).map((name) => points('g1', key[name], 1));
  return {
    sizes: [key.nWires, key.firstRound2, key.rows, key.domain],
    single: [...single, points('g2', key.beta2, 1), points('g2', key.delta2G2, 1)],
    wires: MIRAGE_LIST_NAMES.map((list) => [...key[list].wires]),
    points: MIRAGE_LIST_NAMES.map((list) => points(key[list].group, key[list].points, key[list].wires.length)),
    h: points('g1', key.h, domainSize(key.domain)),
  };
}

const SMALL = randomRounds({
  seed: 31,
  tables: [
    { rows: 6, columns: 2, lookups: 8 },
    { rows: 4, columns: 1, lookups: 5 },
  ],
});
/** 3·2^k rows and no more. */
const THIRDS = randomRounds({ seed: 32, tables: [{ rows: 8, columns: 2, lookups: 7 }], products: 5 });
const SYSTEMS: readonly (readonly [string, RandomRounds])[] = [
  ['a domain of 2^k', SMALL],
  ['a domain of 3·2^k', THIRDS],
  ['no table', randomRounds({ seed: 33, tables: [], publicValues: 1 })],
];
/** Long enough for its phases to be met, and for sums in several pieces. */
const LARGE = randomRounds({
  seed: 34,
  tables: [
    { rows: 4096, columns: 2, lookups: 5000 },
    { rows: 256, columns: 1, lookups: 3000 },
  ],
  products: 1500,
});

const trapdoor = mirageTrapdoor('setup');
const BLINDING = { rho: 3n ** 150n % R, r: R - 1n, s: 1n << 253n };

describe.each(SYSTEMS)('setup and prover of a system with %s', (_, system) => {
  const keys = referenceKeys(system, trapdoor, domainSizeFor(system));

  it.each([1, 2, 3])('are the reference’s with %d threads', async (threads) => {
    random.draws = drawsOf(trapdoor);
    const fields = await setupMirageDev(circuitOf(system), { keyPath: at('k.mirage'), threads });
    expect(random.draws).toEqual([]);
    expect(fields).toEqual(keyFields(keys));
    const [ours, theirs] = [await instantiateKernels(), await instantiateKernels()];
    const key = await loaded(ours, 'k.mirage');
    expect(contentOf(ours, key)).toEqual(contentOf(theirs, referenceKeyIn(theirs, keys)));
    await using pool = kernelPool(threads);
    const { rho, r, s } = BLINDING;
    const proof = await proveTwoRounds(
      new WorkerTeam(ours, pool),
      key,
      system.rounds,
      system.witness,
      challengeOf(system),
      inOrder(rho, r, s),
    );
    expect(proof).toEqual(asMirageProof(provenByReference(keys, system, BLINDING)));
    expectValid(fields, system, { proof });
  });
});

function domainSizeFor({ r1cs }: RandomRounds): number {
  const sizes = Array.from({ length: 12 }, (_, k) => [2 ** k, 3 * 2 ** k]).flat();
  return Math.min(...sizes.filter((size) => size >= r1cs.nConstraints + 4));
}

it('both kinds of domain are among the systems', () => {
  expect(new Set(SYSTEMS.map(([, system]) => domainSizeFor(system) % 3 === 0))).toEqual(new Set([true, false]));
});

function expectValid(fields: MirageKey, system: RandomRounds, { proof }: { readonly proof: object }): void {
  const context = `0x${Buffer.from(CONTEXT).toString('hex')}`;
  const signals = system.publicValues.map(String);
  const statement = checkMirage(readMiragePoints({ ...fields }), KEY_DIGEST, signals, { ...proof, context });
  expect(statement.signals).toEqual(system.publicValues);
}

/** A key file into a memory that the workers of a pool share. */
const loadKey = (file: string, pool: KernelPool, expected: ExpectedWitness = {}, maxMemoryBytes?: number) =>
  withFile(file, (source) => ProvingKey.load(MIRAGE_PROVER, source, poolHost(pool, maxMemoryBytes), { expected }));

describe('a development setup', () => {
  it('makes one key of one trapdoor, however many threads make it, and says what it is', async () => {
    const files: Buffer[] = [];
    for (const threads of [1, 2, 3]) {
      random.draws = drawsOf(trapdoor);
      await setupMirageDev(circuitOf(LARGE), { keyPath: at('one.mirage'), threads });
      files.push(await readFile(at('one.mirage')));
    }
    expect(files[1]!.equals(files[0]!)).toBe(true);
    expect(files[2]!.equals(files[0]!)).toBe(true);
    const info = await readMirageKeyInfo(at('one.mirage'));
    const { r1cs, rounds } = LARGE;
    expect(info).toMatchObject({
      nWires: r1cs.nWires,
      firstRound2: rounds.firstRound2,
      nConstraints: r1cs.nConstraints,
    });
    expect(info).toMatchObject({ setup: 'development', circuitHash: HASH });
  });

  it('draws another trapdoor every time', async () => {
    const [one, two] = [
      await setupMirageDev(circuitOf(SMALL), { keyPath: at('one.mirage') }),
      await setupMirageDev(circuitOf(SMALL), { keyPath: at('two.mirage') }),
    ] as const;
    for (const point of ['vk_alpha_1', 'vk_beta_2', 'vk_delta1_2', 'vk_delta2_2'] as const) {
      expect(one[point]).not.toEqual(two[point]);
    }
    expect(one.vk_gamma_2).toEqual(two.vk_gamma_2);
    const points = [one.vk_beta_2, one.vk_gamma_2, one.vk_delta1_2, one.vk_delta2_2].map((point) => point.join());
    expect(new Set(points).size).toBe(4);
  });

  it('reports progress that only grows, up to 1', async () => {
    const progress: SetupProgress[] = [];
    const onProgress = (step: SetupProgress) => void progress.push(step);
    await setupMirageDev(circuitOf(SMALL), { keyPath: at('p.mirage'), threads: 1, onProgress });
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual(fractions.toSorted((left, right) => left - right));
    expect(fractions[0]).toBe(0);
    expect(fractions.at(-1)).toBeGreaterThan(0.5);
    expect(fractions.at(-1)).toBeLessThanOrEqual(1 + 1e-9);
  });

  it.each(['evaluate', 'points'])('stops in phase "%s" and leaves no file', async (phase) => {
    const controller = new AbortController();
    const running = setupMirageDev(circuitOf(LARGE), {
      keyPath: at('stopped.mirage'),
      signal: controller.signal,
      onProgress: (step) => {
        if (step.phase === phase && (phase === 'evaluate' || step.fraction > 0.3)) controller.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    expect((await readdir(folder)).filter((name) => /stopped|\.tmp-/.test(name))).toEqual([]);
  });

  it('wipes its memory, also when a worker dies', async () => {
    const memories: WebAssembly.Memory[] = [];
    const workers: { terminate(): Promise<unknown> }[] = [];
    const { Memory } = WebAssembly;
    const names = Object.getOwnPropertyNames(WebAssembly) as (keyof typeof WebAssembly)[];
    vi.stubGlobal('WebAssembly', {
      ...Object.fromEntries(names.map((name) => [name, WebAssembly[name]])),
      Memory: function (descriptor: WebAssembly.MemoryDescriptor) {
        const memory = new Memory(descriptor);
        memories.push(memory);
        return memory;
      },
    });
    const onWorker = (worker: { terminate(): Promise<unknown> }) => void workers.push(worker);
    process.on('worker', onWorker);
    const left = () => memories.map(({ buffer }) => new Uint8Array(buffer).some((byte) => byte !== 0));
    try {
      let during: boolean[] = [];
      const onProgress = ({ fraction }: SetupProgress) => {
        if (fraction < 0.3 || during.length > 0) return;
        during = left();
        void workers[0]!.terminate();
      };
      const running = setupMirageDev(circuitOf(LARGE), { keyPath: at('wiped.mirage'), threads: 2, onProgress });
      await expect(running).rejects.toMatchObject({ code: 'WORKER_DIED' });
      expect(during).toEqual([true]);
      expect(left()).toEqual([false]);
      await setupMirageDev(circuitOf(SMALL), { keyPath: at('wiped.mirage'), threads: 2 });
      expect(left()).toEqual([false, false]);
    } finally {
      vi.unstubAllGlobals();
      process.off('worker', onWorker);
    }
    await rm(at('wiped.mirage'));
  });

  it('refuses beforehand what takes more than it may, or than there is', async () => {
    const bytes = mirageSetupMemoryBytes(circuitOf(LARGE), 3);
    const options = { keyPath: at('m.mirage'), threads: 3 };
    await expect(setupMirageDev(circuitOf(LARGE), { ...options, maxMemoryBytes: bytes - 1 })).rejects.toMatchObject({
      code: 'MEMORY_EXCEEDED',
    });
    const { r1cs } = SMALL;
    const rows = (nConstraints: number) => ({ ...circuitOf(SMALL), r1cs: { ...r1cs, nConstraints } });
    await expect(setupMirageDev(rows(2 ** 26), options)).rejects.toMatchObject({ code: 'MEMORY_EXCEEDED' });
    await expect(setupMirageDev(rows(2 ** 27), options)).rejects.toMatchObject({ code: 'BOUND_OVERFLOW' });
    await expect(setupMirageDev(circuitOf(SMALL), { keyPath: at('no/k.mirage') })).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('m.'))).toEqual([]);
  });
});

describe('a hostile key', () => {
  let whole: Uint8Array;
  beforeAll(async () => {
    await setupMirageDev(circuitOf(SMALL), { keyPath: at('whole.mirage') });
    whole = new Uint8Array(await readFile(at('whole.mirage')));
  });
  /** What loading it ends with; the memory it took. */
  const outcome = async (bytes: Uint8Array) => {
    const kernels = await instantiateKernels();
    const error = await rejection(
      openMirageKey(bytesSource(bytes, 'the key')).then((reader) => loadRoundsKey(kernels, reader)),
    );
    return { error, taken: kernels.heap.peakBytes };
  };
  const changed = (type: number, word: number, value: number): Uint8Array => {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(sectionOf(bytes, type) + 4 * word, value, true);
    return bytes;
  };

  it('is taken while it is whole', async () => {
    expect((await outcome(whole)).error).toBeUndefined();
  });

  it('cut anywhere: KEY_INVALID', async () => {
    for (let length = 0; length < whole.length; length += 1 + Math.floor(whole.length / 150)) {
      const { error, taken } = await outcome(whole.subarray(0, length));
      expect(error, `${length} bytes`).toMatchObject({ code: 'KEY_INVALID' });
      expect(taken).toBeLessThan(2 ** 20);
    }
  });

  it.each<[string, number, number, number, string?]>([
    ['a huge number of wires', 1, 0, 0xffff_ffff, 'taken'],
    ['fewer wires than its lists name', 1, 0, SMALL.rounds.firstRound2],
    ['a second round before the first', 1, 1, 3],
    ['a second round behind the last wire', 1, 1, 0xffff_ffff],
    ['round-1 points of round 2', 1, 1, SMALL.rounds.firstRound2 - 3],
    ['more rows than its domain', 1, 2, 0x7fff_ffff],
    ['a huge domain', 1, 3, 27],
    ['a domain without roots of unity', 1, 3, 28],
    ['a domain of 2^(2^32 − 1)', 1, 3, 0xffff_ffff],
    ['no coset', 1, 4, 0],
    ['five cosets', 1, 4, 5],
    ['a setup of no kind', 1, 5, 3],
    ['a wire of A that is not there', 3, 0, 0xffff_ffff],
    ['wires of A out of order', 3, 2, 0],
    ['a wire of B twice', 5, 1, 0],
    ['a challenge among round 1', 8, 0, 1],
    ['a round-1 wire among round 2', 10, 0, 5],
    ['a limb of 30 bits in a single point', 2, 0, 2 ** 29],
    ['a single point’s coordinate above q', 2, 8, 2 ** 29 - 1],
    ['a limb of 32 bits in A', 4, 3, 0xffff_ffff],
    ['a coordinate of B2 above q', 7, 8, 2 ** 29 - 1],
    ['a limb of 30 bits in H', 12, 10, 2 ** 29],
  ])('with %s', async (_, type, word, value, ending) => {
    const { error, taken } = await outcome(changed(type, word, value));
    if (ending === 'taken') expect(error).toBeUndefined();
    else expect(error).toMatchObject({ code: 'KEY_INVALID' });
    expect(taken).toBeLessThan(2 ** 21);
  });

  it('of another kind, or version', async () => {
    const other = whole.slice();
    other[0] = 0;
    expect((await outcome(other)).error).toMatchObject({ code: 'KEY_INVALID' });
    const next = whole.slice();
    next[4] = 2;
    expect((await outcome(next)).error).toMatchObject({ code: 'FORMAT_VERSION' });
  });

  it.each([
    ['[δ1]_1 at infinity', 2 * 72, 72],
    ['[δ2]_1 at infinity', 3 * 72, 72],
    ['[δ2]_2 at infinity', 4 * 72 + 144, 144],
    ['[δ2]_1 off its curve', 3 * 72, 4],
  ])('that would not blind: %s', async (_, offset, size) => {
    const bytes = whole.slice();
    const from = sectionOf(bytes, 2) + offset;
    bytes.fill(0, from, from + size);
    await writeFile(at('bare.mirage'), bytes);
    await using pool = kernelPool(1);
    await expect(loadKey(at('bare.mirage'), pool)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining('do not hide the inputs') as string,
    });
  });
});

/** Where a section's payload begins. */
function sectionOf(bytes: Uint8Array, type: number): number {
  const file = new DataView(bytes.buffer);
  for (let offset = 12; offset < bytes.length;) {
    const size = Number(file.getBigUint64(offset + 4, true));
    if (file.getUint32(offset, true) === type) return offset + 12;
    offset += 12 + size;
  }
  throw new Error(`no section ${type}`);
}

describe('a key and what it is used with', () => {
  it('must be of the circuit and of the setup', async () => {
    const fields = await setupMirageDev(circuitOf(SMALL), { keyPath: at('one.mirage') });
    const others = await setupMirageDev(circuitOf(SMALL), { keyPath: at('two.mirage') });
    const info = await readMirageKeyInfo(at('one.mirage'));
    const same = SMALL;
    const facts = { setup: 'development', circuitHash: HASH } as KeyBlock;
    requireFittingMirageKey(info, 'k', same);
    requireSameMirageSetup(info, 'k', readMiragePoints({ ...fields }), facts);
    const mismatch = expect.objectContaining({ code: 'KEY_MISMATCH' }) as Error;
    const { r1cs, rounds } = SMALL;
    for (const other of [
      { ...same, r1cs: { ...r1cs, nWires: r1cs.nWires + 1 } },
      { ...same, r1cs: { ...r1cs, nConstraints: r1cs.nConstraints - 1 } },
      { ...same, rounds: { ...rounds, firstRound2: rounds.firstRound2 - 1 } },
    ]) {
      expect(() => {
        requireFittingMirageKey(info, 'k', other);
      }).toThrow(mismatch);
    }
    for (const name of ['vk_alpha_1', 'vk_beta_2', 'vk_delta2_2'] as const) {
      expect(() => {
        requireSameMirageSetup(info, 'k', readMiragePoints({ ...fields, [name]: others[name] }), facts);
      }).toThrow(mismatch);
    }
    for (const said of [{ circuitHash: `sha256:${'1'.repeat(64)}` }, { setup: 'unknown' as const }]) {
      expect(() => {
        requireSameMirageSetup(info, 'k', readMiragePoints({ ...fields }), { ...facts, ...said });
      }).toThrow(mismatch);
    }
  });
});

describe('a loaded key', () => {
  let fields: MirageKey;
  beforeAll(async () => {
    fields = await setupMirageDev(circuitOf(LARGE), { keyPath: at('large.mirage') });
  });
  const prove = (key: ProvingKey<MirageParts>, options: KeyProveOptions<MirageParts> = {}) =>
    key.prove({ rounds: LARGE.rounds, witness: LARGE.witness, challenge: challengeOf(LARGE) }, options);

  it.each([1, 2, 3])('proves with %d workers, one proof after the other', async (threads) => {
    await using pool = kernelPool(threads);
    const key = await loadKey(at('large.mirage'), pool);
    const proofs = await Promise.all([prove(key), prove(key)]);
    for (const proof of proofs) expectValid(fields, LARGE, proof);
    expect(proofs[0].proof).not.toEqual(proofs[1].proof);
    expect(Object.keys(proofs[0].timingsMs).toSorted()).toEqual(['commit', 'queue', 'quotient', 'sums']);
    expect(proofs[1].timingsMs.queue).toBeGreaterThan(proofs[0].timingsMs.sums);
  });

  it('proves alike on one thread and on three', async () => {
    const kernels = await instantiateKernels();
    const key = await loaded(kernels, 'large.mirage');
    const mark = kernels.heap.mark();
    await using pool = kernelPool(3);
    const { rho, r, s } = BLINDING;
    const teams = [new SoloTeam(kernels), new WorkerTeam(kernels, pool)];
    const proofs: unknown[] = [];
    for (const team of teams) {
      const fresh = inOrder(rho, r, s);
      proofs.push(await proveTwoRounds(team, key, LARGE.rounds, LARGE.witness, challengeOf(LARGE), fresh));
    }
    expect(proofs[0]).toEqual(proofs[1]);
    expect(kernels.heap.mark()).toBe(mark);
  });

  it.each<ProverPhase>(['commit', 'quotient', 'sums'])(
    'whose worker is killed in the %s: WORKER_DIED, spoiled, and fine when loaded again',
    async (phase) => {
      await using pool = kernelPool(2);
      const key = await loadKey(at('large.mirage'), pool);
      let killed: Promise<void> | undefined;
      const onProgress = (now: ProverPhase) => {
        if (now === phase) killed ??= kill(pool, first);
      };
      const first: Promise<unknown> = rejection(prove(key, { onProgress }));
      const queued = rejection(prove(key));
      expect(await first).toMatchObject({ code: 'WORKER_DIED' });
      expect(await queued).toMatchObject({ code: 'WORKER_DIED', details: { help: 'prove again' } });
      expect(key.isSpoiled).toBe(true);
      await killed;
      const again = await loadKey(at('large.mirage'), pool);
      expectValid(fields, LARGE, await prove(again));
    },
  );

  it.each<ProverPhase>(['commit', 'quotient', 'sums'])(
    'that is stopped in the %s: ABORTED, not spoiled',
    async (phase) => {
      await using pool = kernelPool(2);
      const key = await loadKey(at('large.mirage'), pool);
      const controller = new AbortController();
      const onProgress = (now: ProverPhase) => {
        if (now === phase) controller.abort();
      };
      expect(await rejection(prove(key, { signal: controller.signal, onProgress }))).toMatchObject({ code: 'ABORTED' });
      expect(key.isSpoiled).toBe(false);
      expectValid(fields, LARGE, await prove(key));
    },
  );

  it('stops while it waits behind another proof', async () => {
    await using pool = kernelPool(2);
    const key = await loadKey(at('large.mirage'), pool);
    const controller = new AbortController();
    let ended = false;
    const first = prove(key).finally(() => (ended = true));
    const waiting = rejection(prove(key, { signal: controller.signal }));
    await busy(insidesOf(pool));
    controller.abort();
    expect(await waiting).toMatchObject({ code: 'ABORTED' });
    expect(ended).toBe(false);
    expectValid(fields, LARGE, await first);
  });

  it('passes on what the challenges’ callback throws, and goes on', async () => {
    await using pool = kernelPool(2);
    const key = await loadKey(at('large.mirage'), pool);
    const thrown = new RangeError('of the caller');
    const failing = rejection(
      key.prove({ rounds: LARGE.rounds, witness: LARGE.witness, challenge: () => Promise.reject(thrown) }),
    );
    expect(await failing).toBe(thrown);
    expect(key.isSpoiled).toBe(false);
    expectValid(fields, LARGE, await prove(key));
  });

  it('takes no witness of another circuit', async () => {
    await using pool = kernelPool(1);
    const key = await loadKey(at('large.mirage'), pool);
    const other = rejection(key.prove({ rounds: SMALL.rounds, witness: SMALL.witness, challenge: challengeOf(SMALL) }));
    expect(await other).toMatchObject({ code: 'KEY_MISMATCH' });
    expect(key.isSpoiled).toBe(false);
  });

  it('is refused beforehand where memory is short', async () => {
    await using pool = kernelPool(1);
    for (const given of [{}, { circuit: LARGE, wide: 100 }]) {
      const load = (maxMemoryBytes: number) => loadKey(at('large.mirage'), pool, given, maxMemoryBytes);
      await expect(load(2 ** 20)).rejects.toMatchObject({ code: 'MEMORY_EXCEEDED' });
      await load(2 ** 33);
    }
  });

  it.each([
    ['SMALL', SMALL],
    ['LARGE', LARGE],
  ])('takes at most the memory that is said beforehand, and not far below (%s)', async (name, system) => {
    await setupMirageDev(circuitOf(system), { keyPath: at(`${name}.mirage`) });
    const kernels = await instantiateKernels();
    const info = await readMirageKeyInfo(at(`${name}.mirage`));
    const key = await loaded(kernels, `${name}.mirage`);
    const keyBytes = roundsKeyBytes(info);
    expect(kernels.heap.mark()).toBeLessThanOrEqual(keyBytes + 4096);
    const { rounds, witness } = system;
    await proveTwoRounds(new SoloTeam(kernels), key, rounds, witness, challengeOf(system), inOrder(5n, 6n, 7n));
    const wide = witness.wires.wide.length + witness.a.wide.length + witness.b.wide.length;
    const said = keyBytes + roundsProofBytes(kernels.exports, info, roundsShape(info, rounds, wide, 1));
    expect(kernels.heap.peakBytes).toBeLessThanOrEqual(said);
    expect(kernels.heap.peakBytes).toBeGreaterThan(said / 3);
    const worst = roundsProofBytes(kernels.exports, info, worstRoundsShape(info, wide, 1));
    expect(keyBytes + worst).toBeGreaterThanOrEqual(said);
  });
});
