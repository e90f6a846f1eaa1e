/** The kernels' form of a key beside its .zkey, the classes of a witness, and what a proof is said to take of memory. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mod, R, toBytesLE } from '../../src/field/bn254.js';
import { withFile } from '../../src/formats/file-source.js';
import { wtnsBytes } from '../../src/formats/wtns.js';
import { openZkeyReader } from '../../src/formats/zkey.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { SoloTeam } from '../../src/kernels/team.js';
import { loadEngineKey, type EngineKey } from '../../src/prove/groth16/kernel-key.js';
import { keyMemoryBytes, proofMemoryBytes } from '../../src/prove/groth16/memory.js';
import { proveWithTeam } from '../../src/prove/groth16/prover.js';
import { storedKeyChunks } from '../../src/prove/groth16/stored-key.js';
import { classifyValues, classifyWitness, publicSignalsOf } from '../../src/prove/engine/classified-witness.js';
import { Groth16Prover } from '../../src/prove/groth16/wtns-prover.js';
import { keyIdentity, readStoredKey, storedKeyPath, writeStoredKey } from '../../src/prove/groth16/stored-key-file.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { concatenate } from '../../src/formats/iden3-container.js';
import { verifyGroth16 } from '../../src/verify/groth16.js';
import { randomR1cs, type RandomSystem } from '../unit/random-r1cs.js';

let folder: string;
const keys: Record<string, unknown> = {};
const at = (name: string) => path.join(folder, name);
const systems = {
  bits: randomR1cs({ seed: 11, nConstraints: 700, nPubIn: 4 }),
  wide: randomR1cs({ seed: 12, nConstraints: 300, wide: true }),
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-stored-'));
  for (const [name, { r1cs }] of Object.entries(systems))
    keys[name] = await setupDev(r1cs, { zkeyPath: at(`${name}.zkey`) });
});
afterAll(() => rm(folder, { recursive: true }));

/** The stored key beside a .zkey, as the prover reads it. */
const stored = (kernels: Kernels, name: string) =>
  withFile(at(`${name}.zkey`), async (source) => {
    const { info: part } = await openZkeyReader(source);
    return readStoredKey(kernels, at(`${name}.zkey`), keyIdentity(source, part), part);
  });

async function converted(kernels: Kernels, name: string): Promise<EngineKey> {
  return withFile(at(`${name}.zkey`), async (source) =>
    loadEngineKey(new SoloTeam(kernels), await openZkeyReader(source)),
  );
}

/** Every byte that a proof reads of the key. */
async function contentOf(kernels: Kernels, key: EngineKey): Promise<Uint8Array> {
  return concatenate(storedKeyChunks(kernels, key, new Uint8Array(32)));
}

describe.each(['bits', 'wide'] as const)('the stored key of a system of %s', (name) => {
  it('holds what the conversion gives', async () => {
    await writeStoredKey(at(`${name}.zkey`));
    const [ours, theirs] = [await instantiateKernels(), await instantiateKernels()];
    const key = await stored(theirs, name);
    expect(key).toBeDefined();
    expect(await contentOf(theirs, key!)).toEqual(await contentOf(ours, await converted(ours, name)));
  });

  it('proves, and leaves the heap as it was', async () => {
    const kernels = await instantiateKernels();
    const key = (await stored(kernels, name))!;
    const mark = kernels.heap.mark();
    const witness = classifyValues(systems[name].witnessBytes);
    const [first, second] = [
      await proveWithTeam(new SoloTeam(kernels), key, witness, { r: 5n, s: R - 1n }),
      await proveWithTeam(new SoloTeam(kernels), key, witness, { r: 5n, s: R - 1n }),
    ];
    expect(first).toEqual(second);
    expect(kernels.heap.mark()).toBe(mark);
    const signals = publicSignalsOf(witness, key.nPublic);
    expect(verifyGroth16(keys[name], signals, { ...first })).toEqual({ valid: true });
  });
});

