/** Goldilocks and its extension in WebAssembly beside their BigInt twin, at the ends of the ranges that stand beside each function. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  extAdd,
  extInv,
  extMul,
  extScale,
  extSub,
  GL,
  NON_RESIDUE,
  ORDER,
  type Ext,
} from '../../src/field/goldilocks.js';
import {
  elementsIn,
  extsIn,
  readElements,
  readExts,
  words64,
  writeElements,
} from '../../src/kernels/clear/elements.js';
import { unsigned } from '../../src/kernels/clear/exports.js';
import { instantiateClearKernels, type ClearKernels } from '../../src/kernels/clear/module.js';
import { ANY_EDGES, CANONICAL_EDGES, Draws } from './kernels-clear-support.js';

const draws = new Draws();
let kernels: ClearKernels;
beforeAll(async () => {
  kernels = await instantiateClearKernels();
});

const pairsOf = <T>(xs: readonly T[], ys: readonly T[]): (readonly [T, T])[] =>
  xs.flatMap((x) => ys.map((y) => [x, y] as const));
const random = Array.from({ length: 3000 }, () => [draws.any(), draws.any()] as const);

describe('one base element', () => {
  it('any operands, canonical results', () => {
    const { gl_add, gl_sub, gl_mul, gl_mul_add, gl_canonical } = kernels.exports;
    for (const [a, b] of [...pairsOf(ANY_EDGES, ANY_EDGES), ...random]) {
      expect(unsigned(gl_canonical(a))).toBe(GL.mod(a));
      expect(unsigned(gl_add(a, b))).toBe(GL.add(a, b));
      expect(unsigned(gl_sub(a, b))).toBe(GL.sub(a, b));
      expect(unsigned(gl_mul(a, b))).toBe(GL.mul(a, b));
      for (const c of [0n, ORDER - 1n, ORDER, 2n ** 64n - 1n, draws.any()]) {
        expect(unsigned(gl_mul_add(a, b, c))).toBe(GL.mod(a * b + c));
      }
    }
  });

  it('the bare forms in their ranges: a any, b canonical for sums, any for products', () => {
    const { gl_raw_add, gl_raw_sub, gl_raw_mul, gl_raw_reduce128 } = kernels.exports;
    for (const [a, b] of pairsOf(ANY_EDGES, CANONICAL_EDGES)) {
      expect(GL.mod(unsigned(gl_raw_add(a, b)))).toBe(GL.add(a, b));
      expect(GL.mod(unsigned(gl_raw_sub(a, b)))).toBe(GL.sub(a, b));
    }
    for (const [a, b] of [...pairsOf(ANY_EDGES, ANY_EDGES), ...random]) {
      expect(GL.mod(unsigned(gl_raw_mul(a, b)))).toBe(GL.mul(a, b));
      expect(GL.mod(unsigned(gl_raw_reduce128(a, b)))).toBe(GL.mod((a << 64n) + b));
    }
  });

  it('the bare sums are wrong beyond those ranges: the ranges are not idle', () => {
    const top = 2n ** 64n - 1n;
    expect(GL.mod(unsigned(kernels.exports.gl_raw_add(top, top)))).not.toBe(GL.add(top, top));
    expect(GL.mod(unsigned(kernels.exports.gl_raw_sub(0n, top)))).not.toBe(GL.sub(0n, top));
  });

  it('inverts, and 0 to 0', () => {
    for (const a of [...ANY_EDGES, ...draws.elements(200)]) {
      expect(unsigned(kernels.exports.gl_inv(a))).toBe(GL.mod(a) === 0n ? 0n : GL.inv(a));
    }
  });
});

describe('one extension element', () => {
  const operands: (readonly [Ext, Ext])[] = [
    ...pairsOf(
      [0n, ORDER - 1n, ORDER, 2n ** 64n - 1n, 2n ** 32n - 1n, 2n ** 32n].flatMap((a) =>
        [0n, ORDER - 1n, 2n ** 64n - 1n].map((b): Ext => [a, b]),
      ),
      [0n, 1n, ORDER - 1n, 2n ** 64n - 1n].flatMap((a) => [0n, ORDER - 1n, 2n ** 64n - 1n].map((b): Ext => [a, b])),
    ),
    ...Array.from({ length: 3000 }, (): readonly [Ext, Ext] => [
      [draws.any(), draws.any()],
      [draws.any(), draws.any()],
    ]),
  ];

  it('any operands, canonical results, also where the result is written over an operand', () => {
    const { exports, heap } = kernels;
    const pointer = heap.allocate(64);
    const [a, b, c] = [pointer, pointer + 16, pointer + 32];
    const words = words64(kernels, pointer, 8);
    const result = (out: number): Ext => readExts(kernels, out, 1)[0]!;
    const put = (x: Ext, y: Ext): void => words.set([...x, ...y, ...y]);
    for (const [x, y] of operands) {
      put(x, y);
      exports.gl2_add(a, a, b);
      expect(result(a)).toEqual(extAdd(x, y));
      put(x, y);
      exports.gl2_sub(b, a, b);
      expect(result(b)).toEqual(extSub(x, y));
      put(x, y);
      exports.gl2_mul(a, a, b);
      expect(result(a)).toEqual(extMul(x, y));
      put(x, y);
      exports.gl2_mul_add(c, a, b, c);
      expect(result(c)).toEqual(extAdd(extMul(x, y), y));
      put(x, y);
      exports.gl2_mul_base(a, a, y[0]);
      expect(result(a)).toEqual(extScale(x, y[0]));
    }
  });

  it('inverts, and 0 to 0', () => {
    const { exports, heap } = kernels;
    const a = heap.allocate(16);
    for (const [x] of operands.filter((_, i) => i % 10 === 0)) {
      words64(kernels, a, 2).set(x);
      exports.gl2_inv(a, a);
      const zero = GL.mod(x[0]) === 0n && GL.mod(x[1]) === 0n;
      expect(readExts(kernels, a, 1)[0]).toEqual(zero ? [0n, 0n] : extInv(x));
    }
  });

  /** Runs a function of two lanes on pairs of words, both orders of lanes. */
  function lanes(
    run: 'gl2_raw_add' | 'gl2_raw_sub' | 'gl2_raw_mul' | 'gl2_raw_close',
    words: readonly (readonly [bigint, bigint])[],
  ): bigint[] {
    const pointer = kernels.heap.allocate(48);
    const memory = words64(kernels, pointer, 6);
    return words.map(([x, y], i) => {
      const lane = i & 1;
      const [other, otherY] = words[(i + 7) % words.length]!;
      memory.set(lane === 0 ? [x, other, y, otherY] : [other, x, otherY, y], 2);
      kernels.exports[run](pointer, pointer + 16, pointer + 32);
      return memory[lane]!;
    });
  }

  it('the bare forms of lanes in their ranges, products canonical', () => {
    const sums = [...pairsOf(ANY_EDGES, CANONICAL_EDGES), ...random.map(([a, b]) => [a, GL.mod(b)] as const)];
    expect(lanes('gl2_raw_add', sums).map(GL.mod)).toEqual(sums.map(([a, b]) => GL.add(a, b)));
    expect(lanes('gl2_raw_sub', sums).map(GL.mod)).toEqual(sums.map(([a, b]) => GL.sub(a, b)));
    const products = [...pairsOf(ANY_EDGES, ANY_EDGES), ...random];
    expect(lanes('gl2_raw_mul', products)).toEqual(products.map(([a, b]) => GL.mul(a, b)));
  });

  it('the sums of lanes are wrong beyond their ranges: the ranges are not idle', () => {
    const top = 2n ** 64n - 1n;
    const pair = [[top, top] as const];
    expect(lanes('gl2_raw_add', pair).map(GL.mod)).not.toEqual([GL.add(top, top)]);
    expect(lanes('gl2_raw_sub', [[0n, top]]).map(GL.mod)).not.toEqual([GL.sub(0n, top)]);
  });

  it('closes open products at the ends of what is promised, and the most that 2^20 of them sum to', () => {
    // One extension product adds this much at most: one product, and one seven times, of |L| < 2^34 and U < 6·2^32 each.
    const most = (1n + NON_RESIDUE) * 2n ** 20n;
    expect(most * 6n * 2n ** 32n < 2n ** 62n).toBe(true);
    const ls = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, most * 2n ** 34n, 2n ** 62n - 1n].flatMap((l) => [l, -l]);
    const us = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, most * 6n * 2n ** 32n, 2n ** 62n - 1n];
    const words = [
      ...pairsOf(ls, us),
      ...Array.from(
        { length: 2000 },
        () => [(draws.any() >> 2n) * (draws.below(2) === 0 ? 1n : -1n), draws.any() >> 2n] as const,
      ),
    ];
    expect(lanes('gl2_raw_close', words)).toEqual(words.map(([l, u]) => GL.mod(l + (u << 32n))));
  });
});

