/** Combinations of a witness's values in F_r, over BigInt. */
import { mod } from '../field/bn254.js';
import { BIG_COEF_BASE, coefficient, type SparseMatrix } from './r1cs.js';

export interface WireValues {
  /** Integer value by wire, |value| < 2^53; NaN for the wires in `field`. */
  readonly small: Float64Array;
  /** Canonical residues of the full-width wires. */
  readonly field: ReadonlyMap<number, bigint>;
}

/** Not reduced: an integer may be negative. */
export function wireValue({ small, field }: WireValues, wire: number): bigint {
  const value = small[wire]!;
  return Number.isNaN(value) ? field.get(wire)! : BigInt(value);
}

/** ⟨row, values⟩, canonical. */
export function fieldDot(
  { rowStart, wires, coefs }: SparseMatrix,
  row: number,
  values: WireValues,
  big: readonly bigint[],
): bigint {
  let sum = 0n;
  for (let k = rowStart[row]!, end = rowStart[row + 1]!; k < end; k++) {
    const coef = coefs[k]!;
    const factor = coef >= BIG_COEF_BASE ? coefficient(coef, big) : BigInt(coef);
    sum += factor * wireValue(values, wires[k]!);
  }
  return mod(sum);
}
