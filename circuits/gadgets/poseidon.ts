/**
 * Poseidon over F_r with circomlib's parameters: x^5, t = inputs + 1, 8 full rounds, the partial rounds below, constants and matrix
 * from the Grain LFSR of the Poseidon paper (eprint 2019/458, appendix F; field 1, S-box 0, 254 bits). State starts as (0, inputs).
 *
 * In the circuit: constrained: the hash of the given field elements; nothing is assumed of them and every wire is a product or a linear
 * combination of earlier ones, so every row has one solution. Cost: 3 rows an S-box of a non-constant: 3(8t + partial) − 3.
 */
import { Field } from '@noble/curves/abstract/modular.js';
import { grainGenConstants } from '@noble/curves/abstract/poseidon.js';
import { invariant } from '../../src/base/errors.js';
import { mod, R } from '../../src/field/bn254.js';
import type { FieldBuilder, FieldLc } from '../builder.js';
import { fieldCombination, fieldConstant } from '../lc.js';

const FULL_ROUNDS = 8;
/** Partial rounds for 1 .. 16 inputs (paper, table 8, rounded up as circomlib does). */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68] as const;

/** Most inputs of one permutation. */
export const POSEIDON_MAX_INPUTS = PARTIAL_ROUNDS.length;

interface Parameters {
  /** constants[round][i], added before the S-box. */
  readonly constants: readonly (readonly bigint[])[];
  readonly mds: readonly (readonly bigint[])[];
}

const cache = new Map<number, Parameters>();

/** Constants of width t = inputs + 1; a function of t alone, made once (about 40 ms at t = 17). */
function parameters(t: number): Parameters {
  let known = cache.get(t);
  if (known === undefined) {
    const { roundConstants, mds } = grainGenConstants({
      Fp: Field(R),
      t,
      roundsFull: FULL_ROUNDS,
      roundsPartial: PARTIAL_ROUNDS[t - 2]!,
      sboxPower: 5,
    });
    known = { constants: roundConstants, mds };
    cache.set(t, known);
  }
  return known;
}

/** The operations a permutation is made of: numbers for the plain hash, wires for the circuit. */
interface Arithmetic<T> {
  readonly constant: (value: bigint) => T;
  /** constant + Σ factors[i]·terms[i] */
  readonly combine: (terms: readonly T[], factors: readonly bigint[], constant: bigint) => T;
  readonly multiply: (a: T, b: T) => T;
}

function permute<T>(inputs: readonly T[], { constant, combine, multiply }: Arithmetic<T>): T {
  const t = inputs.length + 1;
  invariant(t >= 2 && t <= POSEIDON_MAX_INPUTS + 1, 'Poseidon takes 1 to 16 inputs', { inputs: inputs.length });
  const { constants, mds } = parameters(t);
  const pow5 = (x: T): T => {
    const square = multiply(x, x);
    return multiply(multiply(square, square), x);
  };
  let state: readonly T[] = [constant(0n), ...inputs].map((x, i) => combine([x], [1n], constants[0]![i]!));
  constants.forEach((_, round) => {
    const partial = round >= FULL_ROUNDS / 2 && round < constants.length - FULL_ROUNDS / 2;
    const boxed = state.map((x, i) => (partial && i > 0 ? x : pow5(x)));
    const next = constants[round + 1];
    state = mds.map((row, i) => combine(boxed, row, next?.[i] ?? 0n));
  });
  return state[0]!;
}

/** Chain longer inputs: h = P(first 16), then h = P(h, next up to 15), until none is left. */
function chain<T>(values: readonly T[], hash: (inputs: readonly T[]) => T): T {
  let digest = hash(values.slice(0, POSEIDON_MAX_INPUTS));
  for (let i = POSEIDON_MAX_INPUTS; i < values.length; i += POSEIDON_MAX_INPUTS - 1) {
    digest = hash([digest, ...values.slice(i, i + POSEIDON_MAX_INPUTS - 1)]);
  }
  return digest;
}

const numbers: Arithmetic<bigint> = {
  constant: (value) => value,
  combine: (terms, factors, constant) => mod(terms.reduce((sum, term, i) => sum + term * factors[i]!, constant)),
  multiply: (a, b) => (a * b) % R,
};

/** Poseidon of 1 to 16 field elements, as circomlib and circomlibjs compute it. Inputs in [0, r): RangeError otherwise. */
export function poseidon(inputs: readonly bigint[]): bigint {
  for (const value of inputs) {
    if (value < 0n || value >= R) throw new RangeError(`a Poseidon input is not a canonical field element: ${value}`);
  }
  return permute(inputs, numbers);
}

/** Poseidon of any positive number of field elements: one permutation up to 16, chained beyond. */
export function poseidonChain(values: readonly bigint[]): bigint {
  return chain(values, poseidon);
}

/** The rows of `poseidonChain`; the result is a combination of wires, for one row of the caller's. */
export function poseidonCircuit(b: FieldBuilder, values: readonly FieldLc[]): FieldLc {
  const wires: Arithmetic<FieldLc> = {
    constant: fieldConstant,
    combine: fieldCombination,
    multiply: (x, y) =>
      x.wires.length === 0 && y.wires.length === 0 ? fieldConstant(x.constant * y.constant) : b.fieldProduct(x, y),
  };
  return b.gadget('poseidon', () => chain(values, (inputs) => permute(inputs, wires)));
}
