/** Commitments to tensors that a proof hides: the salts that go in, and what opens them. Uses no Node API. */
import { committedTensors, type Opening } from '../verify/opening.js';
import type { Schema } from '../verify/statement.js';
import { freshScalar } from './engine/fresh-scalar.js';

/** A fresh salt for every committed tensor: two proofs of one statement share no commitment. */
export function freshSalts(schema: Schema): Map<string, bigint> {
  return new Map(committedTensors(schema).map(({ name }) => [name, freshScalar()]));
}

/** The opening of a proof's commitments, or undefined where it has none. Inputs and outputs are the integers that were proven, by name. */
export function openingOf(
  keyDigest: string,
  salts: ReadonlyMap<string, bigint>,
  inputs: ReadonlyMap<string, Float64Array>,
  outputs: Readonly<Record<string, Float64Array>>,
): Opening | undefined {
  if (salts.size === 0) return undefined;
  const valuesOf = (name: string) => Array.from(inputs.get(name) ?? outputs[name]!);
  return {
    formatVersion: 1,
    keyDigest,
    salts: Object.fromEntries([...salts].map(([name, salt]) => [name, salt.toString()])),
    values: Object.fromEntries([...salts.keys()].map((name) => [name, valuesOf(name)])),
  };
}
