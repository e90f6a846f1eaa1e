/** What tables hold: functions of an integer, each a record that can be laid out over any interval of its domain. */
import type { Table, TablePiece } from '../../verify/clear/relation.js';
import type { End, Ends } from '../ir/graph.js';
import type { Range } from './vec.js';

export interface TableFunction {
  /** Equal keys are one table, over the hull of the intervals that are asked for. */
  readonly key: string;
  readonly name: string;
  /** The layer that a message about its size names. */
  readonly layer: string;
  /** Value at `x`. */
  at(x: number): number;
  pieces(lo: number, hi: number): TablePiece[];
  /** Rows of [lo, hi] whose multiplicities count in the statement's bit, as intervals of x. */
  counted(lo: number, hi: number): Range[];
}

/** Constant runs at least this long are lines, which a verifier evaluates without walking them. */
const LONG_RUN = 32;

type EndRule = {
  /** Whether a value beyond has a row. */
  readonly hasRows: boolean;
  /** Whether such rows count in the statement's bit. */
  readonly counts: boolean;
};

/** What becomes of values beyond an end. */
export const END_RULES: { readonly [E in End]: EndRule } = {
  own: { hasRows: true, counts: false },
  counted: { hasRows: true, counts: true },
  refused: { hasRows: false, counts: false },
};

const line = (first: number, rows: number, out: number, slope: 0 | 1): TablePiece[] =>
  rows > 0 ? [{ kind: 'line', first, rows, out, slope }] : [];

const NOTHING = (): Range[] => [];

/** (x, 0) for 0 ≤ x < rows. */
export function rangeFunction(rows: number): TableFunction {
  const name = `range ${rows}`;
  return {
    key: name,
    name,
    layer: name,
    at: () => 0,
    pieces: (lo, hi) => line(lo, hi - lo + 1, 0, 0),
    counted: NOTHING,
  };
}

/** Parts of [lo, hi] below 0, in [0, top] and above. */
function parts(lo: number, hi: number, top: number) {
  const part = (from: number, to: number) => ({ first: from, rows: Math.max(0, to - from + 1) });
  return {
    below: part(lo, Math.min(hi, -1)),
    inner: part(Math.max(lo, 0), Math.min(hi, top)),
    above: part(Math.max(lo, top + 1), hi),
  };
}

function countedEnds(ends: Ends, top: number): TableFunction['counted'] {
  return (lo, hi) => {
    const { below, above } = parts(lo, hi, top);
    return (
      [
        [ends.lo, below],
        [ends.hi, above],
      ] as const
    ).flatMap(([end, { first, rows }]) =>
      END_RULES[end].counts && rows > 0 ? [{ lo: first, hi: first + rows - 1 }] : [],
    );
  };
}

/** clamp(x, 0, 2^bits − 1), x and value both counted from the range's lower end. */
export function clampFunction(bits: number, ends: Ends, layer: string): TableFunction {
  const top = 2 ** bits - 1;
  const name = `clamp ${bits} bits, ends ${ends.lo} and ${ends.hi}`;
  return {
    key: name,
    name,
    layer,
    at: (x) => Math.min(Math.max(x, 0), top),
    pieces(lo, hi) {
      const { below, inner, above } = parts(lo, hi, top);
      return [
        ...line(below.first, below.rows, 0, 0),
        ...line(inner.first, inner.rows, inner.first, 1),
        ...line(above.first, above.rows, top, 0),
      ];
    },
    counted: countedEnds(ends, top),
  };
}

/** values[clamp(x, 0, values.length − 1)]: a function behind a requantisation, or by itself where ends are never reached. */
export function valuesFunction(given: {
  /** Of the values: equal numbers are equal values. */
  readonly id: number;
  readonly name: string;
  readonly values: Float64Array;
  readonly ends: Ends;
  readonly layer: string;
}): TableFunction {
  const { id, name, values, ends, layer } = given;
  const top = values.length - 1;
  return {
    key: `function ${id}, ends ${ends.lo} and ${ends.hi}`,
    name,
    layer,
    at: (x) => values[Math.min(Math.max(x, 0), top)]!,
    pieces(lo, hi) {
      const { below, inner, above } = parts(lo, hi, top);
      return [
        ...line(below.first, below.rows, values[0]!, 0),
        ...runs(inner.first, values.subarray(inner.first, inner.first + inner.rows)),
        ...line(above.first, above.rows, values[top]!, 0),
      ];
    },
    counted: countedEnds(ends, top),
  };
}

/** Listed values, long lines among them as lines. */
function runs(first: number, values: Float64Array): TablePiece[] {
  const pieces: TablePiece[] = [];
  let listed = 0;
  const list = (end: number) => {
    if (end > listed) pieces.push({ kind: 'values', first: first + listed, values: values.slice(listed, end) });
  };
  for (let i = 0; i < values.length;) {
    const slope = values[i + 1] === values[i]! + 1 ? 1 : 0;
    let end = i + 1;
    while (end < values.length && values[end] === values[i]! + slope * (end - i)) end++;
    if (end - i >= LONG_RUN) {
      list(i);
      pieces.push({ kind: 'line', first: first + i, rows: end - i, out: values[i]!, slope });
      listed = end;
    }
    i = end;
  }
  list(values.length);
  return pieces;
}

/** max(x, 0). */
export const POSITIVE: TableFunction = {
  key: 'max(x, 0)',
  name: 'max(x, 0)',
  layer: 'maxima',
  at: (x) => Math.max(x, 0),
  pieces(lo, hi) {
    const { below, inner } = parts(lo, hi, Infinity);
    return [...line(below.first, below.rows, 0, 0), ...line(inner.first, inner.rows, inner.first, 1)];
  },
  counted: NOTHING,
};

/** 1 for x ≥ 0, else 0. */
export const SIGN: TableFunction = {
  key: 'x ≥ 0',
  name: 'x ≥ 0',
  layer: 'comparisons',
  at: (x) => (x >= 0 ? 1 : 0),
  pieces(lo, hi) {
    const { below, inner } = parts(lo, hi, Infinity);
    return [...line(below.first, below.rows, 0, 0), ...line(inner.first, inner.rows, 1, 0)];
  },
  counted: NOTHING,
};

/** clamp(x, −1, 1): on which side of a range a value lies. */
export const SIDE: TableFunction = {
  key: 'clamp(x, −1, 1)',
  name: 'clamp(x, −1, 1)',
  layer: 'requantisations',
  at: (x) => Math.min(Math.max(x, -1), 1),
  pieces(lo, hi) {
    const { below, inner, above } = parts(lo, hi, 0);
    return [
      ...line(below.first, below.rows, -1, 0),
      ...line(inner.first, inner.rows, 0, 0),
      ...line(above.first, above.rows, 1, 0),
    ];
  },
  counted: NOTHING,
};

/** Least and greatest value over [lo, hi]. */
export function valuesOver(fn: TableFunction, lo: number, hi: number): Range {
  let [least, most] = [Infinity, -Infinity];
  for (const piece of fn.pieces(lo, hi)) {
    const ends = piece.kind === 'line' ? [piece.out, piece.out + piece.slope * (piece.rows - 1)] : piece.values;
    for (const value of ends) [least, most] = [Math.min(least, value), Math.max(most, value)];
  }
  return { lo: least, hi: most };
}

/** Rows of a table that a verifier evaluates one by one. */
export function listedRows({ pieces }: Table): number {
  return pieces.reduce((rows, piece) => rows + (piece.kind === 'values' ? piece.values.length : 0), 0);
}
