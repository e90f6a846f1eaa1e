/** The field kernels beside their BigInt twin, over edge values, values of the redundant range and random ones. */
import { beforeAll, describe, expect, it } from 'vitest';
import { Q, R, batchInverse, fromBytesLE, inverse, mod, toBytesLE } from '../../src/field/bn254.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { type FieldName, readElement, readLimbs, writeElement, writeLimbs } from '../../src/kernels/field.js';
import { type Kernels, createKernelMemory, instantiateKernels } from '../../src/kernels/module.js';
import { randomNumbers } from './random-r1cs.js';

const SEED = Number(process.env['KERNEL_SEED'] ?? 20261121);
const RANDOM_PAIRS = 3000;
const MONTGOMERY = 1n << 261n;
const LIMB = 1n << 29n;

const random = randomNumbers(SEED);

/** A uniform value below `bound`, at most 2^320. */
function below(bound: bigint): bigint {
  let value = 0n;
  for (let i = 0; i < 12; i++) value = (value << 32n) | BigInt(random(2 ** 32));
  return value % bound;
}

/** An element of [0, 2p) whose limbs are 0, 1, all ones or random: what carries are made of. */
function jagged(p: bigint): bigint {
  const limb = (): bigint => [0n, 1n, LIMB - 1n, below(LIMB)][random(4)]!;
  let value = 0n;
  for (let i = 0; i < 8; i++) value = (value << 29n) | limb();
  return ((below(2n * (p >> 232n)) << 232n) | value) % (2n * p);
}

function edges(p: bigint): bigint[] {
  const top = (p >> 232n) << 232n;
  return [
    ...[0n, 1n, 2n, p - 1n, p, p + 1n, 2n * p - 1n, (p - 1n) / 2n, LIMB - 1n, LIMB],
    ...[(1n << 232n) - 1n, 1n << 232n, top - 1n, top, top + (1n << 232n) - 1n, top + p, (1n << 254n) - 1n],
    ...[mod(MONTGOMERY, p), mod(MONTGOMERY, p) + p, mod(MONTGOMERY * MONTGOMERY, p), mod(1n << 256n, p)],
  ];
}

