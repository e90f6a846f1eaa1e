/** .r1cs and .wtns: round trips, what snarkjs makes of our files, hostile files. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as snarkjs from 'snarkjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BIG_COEF_BASE, coefficient, type R1cs, type SparseMatrix } from '../../src/constraint/r1cs.js';
import { SparseRows } from '../../src/constraint/growable.js';
import { ZkonnxError } from '../../src/base/errors.js';
import { R } from '../../src/field/bn254.js';
import { hashRelation } from '../../src/formats/circuit-digest.js';
import { CoefficientEncoder, putCoefficient, valueOfWords } from '../../src/formats/coefficients.js';
import { bytesSource, concatenate } from '../../src/formats/iden3-container.js';
import { readR1csFile, writeR1csFile } from '../../src/formats/r1cs-file.js';
import { canonicalR1cs, r1csChunks, readR1cs } from '../../src/formats/r1cs.js';
import { writeWtnsFile } from '../../src/formats/wtns-file.js';
import { readWtns, wtnsBytes } from '../../src/formats/wtns.js';
import { randomNumbers, randomR1cs } from './random-r1cs.js';

const silent = () => undefined;
const quiet = { debug: silent, info: silent, warn: silent, error: silent };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-formats-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await (await snarkjs.curves.getCurveFromName('bn128')).terminate();
});

/** Rows of a side as wire → residue, for comparing systems however their coefficients are coded. */
function residues(side: SparseMatrix, r1cs: R1cs): Map<number, bigint>[] {
  return Array.from({ length: r1cs.nConstraints }, (_, row) => {
    const terms = new Map<number, bigint>();
    for (let k = side.rowStart[row]!; k < side.rowStart[row + 1]!; k++) {
      terms.set(side.wires[k]!, coefficient(side.coefs[k]!, r1cs.bigCoefs));
    }
    return terms;
  });
}

function expectSameSystem(got: R1cs, expected: R1cs): void {
  const sizes = ({ nWires, nPubOut, nPubIn, nConstraints }: R1cs) => ({ nWires, nPubOut, nPubIn, nConstraints });
  expect(sizes(got)).toEqual(sizes(expected));
  for (const side of ['a', 'b', 'c'] as const)
    expect(residues(got[side], got)).toEqual(residues(expected[side], expected));
}

const refusal = async (bytes: Uint8Array): Promise<unknown> =>
  readR1cs(bytesSource(bytes, 'hostile')).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('coefficients', () => {
  it('codes and decodes the edges of float64 and of the field', () => {
    const edges = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, R >> 1n];
    const values = [...edges, ...edges.slice(1).map((value) => R - value)];
    const encoder = new CoefficientEncoder();
    for (const value of values) {
      const code = encoder.encode(value);
      expect(coefficient(code, encoder.bigCoefs)).toBe(value);
      const words = new Uint32Array(10).fill(0xffff_ffff);
      const big = new Uint32Array(8 * encoder.bigCoefs.length);
      encoder.bigCoefs.forEach((coef, i) => {
        for (let word = 0; word < 8; word++) big[8 * i + word] = Number((coef >> BigInt(32 * word)) & 0xffff_ffffn);
      });
      putCoefficient(words, 1, code, big);
      expect(valueOfWords(words, 1)).toBe(value);
      expect([words[0], words[9]]).toEqual([0xffff_ffff, 0xffff_ffff]);
    }
    expect(encoder.encode(2n ** 53n - 1n)).toBeLessThan(BIG_COEF_BASE);
    expect(encoder.encode(2n ** 53n)).toBe(encoder.encode(2n ** 53n));
  });
});

describe('.r1cs', () => {
  it.each([{ wide: true }, { wide: false }])('reads back what it wrote ($wide)', async ({ wide }) => {
    const { r1cs } = randomR1cs({ nConstraints: 300, wide, seed: 7 });
    const file = path.join(folder, `round-${wide}.r1cs`);
    await writeR1csFile(file, r1cs);
    expectSameSystem(await readR1csFile(file), r1cs);
  });

  it('writes systems of more than one chunk, and the hash is that of the file', async () => {
    const { r1cs } = randomR1cs({ nConstraints: 40_000, seed: 3 });
    const file = path.join(folder, 'large.r1cs');
    await writeR1csFile(file, r1cs);
    const bytes = await readFile(file);
    expect(bytes.length).toBeGreaterThan(3 * 2 ** 20);
    expectSameSystem(await readR1csFile(file), r1cs);
    expect(hashRelation(r1cs)).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });

  it('writes rows canonically whatever order and repetition they come in', () => {
    const system = (terms: readonly (readonly [number, number])[]): R1cs => {
      const [a, empty] = [new SparseRows(), new SparseRows()];
      for (const [wire, coef] of terms) a.push(wire, coef);
      a.endRow();
      empty.endRow();
      const none = empty.finish();
      const wireClass = new Uint8Array(4);
      return {
        nWires: 4,
        nPubOut: 1,
        nPubIn: 0,
        nConstraints: 1,
        a: a.finish(),
        b: none,
        c: none,
        bigCoefs: [],
        wireClass,
      };
    };
    const plain = system([[1, 5], [3, -2]]); // prettier-ignore
    const messy = system([[3, -3], [2, 4], [1, 5], [3, 1], [2, -4]]); // prettier-ignore
    expect(concatenate(r1csChunks(messy))).toEqual(concatenate(r1csChunks(plain)));
    expect(hashRelation(messy)).toBe(hashRelation(plain));
    expect(canonicalR1cs(plain)).toBe(plain);
    expect(hashRelation(system([[1, 5], [3, -1]]))).not.toBe(hashRelation(plain)); // prettier-ignore
  });

  it('is read by snarkjs, and its witness passes `wtns check`; a changed witness does not', async () => {
    const { r1cs, witnessBytes } = randomR1cs({ nConstraints: 500, wide: true, nPubOut: 2, nPubIn: 3 });
    const [r1csFile, good, bad] = ['s.r1cs', 'good.wtns', 'bad.wtns'].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeR1csFile(r1csFile, r1cs);
    const info = await snarkjs.r1cs.info(r1csFile);
    expect(info).toMatchObject({
      nVars: r1cs.nWires,
      nConstraints: 500,
      nPubInputs: 3,
      nOutputs: 2,
      nLabels: r1cs.nWires,
    });
    await writeWtnsFile(good, witnessBytes);
    expect(await snarkjs.wtns.check(r1csFile, good, quiet)).toBe(true);
    const changed = witnessBytes.slice();
    changed[32 * (r1cs.nWires - 1)]! ^= 1;
    await writeWtnsFile(bad, changed);
    expect(await snarkjs.wtns.check(r1csFile, bad, quiet)).toBe(false);
  });
});

