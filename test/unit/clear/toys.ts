/** Small relations of protocol `clear` with assignments that satisfy them. */
import { GL } from '../../../src/field/goldilocks.js';
import { countMultiplicities } from '../../../src/prove/clear/reference/satisfied.js';
import type {
  Assignment,
  Form,
  FormTerm,
  MapAxis,
  Ref,
  Relation,
  Side,
  Table,
} from '../../../src/verify/clear/relation.js';

export interface Toy {
  readonly relation: Relation;
  readonly assignment: Assignment;
}

export const ref = (side: Side, index: number): Ref => ({ side, index });
export const term = (coefficient: bigint, source: Ref, select?: FormTerm['select']): FormTerm =>
  select ? { coefficient, source, select } : { coefficient, source };
export const form = (terms: readonly FormTerm[], constant = 0n): Form => ({ terms, constant });
/** The form that is one tensor. */
export const just = (side: Side, index: number): Form => form([term(1n, ref(side, index))]);
export const zero = form([]);
export const select = (from: number[], to: number[]) => ({ from: Uint32Array.from(from), to: Uint32Array.from(to) });
export const residues = (values: readonly number[]): BigUint64Array =>
  BigUint64Array.from(values, (value) => GL.mod(BigInt(value)));
export const rangeTable = (name: string, rows: number): Table => ({
  name,
  pieces: [{ kind: 'line', first: 0, rows, out: 0, slope: 0 }],
});

/** Integers in [low, high], the same for every run: a multiplicative generator modulo 2^31 − 1. */
export function draws(seed: number): (low: number, high: number) => number {
  let state = seed;
  return (low, high) => {
    state = Number((BigInt(state) * 48271n) % 2147483647n);
    return low + (state % (high - low + 1));
  };
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/**
 * Linear (with bias) → z = ⌊(acc + 4)/8⌋, rem = acc + 4 − 8z → y = clamp(z, 0, 7) → linear, with public input [inputs] and output [3]: the network of
 * the design's own model.
 */
export function requantised(inputs = 4, hidden = 6): Toy {
  const draw = draws(7 + inputs + hidden);
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => draw(-6, 6)));
  const [w1, w2] = [matrix(hidden, inputs), matrix(3, hidden)];
  const bias = Array.from({ length: hidden }, () => draw(-4, 4));
  const x = Array.from({ length: inputs }, () => draw(0, 7));
  const acc = w1.map((row, i) => bias[i]! + dot(row, x));
  const z = acc.map((a) => Math.floor((a + 4) / 8));
  const rem = acc.map((a, i) => a + 4 - 8 * z[i]!);
  const y = z.map((value) => clamp(value, 0, 7));
  const reach = 6 * inputs + 6;
  const relation: Relation = {
    cells: ['z', 'rem', 'y'].map((name) => ({ name, dims: [hidden] })),
    weights: [
      { name: 'w1', dims: [hidden, inputs] },
      { name: 'bias', dims: [hidden] },
      { name: 'w2', dims: [3, hidden] },
    ],
    publics: [
      { name: 'x', dims: [inputs] },
      { name: 'out', dims: [3] },
    ],
    tables: [
      rangeTable('rem', 8),
      {
        name: 'clamp',
        pieces: [
          { kind: 'line', first: -reach, rows: reach, out: 0, slope: 0 },
          { kind: 'line', first: 0, rows: 8, out: 0, slope: 1 },
          { kind: 'line', first: 8, rows: reach, out: 7, slope: 0 },
        ],
      },
    ],
    constraints: [
      {
        kind: 'linear',
        dims: [hidden],
        form: form([term(8n, ref('cell', 0)), term(1n, ref('cell', 1)), term(-1n, ref('weight', 1))], -4n),
        terms: [{ operand: ref('public', 0), map: { kind: 'dense', weight: 0 } }],
      },
      {
        kind: 'linear',
        dims: [3],
        form: just('public', 1),
        terms: [{ operand: ref('cell', 2), map: { kind: 'dense', weight: 2 } }],
      },
      { kind: 'lookup', dims: [hidden], table: 0, input: just('cell', 1), output: zero },
      { kind: 'lookup', dims: [hidden], table: 1, input: just('cell', 0), output: just('cell', 2) },
    ],
  };
  return {
    relation,
    assignment: {
      cells: [z, rem, y].map(residues),
      weights: [w1.flat(), bias, w2.flat()].map(residues),
      publics: [x, w2.map((row) => dot(row, y))].map(residues),
    },
  };
}

