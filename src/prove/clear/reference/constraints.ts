/** Step 1 of the argument (verify/clear/constraints.ts), proved the slow way: each summand is a product of tables on a cube. */
import { EXT_ZERO, GL, extAdd, extMul, extPow, extScale, type Ext } from '../../../field/goldilocks.js';
import { axisPoints, boxVariables, boxWeights, cubeOf, variablesOf } from '../../../verify/clear/box.js';
import { bindLowest, eqTable, innerProduct } from '../../../verify/clear/multilinear.js';
import { dimsOf } from '../../../verify/clear/plan.js';
import type { ConstraintsPlan } from '../../../verify/clear/plan.js';
import { elementsOf } from '../../../verify/clear/relation.js';
import type { Constraint, MatrixTerm, Relation } from '../../../verify/clear/relation.js';
import { eachEntry } from './maps.js';
import { addPolynomials, roundPolynomial, scalePolynomial, timesPowerOfTwo, type Polynomial } from './polynomial.js';
import type { Sender } from './sender.js';
import { formValues, vectorOf, type Values } from './values.js';

/** coefficient·Σ_cube Π tables. */
interface Summand {
  readonly variables: number;
  readonly coefficient: Ext;
  tables: readonly (readonly Ext[])[];
}

/** The summands of a constraint, and which of their tables' last values are sent: W in clear, A and B padded. */
interface Prepared {
  readonly summands: readonly Summand[];
  readonly padded: boolean;
  /** Of the tables of summands, in the order they are sent. */
  readonly ends: readonly (readonly [summand: number, table: number])[];
}

interface Setting {
  readonly relation: Relation;
  readonly values: Values;
  readonly r: readonly Ext[];
}

export function proveConstraints(sender: Sender, relation: Relation, plan: ConstraintsPlan, values: Values): void {
  const drawn = sender.transcript.draw('constraints point', plan.pointVariables + 1);
  const r = drawn.slice(0, plan.pointVariables);
  const alpha = drawn[plan.pointVariables]!;
  const setting: Setting = { relation, values, r };
  let total = EXT_ZERO;
  const prepared = plan.indices.map((index, l) => {
    const constraint = relation.constraints[index]!;
    const power = extPow(alpha, BigInt(l));
    if (constraint.kind === 'linear' || constraint.kind === 'matmul') {
      const form = formValues(constraint.form, constraint.dims, values);
      total = extAdd(total, extMul(power, innerProduct(boxWeights(constraint.dims, r), form)));
    }
    return PREPARE[constraint.kind](setting, constraint as never, power);
  });
  sender.exchange('constraints sum', [total], 0);
  const summands = prepared.flatMap((part) => part.summands);
  for (let round = 0; round < plan.rounds; round++) proveRound(sender, plan, summands, round);
  const ends = prepared.flatMap(({ padded, ends, summands: own }) => {
    const last = ends.map(([summand, table]) => own[summand]!.tables[table]![0]!);
    return padded ? sender.padded(last) : last;
  });
  sender.transcript.exchange('constraints end', ends, 0);
}

function proveRound(sender: Sender, plan: ConstraintsPlan, summands: readonly Summand[], round: number): void {
  let sum: Polynomial = new Array<Ext>(plan.degree + 1).fill(EXT_ZERO);
  for (const { variables, coefficient, tables } of summands) {
    const whole = variables > round ? roundPolynomial(tables) : [tables.map((t) => t[0]!).reduce(extMul)];
    const halvings = Math.min(0, variables - round - 1);
    sum = addPolynomials(sum, scalePolynomial(whole, timesPowerOfTwo(coefficient, halvings)));
  }
  const [atZero, , ...higher] = sum;
  const [challenge] = sender.exchange(`constraints round ${round}`, [atZero!, ...higher], 1);
  for (const summand of summands) {
    if (summand.variables > round) summand.tables = summand.tables.map((table) => bindLowest(table, challenge!));
  }
}

const PREPARE: {
  readonly [K in Constraint['kind']]: (
    setting: Setting,
    constraint: Extract<Constraint, { kind: K }>,
    power: Ext,
  ) => Prepared;
} = {
  linear: (setting, { dims, terms }, power) => ({
    summands: terms.map((term) => matrixSummand(setting, dims, term, power)),
    padded: false,
    ends: terms.map((_, t) => [t, 0] as const),
  }),
  product({ values, r }, { dims, a, b, c }, power) {
    const variables = boxVariables(dims);
    const equal = eqTable(r.slice(0, variables));
    const [x, y, z] = [a, b, c].map((form) => cubeOf(dims, formValues(form, dims, values)));
    return {
      summands: [
        { variables, coefficient: power, tables: [equal, x!, y!] },
        { variables, coefficient: extScale(power, GL.neg(1n)), tables: [equal, z!] },
      ],
      padded: true,
      ends: [
        [0, 1],
        [0, 2],
      ],
    };
  },
  matmul({ values, r }, { dims, a, b, inner }, power) {
    const [groups, rows, columns] = dims as [number, number, number];
    const [rG, rI, rJ] = axisPoints(dims, r).map((point) => eqTable(point)) as [Ext[], Ext[], Ext[]];
    const [left, right] = [vectorOf(a, values), vectorOf(b, values)];
    const x: Ext[] = [];
    const y: Ext[] = [];
    for (let g = 0; g < groups; g++) {
      for (let k = 0; k < inner; k++) {
        x.push(sumOf(rows, (i) => extMul(rI[i]!, left[(g * rows + i) * inner + k]!)));
        y.push(sumOf(columns, (j) => extMul(rJ[j]!, right[(g * inner + k) * columns + j]!)));
      }
    }
    const box = [groups, inner];
    const cube = rG.flatMap((weight) => new Array<Ext>(2 ** variablesOf(inner)).fill(weight));
    const tables = [cube, cubeOf(box, x), cubeOf(box, y)];
    return {
      summands: [{ variables: boxVariables(box), coefficient: power, tables }],
      padded: true,
      ends: [
        [0, 1],
        [0, 2],
      ],
    };
  },
  lookup: () => ({ summands: [], padded: false, ends: [] }),
};

function sumOf(count: number, term: (i: number) => Ext): Ext {
  let sum = EXT_ZERO;
  for (let i = 0; i < count; i++) sum = extAdd(sum, term(i));
  return sum;
}

/** W(r, ·) and the operand. */
function matrixSummand(
  { relation, values, r }: Setting,
  dims: readonly number[],
  { operand, map }: MatrixTerm,
  power: Ext,
): Summand {
  const operandDims = dimsOf(relation, operand);
  const rows = boxWeights(dims, r);
  const weights = values.weights[map.weight]!;
  const row = new Array<Ext>(elementsOf(operandDims)).fill(EXT_ZERO);
  eachEntry(map, rows.length, row.length, (i, k, weight) => {
    row[k] = extAdd(row[k]!, extMul(rows[i]!, weights[weight]!));
  });
  const tables = [cubeOf(operandDims, row), cubeOf(operandDims, vectorOf(operand, values))];
  return { variables: boxVariables(operandDims), coefficient: power, tables };
}
