/** What is refused when a relation is written, and why: the attacks that would go through otherwise are carried out. */
import { eachEntry } from '../../../src/prove/clear/reference/maps.js';
import { describe, expect, it } from 'vitest';
import { asDense, isDenseOf, writeMap } from '../../../src/compile/clear/maps.js';
import { place, whole, type Vec } from '../../../src/compile/clear/vec.js';
import type { lowerToRelation } from '../../../src/compile/clear/lower.js';
import { accumulate } from '../../../src/compile/real/accumulate.js';
import { LinearMapBuilder, type LinearMap } from '../../../src/compile/real/linear-map.js';
import { ORDER } from '../../../src/field/goldilocks.js';
import { unsatisfied } from '../../../src/prove/clear/reference/satisfied.js';
import type { Assignment, Relation } from '../../../src/verify/clear/relation.js';
import { layer, lowered, program, requantised, valuesOf } from './programs.js';

const OWN = { lo: 'own', hi: 'own' } as const;

describe('division beyond p', () => {
  // n ≈ 2^50 and d ≈ 2^30, 1 ≤ d: q·d may pass p.
  const wide = program(
    [
      { lo: 0, hi: 2 ** 50 },
      { lo: 1, hi: 2 ** 30 },
    ],
    (g, [n, d]) => g.push('divide', { shift: 0 }, [n!, d!], 1),
  );

  it('is BOUND_OVERFLOW: a cover of the quotient times the divisor would reach p', () => {
    expect(() => lowered(wide)).toThrow(/BOUND_OVERFLOW/);
  });

  it('would be accepted: ⌊(n + p)/d⌋ passes every range and equation of a quotient of 50 bits', () => {
    const [n, d] = [2n ** 49n + 12_345n, 2n ** 30n - 3n];
    const quotient = (n + ORDER) / d;
    const remainder = n + ORDER - quotient * d;
    expect(quotient < 2n ** 50n && remainder >= 0n && remainder < d).toBe(true);
    expect((quotient * d + remainder - n) % ORDER).toBe(0n);
    expect(quotient).not.toBe(n / d);
  });

  it('is not there where divisors are of one size: the same quotient is refused', () => {
    const one = program(
      [
        { lo: 0, hi: 2 ** 50 },
        { lo: 2 ** 29, hi: 2 ** 30 },
      ],
      (g, [n, d]) => g.push('divide', { shift: 0 }, [n!, d!], 1),
    );
    const { relation, assign } = lowered(one);
    const [n, d] = [2n ** 49n + 12_345n, 2n ** 30n - 3n];
    const honest = assign(valuesOf(one, given(one, [[Number(n)], [Number(d)]])));
    expect(unsatisfied(relation, honest)).toBeUndefined();
    const quotient = (n + ORDER) / d;
    const remainder = n + ORDER - quotient * d;
    for (const forged of refilled(
      relation,
      honest,
      new Map([
        [': quotient', quotient],
        [': remainder', remainder],
      ]),
    )) {
      expect(unsatisfied(relation, forged)).toBeDefined();
    }
  });
});

describe('limbs', () => {
  it('are never as many as hold −1: no range of any way reaches p', () => {
    const wide = program([{ lo: -(2 ** 51), hi: 2 ** 51 }], (g, [x]) =>
      g.push('positive', {}, [layer(g, x!, [[1]], [3])], 1),
    );
    for (const widths of [[1, 16], [1, 13], [1, 7], undefined]) {
      const forced = widths === undefined ? {} : { widths };
      const { relation, assign } = lowered(wide, { forced });
      const ranges = relation.constraints.flatMap((constraint) =>
        constraint.kind === 'lookup' ? [Number(/^range (\d+)$/.exec(relation.tables[constraint.table]!.name)![1])] : [],
      );
      const bits = ranges.reduce((sum, rows) => sum + Math.log2(rows), 0);
      expect(bits).toBeGreaterThanOrEqual(52);
      expect(2 ** bits).toBeLessThan(Number(ORDER) - 2 ** 53);
      // max(x, 0) said to be 0 where x is positive: the gap is −x.
      const honest = assign(valuesOf(wide, given(wide, [[1]])));
      expect(unsatisfied(relation, honest)).toBeUndefined();
      for (const forged of refilled(relation, honest, new Map([['positive part', 0n]]))) {
        expect(
          unsatisfied(relation, { ...forged, publics: forged.publics.with(0, BigUint64Array.of(0n)) }),
        ).toBeDefined();
      }
    }
  });
});

