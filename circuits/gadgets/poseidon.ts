/**
 * Poseidon (src/field/poseidon.ts) in the circuit. Constrained: the hash of the given field elements; nothing is assumed of them and every
 * wire is a product or a linear combination of earlier ones, so every row has one solution. Cost: 3 rows an S-box of a non-constant:
 * 3(8t + partial) − 3.
 */
import { poseidonOver, type Arithmetic } from '../../src/field/poseidon.js';
import type { FieldBuilder, FieldLc } from '../builder.js';
import { fieldCombination, fieldConstant } from '../lc.js';

/** The rows of the hash of any positive number of elements; the result is a combination of wires, for one row of the caller's. */
export function poseidonCircuit(b: FieldBuilder, values: readonly FieldLc[]): FieldLc {
  const wires: Arithmetic<FieldLc> = {
    constant: fieldConstant,
    combine: fieldCombination,
    multiply: (x, y) =>
      x.wires.length === 0 && y.wires.length === 0 ? fieldConstant(x.constant * y.constant) : b.fieldProduct(x, y),
  };
  return b.gadget('poseidon', () => poseidonOver(values, wires));
}
