/**
 * Step 1 of the argument: all constraints but lookups in one batched sumcheck. With weights eq(r, ·) on the box of constraint l and powers of α over constraints,
 *
 *   Σ_l α^l·L_l = Σ_linear α^l Σ_k W_l(r, k)·x(k) + Σ_matmul α^l Σ_(g, k) eq(r_g, g)·A(g, k)·B(g, k) + Σ_product α^l Σ_i eq(r, i)·(a_i·b_i − c_i)
 *
 * where L_l is the weighted sum of a linear constraint's or a matmul's form. Round k binds variable k of all summands; a summand of v < V variables enters as
 * 2^(v − V) times itself. At the end weights' evaluations are sent in clear, and A, B padded.
 */
import { EXT_ONE, GL, NON_RESIDUE, extMul, extOf, extPow, extScale, type Ext } from '../../field/goldilocks.js';
import { axesTerm } from './axes.js';
import { axisPoints, boxVariables, flatVector, variablesOf } from './box.js';
import type { Affine } from './expression.js';
import { Expression, afterRound, type Padded } from './expression.js';
import { entriesFrom, type FunctionalTerm } from './functional.js';
import { eqBetween } from './multilinear.js';
import { dimsOf } from './plan.js';
import type { ConstraintsPlan } from './plan.js';
import type { ArgumentReader } from './reader.js';
import type { Constraint, MatrixTerm, Relation, WeightMap } from './relation.js';
import { PointWeighting, addForm, placeOf } from './weighting.js';

type Of<K extends Constraint['kind']> = Extract<Constraint, { kind: K }>;

/** What the ends of summands are written with. */
interface End {
  readonly reader: ArgumentReader;
  readonly plan: ConstraintsPlan;
  readonly r: readonly Ext[];
  readonly rho: readonly Ext[];
  /** The last running claim less all summands at ρ: 0. */
  readonly sum: Expression;
  /** Values of the last message, consumed in the order of constraints. */
  readonly values: Ext[];
}

export function readConstraints(reader: ArgumentReader, plan: ConstraintsPlan): void {
  const { relation } = reader.plan;
  const drawn = reader.transcript.draw('constraints point', plan.pointVariables + 1);
  const r = drawn.slice(0, plan.pointVariables);
  const powers = powersOf(drawn[plan.pointVariables]!, plan.indices.length);
  const [total] = reader.exchange('constraints sum', 1, 0).values;
  const formed = new Expression();
  plan.indices.forEach((index, l) => {
    const constraint = relation.constraints[index]!;
    if (constraint.kind === 'linear' || constraint.kind === 'matmul') {
      const weighting = new PointWeighting(constraint.dims, r);
      addForm(formed, relation, reader.publics, constraint.form, weighting, powers[l]!);
    }
  });
  formed.addAffine(total!, minusOne);
  reader.claimZero('constraints sum', formed);
  const { claim, rho } = readRounds(reader, plan, total!);
  const sum = new Expression();
  sum.addAffine(claim, EXT_ONE);
  const { values } = reader.transcript.exchange('constraints end', endValues(relation, plan), 0);
  const end: End = { reader, plan, r, rho, sum, values: [...values] };
  plan.indices.forEach((index, l) => {
    const constraint = relation.constraints[index]!;
    ENDS[constraint.kind](end, constraint as never, index, powers[l]!);
  });
  reader.claimZero('constraints end', sum);
}

const minusOne = extOf(GL.neg(1n));

function powersOf(alpha: Ext, count: number): Ext[] {
  return Array.from({ length: count }, (_, l) => extPow(alpha, BigInt(l)));
}

function readRounds(
  reader: ArgumentReader,
  plan: ConstraintsPlan,
  total: Affine,
): { readonly claim: Affine; readonly rho: readonly Ext[] } {
  const rho: Ext[] = [];
  let claim = total;
  for (let round = 0; round < plan.rounds; round++) {
    const { values, challenges } = reader.exchange(`constraints round ${round}`, plan.degree, 1);
    claim = afterRound(claim, values, challenges[0]!);
    rho.push(challenges[0]!);
  }
  return { claim, rho };
}

/** Elements of the last message: an evaluation a matrix term, two values a product or matmul. */
function endValues(relation: Relation, plan: ConstraintsPlan): number {
  return plan.indices.reduce((count, index) => {
    const constraint = relation.constraints[index]!;
    return count + (constraint.kind === 'linear' ? constraint.terms.length : 2);
  }, 0);
}

/** 2^(v − V). */
export function lengthFactor(variables: number, rounds: number): Ext {
  return extOf(GL.pow(GL.inv(2n), BigInt(rounds - variables)));
}