describe('what a verifier would walk', () => {
  it('CIRCUIT_TOO_LARGE names the layer of a map without structure', () => {
    const size = 1100;
    const large = program([{ lo: 0, hi: 3, size: 2 * size }], (g, [x]) => {
      const builder = new LinearMapBuilder(2 * size);
      const pattern = builder.pattern(
        Array.from({ length: size }, (_, i) => i),
        Array.from({ length: size }, (_, i) => 1 + (i % 3)),
      );
      for (let row = 0; row < size; row++) builder.row(pattern, row);
      const sum = g.push('linear', { maps: [builder.build()], bias: new Float64Array(size) }, [x!], size);
      return requantised(g, sum, 4, 0, 8, OWN);
    });
    expect(() => lowered(large)).toThrow(/CIRCUIT_TOO_LARGE[^]*1210000[^]*linear1/);
  });

  it('a dense layer of as many entries is no such map', () => {
    const size = 1100;
    const dense = program([{ lo: 0, hi: 3, size }], (g, [x]) =>
      requantised(
        g,
        g.linear(
          [x!],
          size,
          (row) => Array.from({ length: size }, (_, i) => [i, ((row + i) % 5) - 2] as const),
          () => 0,
        ),
        4,
        -128,
        8,
        OWN,
      ),
    );
    const { statistics } = lowered(dense);
    expect(statistics.mapEntries).toBe(0);
    expect(statistics.weights).toBeGreaterThanOrEqual(size * size);
  });

  it('CIRCUIT_TOO_LARGE names the layer of functions with too many values', () => {
    const values = Float64Array.from({ length: 2 ** 18 + 1 }, (_, i) => (i * i) % 1009);
    const large = program([{ lo: 0, hi: 2 ** 18 }], (g, [x]) => g.push('table', { name: 'f', lo: 0, values }, [x!], 1));
    expect(() => lowered(large)).toThrow(/CIRCUIT_TOO_LARGE[^]*262145[^]*table1/);
  });
});

describe('maps', () => {
  const map = randomMap(7, 30, 20);

  it('of selected rows and renumbered columns are the map', () => {
    const operand: Vec = place(20, [
      { vec: whole({ side: 'cell', index: 0 }, 12, { lo: 0, hi: 9 }), at: [19, 18, 17, 16, 15, 14, 3, 4, 5, 6, 7, 8] },
      { vec: whole({ side: 'cell', index: 1 }, 8, { lo: 0, hi: 9 }), at: [0, 1, 2, 9, 10, 11, 12, 13] },
    ]);
    const rows = Uint32Array.of(2, 3, 11, 29);
    const tensors = [12, 8].map((size, t) => Float64Array.from({ length: size }, (_, i) => 100 * t + i + 1));
    const flat = new Float64Array(20);
    operand.terms.forEach(({ index, source }) => {
      index!.forEach((element, i) => {
        if (element >= 0) flat[i] = tensors[source.index]![element]!;
      });
    });
    const expected = new Float64Array(30);
    accumulate(map, flat, expected);
    const { terms, constant } = writeMap(map, rows, operand, ({ index }) => tensors[index]!.length);
    const got = Array.from(constant);
    for (const { operand: source, map: written, values } of terms) {
      const x = tensors[source.index]!;
      eachEntry({ ...written, weight: 0 }, rows.length, x.length, (row, column, weight) => {
        got[row]! += values[weight]! * x[column]!;
      });
    }
    expect(got).toEqual(Array.from(rows, (row) => expected[row]));
  });

  it('are dense where half of their entries are stored, and only just what they are', () => {
    const full = randomMap(3, 5, 4, 1);
    const entries = asDense(full)!;
    expect(isDenseOf(full, entries)).toBe(true);
    expect(asDense(map)).toBeUndefined();
    for (let e = 0; e < entries.length; e++) {
      const other = entries.slice();
      other[e]! += 1;
      expect(isDenseOf(full, other)).toBe(false);
    }
  });
});

/** `share` of all entries, from a seed. */
function randomMap(seed: number, rows: number, columns: number, share = 0.2): LinearMap {
  let state = seed;
  const next = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const builder = new LinearMapBuilder(columns);
  for (let row = 0; row < rows; row++) {
    const offsets = Array.from({ length: columns }, (_, i) => i).filter(() => next() <= share);
    builder.row(
      builder.pattern(
        offsets,
        offsets.map(() => 1 + Math.floor(9 * next())),
      ),
      0,
    );
  }
  return builder.build();
}

function given({ ir }: { readonly ir: Parameters<typeof lowerToRelation>[0] }, values: readonly (readonly number[])[]) {
  return new Map(ir.inputs.map((name, i) => [name, Float64Array.from(values[i]!)]));
}

/**
 * The assignment with cells, found by a part of their names, of other values, and limbs of the new values: low limbs first are no cells, so the cells of limb i
 * are tried with every cut that ranges have.
 */
function refilled(relation: Relation, honest: Assignment, values: ReadonlyMap<string, bigint>): Assignment[] {
  const cuts = Array.from({ length: 24 }, (_, i) => BigInt(i + 1));
  return cuts.map((cut) => ({
    ...honest,
    cells: honest.cells.map((tensor, c) => {
      const { name } = relation.cells[c]!;
      const own = [...values].find(([part]) => name.includes(part));
      if (own === undefined) return tensor;
      const limb = /limb (\d+)$/.exec(name);
      const value = ((own[1] % ORDER) + ORDER) % ORDER;
      if (limb === null) return BigUint64Array.of(value);
      return BigUint64Array.of((value >> (cut * BigInt(limb[1]!))) & ((1n << cut) - 1n));
    }),
  }));
}
