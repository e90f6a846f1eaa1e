/** Matrices of weights and of cells, and their trees. */
import { invariant } from '../../../base/errors.js';
import type { Element } from '../../../field/goldilocks.js';
import { positionsOf, type Layout } from '../../../verify/clear/layout.js';
import { MASK_COLUMNS, type CommittedTree } from '../../../verify/clear/oracle.js';
import type { OpeningParameters } from '../../../verify/clear/parameters.js';
import { encode } from './encode.js';
import { saltOf, SecretStream } from './randomness.js';
import { treeOf, type Tree } from './tree.js';

/** A tree whose values are known: of the weights, or of cells and masks. */
export interface CommittedMatrix extends CommittedTree {
  /** 2^n elements each; masks last. */
  readonly columns: readonly (readonly Element[])[];
  readonly tree: Tree;
}

type Rate = Pick<OpeningParameters, 'rateLog'>;

/** The tree that a key has the root of: anybody makes the same from the weights. Values in [0, p), in the tensors' order. */
export function commitWeights(layout: Layout, tensors: readonly BigUint64Array[], rate: Rate): CommittedMatrix {
  return matrixOf('weights', layout, place(layout, tensors), rate);
}

/** The tree of a proof: cells, uniform values in the reserved rows, six uniform columns of masks, salts. */
export function commitCells(
  layout: Layout,
  tensors: readonly BigUint64Array[],
  rate: Rate,
  seed: Uint8Array,
): CommittedMatrix {
  const stream = new SecretStream(seed, 'rows');
  const columns = place(layout, tensors).map((column) => [
    ...column.slice(0, column.length - layout.reserved),
    ...stream.elements(layout.reserved),
  ]);
  const masks = new SecretStream(seed, 'masks');
  for (let mask = 0; mask < MASK_COLUMNS; mask++) columns.push(masks.elements(2 ** layout.n));
  return matrixOf('cells', layout, columns, rate, (index) => saltOf(seed, index));
}

/** Columns of the layout; rows that no block takes are 0. */
export function place(layout: Layout, tensors: readonly BigUint64Array[]): Element[][] {
  const columns = Array.from({ length: layout.columns }, () => new Array<Element>(2 ** layout.n).fill(0n));
  layout.dims.forEach((_, tensor) => {
    const positions = positionsOf(layout, tensor);
    const values = tensors[tensor];
    invariant(values?.length === positions.length, 'a tensor has as many values as its layout', { tensor });
    positions.forEach((position, element) => {
      columns[Math.floor(position / 2 ** layout.n)]![position % 2 ** layout.n] = values[element]!;
    });
  });
  return columns;
}

/** Rows of the encoded matrix. */
export function rowsOf(columns: readonly (readonly Element[])[], log: number): Element[][] {
  const words = columns.map((column) => encode(column, log));
  return Array.from({ length: 2 ** log }, (_, i) => words.map((word) => word[i]!));
}

/** Encodes columns, masks among them, and hashes their rows. */
export function matrixOf(
  kind: 'weights' | 'cells',
  layout: Layout,
  columns: readonly (readonly Element[])[],
  rate: Rate,
  salt?: (index: number) => Uint8Array,
): CommittedMatrix {
  const tree = treeOf(kind, rowsOf(columns, layout.n + rate.rateLog), salt);
  return { layout, columns, root: tree.root, tree };
}
