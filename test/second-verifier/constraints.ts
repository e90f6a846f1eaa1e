import type { MapAxis, MatrixTerm } from '../../src/verify/clear/relation.js';
import { afterRound, constant, minus, plus, times, type Expression, type Padded, type Term } from './expression.js';
import {
  add,
  base,
  boxWeights,
  eqPoints,
  inverse,
  log2Ceil,
  mul,
  ONE,
  powers,
  variablesOf,
  ZERO,
  type Element,
} from './field.js';
import { mostVariables, type Argument, type Other } from './statement.js';

/** The box over which a constraint's summands are summed, one for each. */
function summandBoxes(argument: Argument, constraint: Other): (readonly number[])[] {
  switch (constraint.kind) {
    case 'linear':
      return constraint.terms.map((term) => argument.dims(term.operand));
    case 'product':
      return [constraint.dims];
    case 'matmul':
      return [[constraint.dims[0] ?? 0, constraint.inner]];
  }
}

/** Section 3. */
export function constraintsPart(argument: Argument): void {
  const list = argument.relation.constraints.filter((constraint): constraint is Other => constraint.kind !== 'lookup');
  if (list.length === 0) return;
  const drawn = argument.transcript.draw('constraints point', mostVariables(list.map(({ dims }) => dims)) + 1);
  const r = drawn.slice(0, -1);
  const alphas = powers(drawn.at(-1) ?? ZERO, list.length);
  const start = argument.sendPadded('constraints sum', 1).sent[0];
  if (start === undefined) return;

  const left = list.map((constraint, l) => {
    if (constraint.kind === 'product') return constant(ZERO);
    return times(alphas[l] ?? ZERO, argument.form(constraint.form, boxWeights(r, constraint.dims)));
  });
  argument.claims.push(minus(plus(...left), start));

  const variables = mostVariables(list.flatMap((constraint) => summandBoxes(argument, constraint)));
  const cubic = list.some(({ kind }) => kind !== 'linear');
  const rho: Element[] = [];
  let claim: Expression = start;
  for (let k = 0; k < variables; k++) {
    const { sent, drawn: point } = argument.sendPadded(`constraints round ${k}`, cubic ? 3 : 2, 1);
    const [s0, c2, c3 = constant(ZERO)] = sent;
    const x = point[0];
    if (s0 === undefined || c2 === undefined || x === undefined) return;
    claim = afterRound(claim, x, s0, c2, c3);
    rho.push(x);
  }
  argument.claims.push(...endOfConstraints(argument, list, { r, rho, alphas, claim }));
}

interface End {
  readonly r: readonly Element[];
  readonly rho: readonly Element[];
  readonly alphas: readonly Element[];
  readonly claim: Expression;
}

/** Claims on weights and on factors, then the last one. */
function endOfConstraints(argument: Argument, list: readonly Other[], end: End): Expression[] {
  const counts = list.map((constraint) => (constraint.kind === 'linear' ? constraint.terms.length : 2));
  const { sent } = argument.send(
    'constraints end',
    counts.reduce((total, count) => total + count, 0),
  );
  const claims: Expression[] = [];
  const summands: Expression[] = [];
  let at = 0;
  list.forEach((constraint, l) => {
    const values = sent.slice(at, (at += counts[l] ?? 0));
    const { claims: own, summand } = ends(argument, constraint, values, end);
    claims.push(...own);
    summands.push(times(end.alphas[l] ?? ZERO, summand));
  });
  return [...claims, minus(end.claim, plus(...summands))];
}

function ends(
  argument: Argument,
  constraint: Other,
  sent: readonly Element[],
  end: End,
): { claims: Expression[]; summand: Expression } {
  const shrunk = (dims: readonly number[]): Element => base(inverse(2n ** BigInt(end.rho.length - variablesOf(dims))));
  if (constraint.kind === 'linear') {
    const rows = boxWeights(end.r, constraint.dims);
    const parts = constraint.terms.map((term, t) => {
      const dims = argument.dims(term.operand);
      const columns = boxWeights(end.rho, dims);
      const value = sent[t] ?? ZERO;
      return {
        claim: minus(weightsAt(term, rows, columns), constant(value)),
        summand: times(mul(shrunk(dims), value), argument.tensor(term.operand, columns)),
      };
    });
    return { claims: parts.map(({ claim }) => claim), summand: plus(...parts.map(({ summand }) => summand)) };
  }
  const [a, b] = sent.map((value) => argument.pad(value));
  if (a === undefined || b === undefined) throw new Error('two factors');
  const boxes = summandBoxes(argument, constraint)[0] ?? [];
  if (constraint.kind === 'product') {
    const weights = boxWeights(end.rho, constraint.dims);
    const used = variablesOf(constraint.dims);
    const eq = eqPoints(end.r.slice(0, used), end.rho.slice(0, used));
    return {
      claims: [minus(argument.form(constraint.a, weights), a), minus(argument.form(constraint.b, weights), b)],
      summand: times(mul(shrunk(boxes), eq), minus(argument.product(a, b), argument.form(constraint.c, weights))),
    };
  }
  return matmulEnd(argument, constraint, [a, b], end, shrunk(boxes));
}

