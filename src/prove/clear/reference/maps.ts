/** Weight maps of a relation, entry by entry. */
import type { MapAxis, MatrixTerm, WeightMap } from '../../../verify/clear/relation.js';

/** W[row, column] has the weight; rows and columns are flat indices of box and operand. */
export type Visit = (row: number, column: number, weight: number) => void;

/** Calls `visit` for every entry of a map of rows × columns; those that name the same place add up. */
export function eachEntry(map: MatrixTerm['map'], rows: number, columns: number, visit: Visit): void {
  (ENTRIES[map.kind] as (map: WeightMap, rows: number, columns: number, visit: Visit) => void)(
    map,
    rows,
    columns,
    visit,
  );
}

const ENTRIES: {
  readonly [K in WeightMap['kind']]: (
    map: Extract<WeightMap, { kind: K }>,
    rows: number,
    columns: number,
    visit: Visit,
  ) => void;
} = {
  dense(_, rows, columns, visit) {
    for (let i = 0; i < rows; i++) for (let k = 0; k < columns; k++) visit(i, k, i * columns + k);
  },
  patterns({ pattern, base, start, offset }, rows, _, visit) {
    for (let i = 0; i < rows; i++) {
      const p = pattern[i]!;
      for (let e = start[p]!; e < start[p + 1]!; e++) visit(i, base[i]! + offset[e]!, e);
    }
  },
  axes({ axes }, _rows, _columns, visit) {
    const along = axes.map(meetings);
    const walk = (a: number, row: number, column: number, weight: number): void => {
      const axis = along[a];
      if (axis === undefined) return visit(row, column, weight);
      const { outs, ins, weights, list } = axis;
      for (const [o, i, w] of list) walk(a + 1, row * outs + o, column * ins + i, weight * weights + w);
    };
    walk(0, 0, 0, 0);
  },
};

/** Of one axis: extents, number of weights, and which out meets which in, in which weight. */
interface Meetings {
  readonly outs: number;
  readonly ins: number;
  readonly weights: number;
  readonly list: readonly (readonly [out: number, input: number, weight: number])[];
}

function meetings(axis: MapAxis): Meetings {
  const of: { readonly [K in MapAxis['kind']]: (axis: Extract<MapAxis, { kind: K }>) => Meetings } = {
    shared: ({ size }) => ({ outs: size, ins: size, weights: 1, list: range(size).map((i) => [i, i, 0]) }),
    own: ({ size }) => ({ outs: size, ins: size, weights: size, list: range(size).map((i) => [i, i, i]) }),
    full: ({ out, in: ins }) => ({
      outs: out,
      ins,
      weights: out * ins,
      list: range(out).flatMap((o) => range(ins).map((i) => [o, i, o * ins + i] as const)),
    }),
    window: ({ out, in: ins, kernel, stride, dilation, pad }) => ({
      outs: out,
      ins,
      weights: kernel,
      list: range(out).flatMap((o) =>
        range(kernel)
          .map((k) => [o, o * stride + k * dilation - pad, k] as const)
          .filter(([, i]) => i >= 0 && i < ins),
      ),
    }),
  };
  return of[axis.kind](axis as never);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
