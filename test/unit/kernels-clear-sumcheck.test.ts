/** Loops of sumchecks, of logUp-GKR and of small multiply-adds in WebAssembly beside BigInt. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  EXT_ONE,
  EXT_ZERO,
  extAdd,
  extInv,
  extMul,
  extNeg,
  extOf,
  extScale,
  extSub,
  GL,
  ORDER,
  type Ext,
} from '../../src/field/goldilocks.js';
import { elementsIn, extsIn, readExts } from '../../src/kernels/clear/elements.js';
import { LIMBS_BYTES, MAC_SCRATCH_BYTES, ROUND_BYTES } from '../../src/kernels/clear/exports.js';
import { instantiateClearKernels, type ClearKernels } from '../../src/kernels/clear/module.js';
import { Draws, largest } from './kernels-clear-support.js';

const draws = new Draws();
let kernels: ClearKernels;
beforeAll(async () => {
  kernels = await instantiateClearKernels();
});

const sum = (values: readonly Ext[]): Ext => values.reduce(extAdd, EXT_ZERO);
const dot = (f: readonly Ext[], g: readonly Ext[]): Ext => sum(f.map((value, i) => extMul(value, g[i]!)));
const evens = <T>(values: readonly T[]): T[] => values.filter((_, i) => i % 2 === 0);
const odds = <T>(values: readonly T[]): T[] => values.filter((_, i) => i % 2 === 1);
const deltas = (values: readonly Ext[]): Ext[] => evens(values).map((even, i) => extSub(values[2 * i + 1]!, even));
const folded = (values: readonly Ext[], r: Ext): Ext[] =>
  evens(values).map((even, i) => extAdd(extMul(extSub(EXT_ONE, r), even), extMul(r, values[2 * i + 1]!)));
const lifted = (values: readonly bigint[]): Ext[] => values.map(extOf);
/** eq(point, i) for all i, by its definition. */
const eqTable = (point: readonly Ext[]): Ext[] =>
  Array.from({ length: 2 ** point.length }, (_, i) =>
    point.reduce((product, r, k) => extMul(product, (i >> k) & 1 ? r : extSub(EXT_ONE, r)), EXT_ONE),
  );

/** Tables to work on: drawn ones, and all p − 1. */
const tables = (n: number): Ext[][] => [draws.exts(n), largest(n)];
const CHALLENGES: Ext[] = [[0n, 0n], [1n, 0n], [ORDER - 1n, ORDER - 1n], draws.ext(), draws.ext()];
const SIZES = [1, 2, 3, 4, 17, 64];

/** What a round leaves, over two ranges that are added up. */
function inTwoRanges(pairs: number, run: (from: number, to: number, out: number) => void): Ext[] {
  const { exports, heap } = kernels;
  const [one, two] = [heap.allocate(ROUND_BYTES), heap.allocate(ROUND_BYTES)];
  const cut = pairs >> 1;
  run(0, cut, one);
  run(cut, pairs, two);
  exports.gl2_add(one, one, two);
  exports.gl2_add(one + 16, one + 16, two + 16);
  return readExts(kernels, one, 2);
}

