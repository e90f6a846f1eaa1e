/** Commitments to tensors that a proof hides: the salts that go in, and what opens them. Uses no Node API. */
import type { Schema } from '../verify/statement.js';
import { freshScalar } from './engine/fresh-scalar.js';

/** What opens a committed tensor's hash. Secret: with it, anybody can check guesses of the values. */
export interface Opening {
  readonly formatVersion: 1;
  readonly keyDigest: string;
  /** Decimal salt by tensor name. */
  readonly salts: Readonly<Record<string, string>>;
  /** Integers of the committed tensors by name. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** A fresh salt for every committed tensor: two proofs of one statement share no commitment. */
export function freshSalts({ outputs, inputs }: Schema): Map<string, bigint> {
  const committed = [...outputs, ...inputs].filter(({ visibility }) => visibility === 'committed');
  return new Map(committed.map(({ name }) => [name, freshScalar()]));
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
