/**
 * How much memory a prover of a relation takes, before it has any: the tables that relation-prover.ts, matrices.ts, constraints.ts, lookups.ts and opening.ts
 * allocate, by the sizes of the relation. Uses no Node API.
 */
import { EXT_BYTES, FIELD_BYTES } from '../../field/goldilocks.js';
import { treeBytes } from '../../kernels/clear/merkle.js';
import { boxVariables, variablesOf } from '../../verify/clear/box.js';
import { SALT_BYTES } from '../../verify/clear/merkle.js';
import { foldsOf, MASK_COLUMNS, MASKS } from '../../verify/clear/oracle.js';
import type { OpeningParameters } from '../../verify/clear/parameters.js';
import { committedTensors, dimsOf, type ArgumentPlan } from '../../verify/clear/plan.js';
import {
  elementsOf,
  tableRows,
  type Constraint,
  type Relation,
  type RelationTensor,
} from '../../verify/clear/relation.js';
import { listsOf } from './vectors.js';

const INDEX_BYTES = 4;
const DIGEST_BYTES = 32;

export interface ProverBytes {
  /** The kernels' memory at its fullest. */
  readonly kernels: number;
  /** Values of cells, weights and their places outside of it. */
  readonly others: number;
}

/** Bytes by which a process grows that opens the relation and proves, `others` those of arrays that are collected at leisure. */
export function proverBytes(plan: ArgumentPlan, parameters: OpeningParameters): ProverBytes {
  const { relation } = plan;
  const [cells, weights, publics] = [committedTensors(relation), relation.weights, relation.publics].map(sizeOf) as [
    number,
    number,
    number,
  ];
  const kept = keptBytes(plan, parameters, cells, weights);
  const proof = matrixBytes(plan, parameters) + FIELD_BYTES * (cells + publics);
  const most = Math.max(constraintBytes(relation), lookupBytes(plan), openingBytes(plan, parameters));
  // Integers of a run, then residues; places are lists before they are copied in.
  return { kernels: kept + proof + most, others: 2 * FIELD_BYTES * cells + (FIELD_BYTES + INDEX_BYTES) * weights };
}

const sum = <T>(of: readonly T[], bytes: (item: T) => number): number =>
  of.reduce((total, item) => total + bytes(item), 0);

const sizeOf = (tensors: readonly RelationTensor[]): number => sum(tensors, ({ dims }) => elementsOf(dims));

/** What stays between proofs: powers of roots, lists of the relation, rows of tables, places, and the weights with their code and tree. */
function keptBytes(
  { relation, layouts }: ArgumentPlan,
  { n, rateLog }: OpeningParameters,
  cells: number,
  weights: number,
): number {
  const twiddles = FIELD_BYTES * 2 ** (n + rateLog + 1);
  const lists = sum([...listsOf(relation)], ({ byteLength }) => byteLength);
  const rows = 2 * FIELD_BYTES * sum(relation.tables, tableRows);
  const columns = layouts.weights?.columns ?? 0;
  const code = columns === 0 ? 0 : treeBytes(n + rateLog) + FIELD_BYTES * columns * (2 ** n + 2 ** (n + rateLog));
  return twiddles + lists + rows + INDEX_BYTES * (cells + weights) + FIELD_BYTES * weights + code;
}

/** The cells' matrix: coefficients, masks, code, salts and tree. */
function matrixBytes({ layouts }: ArgumentPlan, { n, rateLog }: OpeningParameters): number {
  const columns = layouts.cells.columns + MASK_COLUMNS;
  const leaves = 2 ** (n + rateLog);
  return (
    FIELD_BYTES * columns * (2 ** n + leaves) +
    EXT_BYTES * MASKS * 2 ** n +
    SALT_BYTES * leaves +
    treeBytes(n + rateLog)
  );
}

type Of<K extends Constraint['kind']> = Extract<Constraint, { kind: K }>;

/** Tables of a constraint's summands, which all stay until the last round; a base table is folded to another. */
const SUMMAND_BYTES: { readonly [K in Constraint['kind']]: (constraint: Of<K>, relation: Relation) => number } = {
  linear: ({ terms }, relation) =>
    sum(terms, ({ operand }) => {
      const dims = dimsOf(relation, operand);
      return EXT_BYTES * elementsOf(dims) + cubeBytes(dims, EXT_BYTES + FIELD_BYTES) + foldedBytes(boxVariables(dims));
    }),
  product: ({ dims }) => {
    const variables = boxVariables(dims);
    const each = FIELD_BYTES * elementsOf(dims) + cubeBytes(dims, FIELD_BYTES) + foldedBytes(variables);
    return 3 * each + EXT_BYTES * 2 ** Math.max(0, variables - 1);
  },
  matmul: ({ dims, inner }) => {
    const box = [dims[0]!, inner];
    const cube = EXT_BYTES * 2 ** boxVariables(box);
    const eqs = EXT_BYTES * (2 ** variablesOf(dims[1]!) + 2 ** variablesOf(dims[2]!));
    return eqs + 2 * (EXT_BYTES * elementsOf(box) + cubeBytes(box, EXT_BYTES)) + 2 * cube;
  },
  lookup: () => 0,
};

/** Of a box that is no cube, a copy. */
function cubeBytes(dims: readonly number[], each: number): number {
  const cube = 2 ** boxVariables(dims);
  return cube === elementsOf(dims) ? 0 : each * cube;
}

const foldedBytes = (variables: number): number => (variables === 0 ? 0 : EXT_BYTES * 2 ** (variables - 1));

function constraintBytes(relation: Relation): number {
  return sum(relation.constraints, (constraint) => SUMMAND_BYTES[constraint.kind](constraint as never, relation));
}

/** All layers of the tree of fractions, and room to fold the largest. */
function lookupBytes({ lookups }: ArgumentPlan): number {
  if (lookups === undefined) return 0;
  const nodes = 2 ** (lookups.depth - 1);
  const layers = 2 * EXT_BYTES * (4 * nodes - 1);
  return layers + EXT_BYTES * (2 * nodes + nodes / 2 + nodes / 4);
}

/** Weights of columns, what columns are folded to, h and the words of its folds with their trees. */
function openingBytes({ layouts }: ArgumentPlan, parameters: OpeningParameters): number {
  const { n, rateLog } = parameters;
  const rows = 2 ** n;
  const columns = layouts.cells.columns + (layouts.weights?.columns ?? 0);
  const masks = EXT_BYTES * rows * (4 + MASKS);
  const before = EXT_BYTES * rows * columns + masks;
  const folded = (EXT_BYTES * rows * columns) / 2;
  // h, eq and room to fold both; then a word each, of half the coefficients in as many values.
  let [words, coefficients, domainLog] = [3 * EXT_BYTES * rows, rows, n + rateLog + 1];
  for (const variables of foldsOf(parameters)) {
    words += EXT_BYTES * (coefficients + 2 ** domainLog) + treeBytes(domainLog - variables);
    coefficients /= 2 ** variables;
    domainLog -= 1;
  }
  return before + Math.max(folded, words) + DIGEST_BYTES;
}