function matmulEnd(
  argument: Argument,
  constraint: Extract<Other, { kind: 'matmul' }>,
  [a, b]: readonly [Padded, Padded],
  { r, rho }: End,
  factor: Element,
): { claims: Expression[]; summand: Expression } {
  const [groups = 0, rows = 0, columns = 0] = constraint.dims;
  const { inner } = constraint;
  const [vi, vj, vk, vg] = [rows, columns, inner, groups].map(log2Ceil) as [number, number, number, number];
  const eqJ = boxWeights(r, [columns]);
  const eqI = boxWeights(r.slice(vj), [rows]);
  const rG = r.slice(vj + vi, vj + vi + vg);
  const eqK = boxWeights(rho, [inner]);
  const rhoG = rho.slice(vk, vk + vg);
  const eqG = boxWeights(rhoG, [groups]);
  const outer = (...lists: Element[][]): Element[] =>
    lists.reduce((product, list) => product.flatMap((x) => list.map((y) => mul(x, y))), [ONE]);
  return {
    claims: [
      minus(argument.tensor(constraint.a, outer(eqG, eqI, eqK)), a),
      minus(argument.tensor(constraint.b, outer(eqG, eqK, eqJ)), b),
    ],
    summand: times(mul(factor, eqPoints(rG, rhoG)), argument.product(a, b)),
  };
}

/** Σ_(j, k) rows_j · W[j, k] · columns_k. */
function weightsAt({ map }: MatrixTerm, rows: readonly Element[], columns: readonly Element[]): Expression {
  const of: Term['of'] = `weight ${map.weight}`;
  if (map.kind === 'dense') {
    const terms = rows.flatMap((row, j) =>
      columns.map((column, k): Term => ({ of, index: j * columns.length + k, weight: mul(row, column) })),
    );
    return { known: ZERO, terms };
  }
  if (map.kind === 'axes') return productOfAxes(map, rows, columns);
  const weights = Array.from(map.offset, () => ZERO);
  rows.forEach((row, i) => {
    const pattern = map.pattern[i] ?? 0;
    for (let e = map.start[pattern] ?? 0; e < (map.start[pattern + 1] ?? 0); e++) {
      const column = columns[(map.base[i] ?? 0) + (map.offset[e] ?? 0)] ?? ZERO;
      weights[e] = add(weights[e] ?? ZERO, mul(row, column));
    }
  });
  return { known: ZERO, terms: weights.map((weight, index) => ({ of, index, weight })) };
}

/** The same of a product of axes: every weight, and which rows and columns meet in it. */
function productOfAxes(
  { axes, weight }: Extract<MatrixTerm['map'], { kind: 'axes' }>,
  rows: readonly Element[],
  columns: readonly Element[],
): Expression {
  // [row, column, weight] of all places, axis after axis.
  let places: (readonly [number, number, number])[] = [[0, 0, 0]];
  for (const axis of axes) {
    const { out, input, count, meet } = sizesOf(axis);
    const pairs = Array.from({ length: out * input }, (_, e): [number, number] => [Math.floor(e / input), e % input]);
    const along = pairs.flatMap(([o, i]) => meet(o, i).map((w): [number, number, number] => [o, i, w]));
    places = places.flatMap(([j, k, w]) =>
      along.map(([o, i, own]): [number, number, number] => [j * out + o, k * input + i, w * count + own]),
    );
  }
  const size = axes.reduce((product, axis) => product * sizesOf(axis).count, 1);
  const weights = Array.from({ length: size }, () => ZERO);
  for (const [j, k, w] of places) {
    weights[w] = add(weights[w] ?? ZERO, mul(rows[j] ?? ZERO, columns[k] ?? ZERO));
  }
  return { known: ZERO, terms: weights.map((value, index) => ({ of: `weight ${weight}`, index, weight: value })) };
}

/** Outs, ins and weights of an axis, and the weights in which an out and an in meet. */
function sizesOf(axis: MapAxis): {
  out: number;
  input: number;
  count: number;
  meet: (o: number, i: number) => number[];
} {
  switch (axis.kind) {
    case 'shared':
      return { out: axis.size, input: axis.size, count: 1, meet: (o, i) => (o === i ? [0] : []) };
    case 'own':
      return { out: axis.size, input: axis.size, count: axis.size, meet: (o, i) => (o === i ? [o] : []) };
    case 'full':
      return { out: axis.out, input: axis.in, count: axis.out * axis.in, meet: (o, i) => [o * axis.in + i] };
    case 'window': {
      const { out, in: input, kernel, stride, dilation, pad } = axis;
      const taps = Array.from({ length: kernel }, (_, k) => k);
      const meet = (o: number, i: number) => taps.filter((k) => o * stride + k * dilation - pad === i);
      return { out, input, count: kernel, meet };
    }
  }
}
