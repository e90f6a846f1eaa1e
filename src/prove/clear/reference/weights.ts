/** Weights of functionals, listed: what the prover sums over, and what the verifier's closed forms are held against. */
import { checkVectors } from '../../../verify/clear/functional-value.js';
import { EXT_ZERO, extAdd, extMul, type Ext } from '../../../field/goldilocks.js';
import type { AxisVector, FunctionalTerm } from '../../../verify/clear/functional.js';
import { blockLog, positionsOf, type Layout } from '../../../verify/clear/layout.js';
import { eqAt, eqTable } from '../../../verify/clear/multilinear.js';

/** Adds scale·term to columns of 2^n weights. */
export function addTerm(columns: Ext[][], layout: Layout, term: FunctionalTerm, scale: Ext): void {
  const add = (position: number, weight: Ext): void => {
    const column = columns[Math.floor(position / 2 ** layout.n)]!;
    const row = position % 2 ** layout.n;
    column[row] = extAdd(column[row]!, extMul(scale, weight));
  };
  const positions = positionsOf(layout, term.tensor);
  switch (term.kind) {
    case 'axes': {
      const weights = productOfAxes(term.vectors, layout.dims[term.tensor]!);
      weights.forEach((weight, element) => add(positions[element]!, extMul(term.coefficient, weight)));
      return;
    }
    case 'block': {
      const block = layout.ofTensor[term.tensor]![term.block]!;
      const first = block.column * 2 ** layout.n + block.row;
      const weights = eqTable(term.point);
      for (let i = 0; i < 2 ** blockLog(block); i++) add(first + i, extMul(term.coefficient, weights[i]!));
      return;
    }
    case 'entries':
      term.index.forEach((element, entry) => add(positions[element]!, term.weights[entry]!));
  }
}

/** Columns of zeros. */
export function noWeights(layout: Layout): Ext[][] {
  return Array.from({ length: layout.columns }, () => new Array<Ext>(2 ** layout.n).fill(EXT_ZERO));
}

/** Row-major outer product. */
function productOfAxes(vectors: readonly AxisVector[], dims: readonly number[]): Ext[] {
  checkVectors(vectors, dims);
  let product: Ext[] = [[1n, 0n]];
  vectors.forEach((vector, axis) => {
    const along = Array.from({ length: dims[axis]! }, (_, i) =>
      vector.kind === 'eq' ? eqAt(vector.point, i) : vector.values[i]!,
    );
    product = product.flatMap((value) => along.map((factor) => extMul(value, factor)));
  });
  return product;
}