describe('the stored key', () => {
  const proves = async () => {
    await using prover = await Groth16Prover.open({ zkey: at('bits.zkey'), threads: 2 });
    const { proof, publicSignals } = await prover.prove(wtnsBytes(systems.bits.witnessBytes));
    expect(verifyGroth16(keys['bits'], publicSignals, { ...proof })).toEqual({ valid: true });
  };

  it('of another key is left alone', async () => {
    await writeFile(storedKeyPath(at('bits.zkey')), await readFile(storedKeyPath(at('wide.zkey'))));
    expect(await stored(await instantiateKernels(), 'bits')).toBeUndefined();
    await proves();
    await writeStoredKey(at('bits.zkey'));
  });

  it('cut anywhere is left alone, and the heap is as before', async () => {
    const file = storedKeyPath(at('bits.zkey'));
    const whole = await readFile(file);
    for (let length = 0; length < whole.length; length += 1 + Math.floor(whole.length / 97)) {
      await writeFile(file, whole.subarray(0, length));
      const kernels = await instantiateKernels();
      const mark = kernels.heap.mark();
      expect(await stored(kernels, 'bits')).toBeUndefined();
      expect(kernels.heap.mark()).toBe(mark);
    }
    await proves();
    await writeFile(file, whole);
  });

  it.each([
    ['a wire beyond the circuit', 3, 0, 0xffff_ffff],
    ['wires out of order', 3, 1, 0],
    ['a row that starts behind the next', 12, 1, 0x7fff_ffff],
    ['an entry of no wire', 13, 0, 0xffff_fff0],
    ['an entry of no coefficient', 13, 1, 0xffff_fff0],
    ['more wires than the points', 1, 8, 3],
    ['a huge domain', 1, 10, 31],
  ])('with %s is left alone', async (_, type, word, value) => {
    const file = storedKeyPath(at('bits.zkey'));
    const whole = new Uint8Array(await readFile(file));
    const { offset } = sectionOf(whole, type);
    const damaged = whole.slice();
    new DataView(damaged.buffer).setUint32(offset + 4 * word, value, true);
    await writeFile(file, damaged);
    expect(await stored(await instantiateKernels(), 'bits')).toBeUndefined();
    await writeFile(file, whole);
  });
});

/** Where a section's payload begins. */
function sectionOf(bytes: Uint8Array, type: number): { offset: number } {
  const file = new DataView(bytes.buffer);
  for (let at = 12; at < bytes.length;) {
    const size = Number(file.getBigUint64(at + 4, true));
    if (file.getUint32(at, true) === type) return { offset: at + 12 };
    at += 12 + size;
  }
  throw new Error(`no section ${type}`);
}

describe('the classes of a witness', () => {
  const edges = [
    1n,
    0n,
    5n,
    2n ** 31n - 1n,
    2n ** 31n,
    R - 1n,
    R - 2n ** 31n + 1n,
    R - 2n ** 31n,
    R - 2n ** 32n,
    R / 2n,
  ];
  const bytes = new Uint8Array(32 * edges.length);
  edges.forEach((value, wire) => {
    toBytesLE(value, bytes, 32 * wire);
  });

  it('put integers of 31 bits, of either sign, apart from the rest', () => {
    const { small, wide, scalars } = classifyValues(bytes);
    expect([...small]).toEqual([1, 0, 5, 2 ** 31 - 1, 0, -1, 1 - 2 ** 31, 0, 0, 0]);
    expect([...wide]).toEqual([4, 7, 8, 9]);
    expect(scalars.length).toBe(4 * 32);
    const signals = publicSignalsOf(classifyValues(bytes), edges.length - 1);
    expect(signals).toEqual(edges.slice(1).map(String));
  });

  it('are the same from a solved witness as from its file', () => {
    const small = Float64Array.from(edges, (value) => {
      const signed = value > R / 2n ? value - R : value;
      return signed > -(2n ** 53n) && signed < 2n ** 53n ? Number(signed) : NaN;
    });
    const field = new Map(edges.flatMap((value, wire) => (Number.isNaN(small[wire]) ? [[wire, mod(value)]] : [])));
    expect(classifyWitness({ small, field: field as ReadonlyMap<number, bigint> })).toEqual(classifyValues(bytes));
  });
});

describe.each(['bits', 'wide'] as const)('the memory of a system of %s', (name) => {
  it('is at most what is said beforehand, and not far below', async () => {
    const system: RandomSystem = systems[name];
    const kernels = await instantiateKernels();
    const team = new SoloTeam(kernels);
    const { key, shape } = await withFile(at(`${name}.zkey`), async (source) => {
      const reader = await openZkeyReader(source);
      const { wide } = classifyValues(system.witnessBytes);
      const shape = { ...reader.info, coefficients: reader.coefficientCount, wide: wide.length, threads: 1 };
      return { key: await loadEngineKey(team, reader), shape };
    });
    const keyBytes = kernels.heap.mark();
    expect(keyBytes).toBeLessThanOrEqual(keyMemoryBytes(kernels.exports, shape) + 4096);
    await proveWithTeam(team, key, classifyValues(system.witnessBytes), { r: 1n, s: 2n });
    const said = keyMemoryBytes(kernels.exports, shape) + proofMemoryBytes(kernels.exports, shape);
    expect(kernels.heap.peakBytes).toBeLessThanOrEqual(said + 65536);
    expect(kernels.heap.peakBytes).toBeGreaterThan(said / 3);
  });

  it('is refused beforehand where it is over the limit', async () => {
    await expect(
      Groth16Prover.open({ zkey: at(`${name}.zkey`), threads: 1, maxMemoryBytes: 2 ** 20 }),
    ).rejects.toMatchObject({ code: 'MEMORY_EXCEEDED' });
    const prover = await Groth16Prover.open({ zkey: at(`${name}.zkey`), threads: 1, maxMemoryBytes: 2 ** 32 });
    await prover.close();
  });
});
