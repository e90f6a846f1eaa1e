/** The kernels of lookup tables, and of coordinates from files, beside BigInt. */
import { expect, it } from 'vitest';
import { inverse, mod, Q, R } from '../../src/field/bn254.js';
import { bytesOf } from '../../src/formats/iden3-container.js';
import { domainSize, valuePosition, type Domain } from '../../src/kernels/domain.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { readElement, writeElement, writeLimbs } from '../../src/kernels/field.js';
import { LOOKUP_SCRATCH_BYTES, runLookupTask } from '../../src/kernels/lookups.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { SCALAR_BYTES } from '../../src/kernels/msm.js';
import { randomNumbers } from './random-r1cs.js';

function elements(kernels: Kernels, values: readonly bigint[]): number {
  const pointer = kernels.heap.allocate(values.length * ELEMENT_BYTES);
  values.forEach((value, i) => {
    writeElement(kernels, 'fr', pointer + i * ELEMENT_BYTES, value);
  });
  return pointer;
}

const read = (kernels: Kernels, pointer: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => readElement(kernels, 'fr', pointer + i * ELEMENT_BYTES));

const EXTREMES = [0, 1, -1, 2 ** 29 - 1, 2 ** 29, -(2 ** 29), 2 ** 53 - 1, 1 - 2 ** 53, 2 ** 31, 12345];

it.each([true, false])('rows of a table, their inverses and quotients (second column: %s)', async (hasValues) => {
  const kernels = await instantiateKernels();
  const { heap, exports } = kernels;
  const [x, theta] = [R - 3n, 5n ** 100n % R];
  const n = EXTREMES.length;
  const counts = EXTREMES.map((_, i) => (i % 4 === 0 ? 0 : i * 1000));
  const out = (bytes: number) => heap.allocate(n * bytes);
  const task = {
    kind: 'table',
    n,
    start: elements(kernels, [x]),
    theta: elements(kernels, [mod(theta << 261n)]),
    values: hasValues ? heap.copyIn(bytesOf(Float64Array.from(EXTREMES))) : 0,
    multiplicities: heap.copyIn(bytesOf(Int32Array.from(counts))),
    rows: out(ELEMENT_BYTES),
    inverses: out(ELEMENT_BYTES),
    quotients: out(ELEMENT_BYTES),
    inverseScalars: out(SCALAR_BYTES),
    quotientScalars: out(SCALAR_BYTES),
  } as const;
  runLookupTask(exports, task, heap.allocate(LOOKUP_SCRATCH_BYTES));
  const rows = EXTREMES.map((value, t) => mod(x + BigInt(t) + (hasValues ? BigInt(value) * theta : 0n)));
  const inverses = rows.map((row) => (row === 0n ? 0n : inverse(row)));
  const quotients = inverses.map((value, t) => mod(value * BigInt(counts[t]!)));
  expect(read(kernels, task.rows, n)).toEqual(rows);
  expect(read(kernels, task.inverses, n)).toEqual(inverses);
  expect(read(kernels, task.quotients, n)).toEqual(quotients);
  for (const [scalars, values] of [
    [task.inverseScalars, inverses],
    [task.quotientScalars, quotients],
  ] as const) {
    const copies = heap.allocate(n * ELEMENT_BYTES);
    exports.fr_from_bytes_n(copies, scalars, n);
    expect(read(kernels, copies, n)).toEqual(values);
  }
  // Without a second column X + 3 is the pole.
  expect(exports.fr_any_zero(task.rows, n)).toBe(hasValues ? 0 : 1);
  expect(exports.fr_any_zero(task.rows, 3)).toBe(0);
});

it.each<Domain>([
  { logSize: 0, cosets: 1 },
  { logSize: 1, cosets: 3 },
  { logSize: 5, cosets: 1 },
  { logSize: 4, cosets: 3 },
])('values go to the rows of a domain of $cosets cosets of 2^$logSize', async (domain) => {
  const kernels = await instantiateKernels();
  const { heap, exports } = kernels;
  const random = randomNumbers(domain.logSize);
  const size = domainSize(domain);
  const nRows = Math.max(1, size - 2);
  const integers = Array.from({ length: nRows }, () => random(2 ** 31) - 2 ** 30);
  const values = heap.copyIn(bytesOf(Int32Array.from(integers)));
  const out = heap.allocate(size * ELEMENT_BYTES);
  const shared = { out, values, nRows, logSize: domain.logSize };
  const middle = Math.floor(size / 3);
  runLookupTask(exports, { kind: 'integers-at-rows', ...shared, from: middle, to: size }, 0);
  runLookupTask(exports, { kind: 'integers-at-rows', ...shared, from: 0, to: middle }, 0);
  const expected = new Array<bigint>(size).fill(0n);
  integers.forEach((value, row) => (expected[valuePosition(domain, row)] = mod(BigInt(value))));
  expect(read(kernels, out, size)).toEqual(expected);
  const rows = [size - 1, 0];
  const task = {
    kind: 'elements-at-rows',
    out,
    rows: heap.copyIn(bytesOf(Uint32Array.from(rows))),
    indices: heap.copyIn(bytesOf(Uint32Array.of(2, 0))),
    elements: elements(kernels, [R - 5n, 1n, 1n << 200n]),
    logSize: domain.logSize,
    n: size === 1 ? 1 : 2,
  } as const;
  runLookupTask(exports, task, 0);
  expected[valuePosition(domain, size - 1)] = 1n << 200n;
  if (size > 1) expected[valuePosition(domain, 0)] = R - 5n;
  expect(read(kernels, out, size)).toEqual(expected);
});

it('coordinates of unknown origin are told apart, and reduced', async () => {
  const kernels = await instantiateKernels();
  const { heap, exports } = kernels;
  const scratch = heap.allocate(ELEMENT_BYTES);
  const out = heap.allocate(3 * ELEMENT_BYTES);
  const put = (value: bigint, i: number) => {
    writeLimbs(kernels, out + i * ELEMENT_BYTES, value);
  };
  for (const value of [0n, 1n, Q - 1n, Q >> 1n]) {
    [1n, value, Q - 1n].forEach(put);
    expect(exports.fq_are_reduced(out, 3, scratch)).toBe(1);
  }
  for (const value of [Q, Q + 1n, 2n * Q - 1n, 2n * Q, 3n * Q, (1n << 261n) - 1n]) {
    [1n, value, Q - 1n].forEach(put);
    expect(exports.fq_are_reduced(out, 3, scratch)).toBe(0);
  }
  [1n, 2n, 3n].forEach(put);
  for (const limb of [1, 8]) {
    const words = heap.words(out + ELEMENT_BYTES, 9);
    const before = words[limb]!;
    for (const bit of [29, 30, 31]) {
      words[limb] = (before | (1 << bit)) >>> 0;
      expect(exports.fq_are_reduced(out, 3, scratch)).toBe(0);
    }
    words[limb] = before;
  }
  [Q, Q + 7n, 2n * Q - 1n].forEach(put);
  exports.fq_reduce_n(out, 3);
  expect(exports.fq_are_reduced(out, 3, scratch)).toBe(1);
  expect(heap.words(out + ELEMENT_BYTES, 9)[0]).toBe(7);
});
