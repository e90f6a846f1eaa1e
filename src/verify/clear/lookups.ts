/**
 * Step 2 of the argument: logUp (Haböck, eprint 2022/1530) by GKR over fractions (Papini and Haböck, eprint 2023/1284), one tree for all tables. A leaf is
 * numerator/denominator: 1/(χ − in − θ·out − θ²·tag) for a lookup, −m/(the same of the row) for a row of a table, 0/1 elsewhere; a tag is a table's index + 1. A node is
 * the sum of its children, leaves i and i + half: (p0·q1 + p1·q0)/(q0·q1). The root is 0/q with q ≠ 0.
 */
import { EXT_ONE, GL, extAdd, extMul, extOf, extScale, extSub, type Ext } from '../../field/goldilocks.js';
import { eqSums } from './box.js';
import { Affine, Expression, afterWeightedRound, type Padded } from './expression.js';
import { listedSum } from './listed-sum.js';
import { eqAt } from './multilinear.js';
import type { LeafBlock, LookupsPlan } from './plan.js';
import type { ArgumentReader } from './reader.js';
import { tableRows } from './relation.js';
import type { Table, TablePiece } from './relation.js';
import { LeafWeighting, addForm } from './weighting.js';

/** Numerator and denominator at a point of a layer. */
interface Fraction {
  readonly p: Affine;
  readonly q: Affine;
  readonly point: readonly Ext[];
}

export interface FoldChallenges {
  readonly chi: Ext;
  readonly theta: Ext;
}

export function readLookups(reader: ArgumentReader, plan: LookupsPlan): void {
  const [chi, theta] = reader.transcript.draw('lookups fold', 2) as [Ext, Ext];
  const { values, challenges } = reader.exchange('lookups root', 2, 1);
  const [q, inverse] = values as [Padded, Padded];
  const root = new Expression();
  root.addAffine(reader.product(q, inverse), EXT_ONE);
  root.addKnown(minusOne);
  reader.claimZero('lookups root', root);
  let fraction: Fraction = { p: new Affine([0n, 0n]), q, point: [] };
  let lambda = challenges[0]!;
  for (let layer = 0; layer < plan.depth; layer++) {
    const next = readLayer(reader, layer, fraction, lambda, layer === plan.depth - 1);
    fraction = next.fraction;
    lambda = next.lambda;
  }
  claimNumerators(reader, plan, fraction);
  claimDenominators(reader, plan, fraction, { chi, theta });
}

const minusOne = extOf(GL.neg(1n));

/** p + λ·q at a point of a layer = Σ_i eq(point, i)·(p0·q1 + p1·q0 + λ·q0·q1) of the next. */
function readLayer(
  reader: ArgumentReader,
  layer: number,
  { p, q, point }: Fraction,
  lambda: Ext,
  last: boolean,
): { readonly fraction: Fraction; readonly lambda: Ext } {
  let claim = p.plus(q, lambda);
  const rho: Ext[] = [];
  for (let round = 0; round < layer; round++) {
    const { values, challenges } = reader.exchange(`lookups layer ${layer} round ${round}`, 2, 1);
    claim = afterWeightedRound(claim, values, point[round]!, challenges[0]!);
    rho.push(challenges[0]!);
  }
  const { values, challenges } = reader.exchange(`lookups layer ${layer} end`, 4, last ? 1 : 2);
  const [p0, p1, q0, q1] = values as [Padded, Padded, Padded, Padded];
  const end = new Expression();
  end.addAffine(claim, minusOne);
  end.addAffine(reader.product(p0, q1), EXT_ONE);
  end.addAffine(reader.product(p1, q0), EXT_ONE);
  end.addAffine(reader.product(q0, q1), lambda);
  reader.claimZero(`lookups layer ${layer}`, end);
  const mu = challenges[0]!;
  const below = extSub(EXT_ONE, mu);
  const fraction = { p: p0.times(below).plus(p1, mu), q: q0.times(below).plus(q1, mu), point: [...rho, mu] };
  return { fraction, lambda: challenges[1] ?? EXT_ONE };
}

function blocksOf(plan: LookupsPlan, kind: LeafBlock['of']['kind'], index: number): LeafBlock[] {
  return plan.blocks.filter(({ of }) => of.kind === kind && of.index === index);
}

