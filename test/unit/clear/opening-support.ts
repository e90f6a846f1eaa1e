/** Openings at tiny sizes: matrices of drawn values, functionals of every kind, claims that are true. */
import { GL, ORDER, type Ext } from '../../../src/field/goldilocks.js';
import { commitCells, commitWeights, place } from '../../../src/prove/clear/reference/commit.js';
import { proveOpening, type CommittedMatrices } from '../../../src/prove/clear/reference/opening.js';
import { SecretStream } from '../../../src/prove/clear/reference/randomness.js';
import { addTerm, noWeights } from '../../../src/prove/clear/reference/weights.js';
import { ProverChannel, VerifierChannel, type StatementBytes } from '../../../src/verify/clear/channel.js';
import type { AxisVector, Claim, Functional, FunctionalTerm } from '../../../src/verify/clear/functional.js';
import { blockLog, layOut, type Layout } from '../../../src/verify/clear/layout.js';
import { verifyOpening } from '../../../src/verify/clear/opening.js';
import type { OpeningParameters } from '../../../src/verify/clear/parameters.js';
import { Refusal } from '../../../src/verify/refusal.js';

/** Draws by a seed: the project's stream of secrets, used in the open. */
export class Draws {
  private readonly stream: SecretStream;
  constructor(seed: string) {
    this.stream = new SecretStream(new TextEncoder().encode(seed), 'test');
  }
  element = (): bigint => this.stream.element();
  ext = (): Ext => [this.element(), this.element()];
  exts = (count: number): Ext[] => Array.from({ length: count }, this.ext);
  below = (bound: number): number => Number(this.element() % BigInt(bound));
  values = (count: number, bound = ORDER): BigUint64Array =>
    BigUint64Array.from({ length: count }, () => this.element() % bound);
  bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => this.below(256));
}

export const STATEMENT: StatementBytes = {
  keyDigest: new Uint8Array(32).fill(7),
  publicBytes: Uint8Array.of(1, 2, 3),
  context: new Uint8Array(0),
};

export interface Shape {
  readonly parameters: OpeningParameters;
  readonly reserved: number;
  readonly weights: readonly (readonly number[])[];
  readonly cells: readonly (readonly number[])[];
}

const count = (dims: readonly number[]): number => dims.reduce((product, dim) => product * dim, 1);

/** Small parameters: `queries` for each oracle. */
export function tiny(n: number, queries: readonly number[], finalLog = 2, foldLog = 2): OpeningParameters {
  return { n, rateLog: 2, foldLog, finalLog, queries, grindingBits: 3 };
}

export const SHAPES: Readonly<Record<string, Shape>> = {
  'one tree, no fold': { parameters: tiny(5, [4], 5), reserved: 8, weights: [], cells: [[3, 5], [7]] },
  'one tree, one fold': { parameters: tiny(4, [4, 3]), reserved: 8, weights: [], cells: [[6]] },
  'two trees, folds of 2, 2 and 1': {
    parameters: tiny(7, [6, 4, 4, 3]),
    reserved: 8,
    weights: [[5, 12], [9], [3, 3, 3]],
    cells: [[4, 9], [11], [1], [2, 3, 5]],
  },
  'many columns': { parameters: tiny(5, [4, 4, 4]), reserved: 16, weights: [[13, 40]], cells: [[9, 16], [100]] },
  'folds of 4': { parameters: tiny(8, [5, 4, 3], 2, 4), reserved: 8, weights: [[300]], cells: [[17, 9], [2]] },
};

export interface Committed {
  readonly shape: Shape;
  readonly matrices: CommittedMatrices;
  readonly claims: readonly Claim[];
}