describe.each(SIZES)('%i pairs', (pairs) => {
  it('fold, of base elements too, in place and in ranges', () => {
    const { exports, heap } = kernels;
    for (const table of tables(2 * pairs)) {
      for (const r of CHALLENGES) {
        const mark = heap.mark();
        const [input, out] = [extsIn(kernels, table), heap.allocate(16 * pairs)];
        exports.gl2_fold_n(out, input, ...r, 0, pairs >> 1);
        exports.gl2_fold_n(out, input, ...r, pairs >> 1, pairs);
        expect(readExts(kernels, out, pairs)).toEqual(folded(table, r));
        exports.gl2_fold_n(input, input, ...r, 0, pairs);
        expect(readExts(kernels, input, pairs)).toEqual(folded(table, r));
        const base = table.map((value) => value[0]);
        exports.gl2_fold_base_n(out, elementsIn(kernels, base), ...r, 0, pairs);
        expect(readExts(kernels, out, pairs)).toEqual(folded(lifted(base), r));
        heap.release(mark);
      }
    }
  });

  it('rounds of products, of base elements too, and fused with the fold before', () => {
    const { exports, heap } = kernels;
    for (const f of tables(2 * pairs)) {
      for (const g of tables(2 * pairs)) {
        const mark = heap.mark();
        const [pf, pg] = [extsIn(kernels, f), extsIn(kernels, g)];
        const expected = [dot(evens(f), evens(g)), dot(deltas(f), deltas(g))];
        expect(inTwoRanges(pairs, (from, to, out) => exports.gl2_round_product(pf, pg, from, to, out))).toEqual(
          expected,
        );
        // The value at 1 follows: evens + (c1 + c2) = odds, with the sum over the table.
        const [at0, square] = expected as [Ext, Ext];
        const linear = extSub(extSub(dot(odds(f), odds(g)), at0), square);
        expect(extAdd(at0, extAdd(extAdd(at0, linear), square))).toEqual(dot(f, g));
        const base = f.map((value) => value[0]);
        const pb = elementsIn(kernels, base);
        expect(inTwoRanges(pairs, (from, to, out) => exports.gl2_round_product_base(pb, pg, from, to, out))).toEqual([
          dot(evens(lifted(base)), evens(g)),
          dot(deltas(lifted(base)), deltas(g)),
        ]);
        heap.release(mark);
      }
    }
    for (const r of CHALLENGES) {
      const mark = heap.mark();
      const [f, g] = [draws.exts(4 * pairs), draws.exts(4 * pairs)];
      const [pf, pg, fOut, gOut] = [
        extsIn(kernels, f),
        extsIn(kernels, g),
        heap.allocate(32 * pairs),
        heap.allocate(32 * pairs),
      ];
      const [ff, gf] = [folded(f, r), folded(g, r)];
      const round = [dot(evens(ff), evens(gf)), dot(deltas(ff), deltas(gf))];
      expect(
        inTwoRanges(pairs, (from, to, out) => exports.gl2_fold_round_product(fOut, gOut, pf, pg, ...r, from, to, out)),
      ).toEqual(round);
      expect(readExts(kernels, fOut, 2 * pairs)).toEqual(ff);
      expect(readExts(kernels, gOut, 2 * pairs)).toEqual(gf);
      const out = heap.allocate(ROUND_BYTES);
      exports.gl2_fold_round_product(pf, pg, pf, pg, ...r, 0, pairs, out);
      expect(readExts(kernels, out, 2)).toEqual(round);
      expect(readExts(kernels, pf, 2 * pairs)).toEqual(ff);
      heap.release(mark);
    }
  });

  it('rounds of the zero check', () => {
    const { exports, heap } = kernels;
    for (const draw of [(n: number) => draws.exts(n), largest]) {
      const mark = heap.mark();
      const [a, b, c, weights] = [draw(2 * pairs), draw(2 * pairs), draws.exts(2 * pairs), draw(pairs)];
      const expected = (x: Ext[], y: Ext[], z: Ext[]): Ext[] => [
        dot(
          weights,
          evens(x).map((value, i) => extSub(extMul(value, y[2 * i]!), z[2 * i]!)),
        ),
        dot(
          weights,
          deltas(x).map((value, i) => extMul(value, deltas(y)[i]!)),
        ),
      ];
      const [pa, pb, pc, pw] = [a, b, c, weights].map((values) => extsIn(kernels, values)) as [
        number,
        number,
        number,
        number,
      ];
      expect(inTwoRanges(pairs, (from, to, out) => exports.gl2_round_zero(pa, pb, pc, pw, from, to, out))).toEqual(
        expected(a, b, c),
      );
      const base = [a, b, c].map((values) => values.map((value) => value[0]));
      const [qa, qb, qc] = base.map((values) => elementsIn(kernels, values)) as [number, number, number];
      expect(inTwoRanges(pairs, (from, to, out) => exports.gl2_round_zero_base(qa, qb, qc, pw, from, to, out))).toEqual(
        expected(...(base.map(lifted) as [Ext[], Ext[], Ext[]])),
      );
      heap.release(mark);
    }
  });

  it('inner products and sums of pairs', () => {
    const { exports, heap } = kernels;
    for (const f of tables(pairs)) {
      for (const g of tables(pairs)) {
        const mark = heap.mark();
        const [pf, pg, out] = [extsIn(kernels, f), extsIn(kernels, g), heap.allocate(16)];
        exports.gl2_dot(pf, pg, 0, pairs, out);
        expect(readExts(kernels, out, 1)[0]).toEqual(dot(f, g));
        exports.gl2_dot(pf, pg, 1, pairs, out);
        expect(readExts(kernels, out, 1)[0]).toEqual(dot(f.slice(1), g.slice(1)));
        const base = f.map((value) => value[0]);
        exports.gl2_dot_base(elementsIn(kernels, base), pg, 0, pairs, out);
        expect(readExts(kernels, out, 1)[0]).toEqual(dot(lifted(base), g));
        heap.release(mark);
      }
    }
    for (const table of tables(2 * pairs)) {
      const out = heap.allocate(16 * pairs);
      exports.gl2_pair_sums_n(out, extsIn(kernels, table), 0, pairs);
      expect(readExts(kernels, out, pairs)).toEqual(evens(table).map((even, i) => extAdd(even, table[2 * i + 1]!)));
    }
  });
});

