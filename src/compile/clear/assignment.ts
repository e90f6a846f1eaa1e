/** Values of all cells and publics of a relation, from a run of the interpreter. */
import { invariant } from '../../base/errors.js';
import { ORDER } from '../../field/goldilocks.js';
import { EXACT } from '../ir/op.js';
import type { Assignment } from '../../verify/clear/relation.js';
import type { RelationWriter, Run } from './writer.js';
import type { Vec } from './vec.js';

/** How each public tensor follows from a run. */
export type PublicValues = (run: Run) => Float64Array;

/** Values of IR tensors, as `Interpreter.run` gives them. */
export type IrValues = ReadonlyMap<string, Float64Array>;

export function assignmentOf(
  writer: RelationWriter,
  publics: readonly PublicValues[],
  checks: readonly ((run: Run) => void)[],
  values: IrValues,
): Assignment {
  const { modulus } = writer;
  const cells: (Float64Array | BigUint64Array)[] = [];
  const shown: Float64Array[] = [];
  const run: Run = {
    of(node) {
      const tensor = values.get(node);
      invariant(tensor !== undefined, 'a run without one of its tensors', { node });
      return tensor;
    },
    value: (vec) =>
      evaluate(vec, { cell: cells, weight: writer.weights.map((weight) => weight.values), public: shown }),
  };
  // Cells may be computed from inputs of the statement, never from its outputs, which may be computed from cells.
  for (const [i, of] of publics.entries()) if (writer.publics[i]!.isGiven) shown[i] = of(run);
  for (const check of checks) check(run);
  for (const { values: of, size, name } of writer.cells) {
    const tensor = of(run);
    invariant(tensor.length === size, 'a cell tensor of another size', {
      name,
    });
    cells.push(tensor);
  }
  for (const [i, of] of publics.entries()) shown[i] = of(run);
  let weights: readonly BigUint64Array[] | undefined;
  return {
    cells: cells.map((tensor) => residues(tensor, modulus)),
    // Of any run the same, and large: made for who asks. A prover has them.
    get weights() {
      return (weights ??= weightsOf(writer));
    },
    publics: shown.map((tensor) => residues(tensor, modulus)),
  };
}

export function weightsOf({ weights, modulus }: RelationWriter): readonly BigUint64Array[] {
  return weights.map(({ values }) => residues(values, modulus));
}

type Sides = { readonly [S in 'cell' | 'weight' | 'public']: readonly (Float64Array | BigUint64Array)[] };

function evaluate(vec: Vec, sides: Sides): Float64Array {
  const out = Float64Array.from(vec.constant);
  for (const { coefficient, source, index } of vec.terms) {
    invariant(source.side !== 'multiplicity', 'multiplicities are in no vector');
    const tensor = sides[source.side][source.index];
    invariant(tensor instanceof Float64Array, 'a cell is computed from one that is not yet, or no integer');
    for (let i = 0; i < out.length; i++) {
      const j = index === undefined ? i : index[i]!;
      if (j >= 0) out[i]! += coefficient * tensor[j]!;
      invariant(Math.abs(out[i]!) <= EXACT, 'a form beyond the exact integers', { value: out[i] });
    }
  }
  return out;
}

function residues(values: Float64Array | BigUint64Array, modulus: bigint): BigUint64Array {
  if (values instanceof BigUint64Array) return values;
  if (modulus === ORDER) return wordsOf(values);
  return BigUint64Array.from(values, (value) => {
    const residue = BigInt(value) % modulus;
    return residue < 0n ? residue + modulus : residue;
  });
}

/** Where the low half of a word of 64 bits lies among its two of 32. */
const LOW = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;

/** Integers of size up to 2^53 modulo 2^64 − 2^32 + 1, by halves of 32 bits: a BigInt each takes ten times as long. */
export function wordsOf(values: Float64Array): BigUint64Array {
  const residues = new BigUint64Array(values.length);
  const halves = new Uint32Array(residues.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const size = Math.abs(value);
    invariant(size <= 2 ** 53 && Number.isInteger(size), 'a value that is no exact integer', { value });
    const [low, high] = [size % 2 ** 32, Math.floor(size / 2 ** 32)];
    // p − size = (2^32 − 1 − high)·2^32 + (1 − low), and a borrow where low > 1.
    const borrow = low > 1 ? 1 : 0;
    halves[2 * i + LOW] = value < 0 ? 1 - low + borrow * 2 ** 32 : low;
    halves[2 * i + 1 - LOW] = value < 0 ? 2 ** 32 - 1 - high - borrow : high;
  }
  return residues;
}
