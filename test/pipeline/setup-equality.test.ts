/** With one and the same trapdoor, our key equals byte for byte what snarkjs makes from a ptau of that trapdoor, its csHash included. */
import type * as Crypto from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as snarkjs from 'snarkjs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Q, R } from '../../src/field/bn254.js';
import { FIELD_WORDS, wordsOf } from '../../src/formats/coefficients.js';
import { bytesOf, concatenate, sectionHeader } from '../../src/formats/iden3-container.js';
import { writeR1csFile } from '../../src/formats/r1cs-file.js';
import { FixedBase } from '../../src/setup/fixed-base.js';
import { setupDev } from '../../src/setup/groth16-dev.js';
import { WasmCurve } from '../../src/setup/wasm-curve.js';
import { randomR1cs } from '../unit/random-r1cs.js';

/** τ, α, β, δ in the order in which `setupDev` draws them; δ = 1 as in a key without contributions. */
const trapdoor = vi.hoisted(() => ({ draws: [123456789123456789n, 987654321987n, 555555555555555n, 1n] }));

// Only the source of randomness is replaced, so that the trapdoor is known.
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof Crypto>()),
  randomFillSync: (words: Uint32Array) => {
    const value = trapdoor.draws.shift()!;
    for (let i = 0; i < words.length; i++) words[i] = Number((value >> BigInt(32 * i)) & 0xffff_ffffn);
    return words;
  },
}));

const POWER = 6;
const [tau, alpha, beta] = trapdoor.draws as [bigint, bigint, bigint];
let folder: string;
const at = (name: string) => path.join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-equality-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await (await snarkjs.curves.getCurveFromName('bn128')).terminate();
});

/** A .ptau of the trapdoor, without contributions (layout: proof-system notes on snarkjs's formats). */
async function powersOfTau(): Promise<Uint8Array> {
  const curve = await WasmCurve.create();
  const bases = { g1: new FixedBase(curve, 'g1', 6), g2: new FixedBase(curve, 'g2', 6) };
  const points = (group: 'g1' | 'g2', scalars: readonly bigint[]) => {
    const words = new Uint32Array(scalars.length * FIELD_WORDS);
    scalars.forEach((scalar, i) => {
      words.set(wordsOf(scalar), i * FIELD_WORDS);
    });
    return bases[group].multiples(words).affine;
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

it('setupDev and `snarkjs groth16 setup` agree', async () => {
  const { r1cs } = randomR1cs({ nConstraints: 25, wide: true });
  await writeFile(at('0.ptau'), await powersOfTau());
  await snarkjs.powersOfTau.preparePhase2(at('0.ptau'), at('final.ptau'));
  await writeR1csFile(at('circuit.r1cs'), r1cs);
  await snarkjs.zKey.newZKey(at('circuit.r1cs'), at('final.ptau'), at('snarkjs.zkey'));
  await setupDev(r1cs, { zkeyPath: at('ours.zkey') });
  const [theirs, ours] = [sections(await readFile(at('snarkjs.zkey'))), sections(await readFile(at('ours.zkey')))];
  for (const [id, payload] of theirs) expect(ours.get(id)?.equals(payload), `section ${id}`).toBe(true);
  expect([...theirs.keys()].sort((left, right) => left - right)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(trapdoor.draws).toEqual([]);
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
