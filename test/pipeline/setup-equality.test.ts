/**
 * With one and the same trapdoor, our key equals byte for byte what snarkjs makes from a ptau of that trapdoor, its csHash included, and
 * with whatever number of threads it is made.
 */
import type * as Crypto from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as snarkjs from 'snarkjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { R1cs, SparseMatrix } from '../../src/constraint/r1cs.js';
import { Q, R } from '../../src/field/bn254.js';
import { wordsOf } from '../../src/formats/coefficients.js';
import { bytesOf, concatenate, sectionHeader } from '../../src/formats/iden3-container.js';
import { writeR1csFile } from '../../src/formats/r1cs-file.js';
import { allocatePoints } from '../../src/kernels/curve.js';
import { instantiateKernels } from '../../src/kernels/module.js';
import { groupOf, type GroupName } from '../../src/kernels/msm.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { multipleOfGenerator } from '../unit/curve-support.js';
import { randomR1cs } from '../unit/random-r1cs.js';

const random = vi.hoisted(() => ({ draws: [] as bigint[] }));

// Only the source of randomness is replaced, so that the trapdoor is known.
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof Crypto>()),
  randomFillSync: (words: Uint32Array) => {
    const value = random.draws.shift()!;
    for (let i = 0; i < words.length; i++) words[i] = Number((value >> BigInt(32 * i)) & 0xffff_ffffn);
    return words;
  },
}));

/** τ, α, β, δ in the order in which `setupDev` draws them; δ = 1 as in a key without contributions. */
const TRAPDOOR = [123456789123456789n, 987654321987n, 555555555555555n, 1n] as const;
const [tau, alpha, beta] = TRAPDOOR;
/** Twice the largest domain here: snarkjs lacks the last power of τ for the double domain of the ptau's own size. */
const POWER = 7;
let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-equality-'));
  await writeFile(at('0.ptau'), await powersOfTau());
  await snarkjs.powersOfTau.preparePhase2(at('0.ptau'), at('final.ptau'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await (await snarkjs.curves.getCurveFromName('bn128')).terminate();
});

/** A .ptau of the trapdoor, without contributions (layout: proof-system notes on snarkjs's formats). Its points are noble's. */
async function powersOfTau(): Promise<Uint8Array> {
  const kernels = await instantiateKernels();
  const points = (name: GroupName, scalars: readonly bigint[]) => {
    const group = groupOf(kernels.exports, name);
    const multiples = scalars.map((scalar) => multipleOfGenerator(name, scalar));
    const bytes = kernels.heap.allocate(scalars.length * group.keyBytes);
    group.to_mont256(bytes, allocatePoints(kernels, name, multiples), scalars.length);
    return kernels.heap.copyOut(bytes, scalars.length * group.keyBytes);
  };
  const powers = (count: number, factor = 1n) => {
    let power = factor;
    return Array.from({ length: count }, () => {
      const result = power;
      power = (power * tau) % R;
      return result;
    });
  };
  const u32 = (...values: number[]) => bytesOf(new Uint32Array(values));
  const size = 2 ** POWER;
  const sections = [
    concatenate([u32(32), bytesOf(wordsOf(Q)), u32(POWER, POWER)]),
    points('g1', powers(2 * size - 1)),
    points('g2', powers(size)),
    points('g1', powers(size, alpha)),
    points('g1', powers(size, beta)),
    points('g2', [beta]),
    u32(0),
  ];
  const body = sections.flatMap((payload, i) => [sectionHeader(i + 1, payload.length), payload]);
  return concatenate([new TextEncoder().encode('ptau'), u32(1, sections.length), ...body]);
}

async function ourKey(r1cs: R1cs, trapdoor: readonly bigint[], threads: number): Promise<Buffer> {
  random.draws = [...trapdoor];
  await setupDev(r1cs, { zkeyPath: at('ours.zkey'), threads });
  expect(random.draws).toEqual([]);
  return readFile(at('ours.zkey'));
}

/** Wires that occur nowhere, in the middle and at the end, and rows without terms on one side or on all. */
function sparse(): R1cs {
  const { r1cs } = randomR1cs({ nConstraints: 21, wide: true, seed: 8 });
  const spread = ({ rowStart, wires, coefs }: SparseMatrix): SparseMatrix => ({
    rowStart: new Uint32Array([...rowStart, wires.length, wires.length]),
    wires: wires.map((wire) => (wire > 9 ? wire + 3 : wire)),
    coefs,
  });
  const b: SparseMatrix = {
    ...r1cs.b,
    rowStart: r1cs.b.rowStart.map((start, row) => (row === 5 ? r1cs.b.rowStart[4]! : start)),
  };
  const nWires = r1cs.nWires + 5;
  return {
    ...r1cs,
    a: spread(r1cs.a),
    b: spread(b),
    c: spread(r1cs.c),
    nWires,
    nConstraints: r1cs.nConstraints + 2,
    wireClass: new Uint8Array(nWires),
  };
}

describe.each<[string, () => R1cs]>([
  ['full-width coefficients', () => randomR1cs({ nConstraints: 25, wide: true }).r1cs],
  ['bits', () => randomR1cs({ nConstraints: 40, seed: 3 }).r1cs],
  ['wires and rows without terms', sparse],
  ['a domain filled to the last row', () => randomR1cs({ nConstraints: 60, nPubOut: 1, nPubIn: 2, wide: true }).r1cs],
])('setupDev and `snarkjs groth16 setup` agree on %s', (_, make) => {
  it.each([1, 2, 3])('with %d threads', async (threads) => {
    const r1cs = make();
    await writeR1csFile(at('circuit.r1cs'), r1cs);
    await snarkjs.zKey.newZKey(at('circuit.r1cs'), at('final.ptau'), at('snarkjs.zkey'));
    const theirs = sections(await readFile(at('snarkjs.zkey')));
    const ours = sections(await ourKey(r1cs, TRAPDOOR, threads));
    for (const [id, payload] of theirs) expect(ours.get(id)?.equals(payload), `section ${id}`).toBe(true);
    expect([...theirs.keys()].sort((left, right) => left - right)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

it('one trapdoor makes one key, however many threads make it', async () => {
  // Long enough for chunks of several tasks and more than one batch.
  const { r1cs } = randomR1cs({ nConstraints: 40_000 });
  const trapdoor = [R - 5n, 1n << 253n, 3n ** 150n % R, R - 1n];
  const keys = [await ourKey(r1cs, trapdoor, 1), await ourKey(r1cs, trapdoor, 2), await ourKey(r1cs, trapdoor, 3)];
  expect(keys[1]!.equals(keys[0]!)).toBe(true);
  expect(keys[2]!.equals(keys[0]!)).toBe(true);
});

function sections(file: Buffer): Map<number, Buffer> {
  const result = new Map<number, Buffer>();
  for (let offset = 12; offset < file.length;) {
    const size = Number(file.readBigUInt64LE(offset + 4));
    result.set(file.readUInt32LE(offset), file.subarray(offset + 12, offset + 12 + size));
    offset += 12 + size;
  }
  return result;
}
