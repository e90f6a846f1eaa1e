/** The verifier's module of loops beside BigInt, at the ends of what each takes; and its memory. */
import { describe, expect, it, vi } from 'vitest';
import {
  EXT_ONE,
  EXT_ZERO,
  extAdd,
  extMul,
  extOf,
  extScale,
  extSub,
  GL,
  ORDER,
  type Ext,
} from '../../../src/field/goldilocks.js';
import { eqTable } from '../../../src/verify/clear/multilinear.js';
import { MAX_PAGES, newLoopMemory, NoRoom, type LoopMemory } from '../../../src/verify/clear/webassembly.js';
import { ANY_EDGES, CANONICAL_EDGES } from '../kernels-clear-support.js';

const memory = newLoopMemory()!;
const { loops } = memory;

/** Every pair of coordinates. */
const pairs = (edges: readonly bigint[]): Ext[] => edges.flatMap((c0) => edges.map((c1): Ext => [c0, c1]));
const anyExts = pairs([0n, 1n, ORDER - 1n, ORDER, 2n ** 64n - 1n]);
const canonicalExts = pairs([0n, 1n, 2n ** 32n - 1n, ORDER - 2n ** 32n, ORDER - 1n]);
const residue = ([c0, c1]: Ext): Ext => [GL.mod(c0), GL.mod(c1)];
const rotated = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length]!);
const sum = (values: readonly Ext[]): Ext => values.reduce(extAdd, EXT_ZERO);

function fresh(): LoopMemory {
  memory.clear();
  return memory;
}

describe('operands that are any word', () => {
  it.each(anyExts.map((_, by) => by))('products and sums, all pairs at distance %i', (by) => {
    const m = fresh();
    const [a, b] = [anyExts, rotated(anyExts, by)];
    const x = a.map((_, i) => ANY_EDGES[(i + by) % ANY_EDGES.length]!);
    const [pa, pb, px, out] = [m.exts(a), m.exts(b), m.elements(x), m.room(16 * a.length)];
    for (let i = 0; i < a.length; i++) {
      loops.dot(out, pa + 16 * i, pb + 16 * i, 1);
      expect(m.readExt(out)).toEqual(extMul(residue(a[i]!), residue(b[i]!)));
      loops.dot_base(out, pa + 16 * i, 0, px + 8 * i, 0, 1);
      expect(m.readExt(out)).toEqual(extScale(residue(a[i]!), x[i]!));
    }
    loops.dot(out, pa, pb, a.length);
    expect(m.readExt(out)).toEqual(sum(a.map((value, i) => extMul(residue(value), residue(b[i]!)))));
    loops.outer(out, pa + 16 * by, 1, pb, b.length);
    expect(m.readExts(out, b.length)).toEqual(b.map((value) => extMul(residue(a[by]!), residue(value))));
    loops.scatter(out, 0, pa, ...b[by]!, a.length);
    expect(m.readExts(out, a.length)).toEqual(a.map((value) => extMul(residue(value), residue(b[by]!))));
    loops.horner(out, pa, a.length, px, 7);
    expect(m.readExts(out, 7)).toEqual(
      x.slice(0, 7).map((point) => sum(a.map((value, i) => extScale(residue(value), GL.pow(point, BigInt(i)))))),
    );
  });

  it.each(anyExts.map((_, by) => by))('lists and patterns, at distance %i', (by) => {
    const m = fresh();
    const [a, b] = [anyExts, rotated(anyExts, by)];
    const to = Uint32Array.from(a, (_, i) => (7 * i + by) % a.length);
    const from = Uint32Array.from(a, (_, i) => (i * i) % a.length);
    const positions = Uint32Array.from(a, (_, i) => (11 * i) % 32);
    const sums = m.zeros(16 * 8);
    const [pa, pb] = [m.exts(a), m.exts([...b, ...b])];
    const lists = [m.copy(to), m.copy(positions), m.copy(from)] as const;
    loops.entries(sums, pa, ...lists, pb, 2, a.length);
    const expected = Array.from({ length: 8 }, () => EXT_ZERO);
    a.forEach((_, e) => {
      const p = positions[from[e]!]!;
      expected[p >> 2] = extAdd(expected[p >> 2]!, extMul(residue(a[to[e]!]!), residue(b[p & 3]!)));
    });
    expect(m.readExts(sums, 8)).toEqual(expected);

    const start = Uint32Array.of(0, 3, 3, 8);
    const offset = Int32Array.of(0, 2, -1, 0, 1, 2, 3, 4);
    const pattern = Uint32Array.from(a, (_, i) => i % 3);
    const base = Int32Array.from(a, (_, i) => 1 + ((7 * i) % 14));
    const weights = m.zeros(16 * 8);
    const map = [m.copy(pattern), m.copy(base), m.copy(start), m.copy(offset)] as const;
    loops.patterns(weights, pa, pb, ...map, a.length);
    const outer = Array.from({ length: 8 }, () => EXT_ZERO);
    a.forEach((row, i) => {
      for (let e = start[i % 3]!; e < start[(i % 3) + 1]!; e++) {
        outer[e] = extAdd(outer[e]!, extMul(residue(row), residue(b[(base[i]! + offset[e]!) % b.length]!)));
      }
    });
    expect(m.readExts(weights, 8)).toEqual(outer);
  });
});

