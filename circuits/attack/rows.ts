/** A circuit's rows over BigInt, for attacks: nothing here knows bounds, hints or what a value was meant to be. */
import { mod, R } from '../../src/field/bn254.js';
import type { FieldLc } from '../builder.js';
import { coefficient, type R1cs, type SparseMatrix } from '../r1cs.js';

/** Row a·b = c; the constant wire is folded into `constant`. */
export interface Row {
  readonly a: FieldLc;
  readonly b: FieldLc;
  readonly c: FieldLc;
}

export function rowsOf(r1cs: R1cs): Row[] {
  const side = (matrix: SparseMatrix, row: number) => formOf(matrix, row, r1cs.bigCoefs);
  return Array.from({ length: r1cs.nConstraints }, (_, i) => ({
    a: side(r1cs.a, i),
    b: side(r1cs.b, i),
    c: side(r1cs.c, i),
  }));
}

/** One row of a matrix as a linear combination with canonical coefficients. */
export function formOf({ rowStart, wires, coefs }: SparseMatrix, row: number, big: readonly bigint[]): FieldLc {
  const form = { wires: [] as number[], coefs: [] as bigint[], constant: 0n };
  for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
    const coef = coefficient(coefs[k]!, big);
    if (wires[k] === 0) form.constant = mod(form.constant + coef);
    else {
      form.wires.push(wires[k]!);
      form.coefs.push(coef);
    }
  }
  return form;
}

/** Value of a form, canonical. */
export function evaluate(form: FieldLc, values: readonly bigint[]): bigint {
  let sum = form.constant;
  for (let i = 0; i < form.wires.length; i++) sum += form.coefs[i]! * values[form.wires[i]!]!;
  return mod(sum);
}

export function isSatisfied({ a, b, c }: Row, values: readonly bigint[]): boolean {
  return (evaluate(a, values) * evaluate(b, values)) % R === evaluate(c, values);
}
