import type { Bounds, Builder, Lc } from '../../../../circuits/builder.js';
import { sumOfProducts } from '../../../../circuits/gadgets/products.js';
import { narrow } from '../../../../circuits/lc.js';
import { ZkonnxError } from '../../../base/errors.js';
import type { ProductShape } from '../../real/graph.js';
import type { IrAttrs } from '../graph.js';
import { at, element, EXACT, lowerLive, type IrOp, type LcTensor } from '../op.js';

export const bilinear: IrOp<IrAttrs['bilinear']> = {
  infer({ start, left, right }, inputs, size) {
    const [x, y] = [at(inputs, 0), at(inputs, 1)];
    const lo = new Float64Array(size);
    const hi = new Float64Array(size);
    let worst = 0;
    for (let i = 0; i < size; i++) {
      let reach = 0;
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        const [i0, i1] = [left[k]!, right[k]!];
        const ends = { left: { lo: x.lo[i0]!, hi: x.hi[i0]! }, right: { lo: y.lo[i1]!, hi: y.hi[i1]! } };
        const product = boundsOfProduct(ends, x === y && i0 === i1);
        lo[i]! += product.lo;
        hi[i]! += product.hi;
        reach += product.reach;
      }
      worst = Math.max(worst, reach);
    }
    if (worst >= EXACT) {
      throw new ZkonnxError('BOUND_OVERFLOW', 'a sum of products may leave the range of exact integers', {
        expected: 'below 2^53',
        got: `2^${Math.log2(worst).toFixed(1)}`,
      });
    }
    return { size, lo, hi };
  },
  evaluate({ start, left, right }, inputs, out) {
    const [x, y] = [at(inputs, 0), at(inputs, 1)];
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (let k = start[i]!; k < start[i + 1]!; k++) sum += x[left[k]!]! * y[right[k]!]!;
      out[i] = sum;
    }
  },
  reads({ start, left, right }, live, reads) {
    for (let i = 0; i < live.length; i++) {
      if (!live[i]) continue;
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        at(reads, 0)[left[k]!] = 1;
        at(reads, 1)[right[k]!] = 1;
      }
    }
  },
  lower({ start, left, right, shape }, b, inputs, live) {
    if (shape !== undefined && shape.k > 0 && live.length > 0 && live.every((mark) => mark === 1)) {
      return matrixProducts({ left, right }, shape, b, inputs);
    }
    return lowerLive(live, (i) => {
      const terms = [];
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        terms.push({ left: element(inputs[0], left[k]!), right: element(inputs[1], right[k]!) });
      }
      return sumOfProducts(b, terms);
    });
  },
};

/** Of a square no product of other signs. `reach`: the largest magnitude of any corner. */
function boundsOfProduct({ left, right }: { readonly left: Bounds; readonly right: Bounds }, isSquare: boolean) {
  const corners = [left.lo * right.lo, left.lo * right.hi, left.hi * right.lo, left.hi * right.hi];
  const least = isSquare && left.lo <= 0 && left.hi >= 0 ? 0 : Math.min(...corners);
  return { lo: least, hi: Math.max(...corners), reach: Math.max(...corners.map(Math.abs)) };
}

/**
 * The products of a batch, in the order of ProductShape. The builder takes an entry of both factors for two values: what `infer` knows of its square
 * holds of the proven product, and outputs are laid out by it.
 */
function matrixProducts(
  { left, right }: Pick<IrAttrs['bilinear'], 'left' | 'right'>,
  { batch, m, k, n }: ProductShape,
  b: Builder,
  inputs: readonly LcTensor[],
): Lc[] {
  return Array.from({ length: batch }, (_, member) => {
    const entry = (i: number, j: number, t: number) => ((member * m + i) * n + j) * k + t;
    const range = (length: number) => Array.from({ length }, (_each, i) => i);
    const a = range(m).map((i) => range(k).map((t) => element(inputs[0], left[entry(i, 0, t)]!)));
    const c = range(k).map((t) => range(n).map((j) => element(inputs[1], right[entry(0, j, t)]!)));
    return b.matrixProduct(a, c).flatMap((row, i) =>
      row.map((product, j) => {
        const bounds = { lo: 0, hi: 0 };
        for (let t = 0; t < k; t++) {
          const isSquare = inputs[0] === inputs[1] && left[entry(i, j, t)] === right[entry(i, j, t)];
          const { lo, hi } = boundsOfProduct({ left: a[i]![t]!, right: c[t]![j]! }, isSquare);
          bounds.lo += lo;
          bounds.hi += hi;
        }
        return narrow(product, bounds);
      }),
    );
  }).flat();
}
