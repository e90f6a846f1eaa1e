/** The curve kernels beside their BigInt twin: fused products, XYZZ sums, conversions, the split of scalars, multiples of a base. */
import { bn254 } from '@noble/curves/bn254.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { mod, Q, R, toBytesLE } from '../../src/field/bn254.js';
import { fq2, GLV, splitScalar, type Fq2 } from '../../src/field/curve-bigint.js';
import { allocatePoints, pointBytes, readPoint, readSum, type PointOf } from '../../src/kernels/curve.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { readElement, readLimbs, writeElement, writeLimbs } from '../../src/kernels/field.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import {
  fillFixedBase,
  fixedBaseBits,
  fixedBaseBytes,
  fixedBaseScratchBytes,
  multiplyFixedBase,
  windowCount,
} from '../../src/kernels/msm-fixed-base.js';
import { groupOf, SCALAR_BYTES, type GroupKernels, type GroupName } from '../../src/kernels/msm.js';
import { below, curveOf, multipleOfGenerator, pointPool, scalar } from './curve-support.js';
import { randomNumbers } from './random-r1cs.js';

const random = randomNumbers(Number(process.env['KERNEL_SEED'] ?? 20261121));
const LIMB = 1n << 29n;

let kernels: Kernels;
beforeAll(async () => {
  kernels = await instantiateKernels({ pages: 64 });
});

describe('the twin', () => {
  it('agrees with @noble/curves on both groups', () => {
    for (const k of [1n, 2n, 3n, R - 1n, below(random, R), below(random, R)]) {
      for (const name of ['g1', 'g2'] as const) {
        const curve = curveOf(name);
        const multiple = curve.multiply(curve.generator, k);
        expect(curve.isOnCurve(multiple)).toBe(true);
        expect(multiple).toEqual(multipleOfGenerator(name, k));
      }
    }
    expect(curveOf('g2').b).toEqual(((b) => [b.c0, b.c1])(bn254.G2.Point.CURVE().b));
    expect(curveOf('g1').multiply(curveOf('g1').generator, R)).toBeUndefined();
    expect(curveOf('g2').multiply(curveOf('g2').generator, R)).toBeUndefined();
  });

  it('has an endomorphism of order three and a short lattice', () => {
    const { lambda, beta1, beta2, v1, v2 } = GLV;
    expect(mod(lambda * lambda + lambda + 1n)).toBe(0n);
    for (const beta of [beta1, beta2]) expect(mod(beta * beta + beta + 1n, Q)).toBe(0n);
    for (const [a, b] of [v1, v2]) expect(mod(a + b * lambda)).toBe(0n);
    expect(v1[0] * v2[1] - v2[0] * v1[1]).toBe(-R);
  });
});

/** Elements of [0, 2q): edges, all-ones limbs, random. */
function redundant(): bigint {
  const edges = [0n, 1n, Q - 1n, Q, Q + 1n, 2n * Q - 1n, (1n << 254n) - 1n, (1n << 232n) - 1n];
  if (random(4) === 0) return edges[random(edges.length)]!;
  if (random(3) > 0) return below(random, 2n * Q);
  let value = 0n;
  for (let i = 0; i < 8; i++) value = (value << 29n) | [0n, LIMB - 1n, below(random, LIMB)][random(3)]!;
  return ((below(random, 2n * (Q >> 232n)) << 232n) | value) % (2n * Q);
}

