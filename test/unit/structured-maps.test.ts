/** Maps read by their structure give what their patterns give, whoever reads them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { integerBounds } from '../../src/compile/bounds/integer-bounds.js';
import { lehmer } from '../../src/compile/bounds/random.js';
import { linear as integerLinear } from '../../src/compile/ir/ops/linear.js';
import { compose } from '../../src/compile/passes/compose.js';
import { chooseShift, roundingError } from '../../src/compile/passes/scales.js';
import { accumulate } from '../../src/compile/real/accumulate.js';
import { affineBox } from '../../src/compile/real/box.js';
import {
  accumulateTransposed,
  commonRows,
  geometryRead,
  mapCoefs,
  nonZeros,
  structuredMap,
  type LinearMap,
} from '../../src/compile/real/linear-map.js';
import { sizesOf, type MapAxis, type WeightedStructure } from '../../src/compile/real/map-structure.js';
import { matrixOf, structures } from './map-structures.js';

/** The same map twice: read by its structure, and by patterns alone. Without zero weights, which patterns leave out. */
const twins = structures.map((structure) => {
  const full = { ...structure, weights: structure.weights.map((weight) => (weight === 0 ? 5 : weight) / 3) };
  const { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } = structuredMap(full);
  return {
    structured: structuredMap(full, -1),
    patterns: { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } as LinearMap,
    structure: full,
  };
});
const random = lehmer(20261130);
const numbers = (length: number) => Float64Array.from({ length }, () => 2 ** (30 * random()) * (random() - 0.5));
const whole = (map: LinearMap) => mapCoefs(map, (coef) => Math.round(10 * coef));

function boxOf(size: number) {
  const lo = Float64Array.from({ length: size }, () => Math.round(200 * random()) - 100);
  return { size, lo, hi: lo.map((value) => value + Math.round(50 * random())) };
}