/**
 * Every kind of constraint, map, piece and side: a private x [2, 3, 5], a map of patterns over it, a grouped product of matrices, an elementwise product of affine
 * forms, a relation between cells alone, a gather, a sum of multiplicities with its inverse, three tables.
 */
export function everyKind(): Toy {
  const draw = draws(11);
  const many = (count: number, low: number, high: number) => Array.from({ length: count }, () => draw(low, high));
  const x = many(30, 1, 5); // [2, 3, 5], none 0: what multiplies it counts
  const b = many(2 * 5 * 3, -3, 3); // [2, 5, 3]
  // Squares by their table, of a form that adds an element twice: 2 + 2 = 2², 1 = 1², 0 = 0².
  [b[0], b[10], b[29]] = [2, 1, 0];
  const taps = many(5, -2, 2);
  // Two patterns over flat x: rows 0, 2, 4 have three taps, rows 1, 3 two.
  const patterns = {
    kind: 'patterns' as const,
    weight: 0,
    pattern: Uint32Array.of(0, 1, 0, 1, 0),
    base: Int32Array.of(0, 7, 11, 3, 20),
    start: Uint32Array.of(0, 3, 5),
    offset: Int32Array.of(0, 1, 5, 2, 6),
  };
  const conv = Array.from(patterns.pattern, (p, i) => {
    let sum = 0;
    for (let e = patterns.start[p]!; e < patterns.start[p + 1]!; e++)
      sum += taps[e]! * x[patterns.base[i]! + patterns.offset[e]!]!;
    return sum;
  });
  const product: number[] = [];
  for (let g = 0; g < 2; g++) {
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        product.push(
          Array.from({ length: 5 }, (_, k) => x[(g * 3 + i) * 5 + k]! * b[(g * 5 + k) * 3 + j]!).reduce(
            (s, v) => s + v,
            0,
          ),
        );
      }
    }
  }
  const square = conv.map((value, i) => (value + 1) * (2 * x[i]! - 3));
  const relu = conv.map((value) => Math.max(0, value));
  const dense = many(3 * 30, -2, 2);
  const total = Array.from({ length: 3 }, (_, i) => dot(dense.slice(30 * i, 30 * i + 30), x) + x[4]!);
  const relation: Relation = {
    cells: [
      { name: 'x', dims: [2, 3, 5] },
      { name: 'b', dims: [2, 5, 3] },
      { name: 'conv', dims: [5] },
      { name: 'product', dims: [2, 3, 3] },
      { name: 'square', dims: [5] },
      { name: 'relu', dims: [5] },
      { name: 'twice', dims: [2, 3, 3] },
      { name: 'many', dims: [1] },
      { name: 'inverse', dims: [1] },
    ],
    weights: [
      { name: 'taps', dims: [5] },
      { name: 'dense', dims: [3, 30] },
    ],
    publics: [
      { name: 'total', dims: [3] },
      { name: 'first', dims: [2] },
    ],
    tables: [
      rangeTable('digit', 6),
      {
        name: 'relu',
        pieces: [
          { kind: 'line', first: -40, rows: 40, out: 0, slope: 0 },
          { kind: 'line', first: 0, rows: 41, out: 0, slope: 1 },
        ],
      },
      { name: 'square', pieces: [{ kind: 'values', first: -3, values: Float64Array.of(9, 4, 1, 0, 1, 4, 9) }] },
    ],
    constraints: [
      { kind: 'linear', dims: [5], form: just('cell', 2), terms: [{ operand: ref('cell', 0), map: patterns }] },
      {
        kind: 'matmul',
        dims: [2, 3, 3],
        form: form([term(1n, ref('cell', 3))]),
        a: ref('cell', 0),
        b: ref('cell', 1),
        inner: 5,
      },
      {
        kind: 'product',
        dims: [5],
        a: form([term(1n, ref('cell', 2))], 1n),
        b: form([term(2n, ref('cell', 0), select([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]))], -3n),
        c: just('cell', 4),
      },
      {
        kind: 'linear',
        dims: [2, 3, 3],
        form: form([term(2n, ref('cell', 3)), term(-1n, ref('cell', 6))], 7n),
        terms: [],
      },
      {
        kind: 'linear',
        dims: [3],
        form: form([term(1n, ref('public', 0)), term(-1n, ref('cell', 0), select([4, 4, 4], [0, 1, 2]))]),
        terms: [{ operand: ref('cell', 0), map: { kind: 'dense', weight: 1 } }],
      },
      {
        kind: 'linear',
        dims: [2],
        form: form([term(1n, ref('public', 1)), term(-1n, ref('cell', 0), select([29, 3], [0, 1]))]),
        terms: [],
      },
      {
        kind: 'linear',
        dims: [1],
        form: form([term(1n, ref('cell', 7)), term(-1n, ref('multiplicity', 0), select([4, 5], [0, 0]))]),
        terms: [],
      },
      { kind: 'product', dims: [1], a: just('cell', 7), b: just('cell', 8), c: form([], 1n) },
      { kind: 'lookup', dims: [2, 3, 5], table: 0, input: just('cell', 0), output: zero },
      { kind: 'lookup', dims: [5], table: 1, input: just('cell', 2), output: just('cell', 5) },
      {
        kind: 'lookup',
        dims: [3],
        table: 2,
        input: form([term(1n, ref('cell', 1), select([0, 10, 29], [0, 1, 2]))]),
        output: form([term(1n, ref('cell', 1), select([0, 0, 10, 29], [0, 0, 1, 2]))]),
      },
    ],
  };
  return withInverse(relation, { x, b, conv, product, square, relu, total, taps, dense });
}