it('sums more products than a reduction takes at a time, all of them the largest', () => {
  const { exports, heap } = kernels;
  const mark = heap.mark();
  const n = 2 ** 20 + 5;
  const pointer = heap.allocate(16 * n);
  const out = heap.allocate(ROUND_BYTES);
  new BigUint64Array(kernels.memory.buffer, pointer, 2 * n).fill(ORDER - 1n);
  const square = extMul([ORDER - 1n, ORDER - 1n], [ORDER - 1n, ORDER - 1n]);
  exports.gl2_dot(pointer, pointer, 0, n, out);
  expect(readExts(kernels, out, 1)[0]).toEqual(extScale(square, BigInt(n)));
  exports.gl2_dot_base(pointer, pointer, 0, n, out);
  expect(readExts(kernels, out, 1)[0]).toEqual([BigInt(n), BigInt(n)]);
  heap.release(mark);
});

it.each([0, 1, 2, 5])('expands eq of %i variables, from any start, and drops its first variable by sums', (n) => {
  const { exports, heap } = kernels;
  for (const point of [draws.exts(n), largest(n), Array.from({ length: n }, (_, k): Ext => [BigInt(k & 1), 0n])]) {
    const start = draws.ext();
    const table = heap.allocate(16 * 2 ** n);
    const write = extsIn(kernels, [start]);
    exports.gl2_add(table, write, extsIn(kernels, [EXT_ZERO]));
    exports.gl2_eq_table(table, extsIn(kernels, point), n);
    expect(readExts(kernels, table, 2 ** n)).toEqual(eqTable(point).map((value) => extMul(value, start)));
    if (n === 0) continue;
    exports.gl2_pair_sums_n(table, table, 0, 2 ** (n - 1));
    expect(readExts(kernels, table, 2 ** (n - 1))).toEqual(
      eqTable(point.slice(1)).map((value) => extMul(value, start)),
    );
  }
});

it('runs a whole sumcheck of Σ f·g, whose last claim is the product at the point', () => {
  const { exports, heap } = kernels;
  const v = 6;
  const [f, g] = [draws.exts(2 ** v), draws.exts(2 ** v)];
  const [pf, pg, out] = [extsIn(kernels, f), extsIn(kernels, g), heap.allocate(ROUND_BYTES)];
  let claim = dot(f, g);
  const point: Ext[] = [];
  for (let k = 0; k < v; k++) {
    exports.gl2_round_product(pf, pg, 0, 2 ** (v - k - 1), out);
    const [at0, square] = readExts(kernels, out, 2) as [Ext, Ext];
    const r = draws.ext();
    point.push(r);
    const linear = extSub(extSub(claim, extAdd(at0, at0)), square);
    claim = extAdd(at0, extMul(r, extAdd(linear, extMul(r, square))));
    for (const table of [pf, pg]) exports.gl2_fold_n(table, table, ...r, 0, 2 ** (v - k - 1));
  }
  const [fEnd] = readExts(kernels, pf, 1) as [Ext];
  const [gEnd] = readExts(kernels, pg, 1) as [Ext];
  expect(fEnd).toEqual(dot(f, eqTable(point)));
  expect(gEnd).toEqual(dot(g, eqTable(point)));
  expect(claim).toEqual(extMul(fEnd, gEnd));
});