describe('operands that are residues', () => {
  it.each(canonicalExts.map((_, by) => by))('tables of eq, powers bound, cosets folded, at distance %i', (by) => {
    const m = fresh();
    const [a, b] = [canonicalExts, rotated(canonicalExts, by)];
    const point = b.slice(0, 5);
    const table = m.room(16 * 32);
    m.words(table, 2).set(a[by]!);
    loops.eq_table(table, m.exts(point), 5);
    expect(m.readExts(table, 32)).toEqual(eqTable(point).map((weight) => extMul(a[by]!, weight)));

    const x = a.map((_, i) => CANONICAL_EDGES[(i + by) % CANONICAL_EDGES.length]!);
    const [c, px] = [m.exts(a), m.elements(x)];
    const r = b[0]!;
    loops.bind_powers(c, px, a.length, ...r);
    const factor = (value: bigint): Ext => extAdd(extSub(EXT_ONE, r), extScale(r, value));
    expect(m.readExts(c, a.length)).toEqual(a.map((value, i) => extMul(value, factor(x[i]!))));
    expect(Array.from(m.words(px, x.length))).toEqual(x.map((value) => GL.mul(value, value)));

    // Two leaves of 2·4 elements, one element of something else between them.
    const [leaves, half, step] = [2, 4, x[3]!];
    const all = [...a.slice(0, 8), EXT_ONE, ...b.slice(0, 8)];
    const [values, inverses] = [m.exts(all), m.elements([x[1]!, x[2]!])];
    const [h, s] = [b[1]!, b[2]!];
    loops.fold_cosets(values, 16 * 9, inverses, leaves, half, step, ...h, ...s);
    for (let leaf = 0; leaf < leaves; leaf++) {
      const folded = Array.from({ length: half }, (_, q) => {
        const [f, g] = [all[9 * leaf + q]!, all[9 * leaf + q + half]!];
        const inverse = GL.mul(x[1 + leaf]!, GL.pow(step, BigInt(q)));
        return extAdd(extMul(h, extAdd(f, g)), extMul(extScale(s, inverse), extSub(f, g)));
      });
      expect(m.readExts(values + 16 * 9 * leaf, half)).toEqual(folded);
      expect(m.words(inverses, 2)[leaf]).toBe(GL.mul(x[1 + leaf]!, x[1 + leaf]!));
    }
  });

  it('integers of float64 at their ends', () => {
    const m = fresh();
    const integers = Float64Array.of(0, 1, -1, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 32, -(2 ** 32), -0);
    const out = m.room(8 * integers.length);
    loops.gl_from_f64_n(out, m.copy(integers), 0, integers.length);
    expect(Array.from(m.words(out, integers.length))).toEqual(Array.from(integers, (value) => extOf(BigInt(value))[0]));
  });
});

describe('memory', () => {
  it('is given out within its bound, and what does not fit leaves it as it was', () => {
    const own = newLoopMemory()!;
    own.room(100);
    const before = own.byteLength;
    expect(() => own.room(65536 * MAX_PAGES)).toThrow(NoRoom);
    expect(own.byteLength).toBe(before);
    own.room(65536 * 4);
    expect(own.byteLength).toBeLessThanOrEqual(before + 65536 * 5);
  });

  it('that the host refuses is no room', () => {
    const own = newLoopMemory()!;
    const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
      throw new RangeError('no memory');
    });
    try {
      expect(() => own.room(65536 * 4)).toThrow(NoRoom);
    } finally {
      grow.mockRestore();
    }
  });
});