function withInverse(
  relation: Relation,
  v: Record<'x' | 'b' | 'conv' | 'product' | 'square' | 'relu' | 'total' | 'taps' | 'dense', number[]>,
): Toy {
  const assignment = (many: bigint): Assignment => ({
    cells: [
      ...[v.x, v.b, v.conv, v.product, v.square, v.relu, v.product.map((value) => 2 * value + 7)].map(residues),
      BigUint64Array.of(many),
      BigUint64Array.of(many === 0n ? 0n : GL.inv(many)),
    ],
    weights: [v.taps, v.dense].map(residues),
    publics: [v.total, [v.x[29]!, v.x[3]!]].map(residues),
  });
  const [digits] = countMultiplicities(relation, assignment(0n));
  return { relation, assignment: assignment(digits![4]! + digits![5]!) };
}

/** Σ over the axes of `axes` that ends in y[o] += w·x[i], place by place: what a structured map is, in the words of its definition. */
export function structuredMap(axes: readonly MapAxis[], weights: readonly bigint[], x: readonly bigint[]): bigint[] {
  const size = (of: (axis: MapAxis) => number) => axes.reduce((product, axis) => product * of(axis), 1);
  const [outs, ins] = [size(outOf), size(inOf)];
  return Array.from({ length: outs }, (_, row) => {
    let sum = 0n;
    for (let column = 0; column < ins; column++) {
      for (const weight of meeting(axes, row, column)) sum += weights[weight]! * x[column]!;
    }
    return sum;
  });
}

export const outOf = (axis: MapAxis): number => ('out' in axis ? axis.out : axis.size);
export const inOf = (axis: MapAxis): number => ('in' in axis ? axis.in : axis.size);

