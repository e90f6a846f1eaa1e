/** The kernels of the setup beside BigInt: sequences, Lagrange values, columns with every kind of coefficient, and points as keys hold them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { BIG_COEF_BASE, coefficient } from '../../src/constraint/r1cs.js';
import { inverse, mod, pow, R, rootOfUnity, toBytesLE, fromBytesLE } from '../../src/field/bn254.js';
import { allocatePoints, pointBytes, type PointOf } from '../../src/kernels/curve.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { readElement, writeElement } from '../../src/kernels/field.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { groupOf, SCALAR_BYTES, type GroupName } from '../../src/kernels/msm.js';
import {
  fillFixedBase,
  fixedBaseBytes,
  fixedBaseWindows,
  fixedBaseWindowsScratchBytes,
  windowCount,
} from '../../src/kernels/msm-fixed-base.js';
import { runKernelTask, taskScratchBytes, type KernelTask } from '../../src/kernels/tasks.js';
import { below, curveOf, multipleOfGenerator, scalar } from './curve-support.js';
import { randomNumbers } from './random-r1cs.js';

const random = randomNumbers(20261121);
let kernels: Kernels;
beforeAll(async () => {
  kernels = await instantiateKernels();
});

function elements(values: readonly bigint[]): number {
  const pointer = kernels.heap.allocate(values.length * ELEMENT_BYTES);
  values.forEach((value, i) => {
    writeElement(kernels, 'fr', pointer + i * ELEMENT_BYTES, value);
  });
  return pointer;
}
const element = (value: bigint): number => elements([value]);
const readElements = (pointer: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => readElement(kernels, 'fr', pointer + i * ELEMENT_BYTES));
const readScalars = (pointer: number, n: number): bigint[] =>
  Array.from({ length: n }, (_, i) => fromBytesLE(kernels.heap.bytes(pointer + i * SCALAR_BYTES, SCALAR_BYTES), 0));

/** Runs a task with no more scratch than it says it takes, and holds it to that. */
function run(task: KernelTask): void {
  const { heap, exports } = kernels;
  const bytes = taskScratchBytes(exports, task);
  const scratch = heap.allocate(bytes);
  const guard = heap.bytes(heap.allocate(256, 1), 256).fill(0xa5);
  runKernelTask(exports, task, scratch);
  expect(guard.every((byte) => byte === 0xa5)).toBe(true);
}

it.each([0, 1, 255, 256, 257, 700])('%d members of a geometric sequence', (n) => {
  const [first, ratio] = [below(random, R), below(random, R)];
  const out = kernels.heap.allocate(n * SCALAR_BYTES);
  run({ kind: 'trapdoor', task: { kind: 'powers', out, first: element(first), ratio: element(ratio), n } });
  expect(readScalars(out, n)).toEqual(Array.from({ length: n }, (_, i) => mod(first * pow(ratio, BigInt(i)))));
});

describe.each(['elements', 'scalars'] as const)('Lagrange values as %s', (form) => {
  it.each([1, 256, 300])('%d of them', (n) => {
    const [tau, scale] = [below(random, R), below(random, R)];
    const root = rootOfUnity(10);
    const start = rootOfUnity(11);
    const out = kernels.heap.allocate(n * ELEMENT_BYTES);
    const [first, ratio] = [element(start), element(root)];
    const task = { kind: 'lagrange', form, out, tau: element(tau), first, ratio, scale: element(scale), n } as const;
    run({ kind: 'trapdoor', task });
    const expected = Array.from({ length: n }, (_, i) => {
      const x = mod(start * pow(root, BigInt(i)));
      return mod(scale * x * inverse(tau - x));
    });
    expect(form === 'elements' ? readElements(out, n) : readScalars(out, n)).toEqual(expected);
    expect(readElement(kernels, 'fr', first)).toBe(start);
  });
});

it('a Lagrange value whose denominator is zero is zero', () => {
  const out = kernels.heap.allocate(3 * ELEMENT_BYTES);
  const [tau, first, ratio, scale] = [49n, 7n, 7n, 1n].map(element) as [number, number, number, number];
  run({ kind: 'trapdoor', task: { kind: 'lagrange', form: 'elements', out, tau, first, ratio, scale, n: 3 } });
  expect(readElements(out, 3)).toEqual([mod(7n * inverse(42n)), 0n, mod(343n * inverse(49n - 343n))]);
});

const LARGEST = 2 ** 53 - 1;
const EDGES = [1, -1, 2, -2, 2 ** 29 - 1, 2 ** 29, -(2 ** 29), 2 ** 32, 1 - 2 ** 32, LARGEST, -LARGEST];

