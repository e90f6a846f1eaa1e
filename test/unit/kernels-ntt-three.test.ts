/** Domains of 3·2^k points: which there are, and Groth16's chain over them beside the naive evaluation, in any split. */
import { beforeAll, describe, expect, it } from 'vitest';
import { cubeRootOfUnity, fromBytesLE, mod, pow, R, rootOfUnity } from '../../src/field/bn254.js';
import {
  cosetRanges,
  domainOf,
  domainPoint,
  domainSize,
  MAX_LOG_SIZE,
  smallestDomain,
  valuePosition,
  type Domain,
} from '../../src/kernels/domain.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { readElement, readLimbs, writeElement, writeLimbs } from '../../src/kernels/field.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { createJoinConstants, createNttTable, oddCosetPhases, runNttTask } from '../../src/kernels/ntt.js';
import { runKernelTask } from '../../src/kernels/tasks.js';
import { ranges } from '../../src/kernels/team.js';
import { below } from './curve-support.js';
import { randomNumbers } from './random-r1cs.js';

const random = randomNumbers(Number(process.env['KERNEL_SEED'] ?? 20261121));
const element = (): bigint => below(random, R);
const three = (logSize: number): Domain => ({ logSize, cosets: 3 });

let kernels: Kernels;
beforeAll(async () => {
  kernels = await instantiateKernels({ pages: 64 });
});

const horner = (coefficients: readonly bigint[], x: bigint): bigint =>
  coefficients.reduceRight((value, coefficient) => (value * x + coefficient) % R, 0n);
const pointsOf = (domain: Domain): bigint[] =>
  Array.from({ length: domainSize(domain) }, (_, row) => domainPoint(domain, row));
/** Row i's point of the odd coset: x^N = −1. */
const oddPointsOf = (domain: Domain): bigint[] => pointsOf(domain).map((x) => mod(rootOfUnity(domain.logSize + 1) * x));

describe('domains', () => {
  it.each([1, 3] as const)('have the N-th roots of unity for their points, on %d coset(s)', (cosets) => {
    for (let logSize = 0; logSize <= 6; logSize++) {
      const domain = { logSize, cosets };
      const n = domainSize(domain);
      const points = pointsOf(domain);
      expect(new Set(points).size).toBe(n);
      for (const x of points) expect(pow(x, BigInt(n))).toBe(1n);
      for (const x of oddPointsOf(domain)) expect(pow(x, BigInt(n))).toBe(R - 1n);
      expect(new Set(points.map((_, row) => valuePosition(domain, row)))).toEqual(new Set(points.keys()));
    }
    expect(pointsOf({ logSize: 2, cosets }).slice(0, 2)).toEqual([1n, rootOfUnity(2)]);
  });

  it('have at least the points asked for, and as few as can be', () => {
    const sizes = Array.from({ length: MAX_LOG_SIZE }, (_, i) => [2 ** (i + 1), 3 * 2 ** (i + 1)])
      .flat()
      .sort((left, right) => left - right);
    for (const points of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 25, 33, 48, 49, 2 ** 27 + 1, 3 * 2 ** 27]) {
      expect(domainSize(smallestDomain(points))).toBe(sizes.find((size) => size >= points));
      if (points <= 2 ** 27) {
        expect(domainSize(smallestDomain(points, [1]))).toBe(2 ** Math.max(1, Math.ceil(Math.log2(points))));
      }
    }
    expect(smallestDomain(2 ** 27)).toEqual({ logSize: 27, cosets: 1 });
    expect(smallestDomain(2 ** 27 + 1)).toEqual({ logSize: 26, cosets: 3 });
    expect(smallestDomain(3 * 2 ** 27)).toEqual(three(27));
    expect(() => smallestDomain(2 ** 27 + 1, [1])).toThrow(RangeError);
    for (const points of [3 * 2 ** 27 + 1, Infinity, NaN]) expect(() => smallestDomain(points)).toThrow(RangeError);
  });

  it('are told by their number of points', () => {
    for (let logSize = 0; logSize <= MAX_LOG_SIZE; logSize++) {
      for (const cosets of [1, 3] as const) expect(domainOf(cosets * 2 ** logSize)).toEqual({ logSize, cosets });
    }
    for (const points of [0, -1, 1.5, 5, 9, 2 ** 28, 3 * 2 ** 28, NaN, Infinity]) {
      expect(() => domainOf(points)).toThrow(RangeError);
    }
  });

  it('cut ranges of rows where cosets end', () => {
    const rows = (from: number, to: number) =>
      cosetRanges(three(2), from, to).map((range) => [range.coset, range.first, range.from, range.to]);
    expect(rows(0, 12)).toEqual([
      [0, 0, 0, 4],
      [1, 4, 0, 4],
      [2, 8, 0, 4],
    ]);
    expect(rows(3, 9)).toEqual([
      [0, 0, 3, 4],
      [1, 4, 0, 4],
      [2, 8, 0, 1],
    ]);
    expect(rows(5, 7)).toEqual([[1, 4, 1, 3]]);
    expect(rows(5, 5)).toEqual([]);
    expect(cosetRanges({ logSize: 3, cosets: 1 }, 2, 7)).toEqual([{ coset: 0, first: 0, from: 2, to: 7 }]);
  });

  it('ω is a cube root of unity other than 1', () => {
    const omega = cubeRootOfUnity();
    expect(mod(omega * omega + omega + 1n)).toBe(0n);
  });
});

