/** Sparse rows and integers of the kernels against BigInt, and teams of workers over one memory. */
import { afterAll, describe, expect, it } from 'vitest';
import { mod, R } from '../../src/field/bn254.js';
import { domainSize, valuePosition, type Domain } from '../../src/kernels/domain.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { readElement, writeElement } from '../../src/kernels/field.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { ranges, SoloTeam, type Team } from '../../src/kernels/team.js';
import { kernelPool, WorkerTeam } from '../../src/pool/kernel-team.js';
import { randomNumbers } from '../unit/random-r1cs.js';

const EDGES = [0, 1, -1, 2, -2, 2 ** 31 - 1, 1 - 2 ** 31, -(2 ** 31)];
const pool = kernelPool(2);
afterAll(() => pool.close());

function words(kernels: Kernels, values: readonly number[]): number {
  const pointer = kernels.heap.allocate(4 * values.length);
  kernels.heap.words(pointer, values.length).set(values);
  return pointer;
}

it('integers become elements', async () => {
  const kernels = await instantiateKernels();
  const out = kernels.heap.allocate(EDGES.length * ELEMENT_BYTES);
  kernels.exports.fr_from_integers_n(out, words(kernels, EDGES), EDGES.length);
  expect(EDGES.map((_, i) => readElement(kernels, 'fr', out + i * ELEMENT_BYTES))).toEqual(
    EDGES.map((value) => mod(BigInt(value))),
  );
});

it('elements are scattered to their places', async () => {
  const kernels = await instantiateKernels();
  const out = kernels.heap.allocate(5 * ELEMENT_BYTES);
  for (let i = 0; i < 5; i++) kernels.exports.fr_zero(out + i * ELEMENT_BYTES);
  const from = kernels.heap.allocate(2 * ELEMENT_BYTES);
  [7n, R - 1n].forEach((value, i) => {
    writeElement(kernels, 'fr', from + i * ELEMENT_BYTES, value);
  });
  kernels.exports.fr_scatter(out, words(kernels, [4, 1]), from, 2);
  expect([0, 1, 2, 3, 4].map((i) => readElement(kernels, 'fr', out + i * ELEMENT_BYTES))).toEqual([
    0n,
    R - 1n,
    0n,
    0n,
    7n,
  ]);
});

interface Entry {
  readonly wire: number;
  readonly coefficient: bigint;
}

/** Rows with the coefficients that are special, repeated wires, empty rows, and one row more than the domain needs. */
function randomRows(random: (below: number) => number, nRows: number, nWires: number): Entry[][] {
  const coefficients = [1n, R - 1n, 2n, 1n << 200n];
  return Array.from({ length: nRows }, () =>
    Array.from({ length: random(5) }, () => ({ wire: random(nWires), coefficient: coefficients[random(4)]! })),
  );
}

async function multiply(team: Team, rows: Entry[][], values: readonly bigint[], domain: Domain): Promise<bigint[]> {
  const { kernels } = team;
  const { heap } = kernels;
  const flat = rows.flat();
  const dictionary = [2n, 1n << 200n];
  const code = (c: bigint) => (c === 1n ? 0 : c === R - 1n ? 1 : 2 + dictionary.indexOf(c));
  const elements = (list: readonly bigint[]) => {
    const pointer = heap.allocate(list.length * ELEMENT_BYTES);
    list.forEach((value, i) => {
      writeElement(kernels, 'fr', pointer + i * ELEMENT_BYTES, value);
    });
    return pointer;
  };
  const sparse = {
    rowStart: words(kernels, [0, ...rows.map((_, i) => rows.slice(0, i + 1).flat().length)]),
    entries: words(
      kernels,
      flat.flatMap(({ wire, coefficient }) => [wire, code(coefficient)]),
    ),
    dictionary: elements(dictionary),
    dictionaryEntries: dictionary.length,
    nRows: rows.length,
    domain,
  };
  const n = domainSize(domain);
  const out = heap.allocate(n * ELEMENT_BYTES);
  const pointer = elements(values);
  await team.run(ranges(n, 4).map((range) => ({ kind: 'rows', out, rows: sparse, values: pointer, ...range })));
  return Array.from({ length: n }, (_, row) =>
    readElement(kernels, 'fr', out + valuePosition(domain, row) * ELEMENT_BYTES),
  );
}

describe.each(['one thread', 'two workers'])('rows of sparse matrices on %s', (who) => {
  it.each<[Domain['cosets'], number]>([
    [1, 0],
    [1, 1],
    [1, 4],
    [1, 7],
    [3, 0],
    [3, 1],
    [3, 5],
  ])('of a domain of %d·2^%d', async (cosets, logSize) => {
    const domain = { logSize, cosets };
    const n = domainSize(domain);
    const random = randomNumbers(n);
    const kernels = await instantiateKernels();
    const team = who === 'one thread' ? new SoloTeam(kernels) : new WorkerTeam(kernels, pool);
    const values = Array.from({ length: 9 }, () => mod(BigInt(random(2 ** 32)) ** 5n));
    const rows = randomRows(random, Math.max(1, n - 2), values.length);
    const expected = rows.map((row) =>
      mod(row.reduce((sum, { wire, coefficient }) => sum + coefficient * values[wire]!, 0n)),
    );
    while (expected.length < n) expected.push(0n);
    expect(await multiply(team, rows, values, domain)).toEqual(expected);
  });
});

describe('a team of workers', () => {
  it('settles after a failure only when nothing runs any more, gives the scratch back, and goes on', async () => {
    const kernels = await instantiateKernels();
    const team = new WorkerTeam(kernels, pool);
    const values = words(kernels, [5]);
    const before = kernels.heap.mark();
    const out = kernels.heap.allocate(1000);
    const small = { kind: 'small', group: 'g1', msm: { points: 0, values, n: 1, maxAbs: 1 }, out } as const;
    await expect(team.run([small, small, small])).rejects.toMatchObject({ code: 'INTERNAL' });
    kernels.heap.release(before);
    const integers = kernels.heap.allocate(ELEMENT_BYTES);
    await team.run([{ kind: 'integers', out: integers, values, n: 1 }]);
    expect(readElement(kernels, 'fr', integers)).toBe(5n);
  });

  it('stops when its signal fires', async () => {
    const controller = new AbortController();
    const kernels = await instantiateKernels();
    const team = new WorkerTeam(kernels, pool, controller.signal);
    controller.abort();
    const task = { kind: 'integers', out: kernels.heap.allocate(36), values: words(kernels, [1]), n: 1 } as const;
    await expect(team.run([task])).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
