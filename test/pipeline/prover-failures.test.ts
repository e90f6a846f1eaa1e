/** What can go wrong while a key is loaded and a proof is made: an error with its name, no hang, a prover that goes on, no half file. */
import { execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { R } from '../../src/field/bn254.js';
import { LOCK_NAME } from '../../src/formats/artifact-lock.js';
import { writeCircuitFile } from '../../src/formats/circuit-file.js';
import { withFile } from '../../src/formats/file-source.js';
import type { SnarkjsVerificationKey } from '../../src/formats/snarkjs-json.js';
import { writeWtnsFile } from '../../src/formats/wtns-file.js';
import { openZkeyReader, ZkeySection } from '../../src/formats/zkey.js';
import { instantiateKernels } from '../../src/kernels/module.js';
import { SoloTeam } from '../../src/kernels/team.js';
import { loadEngineKey } from '../../src/prove/groth16/kernel-key.js';
import { Groth16Prover, type Groth16Result } from '../../src/prove/groth16/wtns-prover.js';
import { loadZkey } from '../../src/prove/groth16/load-zkey.js';
import { ProverPool } from '../../src/prove/pool.js';
import type { RunOptions } from '../../src/prove/prover.js';
import type { ProvePhase, ProveProgress, ProveResult } from '../../src/prove/tasks.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { verifyGroth16 } from '../../src/verify/index.js';
import { kernelPool } from '../../src/pool/kernel-team.js';
import { squareCircuit } from '../unit/circuit-fixture.js';
import { randomNumbers, randomR1cs } from '../unit/random-r1cs.js';
import { busy, insidesOf, kill, rejection } from './pool-insides.js';

const BINARY = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** Long enough for its phases to be met: about a second a proof. */
const large = randomR1cs({ seed: 5, nConstraints: 12_000, wide: true });
/** x⁸, for pools that solve witnesses themselves; rows enough for the same reason. */
const squares = squareCircuit(3, 20_000);
/** Small enough to be proven a hundred times. */
const small = randomR1cs({ seed: 6, nConstraints: 20, nPubOut: 1, nPubIn: 1, wide: true });
const keys = {} as Record<'large' | 'squares' | 'small', SnarkjsVerificationKey>;
let dir: string;
const at = (name: string) => path.join(dir, name);

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-failures-'));
  for (const [name, r1cs] of [
    ['large', large.r1cs],
    ['squares', squares.r1cs],
    ['small', small.r1cs],
  ] as const) {
    keys[name] = await setupDev(r1cs, { zkeyPath: at(`${name}.zkey`) });
  }
  await writeWtnsFile(at('large.wtns'), large.witnessBytes);
  await writeWtnsFile(at('small.wtns'), small.witnessBytes);
  await writeCircuitFile(at('squares.bin'), squares);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function expectValid(
  key: SnarkjsVerificationKey,
  { publicSignals, proof }: Pick<ProveResult, 'publicSignals' | 'proof'>,
) {
  expect(verifyGroth16(key, publicSignals, proof)).toEqual({ valid: true });
}

describe('a worker that is killed', () => {
  it.each([1, 2])('while it loads a key (of %d): WORKER_DIED, and the same pool loads it then', async (threads) => {
    await using pool = kernelPool(threads);
    // Until a task is met: between two of them a thread has nothing to lose.
    for (let outcome: unknown; outcome === undefined;) {
      const loading = rejection(loadZkey(at('large.zkey'), pool));
      await kill(pool, loading);
      outcome = await loading;
      if (outcome !== undefined) expect(outcome).toMatchObject({ code: 'WORKER_DIED' });
    }
    expect((await loadZkey(at('large.zkey'), pool)).info.nVars).toBe(large.r1cs.nWires);
  });

  it('while it starts: WORKER_DIED for the job that waits for it, and the pool goes on', async () => {
    await using pool = kernelPool(1);
    const { unfinished, piscina } = insidesOf(pool);
    await piscina.threads[0]!.terminate();
    const loading = rejection(loadZkey(at('small.zkey'), pool));
    while (unfinished.size === 0) await nextTurn();
    await piscina.threads[0]!.terminate();
    expect(await loading).toMatchObject({ code: 'WORKER_DIED' });
    expect((await loadZkey(at('small.zkey'), pool)).info.nVars).toBe(small.r1cs.nWires);
  });

  it.each(['quotient', 'sums'] as const)(
    'in the %s: WORKER_DIED, the key is spoiled, a new prover works',
    async (phase) => {
      await using prover = await Groth16Prover.open({ zkey: at('large.zkey'), threads: 2 });
      let killed: Promise<void> | undefined;
      let queued: Promise<unknown> | undefined;
      const onProgress = (now: string) => {
        queued ??= rejection(prover.prove(at('large.wtns')));
        if (now === phase) killed ??= kill(prover, first);
      };
      const first: Promise<unknown> = rejection(prover.prove(at('large.wtns'), { onProgress }));
      expect(await first).toMatchObject({ code: 'WORKER_DIED' });
      expect(await queued).toMatchObject({ code: 'WORKER_DIED', details: { help: 'prove again' } });
      await killed;
      await using again = await Groth16Prover.open({ zkey: at('large.zkey'), threads: 2 });
      expectValid(keys.large, await again.prove(at('large.wtns')));
    },
  );

  it.each<ProvePhase>(['load', 'quotient', 'sums'])('in the %s of a prover pool: the pool goes on', async (phase) => {
    await using pool = squaresPool();
    let killed: Promise<void> | undefined;
    const onProgress = (progress: ProveProgress) => {
      if (progress.phase === phase) killed ??= kill(pool, job);
    };
    const job: Promise<unknown> = nextTurn().then(() => rejection(square(pool, 2, { onProgress })));
    expect(await job).toMatchObject({ code: 'WORKER_DIED' });
    await killed;
    expectValid(keys.squares, await square(pool, 3));
  });
});

const squaresPool = () =>
  new ProverPool({ protocol: 'groth16', circuit: at('squares.bin'), provingKey: at('squares.zkey') }, { threads: 2 });
/** Groth16 binds a proof to nothing but its signals. */
const NOTHING = { keyDigest: '0x', context: new Uint8Array() };
const square = (pool: ProverPool<'groth16'>, x: number, options: RunOptions = {}) =>
  pool.prove({ inputs: { x: Float64Array.of(x) } }, NOTHING, options);

describe('a job that is stopped', () => {
  it.each<ProvePhase>(['load', 'witness', 'queue', 'quotient', 'sums'])(
    'in its %s: ABORTED, the pool goes on',
    async (phase) => {
      await using pool = squaresPool();
      const controller = new AbortController();
      const onProgress = (progress: ProveProgress) => {
        if (progress.phase === phase) controller.abort();
      };
      const stopped = rejection(square(pool, 2, { signal: controller.signal, onProgress }));
      let ended = false;
      const other = square(pool, 3).finally(() => (ended = true));
      expect(await stopped).toMatchObject({ code: 'ABORTED', exitCode: 130 });
      // Which of the two is proven first is open; while they load, neither is.
      if (phase === 'load') expect(ended).toBe(false);
      expectValid(keys.squares, await other);
      expectValid(keys.squares, await square(pool, 4));
    },
  );

  it('while it waits behind another: ABORTED before the other has ended', async () => {
    await using prover = await Groth16Prover.open({ zkey: at('large.zkey'), threads: 2 });
    const controller = new AbortController();
    let ended = false;
    const first = prover.prove(at('large.wtns')).finally(() => (ended = true));
    const waiting = rejection(prover.prove(at('large.wtns'), { signal: controller.signal }));
    await busy(insidesOf(prover));
    controller.abort();
    expect(await waiting).toMatchObject({ code: 'ABORTED' });
    expect(ended).toBe(false);
    expectValid(keys.large, await first);
  });

  it.each(['quotient', 'sums'] as const)(
    'in the %s of a prover: ABORTED, and the key is not spoiled',
    async (phase) => {
      await using prover = await Groth16Prover.open({ zkey: at('large.zkey'), threads: 2 });
      const controller = new AbortController();
      const onProgress = (now: string, fraction: number) => {
        if (now === phase && fraction > 0) controller.abort();
      };
      const stopped = prover.prove(at('large.wtns'), { signal: controller.signal, onProgress });
      expect(await rejection(stopped)).toMatchObject({ code: 'ABORTED' });
      expectValid(keys.large, await prover.prove(at('large.wtns')));
    },
  );

  it('before and while a key is loaded: ABORTED', async () => {
    await expect(Groth16Prover.open({ zkey: at('large.zkey'), signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await using pool = kernelPool(1);
    const controller = new AbortController();
    const loading = rejection(loadZkey(at('large.zkey'), pool, { signal: controller.signal }));
    await busy(insidesOf(pool));
    controller.abort();
    expect(await loading).toMatchObject({ code: 'ABORTED' });
  });
});

describe('closing while busy', () => {
  it.each<ProvePhase>(['load', 'witness', 'queue', 'quotient', 'sums'])(
    'in the %s: ABORTED for all, no thread left',
    async (phase) => {
      const pool = squaresPool();
      let closed: Promise<void> | undefined;
      const onProgress = (progress: ProveProgress) => {
        if (progress.phase === phase) closed ??= pool.close();
      };
      const outcomes = [2, 3, 4].map((x) => rejection(square(pool, x, { onProgress })));
      for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ code: 'ABORTED' });
      await closed;
      expect(insidesOf(pool).piscina.threads).toEqual([]);
    },
  );

  it.each(['quotient', 'sums'] as const)('a prover in its %s', async (phase) => {
    const prover = await Groth16Prover.open({ zkey: at('large.zkey'), threads: 2 });
    let closed: Promise<void> | undefined;
    const onProgress = (now: string) => {
      if (now === phase) closed ??= prover.close();
    };
    const outcomes = [1, 2].map(() => rejection(prover.prove(at('large.wtns'), { onProgress })));
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ code: 'ABORTED' });
    await closed;
    await expect(prover.prove(at('large.wtns'))).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

interface Place {
  readonly type: number;
  /** Of the content. */
  readonly offset: number;
  readonly size: number;
}

/** The sections of a file in iden3's container. */
function sectionsOf(file: Uint8Array): Place[] {
  const bytes = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const places: Place[] = [];
  for (let at = 12; at < file.length;) {
    const size = Number(bytes.getBigUint64(at + 4, true));
    places.push({ type: bytes.getUint32(at, true), offset: at + 12, size });
    at += 12 + size;
  }
  return places;
}

describe('a damaged key', () => {
  let original: Uint8Array;
  let sections: Place[];
  const pool = kernelPool(2);
  afterAll(() => pool.close());
  beforeAll(async () => {
    original = Uint8Array.from(await readFile(at('small.zkey')));
    sections = sectionsOf(original);
  });
  const place = (type: number) => sections.find((section) => section.type === type)!;

  async function load(bytes: Uint8Array): Promise<unknown> {
    await writeFile(at('damaged.zkey'), bytes);
    return rejection(loadZkey(at('damaged.zkey'), pool));
  }

  /** What our own prover makes of it, on threads of its own. */
  async function prove(bytes: Uint8Array): Promise<Groth16Result> {
    await writeFile(at('damaged.zkey'), bytes);
    await using prover = await Groth16Prover.open({ zkey: at('damaged.zkey'), threads: 1 });
    return await prover.prove(at('small.wtns'));
  }

  function changed(change: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
    const bytes = original.slice();
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  }

  it('cut off anywhere, or with more behind it, is KEY_INVALID; the pool loads the whole one after', async () => {
    const random = randomNumbers(11);
    const boundaries = sections.flatMap(({ offset, size }) => [offset - 12, offset, offset + size]);
    const lengths = new Set([0, 3, 11, ...boundaries.flatMap((length) => [length - 1, length, length + 1])]);
    for (let i = 0; i < 20; i++) lengths.add(random(original.length));
    lengths.delete(original.length);
    expect(lengths.size).toBeGreaterThan(60);
    for (const length of lengths) {
      const bytes = new Uint8Array(length);
      bytes.set(original.subarray(0, length));
      expect({ length, error: await load(bytes) }).toMatchObject({ length, error: { code: 'KEY_INVALID' } });
    }
    expect(await load(original)).toBe(undefined);
  });

  it('that becomes shorter while it is read is FILE_UNREADABLE', async () => {
    await copyFile(at('small.zkey'), at('shrinking.zkey'));
    const loading = withFile(at('shrinking.zkey'), async (source) => {
      const reader = await openZkeyReader(source);
      await truncate(at('shrinking.zkey'), place(ZkeySection.b2).offset + 100);
      return loadEngineKey(new SoloTeam(await instantiateKernels()), reader);
    });
    await expect(loading).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  const coefficient = () => place(ZkeySection.coefficients).offset + 4;
  it.each<[string, (view: DataView) => void]>([
    ['of a matrix that is none', (view) => view.setUint32(coefficient(), 2, true)],
    ['of a row behind the domain', (view) => view.setUint32(coefficient() + 4, 64, true)],
    ['of a row far behind', (view) => view.setUint32(coefficient() + 4, 0xffffffff, true)],
    ['of a wire that is none', (view) => view.setUint32(coefficient() + 8, small.r1cs.nWires, true)],
    ['of a wire far behind', (view) => view.setUint32(coefficient() + 8 + 44, 0xffffffff, true)],
    ['too many by their count', (view) => view.setUint32(coefficient() - 4, 0xffffffff, true)],
  ])('with a coefficient %s is KEY_INVALID', async (_, change) => {
    expect(await load(changed((_bytes, view) => change(view)))).toMatchObject({ code: 'KEY_INVALID' });
  });

  it.each<[string, number, number]>([
    ['A', ZkeySection.a, 0x5a],
    ['B in G1', ZkeySection.b1, 0xff],
    ['B in G2', ZkeySection.b2, 0xff],
    ['C', ZkeySection.c, 0x01],
    ['H', ZkeySection.h, 0xff],
    ['the coefficients’ values', ZkeySection.coefficients, 0xff],
  ])('with garbage for %s makes no proof that is handed out', async (_, type, byte) => {
    const { offset, size } = place(type);
    const garbage = changed((bytes) => {
      if (type !== ZkeySection.coefficients) return void bytes.fill(byte, offset, offset + size);
      for (let at = offset + 16; at < offset + size; at += 44) bytes.fill(byte, at, at + 32);
    });
    await expect(prove(garbage)).rejects.toMatchObject({ code: 'KEY_MISMATCH', exitCode: 2 });
  });

  it.each(['alpha1', 'beta2', 'gamma2', 'delta2'])('with %s off its curve is refused', async (name) => {
    const offsets: Record<string, number> = { alpha1: 84, beta2: 84 + 128, gamma2: 84 + 256, delta2: 84 + 448 };
    const damaged = changed((bytes) => {
      bytes[place(ZkeySection.header).offset + offsets[name]!]! ^= 1;
    });
    await expect(prove(damaged)).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('with any one byte changed: refused by name, or the proof is right all the same', async () => {
    const random = randomNumbers(12);
    const outcomes = new Map<string, number>();
    for (let i = 0; i < 120; i++) {
      const { offset, size } = sections[i % sections.length]!;
      const where = offset - 12 + random(size + 12);
      const damaged = changed((bytes) => {
        bytes[where]! ^= 1 << random(8);
      });
      const outcome = await prove(damaged).then(
        (result) => {
          expectValid(keys.small, result);
          return 'valid';
        },
        (error: unknown) => (error as { code?: string }).code ?? String(error),
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    const known = ['valid', 'KEY_INVALID', 'KEY_MISMATCH', 'FORMAT_VERSION'];
    expect([...outcomes.keys()].filter((outcome) => !known.includes(outcome))).toEqual([]);
    expect(outcomes.get('KEY_MISMATCH')).toBeGreaterThan(5);
  });
});

describe('a damaged witness', () => {
  it('is refused with its name, and the prover goes on', async () => {
    await using prover = await Groth16Prover.open({ zkey: at('small.zkey'), threads: 1 });
    const original = await readFile(at('small.wtns'));
    const [header, values] = sectionsOf(original) as [Place, Place];
    const changed = (offset: number, bytes: readonly number[]) => {
      const copy = Uint8Array.from(original);
      copy.set(bytes, offset);
      return copy;
    };
    const residues = Array.from({ length: 32 }, (_, i) => Number((R >> BigInt(8 * i)) & 255n));
    const damaged: [Uint8Array, string][] = [
      ...[0, 11, 12, 24, header.offset + 40, values.offset, values.offset + 1, original.length - 1].map(
        (length): [Uint8Array, string] => [original.subarray(0, length), 'ARTIFACT_INVALID'],
      ),
      [changed(0, [0]), 'ARTIFACT_INVALID'],
      [changed(4, [1]), 'FORMAT_VERSION'],
      [changed(header.offset, [31]), 'ARTIFACT_INVALID'],
      [changed(header.offset + 4, [2]), 'ARTIFACT_INVALID'],
      [changed(header.offset + 36, [0xff, 0xff, 0xff, 0xff]), 'ARTIFACT_INVALID'],
      [changed(values.offset, [2]), 'ARTIFACT_INVALID'],
      [changed(values.offset + 32, residues), 'ARTIFACT_INVALID'],
      [changed(values.offset + 64, new Array<number>(32).fill(0xff)), 'ARTIFACT_INVALID'],
      [changed(values.offset + 64, [original[values.offset + 64]! ^ 1]), 'KEY_MISMATCH'],
    ];
    for (const [bytes, code] of damaged) expect(await rejection(prover.prove(bytes))).toMatchObject({ code });
    expectValid(keys.small, await prover.prove(original));
  });
});

interface Shell {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the binary where no file may become longer than so many bytes: writing fails as on a full disk. */
function onFullDisk(kibibytes: number, ...args: string[]): Promise<Shell> {
  const command = `ulimit -f ${kibibytes} && exec "$0" "$@"`;
  return new Promise((resolve) => {
    const child = execFile('bash', ['-c', command, process.execPath, BINARY, ...args], (_, stdout, stderr) => {
      resolve({ code: child.exitCode, signal: child.signalCode, stdout, stderr });
    });
  });
}

/** Runs the binary and sends it a signal once a line of stderr matches. */
function signalAt(line: RegExp, signal: NodeJS.Signals, ...args: string[]): Promise<Shell> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BINARY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr, sent] = ['', '', false];
    child.stdout.on('data', (chunk: Buffer) => void (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (!sent && line.test(stderr)) sent = child.kill(signal);
    });
    child.on('error', reject);
    child.on('close', (code, endedBy) => resolve({ code, signal: endedBy, stdout, stderr }));
  });
}

describe('the command line', () => {
  const artifact = () => at('mlp');
  beforeAll(async () => {
    await writeFile(at('mlp.onnx'), makeMlp([16, 24, 4]));
    await writeArtifact(
      artifact(),
      await compile(at('mlp.onnx'), { domain: { lo: -1, hi: 1 }, protocol: 'groth16' }),
      at('mlp.onnx'),
    );
    await writeFile(at('in.json'), JSON.stringify({ input: Array.from({ length: 16 }, (_, i) => Math.sin(i)) }));
    await mkdir(at('out'));
  });
  const written = async () => (await readdir(dir, { recursive: true })).toSorted();

  it('SIGKILL in a setup leaves no file of a key’s name', async () => {
    const before = await readdir(artifact());
    expect(await signalAt(/setup: /, 'SIGKILL', 'setup', artifact(), '--dev')).toMatchObject({ signal: 'SIGKILL' });
    const left = (await readdir(artifact())).filter((name) => !before.includes(name));
    // The lock says whose it was: whoever writes next takes it over.
    expect(left.filter((name) => !name.startsWith('.tmp-') && name !== LOCK_NAME)).toEqual([]);
    for (const name of left) await rm(path.join(artifact(), name));
  });

  it('a disk that fills up during setup: exit 2, the file is named, nothing is left; with room it works', async () => {
    const before = await written();
    const full = await onFullDisk(64, 'setup', artifact(), '--dev', '--quiet');
    expect(full).toMatchObject({ code: 2, stdout: '' });
    expect(full.stderr).toContain('[OUTPUT_UNWRITABLE]');
    expect(full.stderr).toContain(path.join(artifact(), 'proving_key.zkey'));
    expect(await written()).toEqual(before);
    expect(await onFullDisk(2 ** 20, 'setup', artifact(), '--dev', '--quiet')).toMatchObject({ code: 0 });
  });

  it.each([
    ['prove', () => ['prove', artifact(), '--in', at('in.json'), '-o', at('out/proof.json')]],
    ['prove-wtns', () => ['prove-wtns', at('small.zkey'), at('small.wtns'), '-o', at('out/proof.json')]],
  ])('a full disk after %s: exit 2, the proof is named, nothing is left', async (_, args) => {
    const before = await written();
    const full = await onFullDisk(0, ...args(), '--quiet');
    expect(full).toMatchObject({ code: 2, stdout: '' });
    expect(full.stderr).toContain('[OUTPUT_UNWRITABLE]');
    expect(full.stderr).toContain(at('out/proof.json'));
    expect(await written()).toEqual(before);
  });

  it.each(['load', 'quotient', 'sums'])('Ctrl-C in the %s of prove-wtns: exit 130, nothing is left', async (phase) => {
    const before = await written();
    const args = ['prove-wtns', at('large.zkey'), at('large.wtns'), '-o', at('out/proof.json')];
    const stopped = await signalAt(new RegExp(`prove-wtns: ${phase}\n`), 'SIGINT', ...args);
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(stopped.stderr).toContain('[ABORTED]');
    expect(await written()).toEqual(before);
  });

  it.each(['load', 'queue', 'sums'])('Ctrl-C in the %s of prove: exit 130, nothing is left', async (phase) => {
    const before = await written();
    const args = ['prove', artifact(), '--in', at('in.json'), '-o', at('out/proof.json')];
    const stopped = await signalAt(new RegExp(`prove: ${phase}\n`), 'SIGINT', ...args);
    expect(stopped).toMatchObject({ code: 130, stdout: '' });
    expect(await written()).toEqual(before);
  });
});