describe('the map between three cosets', () => {
  it.each([0, 1, 2, 3, 5])('is that of its definition on the whole range [0, 2p), 2^%i', (k) => {
    const n = 2 ** k;
    const data = kernels.heap.allocate(3 * n * ELEMENT_BYTES);
    const at = (s: number, i: number) => data + (s * n + i) * ELEMENT_BYTES;
    const edges = [0n, 1n, R - 1n, R, R + 1n, 2n * R - 1n, (1n << 253n) - 1n];
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 3 * n; i++) {
        const value = random(2) === 0 ? edges[random(edges.length)]! : below(random, 2n * R);
        writeLimbs(kernels, data + i * ELEMENT_BYTES, value);
      }
      const before = [0, 1, 2].map((s) => Array.from({ length: n }, (_, i) => readElement(kernels, 'fr', at(s, i))));
      const cut = random(n + 1);
      kernels.exports.fr_ntt_three(data, n, 0, cut);
      kernels.exports.fr_ntt_three(data, n, cut, n);
      for (let i = 0; i < n; i++) {
        const h = pow(cubeRootOfUnity(), BigInt(n + i));
        const u = (s: number) => before[(s + 3) % 3]![i]!;
        for (let s = 0; s < 3; s++) {
          expect(readElement(kernels, 'fr', at(s, i))).toBe(mod(u(s) - 2n * (h * u(s - 1) + h * h * u(s - 2))));
          expect(readLimbs(kernels, at(s, i)) < 2n * R).toBe(true);
        }
      }
    }
  });
});

/** On instances of their own, in a shuffled order inside each phase. */
async function runPhases(k: number, tableLogSize: number, data: readonly number[], workers: number): Promise<number[]> {
  const instances = [kernels, await instantiateKernels({ memory: kernels.memory })];
  const table = createNttTable(kernels, tableLogSize);
  const phases = oddCosetPhases(table, three(k), data, workers);
  for (const phase of phases) {
    const shuffled = phase.map((task) => ({ task, key: random(2 ** 30) })).sort((a, b) => a.key - b.key);
    shuffled.forEach(({ task }, i) => runNttTask(instances[i % 2]!.exports, table.pointer, task));
  }
  return phases.map((phase) => phase.length);
}

const writeValues = (domain: Domain, data: number, values: readonly bigint[]): void =>
  values.forEach((value, row) => writeElement(kernels, 'fr', data + valuePosition(domain, row) * ELEMENT_BYTES, value));
const readValue = (domain: Domain, data: number, row: number): bigint =>
  readElement(kernels, 'fr', data + valuePosition(domain, row) * ELEMENT_BYTES);
const allocate = (n: number): number[] => [1, 2, 3].map(() => kernels.heap.allocate(n * ELEMENT_BYTES));

