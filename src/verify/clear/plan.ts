/**
 * What the argument over a relation is made of, before anything is proved: how many rounds and messages, which value has which pad, which claims come of it. Layout,
 * prover and verifier all read it here, so that the number of bytes of a proof follows from the key.
 */
import type { Layout } from './layout.js';
import { boxVariables, variablesOf } from './box.js';
import { elementsOf, tableRows } from './relation.js';
import type { Constraint, Relation, RelationTensor } from './relation.js';

/** Uniform triples beside the products of pads: one hides the three final values of their zero check; three are there. */
export const FREE_TRIPLES = 3;
/** The mask of that zero check has this degree in each variable, the degree of its rounds. */
export const MASK_DEGREE = 3;
/** Rows of listed tables, which the verifier evaluates one by one, over all tables of a relation. */
export const MAX_LISTED_ROWS = 2 ** 18;

/** An aligned power-of-two part of the leaves of the logUp tree. */
export interface LeafBlock {
  /** A constraint (its index) or a table. */
  readonly of: { readonly kind: 'lookup' | 'table'; readonly index: number };
  /** Where in the box it lies: first index and side 2^log along each axis. */
  readonly start: readonly number[];
  readonly logs: readonly number[];
  readonly log: number;
  /** First leaf, a multiple of 2^log. */
  readonly leaf: number;
}

export interface ConstraintsPlan {
  /** Indices of constraints that are no lookups: the powers of α in their order. */
  readonly indices: readonly number[];
  /** Variables of the point r: those of the largest box. */
  readonly pointVariables: number;
  readonly rounds: number;
  /** Of the rounds' polynomials: 3 with products or matmuls, else 2. */
  readonly degree: 2 | 3;
}

export interface LookupsPlan {
  /** 2^depth leaves. */
  readonly depth: number;
  readonly blocks: readonly LeafBlock[];
  /** Leaves of all blocks, which fill 0 … allocated − 1. */
  readonly allocated: number;
}

/** Extension elements that hide the argument's messages, committed as one tensor [count, 2]: pads, products of pads, free triples, mask. */
export interface BlindingPlan {
  /** One for each padded value, in the order they are sent. */
  readonly pads: number;
  /** Pairs of pads whose product is committed. */
  readonly products: readonly (readonly [number, number])[];
  /** The zero check of products is over 2^variables triples; 0 products: there is none. */
  readonly variables: number;
  readonly firstProduct: number;
  /** a, b, c of each free triple. */
  readonly firstFree: number;
  /** Constant, then MASK_DEGREE coefficients of X, X², X³ a variable. */
  readonly firstMask: number;
  readonly count: number;
}

export interface ArgumentPlan {
  readonly relation: Relation;
  readonly layouts: Layouts;
  /** Undefined where the relation has none. */
  readonly constraints: ConstraintsPlan | undefined;
  readonly lookups: LookupsPlan | undefined;
  readonly blinding: BlindingPlan;
  /** Index of the blinding's tensor among the committed ones. */
  readonly blindingTensor: number;
  /** Labels of all claims, in order. */
  readonly claims: readonly string[];
}

/** Where the tensors of both trees lie; without weights there is one tree. */
export interface Layouts {
  /** Of committedTensors(relation). */
  readonly cells: Layout;
  readonly weights: Layout | undefined;
}

/** All tensors of the cells' tree: the relation's cells, a tensor of multiplicities a table, the blinding. */
export function committedTensors(relation: Relation): RelationTensor[] {
  const { blinding } = shapeOf(relation);
  return [
    ...relation.cells,
    ...relation.tables.map((table) => ({ name: `multiplicities of ${table.name}`, dims: [tableRows(table)] })),
    { name: 'blinding', dims: [Math.max(1, blinding.count), 2] },
  ];
}

export function argumentPlan(relation: Relation, layouts: Layouts): ArgumentPlan {
  const { constraints, depth, blinding } = shapeOf(relation);
  return {
    relation,
    layouts,
    constraints,
    lookups: depth === undefined ? undefined : { depth, ...leafBlocks(relation) },
    blinding,
    blindingTensor: relation.cells.length + relation.tables.length,
    claims: claimsOf(relation, constraints, depth, blinding),
  };
}

/** What committedTensors needs. */
function shapeOf(relation: Relation) {
  const constraints = constraintsPlan(relation);
  const leaves = leafCount(relation);
  const depth = leaves === 0 ? undefined : Math.max(1, variablesOf(leaves));
  return { constraints, depth, blinding: blindingPlan(relation, constraints, depth) };
}

/** Elements of all lookups and rows of all tables. */
export function leafCount(relation: Relation): number {
  const lookups = relation.constraints.filter(({ kind }) => kind === 'lookup');
  return (
    lookups.reduce((sum, { dims }) => sum + elementsOf(dims), 0) +
    relation.tables.reduce((sum, table) => sum + tableRows(table), 0)
  );
}

/** Variables of each summand of the batched sumcheck that a constraint brings. */
const SUMMANDS: {
  readonly [K in Constraint['kind']]: (
    constraint: Extract<Constraint, { kind: K }>,
    relation: Relation,
  ) => readonly number[];
} = {
  linear: ({ terms }, relation) => terms.map(({ operand }) => boxVariables(dimsOf(relation, operand))),
  product: ({ dims }) => [boxVariables(dims)],
  matmul: ({ dims, inner }) => [variablesOf(dims[0]!) + variablesOf(inner)],
  lookup: () => [],
};