/** Σ_lookups eq(point, leaf) − Σ_rows eq(point, leaf)·m. */
function claimNumerators(reader: ArgumentReader, plan: LookupsPlan, { p, point }: Fraction): void {
  const { relation, layouts } = reader.plan;
  const sum = new Expression();
  sum.addAffine(p, minusOne);
  for (const { of, log, leaf } of plan.blocks) {
    if (of.kind === 'lookup') sum.addKnown(eqAt(point.slice(log), leaf / 2 ** log));
  }
  relation.tables.forEach((table, index) => {
    const weighting = new LeafWeighting([tableRows(table)], layouts, blocksOf(plan, 'table', index), point);
    sum.addTerms('cells', weighting.terms('cells', relation.cells.length + index, minusOne));
  });
  reader.claimZero('lookups numerators', sum);
}

/** χ·E + (1 − E) − Σ_allocated eq(point, leaf)·(in + θ·out + θ²·tag), E = Σ_allocated eq(point, leaf). */
function claimDenominators(
  reader: ArgumentReader,
  plan: LookupsPlan,
  { q, point }: Fraction,
  { chi, theta }: FoldChallenges,
): void {
  const { publics } = reader;
  const { relation, layouts } = reader.plan;
  const sum = new Expression();
  sum.addAffine(q, minusOne);
  const allocated = eqSums(point, plan.allocated).count;
  sum.addKnown(extAdd(extMul(chi, allocated), extSub(EXT_ONE, allocated)));
  const negTheta = extScale(theta, GL.neg(1n));
  relation.constraints.forEach((constraint, index) => {
    if (constraint.kind !== 'lookup') return;
    const weighting = new LeafWeighting(constraint.dims, layouts, blocksOf(plan, 'lookup', index), point);
    addForm(sum, relation, publics, constraint.input, weighting, minusOne);
    addForm(sum, relation, publics, constraint.output, weighting, negTheta);
    sum.addKnown(extMul(tagged(constraint.table, negTheta, theta), weighting.total()));
  });
  relation.tables.forEach((table, index) => {
    for (const block of blocksOf(plan, 'table', index)) {
      const { count, input, output } = rowSums(table, block, point.slice(0, block.log));
      const row = extAdd(extMul(tagged(index, negTheta, theta), count), extMul(negTheta, output));
      sum.addKnown(extMul(eqAt(point.slice(block.log), block.leaf / 2 ** block.log), extSub(row, input)));
    }
  });
  reader.claimZero('lookups denominators', sum);
}

/** −θ²·tag. */
function tagged(table: number, negTheta: Ext, theta: Ext): Ext {
  return extScale(extMul(negTheta, theta), BigInt(table + 1));
}

interface RowSums {
  readonly count: Ext;
  readonly input: Ext;
  readonly output: Ext;
}

/** Σ eq(point, i) times 1, in and out of row start + i, over a block of 2^point.length rows. */
export function rowSums(table: Table, { start, log }: LeafBlock, point: readonly Ext[]): RowSums {
  let sums: RowSums = { count: EXT_ONE, input: [0n, 0n], output: [0n, 0n] };
  const first = start[0]!;
  let row = 0;
  for (const piece of table.pieces) {
    const rows = piece.kind === 'line' ? piece.rows : piece.values.length;
    const from = Math.max(0, row - first);
    const to = Math.min(2 ** log, row + rows - first);
    if (from < to) {
      const { input, output } = pieceSums(piece, from, to, first - row, point);
      sums = { ...sums, input: extAdd(sums.input, input), output: extAdd(sums.output, output) };
    }
    row += rows;
  }
  return sums;
}

/** Rows i + shift of a piece, from ≤ i < to. */
function pieceSums(
  piece: TablePiece,
  from: number,
  to: number,
  shift: number,
  point: readonly Ext[],
): Omit<RowSums, 'count'> {
  const [low, high] = [eqSums(point, from), eqSums(point, to)];
  const count = extSub(high.count, low.count);
  const index = extSub(high.index, low.index);
  const line = (value: number) => extAdd(index, extScale(count, GL.mod(BigInt(value + shift))));
  const input = line(piece.first);
  if (piece.kind === 'line') {
    const output = piece.slope === 1 ? line(piece.out) : extScale(count, GL.mod(BigInt(piece.out)));
    return { input, output };
  }
  return { input, output: listedSum(point, from, piece.values.subarray(from + shift, to + shift)) };
}