describe('the chain of Groth16 on three cosets', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('equals the naive evaluation, 3·2^%i', async (k) => {
    const domain = three(k);
    const n = domainSize(domain);
    const data = allocate(n);
    const polynomials = [
      Array.from({ length: n }, element),
      new Array<bigint>(n).fill(R - 1n),
      Array.from({ length: n }, (_, i) => (i === n - 1 ? 1n : 0n)),
    ];
    const [points, odd] = [pointsOf(domain), oddPointsOf(domain)];
    // A table larger than the domain serves as well as its own.
    for (const [workers, tableLogSize] of [
      [1, k],
      [2, k + 1],
      [3, k + 2],
    ] as const) {
      data.forEach((pointer, i) => {
        writeValues(
          domain,
          pointer,
          points.map((x) => horner(polynomials[i]!, x)),
        );
      });
      await runPhases(k, tableLogSize, data, workers);
      data.forEach((pointer, i) => {
        const got = odd.map((_, row) => readValue(domain, pointer, row));
        expect(got).toEqual(odd.map((x) => mod(BigInt(n) * horner(polynomials[i]!, x))));
      });
    }
  });

  // 3·2^9 is the least domain that is shared out.
  it.each([
    [9, 1, [3]],
    [9, 2, [36, 3, 36]],
    [9, 3, [3]],
    [10, 4, [36, 6, 36]],
    [9, 36, [36, 36, 36]],
    [9, 40, [144, 72, 42, 72, 144]],
    [13, 2, [36, 3, 36]],
  ])('gives the same values in any split: 3·2^%i, %i workers', async (k, workers, expected) => {
    const domain = three(k);
    const n = domainSize(domain);
    const mark = kernels.heap.mark();
    const data = allocate(n);
    const values = data.map(() => Array.from({ length: n }, element));
    const load = () => {
      data.forEach((pointer, i) => {
        writeValues(domain, pointer, values[i]!);
      });
    };
    const residues = () =>
      data.map((pointer) => Array.from({ length: n }, (_, row) => readValue(domain, pointer, row)));
    load();
    expect(await runPhases(k, k, data, workers)).toEqual(expected);
    const got = residues();
    load();
    await runPhases(k, k, data, 1);
    expect(got).toEqual(residues());
    kernels.heap.release(mark);
  });

  it('has the right values at some points where the work is shared out', async () => {
    const domain = three(9);
    const n = domainSize(domain);
    const mark = kernels.heap.mark();
    const data = kernels.heap.allocate(n * ELEMENT_BYTES);
    // Few terms, in all three parts: values at every point of the domain are then cheap.
    const terms = [0, 1, 2 ** 9 - 1, 2 ** 9, 2 ** 10 + 5, n - 1].map((i) => [BigInt(i), element()] as const);
    const value = (x: bigint) => terms.reduce((sum, [i, c]) => mod(sum + c * pow(x, i)), 0n);
    writeValues(
      domain,
      data,
      pointsOf(domain).map((x) => value(x)),
    );
    expect(await runPhases(9, 9, [data], 2)).toEqual([12, 2, 12]);
    const odd = oddPointsOf(domain);
    for (const row of [0, 1, 2 ** 9 - 1, 2 ** 9, 2 ** 10, n - 1, random(n), random(n), random(n)]) {
      expect(readValue(domain, data, row)).toBe(mod(BigInt(n) * value(odd[row]!)));
    }
    kernels.heap.release(mark);
  });

  it('joins a·b - c on the odd coset, in the order of rows', async () => {
    const domain = three(4);
    const n = domainSize(domain);
    const { inner, outer } = createJoinConstants(kernels, domain);
    const data = allocate(n) as [number, number, number];
    const out = kernels.heap.allocate(32 * n);
    const [a, b, c] = data.map(() => Array.from({ length: n }, element));
    [a, b, c].forEach((polynomial, i) => {
      writeValues(
        domain,
        data[i]!,
        pointsOf(domain).map((x) => horner(polynomial!, x)),
      );
    });
    await runPhases(4, 4, data, 2);
    for (const range of ranges(n, 5)) {
      runKernelTask(kernels.exports, { kind: 'join', out, abc: data, inner, outer, domain, ...range }, 0);
    }
    const got = Array.from({ length: n }, (_, i) => fromBytesLE(kernels.heap.bytes(out + 32 * i, 32), 0));
    expect(got).toEqual(oddPointsOf(domain).map((x) => mod(horner(a!, x) * horner(b!, x) - horner(c!, x))));
  });
});