/** The shape with drawn values below 256, committed, and claims with terms of every kind. */
export function committed(shape: Shape, seed: string): Committed {
  const draws = new Draws(seed);
  const weightLayout = layOut(shape.weights, shape.parameters.n, 0);
  const cellLayout = layOut(shape.cells, shape.parameters.n, shape.reserved);
  const weightValues = shape.weights.map((dims) => draws.values(count(dims), 256n));
  const cellValues = shape.cells.map((dims) => draws.values(count(dims), 256n));
  const matrices = {
    ...(shape.weights.length > 0 ? { weights: commitWeights(weightLayout, weightValues, shape.parameters) } : {}),
    cells: commitCells(cellLayout, cellValues, shape.parameters, draws.bytes(32)),
  };
  const claims = Array.from({ length: 5 }, (_, i) => {
    const functional = drawFunctional(draws, cellLayout, weightLayout);
    const value = sumOf([
      valueOf(functional.cells, cellLayout, place(cellLayout, cellValues)),
      valueOf(functional.weights, weightLayout, place(weightLayout, weightValues)),
    ]);
    return { label: `claim ${i}`, functional, value };
  });
  return { shape, matrices, claims };
}

export function sumOf(values: readonly Ext[]): Ext {
  return values.reduce<Ext>((sum, [a, b]) => [GL.add(sum[0], a), GL.add(sum[1], b)], [0n, 0n]);
}

/** ⟨terms, columns⟩ by listing. */
export function valueOf(terms: readonly FunctionalTerm[], layout: Layout, columns: readonly bigint[][]): Ext {
  const weights = noWeights(layout);
  for (const term of terms) addTerm(weights, layout, term, [1n, 0n]);
  return sumOf(
    columns.flatMap((column, j) =>
      column.map((value, row): Ext => [GL.mul(weights[j]![row]![0], value), GL.mul(weights[j]![row]![1], value)]),
    ),
  );
}

export function drawTerm(draws: Draws, layout: Layout): FunctionalTerm {
  const tensor = draws.below(layout.dims.length);
  const dims = layout.dims[tensor]!;
  const blocks = layout.ofTensor[tensor]!;
  const kind = (['axes', 'block', 'entries'] as const)[draws.below(3)]!;
  switch (kind) {
    case 'axes':
      return { kind, tensor, coefficient: draws.ext(), vectors: dims.map((dim) => drawVector(draws, dim)) };
    case 'block': {
      const block = draws.below(blocks.length);
      return { kind, tensor, block, coefficient: draws.ext(), point: draws.exts(blockLog(blocks[block]!)) };
    }
    case 'entries': {
      const index = Uint32Array.from({ length: 1 + draws.below(12) }, () => draws.below(count(dims)));
      return { kind, tensor, index, weights: draws.exts(index.length) };
    }
  }
}

function drawVector(draws: Draws, dim: number): AxisVector {
  const variables = Math.ceil(Math.log2(dim)) + draws.below(2);
  return draws.below(2) === 0
    ? { kind: 'eq', point: draws.exts(variables) }
    : { kind: 'values', values: draws.exts(dim) };
}

function drawFunctional(draws: Draws, cells: Layout, weights: Layout): Functional {
  const some = (layout: Layout) =>
    layout.dims.length === 0 ? [] : Array.from({ length: 1 + draws.below(3) }, () => drawTerm(draws, layout));
  return { cells: some(cells), weights: some(weights) };
}

export function proved({ matrices, claims, shape }: Committed, claimed = claims): Uint8Array {
  const channel = new ProverChannel(STATEMENT);
  proveOpening(channel, matrices, claimed, shape.parameters);
  return channel.bytes();
}

/** The refusal's reason, or 'accepted'. Any other error passes. */
export function verdictOn({ matrices, claims, shape }: Committed, proof: Uint8Array, claimed = claims): string {
  try {
    const channel = new VerifierChannel(STATEMENT, proof);
    verifyOpening(channel, matrices, claimed, shape.parameters);
    channel.end();
    return 'accepted';
  } catch (error) {
    if (error instanceof Refusal) return error.refused.reason;
    throw error;
  }
}