describe('logUp-GKR', () => {
  interface Tables {
    readonly pointers: readonly [number, number, number, number];
    readonly step: number;
  }
  interface Children {
    readonly p: Ext[];
    readonly q: Ext[];
  }
  const children = (n: number): Children => ({ p: draws.exts(2 * n), q: draws.exts(2 * n) });
  /** Numerators and denominators with children side by side (0 and 1 alternate), or in halves. */
  const LAYOUTS = {
    adjacent: (p: number, q: number): Tables => ({ pointers: [p, p + 16, q, q + 16], step: 32 }),
    halves: (p: number, q: number, n: number): Tables => ({ pointers: [p, p + 16 * n, q, q + 16 * n], step: 16 }),
  };
  /** (p0, p1, q0, q1) of node i. */
  const nodes = (layout: keyof typeof LAYOUTS, { p, q }: Children): (readonly [Ext, Ext, Ext, Ext])[] => {
    const n = p.length / 2;
    return Array.from({ length: n }, (_, i) =>
      layout === 'adjacent'
        ? ([p[2 * i]!, p[2 * i + 1]!, q[2 * i]!, q[2 * i + 1]!] as const)
        : ([p[i]!, p[i + n]!, q[i]!, q[i + n]!] as const),
    );
  };
  const cross = ([p0, p1, q0, q1]: readonly [Ext, Ext, Ext, Ext]): Ext => extAdd(extMul(p0, q1), extMul(p1, q0));

  describe.each(['adjacent', 'halves'] as const)('children %s', (layout) => {
    it.each([1, 2, 3, 8, 33])('sums fractions upwards, %i nodes, also from base numerators', (n) => {
      const { exports, heap } = kernels;
      for (const leaves of [children(n), { p: largest(2 * n), q: largest(2 * n) }]) {
        const mark = heap.mark();
        const [p, q] = [extsIn(kernels, leaves.p), extsIn(kernels, leaves.q)];
        const { pointers, step } = LAYOUTS[layout](p, q, n);
        const [pOut, qOut] = [heap.allocate(16 * n), heap.allocate(16 * n)];
        for (const [from, to] of [
          [0, n >> 1],
          [n >> 1, n],
        ] as const) {
          exports.gkr_up(pOut, qOut, ...pointers, step, from, to);
        }
        const parents = nodes(layout, leaves);
        expect(readExts(kernels, pOut, n)).toEqual(parents.map(cross));
        expect(readExts(kernels, qOut, n)).toEqual(parents.map(([, , q0, q1]) => extMul(q0, q1)));
        const base = leaves.p.map((value) => value[0]);
        const b = elementsIn(kernels, base);
        exports.gkr_up_base(
          pOut,
          qOut,
          b,
          layout === 'adjacent' ? b + 8 : b + 8 * n,
          pointers[2],
          pointers[3],
          step,
          0,
          n,
        );
        expect(readExts(kernels, pOut, n)).toEqual(nodes(layout, { p: lifted(base), q: leaves.q }).map(cross));
        heap.release(mark);
      }
    });

    it.each([1, 2, 5])('one layer’s sumcheck of %i variables ends in the claim on its children', (v) => {
      const { exports, heap } = kernels;
      const n = 2 ** v;
      const layer = children(n);
      const [tau, lambda] = [draws.exts(v), draws.ext()];
      const node = nodes(layout, layer);
      const claimOf = ([p0, p1, q0, q1]: readonly [Ext, Ext, Ext, Ext]): Ext =>
        extAdd(cross([p0, p1, q0, q1]), extMul(lambda, extMul(q0, q1)));
      let claim = dot(eqTable(tau), node.map(claimOf));

      const [p, q] = [extsIn(kernels, layer.p), extsIn(kernels, layer.q)];
      const { pointers, step } = LAYOUTS[layout](p, q, n);
      const weights = heap.allocate(16 * n);
      exports.gl2_add(weights, extsIn(kernels, [EXT_ONE]), extsIn(kernels, [EXT_ZERO]));
      exports.gl2_eq_table(weights, extsIn(kernels, tau.slice(1)), v - 1);
      exports.gkr_mix(pointers[0], pointers[2], step, ...lambda, 0, n);
      const point: Ext[] = [];
      for (let k = 0; k < v; k++) {
        const pairs = 2 ** (v - k - 1);
        const [at0, square] = inTwoRanges(pairs, (from, to, out) =>
          exports.gkr_round(...pointers, step, weights, from, to, out),
        ) as [Ext, Ext];
        // claim = (1 − τ_k)·t(0) + τ_k·t(1), of which what is bound already was taken into the claim.
        const at1 = extMul(extSub(claim, extMul(extSub(EXT_ONE, tau[k]!), at0)), extInv(tau[k]!));
        const r = draws.ext();
        point.push(r);
        const linear = extSub(extSub(at1, at0), square);
        claim = extAdd(at0, extMul(r, extAdd(linear, extMul(r, square))));
        for (const table of pointers) exports.gkr_fold(table, table, step, ...r, 0, pairs);
        exports.gl2_pair_sums_n(weights, weights, 0, pairs >> 1);
      }
      const [mixed, p1, q0, q1] = pointers.map((pointer) => readExts(kernels, pointer, 1)[0]!) as [Ext, Ext, Ext, Ext];
      const p0 = extAdd(mixed, extNeg(extMul(lambda, q0)));
      const at = (index: 0 | 1 | 2 | 3): Ext =>
        dot(
          eqTable(point),
          node.map((children) => children[index]),
        );
      expect([p0, p1, q0, q1]).toEqual([at(0), at(1), at(2), at(3)]);
      expect(claim).toEqual(claimOf([p0, p1, q0, q1]));
    });
  });
});

