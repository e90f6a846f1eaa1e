/** Rows summed beside each other give what one row after the other gives, bit for bit, whatever the map. */
import { describe, expect, it } from 'vitest';
import { lehmer } from '../../src/compile/bounds/random.js';
import { accumulate } from '../../src/compile/real/accumulate.js';
import { LinearMapBuilder, type LinearMap } from '../../src/compile/real/linear-map.js';
import { rowBlocks, type RowBlocks } from '../../src/compile/real/row-blocks.js';

/** The definition of a map, in linear-map.ts. */
function oneByOne({ rowPattern, rowBase, patStart, patOffset, patCoef }: LinearMap, x: Float64Array): Float64Array {
  return Float64Array.from(rowPattern, (p, i) => {
    let sum = 0;
    for (let k = patStart[p]!; k < patStart[p + 1]!; k++) sum += patCoef[k]! * x[rowBase[i]! + patOffset[k]!]!;
    return sum;
  });
}

const IN = 60;

interface Shape {
  readonly lists: readonly (readonly number[])[];
  readonly patterns: number;
  readonly rows: number;
  readonly bases: number;
}

/** Patterns of random coefficients over these lists of offsets, some of them zero; rows that apply any of them anywhere. */
function randomMap({ lists, patterns, rows, bases }: Shape, random: () => number): LinearMap {
  const builder = new LinearMapBuilder(IN);
  for (let p = 0; p < patterns; p++) {
    const offsets = lists[Math.floor(random() * lists.length)]!;
    builder.pattern(
      offsets,
      offsets.map(() => (random() < 0.02 ? 0 : random() - 0.5)),
    );
  }
  for (let i = 0; i < rows; i++) builder.row(Math.floor(random() * patterns), Math.floor(random() * bases));
  return builder.build();
}

const list = (length: number) => Array.from({ length }, (_, i) => 2 * i);
const shapes: Readonly<Record<string, Shape>> = {
  'a dense layer': { lists: [list(20)], patterns: 37, rows: 37, bases: 1 },
  'a convolution': { lists: [list(9)], patterns: 8, rows: 500, bases: 40 },
  'a pool': { lists: [list(4)], patterns: 1, rows: 50, bases: 50 },
  'rows that have nothing in common': {
    lists: [[], [0], [3], [1, 5], [5, 1], list(7)],
    patterns: 30,
    rows: 30,
    bases: 30,
  },
  'rows without coefficients among others': { lists: [[], list(5)], patterns: 12, rows: 60, bases: 1 },
  'no rows': { lists: [list(3)], patterns: 1, rows: 0, bases: 1 },
};

describe('a linear map', () => {
  for (const [what, shape] of Object.entries(shapes)) {
    it(`of ${what}: the sums of each row in its own order`, () => {
      const random = lehmer(7);
      for (let run = 0; run < 20; run++) {
        const map = randomMap(shape, random);
        const x = Float64Array.from({ length: IN }, () => 2 ** (40 * random()) * (random() - 0.5));
        const y = new Float64Array(map.rowPattern.length).fill(3);
        accumulate(map, x, y);
        expect([...y]).toEqual([...oneByOne(map, x).map((sum) => 3 + sum)]);
      }
    });
  }

  it('has every row in one block', () => {
    const random = lehmer(11);
    for (const shape of Object.values(shapes)) {
      const map = randomMap(shape, random);
      const { pairs, parallel, shared, single } = rowBlocks(map);
      const rows = [...pairs.rows, ...parallel.rows, ...shared, ...single].toSorted((a, b) => a - b);
      expect(rows).toEqual([...map.rowPattern.keys()]);
      expect([pairs.rows.length % 8, parallel.rows.length % 4, shared.length % 4]).toEqual([0, 0, 0]);
    }
  });

  it('of the kinds that models have leaves few rows alone', () => {
    const kinds: Readonly<Record<string, (blocks: RowBlocks) => Uint32Array>> = {
      'a dense layer': ({ parallel }) => parallel.rows,
      'a convolution': ({ pairs }) => pairs.rows,
      'a pool': ({ shared }) => shared,
    };
    for (const [what, rowsOf] of Object.entries(kinds)) {
      const shape = shapes[what]!;
      const builder = new LinearMapBuilder(IN);
      for (let p = 0; p < shape.patterns; p++)
        builder.pattern(
          shape.lists[0]!,
          shape.lists[0]!.map(() => 1 + p),
        );
      for (let p = 0; p < shape.patterns; p++) for (let base = 0; base < shape.bases; base++) builder.row(p, base);
      expect(rowsOf(rowBlocks(builder.build())).length, what).toBeGreaterThan(0.9 * shape.patterns * shape.bases);
    }
  });
});