describe.each([
  ['fq', Q],
  ['fr', R],
] as const)('%s', (name, p) => {
  const rInverse = inverse(mod(MONTGOMERY, p), p);
  let kernels: Kernels;
  let [a, b, out]: number[] = [];

  beforeAll(async () => {
    kernels = await instantiateKernels({ pages: 4 });
    [a, b, out] = [1, 2, 3].map(() => kernels.heap.allocate(ELEMENT_BYTES));
  });

  const sample = (): [bigint, bigint][] => [
    ...edges(p).flatMap((x) => edges(p).map((y): [bigint, bigint] => [x, y])),
    ...Array.from({ length: RANDOM_PAIRS / 2 }, (): [bigint, bigint] => [below(2n * p), below(2n * p)]),
    ...Array.from({ length: RANDOM_PAIRS / 2 }, (): [bigint, bigint] => [jagged(p), jagged(p)]),
  ];

  /** Runs `kernel` on every pair, and holds the residue and its range to `twin`. */
  function equivalent(
    kernel: (x: number, y: number) => void,
    twin: (x: bigint, y: bigint) => bigint,
    bound = 2n * p,
  ): void {
    for (const [x, y] of sample()) {
      writeLimbs(kernels, a!, x);
      writeLimbs(kernels, b!, y);
      kernel(a!, b!);
      const got = readLimbs(kernels, out!);
      if (got >= bound || mod(got, p) !== mod(twin(x, y), p)) {
        expect.fail(`seed ${SEED}: (${x}, ${y}) gave ${got}, expected ${mod(twin(x, y), p)} mod p, below ${bound}`);
      }
    }
  }

  const functions = () => ({
    add: kernels.exports[`${name}_add`],
    sub: kernels.exports[`${name}_sub`],
    mul: kernels.exports[`${name}_mul`],
    double: kernels.exports[`${name}_double`],
    neg: kernels.exports[`${name}_neg`],
    sqr: kernels.exports[`${name}_sqr`],
    copy: kernels.exports[`${name}_copy`],
    reduce: kernels.exports[`${name}_reduce`],
    inv: kernels.exports[`${name}_inv`],
    isZero: kernels.exports[`${name}_is_zero`],
    eq: kernels.exports[`${name}_eq`],
  });

  it('adds', () =>
    equivalent(
      (x, y) => functions().add(out!, x, y),
      (x, y) => x + y,
    ));
  it('subtracts', () =>
    equivalent(
      (x, y) => functions().sub(out!, x, y),
      (x, y) => x - y,
    ));
  it('multiplies', () =>
    equivalent(
      (x, y) => functions().mul(out!, x, y),
      (x, y) => x * y * rInverse,
    ));
  it('squares', () =>
    equivalent(
      (x) => functions().sqr(out!, x),
      (x) => x * x * rInverse,
    ));
  it('doubles', () =>
    equivalent(
      (x) => functions().double(out!, x),
      (x) => 2n * x,
    ));
  it('negates', () =>
    equivalent(
      (x) => functions().neg(out!, x),
      (x) => -x,
    ));
  it('reduces', () =>
    equivalent(
      (x) => functions().reduce(out!, x),
      (x) => x,
      p,
    ));
  it('copies', () =>
    equivalent(
      (x) => functions().copy(out!, x),
      (x) => x,
    ));

  it('inverts, and takes 0 to 0', () =>
    equivalent(
      (x) => functions().inv(out!, x),
      (x) => (mod(x, p) === 0n ? 0n : inverse(mod(x * rInverse, p), p) * MONTGOMERY),
    ));

  it('multiplies up to 80p² into [0, 2p)', () => {
    for (let i = 0; i < 1000; i++) {
      const x = i === 0 ? 40n * p : below(40n * p);
      const y = i === 0 ? 2n * p - 1n : below(2n * p);
      writeLimbs(kernels, a!, x);
      writeLimbs(kernels, b!, y);
      functions().mul(out!, a!, b!);
      const got = readLimbs(kernels, out!);
      expect(got < 2n * p && mod(got, p) === mod(x * y * rInverse, p), `${x}·${y}`).toBe(true);
    }
  });

  it('works in place', () => {
    for (let i = 0; i < 200; i++) {
      const x = jagged(p);
      const inPlace = (kernel: (at: number) => void): bigint => {
        writeLimbs(kernels, a!, x);
        kernel(a!);
        return mod(readLimbs(kernels, a!), p);
      };
      const f = functions();
      expect(inPlace((at) => f.add(at, at, at))).toBe(mod(2n * x, p));
      expect(inPlace((at) => f.sub(at, at, at))).toBe(0n);
      expect(inPlace((at) => f.mul(at, at, at))).toBe(mod(x * x * rInverse, p));
      expect(inPlace((at) => f.sqr(at, at))).toBe(mod(x * x * rInverse, p));
      expect(inPlace((at) => f.neg(at, at))).toBe(mod(-x, p));
    }
  });

  it('compares residues, not representations', () => {
    for (const [x, y] of [
      ...sample().slice(0, 900),
      ...edges(p).map((v): [bigint, bigint] => [mod(v, p), mod(v, p) + p]),
    ]) {
      writeLimbs(kernels, a!, x);
      writeLimbs(kernels, b!, y);
      expect(functions().eq(a!, b!), `${x} = ${y}`).toBe(mod(x - y, p) === 0n ? 1 : 0);
      expect(functions().eq(b!, a!), `${y} = ${x}`).toBe(mod(x - y, p) === 0n ? 1 : 0);
      expect(functions().isZero(a!), `${x} = 0`).toBe(mod(x, p) === 0n ? 1 : 0);
    }
  });

  it('has the constants 0 and 1', () => {
    kernels.exports[`${name}_zero`](out!);
    expect(readLimbs(kernels, out!)).toBe(0n);
    kernels.exports[`${name}_one`](out!);
    expect(readElement(kernels, name, out!)).toBe(1n);
  });

  it('reads and writes 32-byte values, unaligned, in both forms', () => {
    const bytes = kernels.heap.allocate(64) + 1;
    const forms = [
      ['bytes', 1n],
      ['mont256', 1n << 256n],
    ] as const;
    const values = [...edges(p), (1n << 256n) - 1n, ...Array.from({ length: 1000 }, () => below(1n << 256n))];
    for (const [form, factor] of forms) {
      for (const value of values) {
        toBytesLE(value, kernels.heap.bytes(bytes, 32), 0);
        kernels.exports[`${name}_from_${form}`](out!, bytes);
        expect(readLimbs(kernels, out!) < 2n * p).toBe(true);
        expect(readElement(kernels, name, out!)).toBe(mod(value * inverse(mod(factor, p), p), p));
        kernels.heap.bytes(bytes + 32, 1).fill(0xa5);
        kernels.exports[`${name}_to_${form}`](bytes, out!);
        expect(fromBytesLE(kernels.heap.bytes(bytes, 32), 0)).toBe(mod(value, p));
        expect(kernels.heap.bytes(bytes + 32, 1)[0]).toBe(0xa5);
      }
    }
  });

  it('writes limbs raw', () => {
    const bytes = kernels.heap.allocate(32);
    for (const value of [...edges(p), jagged(p)]) {
      writeLimbs(kernels, a!, value);
      kernels.exports[`${name}_raw_to_bytes`](bytes, a!);
      expect(fromBytesLE(kernels.heap.bytes(bytes, 32), 0)).toBe(mod(value, p));
    }
  });

  it('works on arrays', () => vectors(kernels, name, p));
});