describe('fused products', () => {
  const MONTGOMERY = 1n << 261n;
  let cells: number[];
  beforeAll(() => {
    cells = Array.from({ length: 9 }, () => kernels.heap.allocate(2 * ELEMENT_BYTES));
  });

  /** Fills the cells with redundant elements; the values that their limbs stand for. */
  function fill(): Fq2[] {
    return cells.map((cell) => {
      const parts = [redundant(), redundant()] as const;
      parts.forEach((part, i) => writeLimbs(kernels, cell + i * ELEMENT_BYTES, part));
      return [mod(parts[0], Q), mod(parts[1], Q)] as const;
    });
  }

  /** The residue at `pointer` as its limbs spell it, whose range is [0, 2q). */
  function raw(pointer: number): bigint {
    const value = readLimbs(kernels, pointer);
    expect(value < 2n * Q).toBe(true);
    return mod(value, Q);
  }
  const rawTwo = (pointer: number): Fq2 => [raw(pointer), raw(pointer + ELEMENT_BYTES)];

  /** Montgomery products of limbs as they are: x·y/R. */
  const shrink = (x: bigint): bigint => mod(x * inverseR, Q);
  const inverseR = curveOf('g1').field.inverse(mod(MONTGOMERY, Q));
  const mul2 = (a: Fq2, b: Fq2): Fq2 => fq2.mul(a, b).map(shrink) as unknown as Fq2;

  it('over F_q', () => {
    const { exports } = kernels;
    for (let i = 0; i < 3000; i++) {
      const [out, a, b, c, d, e, f, g] = cells as [number, number, number, number, number, number, number, number];
      const [, [A], [B], [C], [D], [E], [F], [G]] = fill() as [Fq2, Fq2, Fq2, Fq2, Fq2, Fq2, Fq2, Fq2];
      exports.fq_mul_diff(out, a, b, c);
      expect(raw(out)).toBe(shrink(A * (B - C)));
      exports.fq_dot_diff(out, a, b, c, d, e, f);
      expect(raw(out)).toBe(shrink(A * (B - C) + D * (E - F)));
      exports.fq_dot_diff_sub(out, a, b, c, d, e, f, g);
      expect(raw(out)).toBe(mod(shrink(A * (B - C) + D * (E - F)) - G, Q));
      exports.fq_mul_diff(a, a, a, b);
      expect(raw(a)).toBe(shrink(A * (A - B)));
    }
  });

  it('over F_q²', () => {
    const { exports } = kernels;
    for (let i = 0; i < 3000; i++) {
      const [out, a, b, c, d] = cells as [number, number, number, number, number];
      const [, A, B, C, D] = fill() as [Fq2, Fq2, Fq2, Fq2, Fq2];
      exports.fq2_mul(out, a, b);
      expect(rawTwo(out)).toEqual(mul2(A, B));
      exports.fq2_sqr(out, a);
      expect(rawTwo(out)).toEqual(mul2(A, A));
      exports.fq2_mul_diff(out, a, b, c);
      expect(rawTwo(out)).toEqual(mul2(A, fq2.sub(B, C)));
      exports.fq2_mul_diff_sub(d, a, b, c, d);
      expect(rawTwo(d)).toEqual(fq2.sub(mul2(A, fq2.sub(B, C)), D));
      exports.fq2_sqr_sub(out, a, b, c);
      expect(rawTwo(out)).toEqual(fq2.sub(fq2.sub(mul2(A, A), B), C));
    }
  });

  it('a chord, as formulas on any values', () => {
    for (let i = 0; i < 3000; i++) {
      const [p, slope, other] = cells as [number, number, number];
      const [[X, Y], [S], [W]] = fill() as [Fq2, Fq2, Fq2];
      kernels.exports.fq_chord(p, slope, other);
      const x3 = mod(shrink(S * S) - X - W, Q);
      expect(rawTwo(p)).toEqual([x3, mod(shrink(S * (X - x3)) - Y, Q)]);
    }
  });
});

it('splits scalars as the twin does, up to the rounding', () => {
  const { heap, exports } = kernels;
  const at = heap.allocate(SCALAR_BYTES);
  const out = heap.allocate(40);
  for (let i = 0; i < 5000; i++) {
    const k = scalar(random);
    toBytesLE(k, heap.bytes(at, SCALAR_BYTES), 0);
    exports.glv_split(out, at);
    const words = new BigUint64Array(kernels.memory.buffer, out, 4);
    const signs = heap.words(out + 32, 2);
    const half = (j: number): bigint => ((words[2 * j + 1]! << 64n) | words[2 * j]!) * (signs[j] === 1 ? -1n : 1n);
    const [k1, k2] = [half(0), half(1)];
    expect(mod(k1 + k2 * GLV.lambda)).toBe(k);
    // Rounding another way moves the split by a vector of the lattice.
    const twin = splitScalar(k);
    for (const value of [k1, k2, twin.k1, twin.k2]) expect(value < 1n << 126n && value > -(1n << 126n)).toBe(true);
  }
});