it('scalars of wires from columns of all lengths, with every kind of coefficient', () => {
  const { heap } = kernels;
  const [nRows, nWires, bare] = [40, 600, 300];
  const bigCoefs = [0n, R - 1n, 1n << 253n, below(random, R)];
  const values = Array.from({ length: nRows }, () => [0n, 1n, R - 1n, below(random, R)][random(4)]!);
  const big = elements(bigCoefs);
  const coef = (): number =>
    [EDGES[random(EDGES.length)]!, random(2 ** 20) - 2 ** 19, BIG_COEF_BASE + 2 * random(bigCoefs.length)][random(3)]!;
  const sides = Array.from({ length: 3 }, () => {
    const columns = Array.from({ length: nWires }, () =>
      Array.from({ length: [0, random(3), random(30)][random(3)]! }, () => ({ row: random(nRows), coef: coef() })),
    );
    const flat = columns.flat();
    const starts = heap.allocate(4 * (nWires + 1));
    heap.words(starts, 1)[0] = 0;
    let end = 0;
    columns.forEach((column, i) => (heap.words(starts, nWires + 1)[i + 1] = end += column.length));
    const rows = heap.copyIn(new Uint8Array(Uint32Array.from(flat, ({ row }) => row).buffer));
    const coefs = heap.copyIn(new Uint8Array(Float64Array.from(flat, (entry) => entry.coef).buffer));
    const sums = columns.map((column) =>
      mod(column.reduce((sum, entry) => sum + coefficient(entry.coef, bigCoefs) * values[entry.row]!, 0n)),
    );
    return { columns: { starts, rows, coefs, big }, sums };
  });
  const [alpha, beta, factor] = [below(random, R), below(random, R), below(random, R)] as const;
  const list = () => heap.allocate(nWires * SCALAR_BYTES);
  const wires = {
    columns: sides.map(({ columns }) => columns),
    values: elements(values),
    montgomery: element(1n << 261n),
    alpha: element(alpha),
    beta: element(beta),
    factor: element(factor),
    bare,
    a: list(),
    b: list(),
    k: list(),
  };
  for (const [from, to] of [
    [400, nWires],
    [0, 1],
    [1, 400],
  ] as const) {
    run({ kind: 'trapdoor', task: { kind: 'wires', wires, from, to } });
  }
  const [a, b, c] = sides.map(({ sums }) => sums) as [bigint[], bigint[], bigint[]];
  expect(readScalars(wires.a, nWires)).toEqual(a);
  expect(readScalars(wires.b, nWires)).toEqual(b);
  expect(readScalars(wires.k, nWires)).toEqual(
    a.map((value, j) => mod((beta * value + alpha * b[j]! + c[j]!) * (j < bare ? 1n : factor))),
  );
});

describe.each(['g1', 'g2'] as const)('%s', (name: GroupName) => {
  /** A table made window by window. */
  function table(bits: number): { readonly table: number; readonly bits: number; readonly bytes: Uint8Array } {
    const { heap, exports } = kernels;
    const group = groupOf(exports, name);
    const fixed = { table: heap.allocate(fixedBaseBytes(group, bits)), bits };
    const base = allocatePoints(kernels, name, [curveOf(name).generator as PointOf<GroupName>]);
    const bases = heap.allocate(windowCount(bits) * group.pointBytes);
    const scratch = heap.allocate(fixedBaseWindowsScratchBytes(group));
    for (const window of fixedBaseWindows(group, fixed, base, bases, scratch).reverse()) {
      run({ kind: 'fixed-window', group: name, window });
    }
    const whole = { table: heap.allocate(fixedBaseBytes(group, bits)), bits };
    fillFixedBase(group, whole, base, heap.allocate(group.scratchBytes));
    expect(affineBytes(fixed.table, bits)).toEqual(affineBytes(whole.table, bits));
    return { ...fixed, bytes: affineBytes(fixed.table, bits) };
  }

  /** The table's points in canonical coordinates: residues in memory are not unique. */
  function affineBytes(pointer: number, bits: number): Uint8Array {
    const { heap, exports } = kernels;
    const group = groupOf(exports, name);
    const n = windowCount(bits) * 2 ** (bits - 1);
    const out = heap.allocate(n * group.keyBytes);
    group.to_bytes(out, pointer, n);
    return heap.copyOut(out, n * group.keyBytes);
  }

  it('a table made window by window is the whole table', () => {
    for (const bits of [2, 5, 7]) expect(table(bits).bytes.some((byte) => byte !== 0)).toBe(true);
  });

  it('points of keys, in the forms of the file and of the hash', () => {
    const { heap, exports } = kernels;
    const { keyBytes } = groupOf(exports, name);
    const base = table(6);
    const scalars = [0n, 1n, R - 1n, 0n, ...Array.from({ length: 50 }, () => scalar(random))];
    const bytes = new Uint8Array(SCALAR_BYTES * scalars.length);
    scalars.forEach((value, i) => toBytesLE(value, bytes, i * SCALAR_BYTES));
    const [n, at] = [scalars.length, heap.copyIn(bytes)];
    const [file, hash] = [heap.allocate(n * keyBytes), heap.allocate(n * keyBytes)];
    run({ kind: 'key-points', group: name, points: { base, scalars: at, n, file, hash } });
    const points = scalars.map((value) => multipleOfGenerator(name, value));
    const expected = heap.allocate(n * keyBytes);
    groupOf(exports, name).to_mont256(expected, allocatePoints(kernels, name, points), n);
    expect(heap.copyOut(file, n * keyBytes)).toEqual(heap.copyOut(expected, n * keyBytes));
    // Both coordinates big-endian as a whole: in G2 that puts c1 before c0.
    const half = keyBytes / 2;
    const canonical = pointBytes(name, points);
    for (let i = 0; i < canonical.length; i += half) canonical.subarray(i, i + half).reverse();
    expect(heap.copyOut(hash, n * keyBytes)).toEqual(canonical);

    heap.bytes(file, n * keyBytes).fill(7);
    run({ kind: 'key-points', group: name, points: { base, scalars: at, n: 2, hash } });
    expect(heap.copyOut(file, n * keyBytes).every((byte) => byte === 7)).toBe(true);
    heap.bytes(hash, n * keyBytes).fill(7);
    run({ kind: 'key-points', group: name, points: { base, scalars: at, n: 2, file } });
    expect(heap.copyOut(hash, n * keyBytes).every((byte) => byte === 7)).toBe(true);
  });
});
