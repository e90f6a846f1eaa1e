/**
 * Σ left_k·right_k of computed values (elementwise products, matrix products of two witness tensors).
 *
 * Constrained: the sum, exact. Assumed: bounds only. No wrap: every product and the sum stay below 2^53 (BOUND_OVERFLOW otherwise).
 * Cost: one row a product of two non-constants (the last one's wire is the whole sum), one more for each long operand: weights stay on C.
 * Operands that several sums share should be materialised once by the caller.
 */
import type { Builder, Lc } from '../builder.js';
import { constant } from '../builder.js';
import { isConstant, LcSum } from '../lc.js';

export interface Factors {
  readonly left: Lc;
  readonly right: Lc;
}

export function sumOfProducts(b: Builder, terms: readonly Factors[]): Lc {
  const linear = new LcSum();
  const proper = terms.filter(({ left, right }) => {
    if (isConstant(left)) linear.add(right, left.constant);
    else if (isConstant(right)) linear.add(left, right.constant);
    else return true;
    return false;
  });
  const last = proper.pop();
  for (const { left, right } of proper) linear.add(product(b, left, right, constant(0)));
  return last === undefined ? linear.build() : product(b, last.left, last.right, linear.build());
}

/** Entry by entry: m·k·n rows, and one for each long entry of a factor. */
export function productByEntries(
  b: Builder,
  left: readonly (readonly Lc[])[],
  right: readonly (readonly Lc[])[],
): Lc[][] {
  const [rows, columns] = [left, right].map((matrix) => matrix.map((row) => row.map((x) => b.materialise(x)))) as [
    Lc[][],
    Lc[][],
  ];
  return rows.map((row) =>
    right[0]!.map((_, j) =>
      sumOfProducts(
        b,
        row.map((entry, t) => ({ left: entry, right: columns[t]![j]! })),
      ),
    ),
  );
}

function product(b: Builder, left: Lc, right: Lc, addend: Lc): Lc {
  return b.gadget('products', () => productOfWires(b, left, right, addend));
}

function productOfWires(b: Builder, left: Lc, right: Lc, addend: Lc): Lc {
  if (left === right) {
    const operand = b.materialise(left);
    const least = operand.lo <= 0 && operand.hi >= 0 ? 0 : Math.min(operand.lo ** 2, operand.hi ** 2);
    const bounds = { lo: least + addend.lo, hi: Math.max(operand.lo ** 2, operand.hi ** 2) + addend.hi };
    return b.productPlus(operand, operand, addend, bounds);
  }
  return b.productPlus(b.materialise(left), b.materialise(right), addend);
}