function vectors(kernels: Kernels, name: FieldName, p: bigint): void {
  const { exports, heap } = kernels;
  const n = 257;
  const [x, y, z] = [1, 2, 3].map(() => heap.allocate(n * ELEMENT_BYTES));
  const scratch = heap.allocate((n + 2) * ELEMENT_BYTES);
  const values = Array.from({ length: n }, (_, i) => (i % 50 === 7 ? 0n : below(p)));
  const others = values.map(() => below(p));
  const write = (pointer: number, list: readonly bigint[]): void =>
    list.forEach((value, i) => writeElement(kernels, name, pointer + i * ELEMENT_BYTES, value));
  const read = (pointer: number): bigint[] =>
    values.map((_, i) => readElement(kernels, name, pointer + i * ELEMENT_BYTES));

  write(x!, values);
  write(y!, others);
  exports[`${name}_mul_n`](z!, x!, y!, n);
  expect(read(z!)).toEqual(values.map((value, i) => mod(value * others[i]!, p)));
  exports[`${name}_sub_n`](z!, x!, y!, n);
  expect(read(z!)).toEqual(values.map((value, i) => mod(value - others[i]!, p)));
  exports[`${name}_scale_n`](z!, x!, y!, n);
  expect(read(z!)).toEqual(values.map((value) => mod(value * others[0]!, p)));

  // A zero may also be spelt p.
  writeLimbs(kernels, x! + 7 * ELEMENT_BYTES, p);
  exports[`${name}_batch_inv`](z!, x!, n, scratch);
  expect(read(z!)).toEqual(batchInverse(values, p));
  exports[`${name}_batch_inv`](x!, x!, n, scratch);
  expect(read(x!)).toEqual(batchInverse(values, p));
  exports[`${name}_batch_inv`](x!, x!, 0, scratch);
  expect(read(x!)).toEqual(batchInverse(values, p));

  for (const form of ['bytes', 'mont256'] as const) {
    exports[`${name}_to_${form}_n`](z!, y!, n);
    exports[`${name}_from_${form}_n`](x!, z!, n);
    expect(read(x!)).toEqual(others);
  }
}

describe('module', () => {
  it('is shared by instances over one memory, and leaves it alone when instantiated', async () => {
    const memory = createKernelMemory(4);
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    const first = await instantiateKernels({ memory });
    const pointer = first.heap.allocate(ELEMENT_BYTES);
    writeElement(first, 'fr', pointer, 7n);
    const before = Uint8Array.from(first.heap.bytes(0, memory.buffer.byteLength));
    const second = await instantiateKernels({ memory });
    expect(Buffer.compare(before, second.heap.bytes(0, memory.buffer.byteLength))).toBe(0);
    second.exports.fr_mul(pointer, pointer, pointer);
    expect(readElement(first, 'fr', pointer)).toBe(49n);
  });

  it('runs on an unshared memory', async () => {
    const kernels = await instantiateKernels({ memory: new WebAssembly.Memory({ initial: 1, maximum: 65536 }) });
    const pointer = kernels.heap.allocate(ELEMENT_BYTES);
    writeElement(kernels, 'fq', pointer, 5n);
    kernels.exports.fq_inv(pointer, pointer);
    expect(readElement(kernels, 'fq', pointer)).toBe(inverse(5n, Q));
  });

  it('allocates in order, grows the memory, and gives back to a mark', async () => {
    const { heap, memory } = await instantiateKernels({ pages: 1 });
    const mark = heap.mark();
    const first = heap.allocate(10);
    expect(heap.allocate(1, 64) % 64).toBe(0);
    expect(first).toBeGreaterThan(0);
    const large = heap.copyIn(new Uint8Array(200_000).fill(9));
    expect(memory.buffer.byteLength).toBeGreaterThanOrEqual(large + 200_000);
    expect(heap.copyOut(large, 200_000).every((byte) => byte === 9)).toBe(true);
    heap.release(mark);
    expect(heap.allocate(10)).toBe(first);
    expect(() => heap.release(2 ** 30)).toThrow(RangeError);
    expect(() => heap.allocate(-1)).toThrow(RangeError);
    expect(() => heap.allocate(2 ** 33)).toThrow(RangeError);
  });
});
