/**
 * Poseidon over F_r with circomlib's parameters: x^5, t = inputs + 1, 8 full rounds, the partial rounds below, constants and matrix
 * from the Grain LFSR of the Poseidon paper (eprint 2019/458, appendix F; field 1, S-box 0, 254 bits). State starts as (0, inputs).
 * The permutation is written once, over an arithmetic: numbers here, wires in circuits/gadgets/poseidon.ts.
 */
import { Field } from '@noble/curves/abstract/modular.js';
import { grainGenConstants } from '@noble/curves/abstract/poseidon.js';
import { invariant } from '../base/errors.js';
import { mod, R } from './bn254.js';

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

/** The operations a permutation is made of. */
export interface Arithmetic<T> {
  readonly constant: (value: bigint) => T;
  /** constant + Σ factors[i]·terms[i] */
  readonly combine: (terms: readonly T[], factors: readonly bigint[], constant: bigint) => T;
  readonly multiply: (a: T, b: T) => T;
}

/** One permutation of 1 to 16 inputs: the first element of the last state. */
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

/** Poseidon of any positive number of values: one permutation up to 16; longer ones are chained, h = P(first 16), then h = P(h, next up to 15). */
export function poseidonOver<T>(values: readonly T[], arithmetic: Arithmetic<T>): T {
  let digest = permute(values.slice(0, POSEIDON_MAX_INPUTS), arithmetic);
  for (let i = POSEIDON_MAX_INPUTS; i < values.length; i += POSEIDON_MAX_INPUTS - 1) {
    digest = permute([digest, ...values.slice(i, i + POSEIDON_MAX_INPUTS - 1)], arithmetic);
  }
  return digest;
}

const numbers: Arithmetic<bigint> = {
  constant: (value) => value,
  combine: (terms, factors, constant) => mod(terms.reduce((sum, term, i) => sum + term * factors[i]!, constant)),
  multiply: (a, b) => (a * b) % R,
};

/** Poseidon of any positive number of field elements, as `poseidonOver`; of 1 to 16 what circomlib and circomlibjs compute. RangeError for one outside [0, r). */
export function poseidonChain(values: readonly bigint[]): bigint {
  // The message names no value: it may be a salt.
  const stray = values.findIndex((value) => value < 0n || value >= R);
  if (stray >= 0) throw new RangeError(`element ${stray} of a Poseidon input is not a canonical field element`);
  return poseidonOver(values, numbers);
}