describe('arrays', () => {
  const n = 64;

  it('multiply-adds and scales, of ranges', () => {
    const { exports, heap } = kernels;
    const [x, y] = [draws.elements(n), draws.elements(n)];
    for (const c of [0n, ORDER - 1n, 2n ** 64n - 1n, draws.any()]) {
      const mark = heap.mark();
      const [px, py] = [elementsIn(kernels, x), elementsIn(kernels, y)];
      exports.gl_mul_add_n(py, px, c, 3, 60);
      expect(readElements(kernels, py, n)).toEqual(
        y.map((value, i) => (i >= 3 && i < 60 ? GL.add(GL.mul(value, c), x[i]!) : value)),
      );
      exports.gl_scale_n(px, px, c, 0, n);
      expect(readElements(kernels, px, n)).toEqual(x.map((value) => GL.mul(value, c)));
      heap.release(mark);
    }
  });

  it('multiply-adds of extension elements and of base by extension elements', () => {
    const { exports, heap } = kernels;
    const [x, y, b, d] = [draws.exts(n), draws.exts(n), draws.elements(n), draws.elements(n)];
    const top = 2n ** 64n - 1n;
    for (const c of [[0n, 0n], [ORDER - 1n, ORDER - 1n], [top, top], draws.ext()] as Ext[]) {
      const mark = heap.mark();
      const [px, pb, pd] = [extsIn(kernels, x), elementsIn(kernels, b), elementsIn(kernels, d)];
      const fresh = (): number => extsIn(kernels, y);
      const first = fresh();
      exports.gl2_mul_add_n(first, px, c[0], c[1], 0, n);
      expect(readExts(kernels, first, n)).toEqual(y.map((value, i) => extAdd(extMul(value, c), x[i]!)));
      const second = fresh();
      exports.gl2_add_scaled_n(second, px, c[0], c[1], 0, n);
      expect(readExts(kernels, second, n)).toEqual(y.map((value, i) => extAdd(value, extMul(x[i]!, c))));
      const third = fresh();
      exports.gl2_add_scaled_base_n(third, pb, c[0], c[1], 1, n);
      expect(readExts(kernels, third, n)).toEqual(
        y.map((value, i) => (i === 0 ? value : extAdd(value, extScale(c, b[i]!)))),
      );
      const [k, l] = [draws.ext(), draws.ext()];
      exports.gl2_affine_n(third, pb, pd, ...c, ...k, ...l, 0, n);
      expect(readExts(kernels, third, n)).toEqual(
        b.map((value, i) => extAdd(c, extAdd(extScale(k, value), extScale(l, d[i]!)))),
      );
      heap.release(mark);
    }
  });

  it('sums, splits, joins and lifts', () => {
    const { exports, heap } = kernels;
    const x = draws.exts(n);
    const [px, c0, c1, back] = [extsIn(kernels, x), heap.allocate(8 * n), heap.allocate(8 * n), heap.allocate(16 * n)];
    exports.gl2_split_n(c0, c1, px, 0, n);
    expect(readElements(kernels, c1, n)).toEqual(x.map((value) => value[1]));
    exports.gl2_join_n(back, c0, c1, 0, n);
    expect(readExts(kernels, back, n)).toEqual(x);
    exports.gl2_from_base_n(back, c0, 0, n);
    expect(readExts(kernels, back, n)).toEqual(x.map((value) => [value[0], 0n]));
    exports.gl2_sum_n(back, px, n);
    expect(readExts(kernels, back, 1)[0]).toEqual(x.reduce((sum, value) => extAdd(sum, value)));
  });

  it('takes signed integers of each kind', () => {
    const { exports, heap } = kernels;
    const out = heap.allocate(64);
    const check = (array: ArrayBufferView, values: readonly bigint[], run: 'i16' | 'i32' | 'i64' | 'f64'): void => {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      exports[`gl_from_${run}_n`](out, heap.copyIn(bytes), 0, values.length);
      expect(readElements(kernels, out, values.length)).toEqual(values.map(GL.mod));
    };
    const [top15, top31, top63, top53] = [2n ** 15n, 2n ** 31n, 2n ** 63n, 2n ** 53n - 1n];
    const ends = (top: bigint): bigint[] => [0n, 1n, -1n, top - 1n, -top];
    check(Int16Array.from(ends(top15), Number), ends(top15), 'i16');
    check(Int32Array.from(ends(top31), Number), ends(top31), 'i32');
    check(BigInt64Array.from(ends(top63)), ends(top63), 'i64');
    check(Float64Array.of(0, -0, 1, -1, Number(top53), -Number(top53)), [0n, 0n, 1n, -1n, top53, -top53], 'f64');
  });

  it('counts words that are no residues', () => {
    const pointer = kernels.heap.allocate(8 * ANY_EDGES.length);
    words64(kernels, pointer, ANY_EDGES.length).set(ANY_EDGES);
    expect(kernels.exports.gl_count_noncanonical(pointer, ANY_EDGES.length)).toBe(
      ANY_EDGES.length - CANONICAL_EDGES.length,
    );
    expect(() => writeElements(kernels, pointer, [ORDER])).toThrow(RangeError);
  });

  it.each([0, 1, 2, 65])('inverts %i at once, zeros staying zero', (count) => {
    const { exports, heap } = kernels;
    const values = draws.elements(count);
    const out = heap.allocate(8 * count);
    exports.gl_batch_inv(out, elementsIn(kernels, values), count);
    expect(readElements(kernels, out, count)).toEqual(values.map((value) => (value === 0n ? 0n : GL.inv(value))));
    const exts = draws.exts(count).map((value, i): Ext => (i % 5 === 0 ? [0n, 0n] : value));
    const extOut = heap.allocate(16 * count);
    exports.gl2_batch_inv(extOut, extsIn(kernels, exts), count);
    expect(readExts(kernels, extOut, count)).toEqual(
      exts.map((value) => (value[0] === 0n && value[1] === 0n ? value : extInv(value))),
    );
  });
});
