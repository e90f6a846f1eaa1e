/** The transforms beside the naive evaluation, whole, cut into tasks, and joined into Groth16's quotient. */
import { beforeAll, describe, expect, it } from 'vitest';
import { R, fromBytesLE, mod, pow, rootOfUnity } from '../../src/field/bn254.js';
import { bitReverse } from '../../src/kernels/domain.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { readElement, readLimbs, writeElement, writeLimbs } from '../../src/kernels/field.js';
import { type Kernels, instantiateKernels } from '../../src/kernels/module.js';
import {
  type NttDomain,
  type NttTable,
  createJoinConstants,
  createNttTable,
  evaluate,
  interpolate,
  interpolateUnscaled,
  oddCosetPhases,
  runNttTask,
} from '../../src/kernels/ntt.js';
import { randomNumbers } from './random-r1cs.js';

const SEED = Number(process.env['KERNEL_SEED'] ?? 20261121);
const random = randomNumbers(SEED);
const element = (): bigint => {
  let value = 0n;
  for (let i = 0; i < 10; i++) value = (value << 32n) | BigInt(random(2 ** 32));
  return value % R;
};
const DOMAINS: readonly NttDomain[] = ['roots', 'odd-coset'];

let kernels: Kernels;
beforeAll(async () => {
  kernels = await instantiateKernels({ pages: 64 });
});

const write = (data: number, values: readonly bigint[]): void =>
  values.forEach((value, i) => writeElement(kernels, 'fr', data + i * ELEMENT_BYTES, value));
const read = (data: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => readElement(kernels, 'fr', data + i * ELEMENT_BYTES));
/** The elements from bit-reversed order. */
const natural = <T>(values: readonly T[], k: number): T[] => values.map((_, i) => values[bitReverse(i, k)]!);

/** The points of a domain, by the twin. */
function points(k: number, domain: NttDomain): bigint[] {
  const root = rootOfUnity(k);
  const first = domain === 'roots' ? 1n : rootOfUnity(k + 1);
  return Array.from({ length: 2 ** k }, (_, i) => mod(first * pow(root, BigInt(i))));
}

const horner = (coefficients: readonly bigint[], x: bigint): bigint =>
  coefficients.reduceRight((value, coefficient) => (value * x + coefficient) % R, 0n);

/** Random, all zero, all p - 1, and one alone. */
const polynomials = (n: number): bigint[][] => [
  Array.from({ length: n }, element),
  new Array<bigint>(n).fill(0n),
  new Array<bigint>(n).fill(R - 1n),
  Array.from({ length: n }, (_, i) => (i === n - 1 ? 1n : 0n)),
];

it('makes the twiddles of its definition, canonical', () => {
  const table = createNttTable(kernels, 6);
  for (let i = 0; i < 64; i++) {
    const pointer = table.pointer + i * ELEMENT_BYTES;
    expect(readElement(kernels, 'fr', pointer)).toBe(pow(rootOfUnity(7), BigInt(bitReverse(i, 6))));
    expect(readLimbs(kernels, pointer) < R).toBe(true);
  }
});

describe.each(DOMAINS)('over the %s', (domain) => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('equals the naive evaluation and undoes it, 2^%i', (k) => {
    const n = 2 ** k;
    // A table larger than the domain serves as well as its own.
    for (const table of [createNttTable(kernels, k), createNttTable(kernels, k + 2)]) {
      const data = kernels.heap.allocate(n * ELEMENT_BYTES);
      for (const coefficients of polynomials(n)) {
        write(data, coefficients);
        evaluate(kernels.exports, table, data, k, domain);
        expect(natural(read(data, n), k)).toEqual(points(k, domain).map((x) => horner(coefficients, x)));
        interpolateUnscaled(kernels.exports, table, data, k, domain);
        expect(read(data, n)).toEqual(coefficients.map((coefficient) => mod(coefficient * BigInt(n))));
      }
    }
  });

  it('takes and leaves the whole range [0, 2p)', () => {
    const k = 9;
    const n = 2 ** k;
    const table = createNttTable(kernels, k);
    const data = kernels.heap.allocate(n * ELEMENT_BYTES);
    const raw = (): bigint[] => Array.from({ length: n }, (_, i) => readLimbs(kernels, data + i * ELEMENT_BYTES));
    for (let i = 0; i < n; i++) writeLimbs(kernels, data + i * ELEMENT_BYTES, 2n * R - 1n - BigInt(random(3)));
    const before = read(data, n);
    evaluate(kernels.exports, table, data, k, domain);
    expect(raw().every((value) => value < 2n * R)).toBe(true);
    for (let i = 0; i < n; i++) {
      const pointer = data + i * ELEMENT_BYTES;
      if (readLimbs(kernels, pointer) < R) writeLimbs(kernels, pointer, readLimbs(kernels, pointer) + R);
    }
    interpolate(kernels, table, data, k, domain);
    expect(raw().every((value) => value < 2n * R)).toBe(true);
    expect(read(data, n)).toEqual(before);
  });

  it.each([13, 14, 15])('round-trips, and has the right values at some points, 2^%i', (k) => {
    const n = 2 ** k;
    const mark = kernels.heap.mark();
    const table = createNttTable(kernels, k);
    const data = kernels.heap.allocate(n * ELEMENT_BYTES);
    const coefficients = Array.from({ length: n }, element);
    write(data, coefficients);
    evaluate(kernels.exports, table, data, k, domain);
    const root = rootOfUnity(k);
    const first = domain === 'roots' ? 1n : rootOfUnity(k + 1);
    for (const i of [0, 1, 2, n / 2, n - 1, random(n), random(n)]) {
      const value = readElement(kernels, 'fr', data + bitReverse(i, k) * ELEMENT_BYTES);
      expect(value).toBe(horner(coefficients, mod(first * pow(root, BigInt(i)))));
    }
    interpolate(kernels, table, data, k, domain);
    expect(read(data, n)).toEqual(coefficients);
    kernels.heap.release(mark);
  });
});