describe('a map read by its structure', () => {
  it('is one', () => {
    const { structured, patterns } = fc.sample(twins, 1)[0]!;
    expect(geometryRead(structured)).toBeDefined();
    expect(geometryRead(patterns)).toBeUndefined();
  });

  it('gives the same sums, bit for bit, forwards and backwards', () => {
    fc.assert(
      fc.property(twins, ({ structured, patterns }) => {
        const rows = patterns.rowPattern.length;
        const [x, y] = [numbers(patterns.inSize), numbers(rows)];
        const sums = [structured, patterns].map((map) => {
          const out = new Float64Array(rows);
          accumulate(map, x, out);
          const back = new Float64Array(map.inSize);
          accumulateTransposed(map, y, back);
          return [out, back];
        });
        expect(sums[0]).toEqual(sums[1]);
        expect(nonZeros(structured)).toBe(nonZeros(patterns));
      }),
      { numRuns: 300 },
    );
  });

  it('sums what convolutions and dense layers have by blocks, to the same bits', () => {
    const window = (out: number): MapAxis => ({
      kind: 'window',
      out,
      in: out,
      kernel: 3,
      stride: 1,
      dilation: 1,
      pad: 1,
    });
    const shapes: MapAxis[][] = [
      [{ kind: 'full', out: 9, in: 5 }, window(6), window(7)],
      [
        { kind: 'shared', size: 3 },
        { kind: 'full', out: 6, in: 40 },
      ],
      [{ kind: 'own', size: 13 }, window(4), window(4)],
      [{ kind: 'full', out: 1, in: 50 }],
    ];
    for (const axes of shapes) {
      const structure = { axes, weights: numbers(sizesOf({ axes }).weights) };
      const [structured, plain] = [structuredMap(structure, -1), structuredMap(structure)];
      const x = numbers(structured.inSize);
      const [a, b] = [structured, plain].map((map) => {
        const y = new Float64Array(sizesOf(structure).out).fill(3);
        accumulate(map, x, y);
        return y;
      });
      expect(a).toEqual(b);
    }
  });

  it('gives the same bounds, liveness and choice of scale', () => {
    fc.assert(
      fc.property(twins, ({ structured, patterns }) => {
        const rows = patterns.rowPattern.length;
        const bias = numbers(rows);
        const box = boxOf(patterns.inSize);
        expect(affineBox({ maps: [structured], bias }, [box])).toEqual(affineBox({ maps: [patterns], bias }, [box]));
        const source = { factor: 1, mean: 0.3, rms: 2 };
        expect(roundingError([structured], [source])).toBe(roundingError([patterns], [source]));
        expect(chooseShift([structured], [source])).toBe(chooseShift([patterns], [source]));
        const uniform = { size: box.size, lo: box.lo.map(() => -3), hi: box.hi.map(() => 200) };
        const [a, b] = [structured, patterns].map((map) =>
          integerLinear.infer({ maps: [whole(map)], bias: new Float64Array(rows) }, [uniform], rows),
        );
        expect(a).toEqual(b);
        const live = Uint8Array.from({ length: rows }, () => (random() < 0.5 ? 1 : 0));
        const [facts, reads] = [[], []] as [unknown[], Uint8Array[]];
        for (const map of [whole(structured), whole(patterns)]) {
          const attrs = { maps: [map], bias: new Float64Array(rows).fill(7) };
          facts.push(integerLinear.infer(attrs, [box], rows));
          const mark = new Uint8Array(map.inSize);
          integerLinear.reads(attrs, live, [mark]);
          reads.push(mark);
        }
        expect(facts[0]).toEqual(facts[1]);
        expect(reads[0]).toEqual(reads[1]);
      }),
      { numRuns: 200 },
    );
  });

  it('is relaxed to the same bounds', () => {
    fc.assert(
      fc.property(twins, ({ structured, patterns }) => {
        const bounds = [whole(structured), whole(patterns)].map((map) => {
          const [size, rows] = [map.inSize, patterns.rowPattern.length];
          const node = { origin: 'test', dims: [size] };
          const relu = { shift: 0, lo: 0, bits: 4, ends: { lo: 'own', hi: 'counted' } } as const;
          return integerBounds({
            nodes: [
              { ...node, name: 'x', op: 'input', attrs: { lo: -9, hi: 9 }, inputs: [] },
              { ...node, name: 'a', op: 'requantise', attrs: relu, inputs: ['x'] },
              {
                ...node,
                name: 'y',
                op: 'linear',
                attrs: { maps: [map], bias: new Float64Array(rows) },
                inputs: ['a'],
                dims: [rows],
              },
            ],
            inputs: ['x'],
            outputs: [{ name: 'y', node: 'y' }],
          }).boxes.get('y');
        });
        expect(bounds[0]).toEqual(bounds[1]);
      }),
      { numRuns: 100 },
    );
  });

  it('composes with factors to the same matrix, by its structure where each weight takes one', () => {
    fc.assert(
      fc.property(twins, fc.constantFrom('rows', 'columns'), ({ structured, patterns, structure }, side) => {
        const { out, in: width } = sizesOf(structure);
        const scaled = (map: LinearMap, isAlike: boolean) => {
          const count = side === 'rows' ? out : width;
          const factors = Float64Array.from({ length: count }, (_, i) => (isAlike ? 2 : 1 + (i % 3)));
          const own = structuredMap({ axes: [{ kind: 'own', size: count }], weights: factors });
          const [outer, inner] = side === 'rows' ? [own, map] : [map, own];
          const bias = Float64Array.from({ length: inner.inSize === width && side === 'rows' ? out : width }, () => 1);
          return compose(outer, { maps: [inner], bias }, Infinity)!;
        };
        for (const isAlike of [true, false]) {
          const [a, b] = [scaled(structured, isAlike), scaled(patterns, isAlike)];
          expect(a.bias).toEqual(b.bias);
          expect(denseOf(a.maps[0]!)).toEqual(denseOf(b.maps[0]!));
          if (isAlike) expect(a.maps[0]!.structure).toBeDefined();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('has its rows for as long as coefficients alone change', () => {
    const { structured } = fc.sample(twins, 1)[0]!;
    const weights = commonRows(whole(structured), structured)?.map((rows) => rows.weights);
    expect(weights).toEqual([
      structured.structure!.weights.map((weight) => Math.round(10 * weight)),
      structured.structure!.weights,
    ]);
    const { axes, weights: own } = structured.structure!;
    expect(commonRows(structuredMap({ axes: [...axes], weights: own }), structured)).toBeUndefined();
  });
});

function denseOf(map: LinearMap): number[][] {
  if (map.structure !== undefined) return matrixOf(map.structure as WeightedStructure);
  return Array.from(map.rowPattern, (p, i) => {
    const row = new Array<number>(map.inSize).fill(0);
    for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++)
      row[map.rowBase[i]! + map.patOffset[k]!]! += map.patCoef[k]!;
    return row;
  });
}