const ENDS: {
  readonly [K in Constraint['kind']]: (end: End, constraint: Of<K>, index: number, power: Ext) => void;
} = {
  linear(end, { dims, terms }, index, power) {
    terms.forEach((term, t) => {
      endMatrixTerm(end, dims, term, `constraint ${index} weights ${t}`, power);
    });
  },
  product(end, { dims, a, b, c }, index, power) {
    const { relation } = end.reader.plan;
    const weighting = new PointWeighting(dims, end.rho);
    const [x, y] = end.reader.padded(end.values.splice(0, 2)) as [Padded, Padded];
    for (const [name, form, value] of [['a', a, x] as const, ['b', b, y] as const]) {
      const evaluation = new Expression();
      addForm(evaluation, relation, end.reader.publics, form, weighting, EXT_ONE);
      evaluation.addAffine(value, minusOne);
      end.reader.claimZero(`constraint ${index} ${name}`, evaluation);
    }
    const variables = boxVariables(dims);
    const equal = eqBetween(end.r.slice(0, variables), end.rho.slice(0, variables));
    const scale = extMul(extMul(power, lengthFactor(variables, end.plan.rounds)), equal);
    end.sum.addAffine(end.reader.product(x, y), extScale(scale, GL.neg(1n)));
    addForm(end.sum, relation, end.reader.publics, c, weighting, scale);
  },
  matmul(end, { dims, a, b, inner }, index, power) {
    const { relation } = end.reader.plan;
    const [groups] = dims as [number, number, number];
    const [rG, rI, rJ] = axisPoints(dims, end.r) as [Ext[], Ext[], Ext[]];
    const [rhoG, rhoK] = axisPoints([groups, inner], end.rho) as [Ext[], Ext[]];
    const [x, y] = end.reader.padded(end.values.splice(0, 2)) as [Padded, Padded];
    const operands = [
      ['a', a, x, [rhoG, rI, rhoK]],
      ['b', b, y, [rhoG, rhoK, rJ]],
    ] as const;
    for (const [name, ref, value, points] of operands) {
      const evaluation = new Expression();
      const vectors = points.map((point) => ({ kind: 'eq' as const, point }));
      const [tree, tensor] = placeOf(relation, ref);
      evaluation.addTerms(tree, [{ kind: 'axes', tensor, coefficient: EXT_ONE, vectors }]);
      evaluation.addAffine(value, minusOne);
      end.reader.claimZero(`constraint ${index} ${name}`, evaluation);
    }
    const variables = variablesOf(groups) + variablesOf(inner);
    const scale = extMul(extMul(power, lengthFactor(variables, end.plan.rounds)), eqBetween(rG, rhoG));
    end.sum.addAffine(end.reader.product(x, y), extScale(scale, GL.neg(1n)));
  },
  lookup: () => undefined,
};

/** W(r, ρ) is sent in clear, a claim on the weights; W(r, ρ)·x(ρ) is a functional of the operand, or known. */
function endMatrixTerm(
  end: End,
  dims: readonly number[],
  { operand, map }: MatrixTerm,
  label: string,
  power: Ext,
): void {
  const { relation } = end.reader.plan;
  const [value] = end.values.splice(0, 1) as [Ext];
  const operandDims = dimsOf(relation, operand);
  const weights = new Expression();
  weights.addTerms('weights', [WEIGHT_TERMS[map.kind](map as never, dims, end.r, operandDims, end.rho)]);
  weights.addKnown(extScale(value, GL.neg(1n)));
  end.reader.claimZero(label, weights);
  const factor = lengthFactor(boxVariables(operandDims), end.plan.rounds);
  const scale = extScale(extMul(extMul(power, factor), value), GL.neg(1n));
  const whole = { terms: [{ coefficient: 1n, source: operand }], constant: 0n };
  addForm(end.sum, relation, end.reader.publics, whole, new PointWeighting(operandDims, end.rho), scale);
}

/** W(r, ρ) = Σ_i Σ_k w(r, i)·W[i, k]·w(ρ, k) as a functional of the weights, by the kind of its map. */
const WEIGHT_TERMS: {
  readonly [K in WeightMap['kind']]: (
    map: Extract<WeightMap, { kind: K }>,
    dims: readonly number[],
    r: readonly Ext[],
    operandDims: readonly number[],
    rho: readonly Ext[],
  ) => FunctionalTerm;
} = {
  dense(map, dims, r, operandDims, rho) {
    const vectors = [flatVector(dims, r), flatVector(operandDims, rho)];
    return { kind: 'axes', tensor: map.weight, coefficient: EXT_ONE, vectors };
  },
  patterns(map, dims, r, operandDims, rho) {
    const [rows, columns] = [new PointWeighting(dims, r), new PointWeighting(operandDims, rho)];
    const source = { kind: 'patterns', map, rows: rows.box, columns: columns.box } as const;
    const listed = () => patternWeights(map, rows.elements(), columns.elements());
    return entriesFrom(map.weight, Uint32Array.from(map.offset.keys()), source, listed);
  },
  axes: axesTerm,
};

/** Σ over rows i with entry e of rows[i]·columns[base_i + offset_e]. Sums grow without reduction: 2^31 products of 131 bits have 162. */
function patternWeights(
  { pattern, base, start, offset }: Extract<WeightMap, { kind: 'patterns' }>,
  rows: readonly Ext[],
  columns: readonly Ext[],
): Ext[] {
  const sums = Array.from(offset, (): [bigint, bigint] => [0n, 0n]);
  rows.forEach(([r0, r1], i) => {
    const p = pattern[i]!;
    const scaled = NON_RESIDUE * r1;
    for (let e = start[p]!; e < start[p + 1]!; e++) {
      const [c0, c1] = columns[base[i]! + offset[e]!]!;
      const sum = sums[e]!;
      sum[0] += r0 * c0 + scaled * c1;
      sum[1] += r0 * c1 + r1 * c0;
    }
  });
  return sums.map(([c0, c1]) => [GL.mod(c0), GL.mod(c1)] as const);
}