describe('small integers times extension elements', () => {
  const KINDS = {
    i16: { bytes: 2, least: -(2 ** 15), most: 2 ** 15 - 1, make: (values: number[]) => Int16Array.from(values) },
    i32: { bytes: 4, least: -(2 ** 31), most: 2 ** 31 - 1, make: (values: number[]) => Int32Array.from(values) },
  } as const;

  function check(kind: keyof typeof KINDS, rows: number, columns: number, weight: () => number, exts: Ext[]): void {
    const { exports, heap } = kernels;
    const { bytes, make } = KINDS[kind];
    const weights = make(Array.from({ length: rows * columns }, weight));
    const start = draws.exts(columns);
    const sums = (value: (i: number, k: number) => number): Ext[] =>
      start.map((first, k) => {
        let [s0, s1] = first;
        for (let i = 0; i < rows; i++) {
          const w = BigInt(value(i, k));
          s0 += w * exts[i]![0];
          s1 += w * exts[i]![1];
        }
        return [GL.mod(s0), GL.mod(s1)] as const;
      });
    const mark = heap.mark();
    const w = heap.copyIn(new Uint8Array(weights.buffer));
    const limbs = heap.allocate(LIMBS_BYTES * rows);
    exports.mac_limbs(limbs, extsIn(kernels, exts), rows);
    const scratch = heap.allocate(MAC_SCRATCH_BYTES);
    const cut = columns >> 1;
    for (const [rowStep, columnStep, value] of [
      [bytes * columns, bytes, (i: number, k: number) => weights[i * columns + k]!],
      [bytes, bytes * rows, (i: number, k: number) => weights[k * rows + i]!],
    ] as const) {
      const out = extsIn(kernels, start);
      exports[`mac_${kind}`](out, w, rowStep, columnStep, limbs, rows, 0, cut, scratch);
      exports[`mac_${kind}`](out, w, rowStep, columnStep, limbs, rows, cut, columns, scratch);
      expect(readExts(kernels, out, columns)).toEqual(sums(value));
    }
    heap.release(mark);
  }

  it.each([
    [1, 1],
    [7, 3],
    [8, 4],
    [9, 300],
    [33, 70],
    [1024, 5],
    [1025, 3],
    [2100, 2],
  ])('%i rows of %i columns, by rows and by columns', (rows, columns) => {
    for (const kind of ['i16', 'i32'] as const) {
      const { least, most } = KINDS[kind];
      check(kind, rows, columns, () => least + draws.below(most - least + 1), draws.exts(rows));
    }
  });

  it.each(['i16', 'i32'] as const)('the largest and least %s times p − 1, as many as a lane takes and more', (kind) => {
    const { least, most } = KINDS[kind];
    for (const weight of [least, most]) check(kind, 2049, 2, () => weight, largest(2049));
    // Limbs that are all ones: 2^22 − 1 three times but for the top one, in both coordinates.
    check(kind, 1024, 2, () => least, new Array<Ext>(1024).fill([2n ** 63n + 2n ** 44n - 1n, 2n ** 44n - 1n]));
  });
});
