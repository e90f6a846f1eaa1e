/** Weights of generic maps in float64 beside BigInt: residues at their ends, more rows of a pattern than are summed before carries, sums whose top is carried round. */
import { describe, expect, it } from 'vitest';
import { EXT_ZERO, extAdd, extMul, ORDER, type Ext } from '../../../src/field/goldilocks.js';
import { patternWeights } from '../../../src/verify/clear/limbs.js';
import { CANONICAL_EDGES, Draws } from '../kernels-clear-support.js';

/** Two patterns in turn, one of them empty, of four entries; bases overlap. */
function mapOf(rows: number) {
  return {
    kind: 'patterns',
    weight: 0,
    pattern: Uint32Array.from({ length: rows }, (_, i) => (i % 5 === 4 ? 1 : i % 2 === 0 ? 0 : 2)),
    base: Int32Array.from({ length: rows }, (_, i) => 1 + ((7 * i) % 14)),
    start: Uint32Array.of(0, 3, 3, 7),
    offset: Int32Array.of(0, 2, -1, 1, 5, 0, 3),
  } as const;
}

function expected(map: ReturnType<typeof mapOf>, rows: readonly Ext[], columns: readonly Ext[]): Ext[] {
  const sums = Array.from(map.offset, () => EXT_ZERO);
  rows.forEach((row, i) => {
    const p = map.pattern[i]!;
    for (let e = map.start[p]!; e < map.start[p + 1]!; e++) {
      sums[e] = extAdd(sums[e]!, extMul(row, columns[map.base[i]! + map.offset[e]!]!));
    }
  });
  return sums;
}

const COLUMNS = 20;
const all = (count: number, value: Ext): Ext[] => Array.from({ length: count }, () => value);

describe('weights of patterns', () => {
  it.each(CANONICAL_EDGES)('rows and columns at %s, beside every other end', (edge) => {
    const map = mapOf(200);
    for (const other of CANONICAL_EDGES) {
      const [rows, columns] = [all(200, [edge, other]), all(COLUMNS, [other, edge])];
      expect(patternWeights(map, rows, columns)).toEqual(expected(map, rows, columns));
    }
  });

  it.each([1, 63, 64, 65, 128, 320, 5000, 40_000])('%i rows, drawn and the largest', (count) => {
    const map = mapOf(count);
    const draws = new Draws(count);
    for (const [rows, columns] of [
      [draws.exts(count), draws.exts(COLUMNS)],
      [all(count, [ORDER - 1n, ORDER - 1n]), all(COLUMNS, [ORDER - 1n, ORDER - 1n])],
      // Limbs of all ones, which a residue has in its lower two.
      [
        all(count, [2n ** 64n - 2n ** 44n - 1n, 2n ** 44n - 1n]),
        all(COLUMNS, [2n ** 44n - 1n, 2n ** 64n - 2n ** 44n - 1n]),
      ],
    ] as const) {
      expect(patternWeights(map, rows, columns)).toEqual(expected(map, rows, columns));
    }
  });
});
