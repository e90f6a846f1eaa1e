/** Inputs of a circuit to what its prover takes. Uses no Node API. */
import type { Circuit } from '../constraint/program.js';
import { outputsOf, publicSignals, solve, type Witness } from '../constraint/solver.js';
import type { Protocol } from '../verify/statement.js';
import { PROVERS } from './protocols.js';
import type { CircuitInputs, SolvedWitness } from './tasks.js';

/** `solve` with names as messages carry them. Throws as `solve`. */
export function solveInputs(circuit: Circuit, { inputs, salts = {} }: CircuitInputs): Witness {
  return solve(circuit, new Map(Object.entries(inputs)), { salts: new Map(Object.entries(salts)) });
}

export function solvedWitness<P extends Protocol>(protocol: P, circuit: Circuit, values: Witness): SolvedWitness<P> {
  return {
    witness: PROVERS[protocol].witness(circuit, values),
    outputs: Object.fromEntries(outputsOf(circuit, values)),
    publicSignals: publicSignals(circuit, values).map(String),
  };
}