describe.each(['g1', 'g2'] as const)('%s', (name: GroupName) => {
  const curve = curveOf(name);
  let group: GroupKernels;
  let scratch: number;
  beforeAll(() => {
    group = groupOf(kernels.exports, name);
    scratch = kernels.heap.allocate(group.scratchBytes);
  });

  it('has the sizes it says', () => {
    expect(group.scratchBytes).toBe(kernels.exports[`${name}_scratch`]());
    expect(group.scratchBytes % 4).toBe(0);
  });

  it('converts points both ways, infinity as zeros', () => {
    const { heap } = kernels;
    const points = pointPool(name, random).map(({ point }) => point);
    const bytes = pointBytes(name, points);
    const memory = allocatePoints(kernels, name, points);
    points.forEach((point, i) => expect(readPoint(kernels, name, memory + i * group.pointBytes)).toEqual(point));
    const mont = heap.allocate(bytes.length);
    group.to_mont256(mont, memory, points.length);
    const again = heap.allocate(points.length * group.pointBytes);
    group.from_mont256(again, mont, points.length);
    const canonical = heap.allocate(bytes.length);
    group.to_bytes(canonical, again, points.length);
    expect(heap.copyOut(canonical, bytes.length)).toEqual(bytes);
    expect(heap.copyOut(memory, group.pointBytes).every((byte) => byte === 0)).toBe(true);
    // q for zero, in a key that was not written by us.
    const odd = new Uint8Array(group.keyBytes);
    for (let i = 0; i < odd.length; i += 32) toBytesLE(Q, odd, i);
    group.from_mont256(again, heap.copyIn(odd), 1);
    expect(heap.copyOut(again, group.pointBytes).every((byte) => byte === 0)).toBe(true);
  });

  it('adds, doubles and normalises XYZZ sums, exceptional cases among them', () => {
    const { heap } = kernels;
    const pool = pointPool(name, random);
    const memory = allocatePoints(
      kernels,
      name,
      pool.map(({ point }) => point),
    );
    const [p, q] = [heap.allocate(group.sumBytes), heap.allocate(group.sumBytes)];
    // Sums with ZZ ≠ 1: i + j from two points each.
    const load = (to: number, i: number): void => group.from_affine(to, memory + i * group.pointBytes);
    for (let round = 0; round < 400; round++) {
      const [i, j, k] = [random(pool.length), random(pool.length), random(pool.length)];
      load(p, i);
      load(q, j);
      group.add(p, q, scratch);
      const first = curve.add(pool[i]!.point as never, pool[j]!.point as never);
      expect(readSum(kernels, name, p)).toEqual(first);
      group.add(q, p, scratch);
      const second = curve.add(pool[j]!.point as never, first);
      expect(readSum(kernels, name, q)).toEqual(second);
      load(q, k);
      group.add(q, p, scratch);
      group.copy(p, q);
      group.add(p, p, scratch);
      const third = curve.add(pool[k]!.point as never, first);
      expect(readSum(kernels, name, p)).toEqual(curve.add(third, third));
    }
  });

  it('multiplies a fixed base', () => {
    const { heap } = kernels;
    for (const bits of [2, 5, 8]) {
      const mark = heap.mark();
      const scalars = [0n, 1n, R - 1n, R - 2n, 2n, 1n << 253n, ...Array.from({ length: 300 }, () => scalar(random))];
      const bytes = new Uint8Array(SCALAR_BYTES * scalars.length);
      scalars.forEach((value, i) => toBytesLE(value, bytes, i * SCALAR_BYTES));
      const fixed = { table: heap.allocate(fixedBaseBytes(group, bits)), bits };
      const base = allocatePoints(kernels, name, [curve.generator as PointOf<GroupName>]);
      fillFixedBase(group, fixed, base, scratch);
      const out = heap.allocate(scalars.length * group.pointBytes);
      const at = heap.copyIn(bytes);
      const work = heap.allocate(fixedBaseScratchBytes(group, scalars.length, bits));
      multiplyFixedBase(group, fixed, at, scalars.length, out, work);
      scalars.forEach((value, i) =>
        expect(readPoint(kernels, name, out + i * group.pointBytes)).toEqual(multipleOfGenerator(name, value)),
      );
      heap.release(mark);
    }
  });

  it('chooses windows of a fixed base that cover the scalar and fit', () => {
    for (const multiples of [1, 100, 10_000, 1_000_000]) {
      const bits = fixedBaseBits(group, multiples, 2 ** 24);
      expect(bits * windowCount(bits)).toBeGreaterThanOrEqual(255);
      expect(fixedBaseBytes(group, bits)).toBeLessThanOrEqual(2 ** 24);
    }
    expect(fixedBaseBits(group, 10)).toBeLessThan(fixedBaseBits(group, 1_000_000));
  });

  it('knows the endomorphism', () => {
    const cell = kernels.heap.allocate(ELEMENT_BYTES);
    writeElement(kernels, 'fq', cell, name === 'g1' ? GLV.beta1 : GLV.beta2);
    const at = allocatePoints(kernels, name, [curve.generator as PointOf<GroupName>]);
    const images = kernels.heap.allocate(group.pointBytes / 2);
    group.endomorphism(images, at, 1, scratch);
    const image = multipleOfGenerator(name, GLV.lambda)!;
    const x = typeof image.x === 'bigint' ? [image.x] : image.x;
    x.forEach((value, i) => expect(readElement(kernels, 'fq', images + i * ELEMENT_BYTES)).toBe(value));
    expect(image.y).toEqual(curve.generator.y);
  });
});