/** The weights in which an element of the box and one of the operand meet, from the last axis to the first. */
export function meeting(axes: readonly MapAxis[], row: number, column: number): number[] {
  let found = [0];
  let stride = 1;
  for (const axis of [...axes].reverse()) {
    const [o, i] = [row % outOf(axis), column % inOf(axis)];
    row = Math.floor(row / outOf(axis));
    column = Math.floor(column / inOf(axis));
    const own: number[] = [];
    if (axis.kind === 'full') own.push(o * axis.in + i);
    else if (axis.kind === 'window') {
      for (let k = 0; k < axis.kernel; k++) if (i === o * axis.stride + k * axis.dilation - axis.pad) own.push(k);
    } else if (o === i) own.push(axis.kind === 'own' ? i : 0);
    const step = stride;
    found = found.flatMap((weight) => own.map((w) => weight + w * step));
    if (axis.kind === 'full') stride *= axis.out * axis.in;
    if (axis.kind === 'window') stride *= axis.kernel;
    if (axis.kind === 'own') stride *= axis.size;
  }
  return found;
}

/**
 * Every kind of axis: a grouped convolution of two samples with a bias, strided and padded one way and dilated the other; its output, whose box has other
 * dims than the axes, as a whole to 3 outputs, and times one weight.
 */
export function structured(): Toy {
  const draw = draws(23);
  const many = (count: number, low: number, high: number) =>
    Array.from({ length: count }, () => BigInt(draw(low, high)));
  const conv: readonly MapAxis[] = [
    { kind: 'shared', size: 2 },
    { kind: 'own', size: 2 },
    { kind: 'full', out: 3, in: 2 },
    { kind: 'window', out: 3, in: 5, kernel: 3, stride: 2, dilation: 1, pad: 1 },
    { kind: 'window', out: 2, in: 4, kernel: 2, stride: 1, dilation: 2, pad: 0 },
  ];
  const dense: readonly MapAxis[] = [{ kind: 'full', out: 3, in: 72 }];
  const scale: readonly MapAxis[] = [
    { kind: 'shared', size: 12 },
    { kind: 'shared', size: 6 },
  ];
  const x = many(2 * 2 * 2 * 5 * 4, 0, 5);
  const [taps, matrix, factor, bias] = [many(2 * 3 * 2 * 3 * 2, -3, 3), many(3 * 72, -2, 2), [-3n], many(72, -9, 9)];
  const y = structuredMap(conv, taps, x).map((value, i) => value + bias[i]!);
  const box = [2, 2, 3, 3, 2];
  const relation: Relation = {
    cells: [
      { name: 'x', dims: [2, 2, 2, 5, 4] },
      { name: 'y', dims: box },
      { name: 'scaled', dims: box },
    ],
    weights: [
      { name: 'taps', dims: [2, 3, 2, 3, 2] },
      { name: 'dense', dims: [3, 72] },
      { name: 'factor', dims: [1] },
      { name: 'bias', dims: box },
    ],
    publics: [{ name: 'out', dims: [3] }],
    tables: [rangeTable('digit', 6)],
    constraints: [
      {
        kind: 'linear',
        dims: box,
        form: form([term(1n, ref('cell', 1)), term(-1n, ref('weight', 3))]),
        terms: [{ operand: ref('cell', 0), map: { kind: 'axes', weight: 0, axes: conv } }],
      },
      {
        kind: 'linear',
        dims: [3],
        form: just('public', 0),
        terms: [{ operand: ref('cell', 1), map: { kind: 'axes', weight: 1, axes: dense } }],
      },
      {
        kind: 'linear',
        dims: box,
        form: just('cell', 2),
        terms: [{ operand: ref('cell', 1), map: { kind: 'axes', weight: 2, axes: scale } }],
      },
      { kind: 'lookup', dims: [2, 2, 2, 5, 4], table: 0, input: just('cell', 0), output: zero },
    ],
  };
  const field = (values: readonly bigint[]) => BigUint64Array.from(values, GL.mod);
  return {
    relation,
    assignment: {
      cells: [x, y, structuredMap(scale, factor, y)].map(field),
      weights: [taps, matrix, factor, bias].map(field),
      publics: [structuredMap(dense, matrix, y)].map(field),
    },
  };
}