it('reverses the order of bits, in any split', () => {
  const k = 7;
  const n = 2 ** k;
  const data = kernels.heap.allocate(n * ELEMENT_BYTES);
  const values = Array.from({ length: n }, element);
  write(data, values);
  for (const [from, to] of [
    [100, n],
    [0, 13],
    [13, 100],
  ] as const) {
    kernels.exports.fr_bit_reverse(data, k, from, to);
  }
  expect(read(data, n)).toEqual(natural(values, k));
});

describe('the chain of Groth16', () => {
  /** On instances of their own, in a shuffled order inside each phase. */
  async function runPhases(table: NttTable, k: number, data: readonly number[], workers: number): Promise<number[]> {
    const instances = [kernels, await instantiateKernels({ memory: kernels.memory })];
    const phases = oddCosetPhases(table, { logSize: k, cosets: 1 }, data, workers);
    for (const phase of phases) {
      const shuffled = phase.map((task) => ({ task, key: random(2 ** 30) })).sort((a, b) => a.key - b.key);
      shuffled.forEach(({ task }, i) => runNttTask(instances[i % 2]!.exports, table.pointer, task));
    }
    return phases.map((phase) => phase.length);
  }

  it.each([
    [2, 1, [3]],
    [10, 1, [3]],
    [10, 2, [12, 3, 12]],
    [11, 8, [12, 9, 12]],
    [10, 16, [48, 24, 18, 24, 48]],
    [11, 40, [48, 48, 42, 48, 48]],
  ])('gives the same values in any split: 2^%i, %i workers', async (k, workers, expected) => {
    const n = 2 ** k;
    const mark = kernels.heap.mark();
    const table = createNttTable(kernels, k);
    const data = [1, 2, 3].map(() => kernels.heap.allocate(n * ELEMENT_BYTES));
    const values = data.map(() => Array.from({ length: n }, element));
    data.forEach((pointer, i) => write(pointer, natural(values[i]!, k)));
    expect(await runPhases(table, k, data, workers)).toEqual(expected);
    const got = data.map((pointer) => read(pointer, n));

    data.forEach((pointer, i) => {
      write(pointer, natural(values[i]!, k));
      interpolateUnscaled(kernels.exports, table, pointer, k, 'roots');
      evaluate(kernels.exports, table, pointer, k, 'odd-coset');
      expect(got[i]).toEqual(read(pointer, n));
    });
    kernels.heap.release(mark);
  });

  it('joins a·b - c on the odd coset, in natural order', async () => {
    const k = 5;
    const n = 2 ** k;
    const table = createNttTable(kernels, k);
    const constants = createJoinConstants(kernels, { logSize: k, cosets: 1 });
    const data = [1, 2, 3].map(() => kernels.heap.allocate(n * ELEMENT_BYTES));
    const out = kernels.heap.allocate(32 * n);
    const coefficients = data.map(() => Array.from({ length: n }, element));
    data.forEach((pointer, i) => {
      const values = points(k, 'roots').map((x) => horner(coefficients[i]!, x));
      write(pointer, natural(values, k));
    });
    await runPhases(table, k, data, 2);
    for (const [from, to] of [
      [0, 5],
      [5, n],
    ] as const) {
      kernels.exports.fr_join_abc(out, data[0]!, data[1]!, data[2]!, constants.inner, constants.outer, k, from, to);
    }
    const got = Array.from({ length: n }, (_, i) => fromBytesLE(kernels.heap.bytes(out + 32 * i, 32), 0));
    const [a, b, c] = coefficients;
    expect(got).toEqual(points(k, 'odd-coset').map((x) => mod(horner(a!, x) * horner(b!, x) - horner(c!, x))));
  });
});

it('refuses what has no roots or no twiddles', () => {
  const table = createNttTable(kernels, 3);
  expect(() => evaluate(kernels.exports, table, 64, 4, 'roots')).toThrow(RangeError);
  expect(() => evaluate(kernels.exports, table, 64, 1.5, 'roots')).toThrow(RangeError);
  expect(() => createNttTable(kernels, 28)).toThrow(RangeError);
  expect(() => oddCosetPhases(table, { logSize: 4, cosets: 1 }, [64], 1)).toThrow(RangeError);
  expect(() => oddCosetPhases(table, { logSize: 4, cosets: 3 }, [64], 1)).toThrow(RangeError);
});
