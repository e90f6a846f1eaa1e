/** Structure of linear maps: its expansion against the definition, coefficient by coefficient, and annotations that are not true. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mapCoefs, structuredMap, type LinearMap } from '../../src/compile/real/linear-map.js';
import {
  expandsTo,
  geometryOf,
  isStructure,
  sizesOf,
  type MapAxis,
  type WeightedStructure,
} from '../../src/compile/real/map-structure.js';
import { matrixOf, structures } from './map-structures.js';

/** Row by row, as the definition of a map says. */
function dense({ inSize, rowPattern, rowBase, patStart, patOffset, patCoef }: LinearMap): number[][] {
  return Array.from(rowPattern, (p, i) => {
    const row = new Array<number>(inSize).fill(0);
    for (let k = patStart[p]!; k < patStart[p + 1]!; k++) row[rowBase[i]! + patOffset[k]!]! += patCoef[k]!;
    return row;
  });
}

describe('the structure of a linear map', () => {
  it('expands to the matrix that its axes define', () => {
    fc.assert(
      fc.property(structures, (structure) => {
        expect(dense(structuredMap(structure))).toEqual(matrixOf(structure));
      }),
      { numRuns: 300 },
    );
  });

  it('has no more classes and taps than it says beforehand', () => {
    fc.assert(
      fc.property(structures, (structure) => {
        const { taps, weights } = sizesOf(structure);
        expect(geometryOf(structure).tap.length).toBeLessThanOrEqual(taps);
        expect(weights).toBe(structure.weights.length);
        expect(isStructure(structure)).toBe(true);
      }),
    );
  });

  it('is an annotation that holds of its own map, and of no map with one coefficient more, less or changed', () => {
    fc.assert(
      fc.property(structures, fc.nat(), fc.constantFrom(-1, 0.5, 0), (structure, place, value) => {
        const map = structuredMap(structure);
        expect(expandsTo(structure, map)).toBe(true);
        const rows = matrixOf(structure);
        const [row, column] = [place % rows.length, Math.floor(place / rows.length) % map.inSize];
        if (rows[row]![column] === value) return;
        rows[row]![column] = value;
        expect(expandsTo(structure, patternsOf(rows))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('does not hold of a map of other sizes, or with other weights than it has axes for', () => {
    const axes: MapAxis[] = [{ kind: 'full', out: 2, in: 3 }];
    const structure = { axes, weights: Float64Array.of(1, 2, 3, 4, 5, 6) };
    const map = structuredMap(structure);
    expect(expandsTo(structure, map)).toBe(true);
    expect(expandsTo(structure, { ...patternsOf([[1, 2, 3]]), inSize: 3 })).toBe(false);
    expect(expandsTo({ axes, weights: structure.weights.subarray(1) }, map)).toBe(false);
    expect(expandsTo({ axes: [{ kind: 'own', size: 2 }], weights: Float64Array.of(1, 2) }, map)).toBe(false);
  });

  it('is refused with sizes that are none', () => {
    const window = { kind: 'window', out: 2, in: 2, kernel: 3, stride: 1, dilation: 1, pad: 1 } as const;
    const wrong: MapAxis[] = [
      { kind: 'shared', size: 0 },
      { kind: 'own', size: 1.5 },
      { kind: 'full', out: 2 ** 31, in: 1 },
      { ...window, stride: 0 },
      { ...window, pad: -1 },
      { ...window, kernel: NaN },
      { ...window, out: 2 ** 20, stride: 2 ** 20 },
    ];
    expect(isStructure({ axes: [window] })).toBe(true);
    for (const axis of wrong) expect(isStructure({ axes: [axis] })).toBe(false);
  });

  it('stays with other coefficients: the same rows, and the same entries where some become zero', () => {
    fc.assert(
      fc.property(structures, (structure) => {
        const [map, round] = [structuredMap(structure), (coef: number) => Math.round(coef / 3)];
        const rounded = mapCoefs(map, round);
        expect(rounded.patOffset).toBe(map.patOffset);
        expect(rounded.patCoef).toEqual(map.patCoef.map(round));
        expect(matrixOf(rounded.structure!).map((row) => row.map((value) => value + 0))).toEqual(dense(rounded));
      }),
    );
  });
});

function patternsOf(rows: readonly (readonly number[])[]): LinearMap {
  const inSize = rows[0]!.length;
  return {
    inSize,
    rowPattern: Uint32Array.from(rows.keys()),
    rowBase: new Int32Array(rows.length),
    patStart: Uint32Array.from({ length: rows.length + 1 }, (_, i) => i * inSize),
    patOffset: Int32Array.from(rows.flatMap((row) => [...row.keys()])),
    patCoef: Float64Array.from(rows.flat()),
  } satisfies Omit<LinearMap, 'structure'> & { structure?: WeightedStructure };
}