function constraintsPlan(relation: Relation): ConstraintsPlan | undefined {
  const indices = [...relation.constraints.keys()].filter((i) => relation.constraints[i]!.kind !== 'lookup');
  if (indices.length === 0) return undefined;
  const all = indices.map((i) => relation.constraints[i]!);
  return {
    indices,
    pointVariables: Math.max(...all.map(({ dims }) => boxVariables(dims))),
    rounds: Math.max(0, ...all.flatMap((constraint) => SUMMANDS[constraint.kind](constraint as never, relation))),
    degree: all.some(isBilinear) ? 3 : 2,
  };
}

/** Whether a constraint ends in a product of two cells' evaluations. */
export function isBilinear({ kind }: Constraint): boolean {
  return BILINEAR[kind];
}

const BILINEAR = { linear: false, product: true, matmul: true, lookup: false } satisfies Record<
  Constraint['kind'],
  boolean
>;

function blindingPlan(
  relation: Relation,
  constraints: ConstraintsPlan | undefined,
  depth: number | undefined,
): BlindingPlan {
  let pads = 0;
  const products: [number, number][] = [];
  if (constraints) {
    pads += 1 + constraints.rounds * constraints.degree;
    for (const i of constraints.indices) {
      if (!isBilinear(relation.constraints[i]!)) continue;
      products.push([pads, pads + 1]);
      pads += 2;
    }
  }
  if (depth !== undefined) {
    products.push([pads, pads + 1]);
    pads += 2;
    for (let layer = 0; layer < depth; layer++) {
      pads += 2 * layer;
      // p0, p1, q0, q1.
      products.push([pads, pads + 3], [pads + 1, pads + 2], [pads + 2, pads + 3]);
      pads += 4;
    }
  }
  const checked = products.length > 0;
  const variables = checked ? variablesOf(products.length + FREE_TRIPLES) : 0;
  const firstFree = pads + products.length;
  const firstMask = firstFree + (checked ? 3 * FREE_TRIPLES : 0);
  const count = firstMask + (checked ? 1 + MASK_DEGREE * variables : 0);
  return { pads, products, variables, firstProduct: pads, firstFree, firstMask, count };
}

/** Blocks of all lookups, then of all tables, by falling size (ties in this order), one after the other: each is aligned. */
function leafBlocks(relation: Relation): Omit<LookupsPlan, 'depth'> {
  const parts = [
    ...relation.constraints.flatMap(({ kind, dims }, index) =>
      kind === 'lookup' ? cutBox(dims, { kind: 'lookup', index }) : [],
    ),
    ...relation.tables.flatMap((table, index) => cutBox([tableRows(table)], { kind: 'table', index })),
  ].sort((a, b) => b.log - a.log);
  let allocated = 0;
  const blocks = parts.map((block): LeafBlock => {
    const leaf = allocated;
    allocated += 2 ** block.log;
    return { ...block, leaf };
  });
  return { blocks, allocated };
}

/** A box cut along each axis at the binary digits of its length, largest first; the first axis varies slowest. A layout's blocks are parts of these. */
function cutBox(dims: readonly number[], of: LeafBlock['of']): Omit<LeafBlock, 'leaf'>[] {
  let parts: Omit<LeafBlock, 'leaf'>[] = [{ of, start: [], logs: [], log: 0 }];
  for (const dim of dims) {
    parts = parts.flatMap((part) =>
      digitsOf(dim).map(({ start, log }) => ({
        of,
        start: [...part.start, start],
        logs: [...part.logs, log],
        log: part.log + log,
      })),
    );
  }
  return parts;
}

/** Binary digits of a length < 2^31, from the highest: where each begins. */
function digitsOf(length: number): { readonly start: number; readonly log: number }[] {
  const digits: { start: number; log: number }[] = [];
  for (let start = 0; start < length; start += 2 ** digits.at(-1)!.log) {
    digits.push({ start, log: 31 - Math.clz32(length - start) });
  }
  return digits;
}

function claimsOf(
  relation: Relation,
  constraints: ConstraintsPlan | undefined,
  depth: number | undefined,
  blinding: BlindingPlan,
): string[] {
  const ends = (constraints?.indices ?? []).flatMap((i) => {
    const constraint = relation.constraints[i]!;
    if (constraint.kind === 'linear') return constraint.terms.map((_, t) => `constraint ${i} weights ${t}`);
    return [`constraint ${i} a`, `constraint ${i} b`];
  });
  return [
    ...(constraints ? ['constraints sum', ...ends, 'constraints end'] : []),
    ...(depth === undefined
      ? []
      : [
          'lookups root',
          ...Array.from({ length: depth }, (_, layer) => `lookups layer ${layer}`),
          'lookups numerators',
          'lookups denominators',
        ]),
    ...(blinding.products.length > 0 ? ['pads sum', 'pads a', 'pads b', 'pads c', 'pads mask'] : []),
  ];
}

/** Dims of what a reference names. */
export function dimsOf(relation: Relation, { side, index }: { side: string; index: number }): readonly number[] {
  if (side === 'multiplicity') return [tableRows(relation.tables[index]!)];
  const tensors = side === 'cell' ? relation.cells : side === 'weight' ? relation.weights : relation.publics;
  return tensors[index]!.dims;
}