describe('hostile .r1cs', () => {
  const bytes = concatenate(r1csChunks(randomR1cs({ nConstraints: 12, wide: true }).r1cs));

  it('refuses every truncation and every extension', async () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(await refusal(bytes.subarray(0, length)), `${length} bytes`).toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
    expect(await refusal(new Uint8Array([...bytes, 0]))).toMatchObject({ code: 'ARTIFACT_INVALID' });
  });

  it('answers random damage with a system or a ZkonnxError, nothing else', async () => {
    const random = randomNumbers(11);
    let refused = 0;
    for (let i = 0; i < 2000; i++) {
      const damaged = bytes.slice();
      for (let k = 0; k <= random(3); k++) damaged[random(random(2) === 0 ? 120 : bytes.length)] = random(256);
      const error = await refusal(damaged);
      if (error !== undefined) {
        expect(error).toBeInstanceOf(ZkonnxError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });

  it.each([
    ['magic', 0, [0x78], 'ARTIFACT_INVALID', /not an .r1cs/],
    ['version', 4, [2], 'FORMAT_VERSION', /unknown format version/],
    ['number of sections', 8, [255, 255, 255, 255], 'ARTIFACT_INVALID', /too many sections/],
    ['size of section 1', 16, [255, 255, 255, 255, 255, 255, 255, 127], 'ARTIFACT_INVALID', /does not fit/],
    ['prime', 28, [0], 'ARTIFACT_INVALID', /another field/],
    ['number of wires', 60, [255, 255, 255, 255], 'ARTIFACT_INVALID', /section 3/],
    ['number of constraints', 84, [255, 255, 255, 255], 'ARTIFACT_INVALID', /truncated/],
    ['public outputs', 64, [255, 255], 'ARTIFACT_INVALID', /more public signals/],
    ['terms of the first row', 100, [255, 255, 255, 255], 'ARTIFACT_INVALID', /terms on one side/],
    ['wire of the first term', 104, [255, 255, 255, 255], 'ARTIFACT_INVALID', /not there/],
    ['coefficient of the first term', 108, new Array<number>(32).fill(255), 'ARTIFACT_INVALID', /not below r/],
  ] as const)('refuses a wrong %s', async (_, offset, patch, code, message) => {
    const damaged = bytes.slice();
    damaged.set(patch, offset);
    const error = (await refusal(damaged)) as ZkonnxError;
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(message);
  });
});

describe('.wtns', () => {
  const { witnessBytes } = randomR1cs({ nConstraints: 20, wide: true });
  const bytes = wtnsBytes(witnessBytes);
  const read = (file: Uint8Array) => readWtns(bytesSource(file, 'hostile'));

  it('reads back what it wrote, in memory and on disk', async () => {
    expect(await read(bytes)).toEqual(witnessBytes);
    await writeWtnsFile(path.join(folder, 'w.wtns'), witnessBytes);
    expect(new Uint8Array(await readFile(path.join(folder, 'w.wtns')))).toEqual(bytes);
    expect((await readdir(folder)).filter((name) => name.startsWith('.tmp-'))).toEqual([]);
  });

  it('refuses truncation, values not below r and a constant that is not 1', async () => {
    for (let length = 0; length < bytes.length; length++) {
      await expect(read(bytes.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'ARTIFACT_INVALID',
      });
    }
    const wide = bytes.slice();
    wide.fill(255, bytes.length - 32);
    await expect(read(wide)).rejects.toThrow(/not below r/);
    const two = bytes.slice();
    two[bytes.length - witnessBytes.length] = 2;
    await expect(read(two)).rejects.toThrow(/constant 1/);
    const many = bytes.slice();
    many.fill(255, 60, 64);
    await expect(read(many)).rejects.toThrow(/wrong size/);
  });
});
